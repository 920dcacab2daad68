"""How torch can compute a stage from its equation: several lines that a script may write, and the one that gives the recorded bits.

In floats the same equation has more than one result. A product of matrices, an einsum, a loop over the heads and a sum in float64 add in
different orders, so they differ in the last bit; which of them made a stage that somebody put together by hand, the stage does not say. So
each is tried, the plainest first.
"""

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.expressions import Expression

Values: TypeAlias = Mapping[str, Tensor]

_INFIX: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


@dataclass(frozen=True)
class Candidate:
    """One way to compute a stage: as a line of the script writes it, and what that line does."""

    text: str
    compute: Callable[[], Tensor]


def matching(candidates: Iterable[Candidate], recorded: Tensor) -> tuple[str, Tensor, float]:
    """The first candidate that gives `recorded` bit for bit, or else the plainest: its text, its numbers, and how far they are from the recorded.

    The distance is the largest difference; 0 where no number differs.
    """
    tried: list[tuple[str, Tensor, float]] = []
    for candidate in candidates:
        try:
            value = candidate.compute()
        except RuntimeError:  # kinds of numbers that torch does not mix this way
            continue
        if same_bits(value, recorded):
            return candidate.text, value, 0.0
        tried.append((candidate.text, value, distance(value, recorded)))
    return tried[0]


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same in kind, shape and every bit."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.contiguous().view(torch.uint8), other.contiguous().view(torch.uint8))


def distance(one: Tensor, other: Tensor) -> float:
    """The largest difference between numbers in the same place; ∞ where only one of them is NaN or infinite."""
    if one.shape != other.shape:
        return math.inf
    first, second = one.double(), other.double()
    agrees = (first == second) | (first.isnan() & second.isnan())
    return torch.where(agrees, 0.0, (first - second).abs().nan_to_num(math.inf, math.inf)).max().item()


def contraction_candidates(equation: Contraction, names: Mapping[str, str], values: Values, kind: torch.dtype) -> Iterator[Candidate]:
    """A product of matrices, an einsum, a loop over the heads, a sum, and the einsum in float64."""
    texts, tensors = [names[operand] for operand in equation.operands], [values[operand] for operand in equation.operands]
    turned = matrix_product(equation)
    if turned is not None:
        yield from _products(texts, tensors, turned, has_heads=len(equation.result_letters) > 2)
    yield from _sums(equation, texts, tensors)
    yield Candidate(f'torch.einsum("{equation.indices}", {", ".join(texts)})', lambda: torch.einsum(equation.indices, *tensors))
    yield Candidate(
        f'torch.einsum("{equation.indices}", {", ".join(f"{text}.double()" for text in texts)}).to({kind})',
        lambda: torch.einsum(equation.indices, *(tensor.double() for tensor in tensors)).to(kind),
    )


def _products(texts: list[str], tensors: list[Tensor], turned: tuple[bool, bool], *, has_heads: bool) -> Iterator[Candidate]:
    def product(left: Tensor, right: Tensor) -> Tensor:
        return (left.mT if turned[0] else left) @ (right.mT if turned[1] else right)

    def write(names: Iterable[str], transposed: str) -> str:
        return " @ ".join(name + transposed * turn for name, turn in zip(names, turned, strict=True))

    yield Candidate(write(texts, ".mT" if has_heads else ".T"), lambda: product(*tensors))
    if has_heads:
        yield Candidate(
            f"torch.stack([{write(('one', 'other'), '.T')} for one, other in zip({', '.join(texts)})])",
            lambda: torch.stack([product(one, other) for one, other in zip(*tensors, strict=True)]),
        )


def _sums(equation: Contraction, texts: list[str], tensors: list[Tensor]) -> Iterator[Candidate]:
    """One operand, some of whose axes are summed over; the others keep their order."""
    if len(texts) != 1:
        return
    (letters,) = equation.operand_letters
    summed = [place for place, letter in enumerate(letters) if letter not in equation.result_letters]
    if summed and "".join(letter for letter in letters if letter in equation.result_letters) == equation.result_letters:
        dims = ", ".join(map(str, summed))
        yield Candidate(f"{texts[0]}.sum(dim={dims if len(summed) == 1 else f'({dims})'})", lambda: tensors[0].sum(dim=summed))


def matrix_product(equation: Contraction) -> tuple[bool, bool] | None:
    """Which of two operands have to be transposed for this to be their matrix product, if it is one."""
    if len(equation.operands) != 2:
        return None
    (left, right), result = equation.operand_letters, equation.result_letters
    shared = set(left[-2:]) & set(right[-2:]) - set(result)
    heads = result[:-2]
    if len(shared) != 1 or left[:-2] != heads or right[:-2] != heads or len(set(left + right)) != len(heads) + 3:
        return None
    k = shared.pop()
    row, column = left[-2:].replace(k, ""), right[-2:].replace(k, "")
    if result[-2:] != row + column:
        return None
    return left[-2:] != row + k, right[-2:] != k + column


def elementwise_candidates(equation: Elementwise, write: Callable[[str], str], values: Values, kind: torch.dtype) -> Iterator[Candidate]:
    """As the equation has it, and the same in float64. `write` gives the text, with an ending for each operand."""
    yield Candidate(write(""), lambda: _calculate(equation.expression, {**values, **equation.constants}))
    doubled = {name: values[name] if values[name].dtype == torch.bool else values[name].double() for name in equation.operands}
    yield Candidate(f"({write('.double()')}).to({kind})", lambda: _calculate(equation.expression, {**doubled, **equation.constants}).to(kind))


def _calculate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """What the script's line for `expression` does."""
    if not isinstance(expression, tuple):
        return values[expression] if isinstance(expression, str) else expression
    function, *arguments = expression
    parts = [_calculate(argument, values) for argument in arguments]
    if function in _INFIX:
        return functools.reduce(_INFIX[function], parts)
    if function == "more":  # arguments that were summed up: a count and what they come to
        return parts[1]
    if function == "where":
        return torch.where(*parts)
    if not any(isinstance(part, Tensor) for part in parts):
        return parts[0] ** 0.5 if function == "sqrt" else max(parts) if function == "max" else getattr(math, function)(*parts)
    if function == "max":
        return functools.reduce(torch.maximum, (part if isinstance(part, Tensor) else torch.tensor(part, dtype=torch.float32) for part in parts))
    return getattr(torch, function)(*parts)


def softmax_candidates(equation: Softmax, name: str, value: Tensor, kind: torch.dtype) -> Iterator[Candidate]:
    """The one that torch has, with 0 instead of NaN where everything is hidden, as its attention has it, and the same in float64."""
    dim = -1 if equation.over == "columns" else -2
    nothing = (value == -torch.inf).all(dim=dim, keepdim=True)
    text, cast = f"torch.softmax({name}, dim={dim})", f"torch.softmax({name}.double(), dim={dim}).to({kind})"
    zero = f".masked_fill(({name} == -torch.inf).all(dim={dim}, keepdim=True), 0.0)"
    if nothing.any():
        yield Candidate(text + zero, lambda: torch.softmax(value, dim=dim).masked_fill(nothing, 0.0))
        yield Candidate(cast + zero, lambda: torch.softmax(value.double(), dim=dim).to(kind).masked_fill(nothing, 0.0))
    yield Candidate(text, lambda: torch.softmax(value, dim=dim))
    yield Candidate(cast, lambda: torch.softmax(value.double(), dim=dim).to(kind))
