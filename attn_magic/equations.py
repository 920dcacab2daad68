"""The three kinds of equation that make a stage from earlier ones: data that every reader of a trace understands, checked when it is made.

What cannot be right whatever its operands are is refused here, by the equation itself; what does not fit them, by `check_operands`, which a
trace asks for each of its stages. Both raise `TraceError`, so that nothing malformed is met later, while somebody looks at a number.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from attn_magic.errors import TraceError, did_you_mean
from attn_magic.expressions import ARGUMENTS, Expression, names
from attn_magic.notation import Number, count, quote

SOFTMAX_OVER = ("columns", "rows")


@dataclass(frozen=True)
class Contraction:
    """Sums of products, written as an einsum over earlier stages.

    `Contraction("ik,jk->ij", ("query", "key"))` is scores[i, j] = Σₖ query[i, k] · key[j, k]. Each operand has one letter for each of its
    axes (heads first, where it has them), the result likewise; letters that the result lacks are summed over.

    Raises `TraceError` for indices that are no such pattern.
    """

    indices: str
    operands: tuple[str, ...]

    def __post_init__(self) -> None:
        fault = _find_pattern_fault(self.indices, len(self.operands))
        if fault:
            raise TraceError(f"The pattern {quote(self.indices)} {fault}. A product of matrices is written 'ik,kj->ij'.")

    @property
    def operand_letters(self) -> tuple[str, ...]:
        """The letters of each operand's axes."""
        return tuple(self.indices.split("->")[0].split(","))

    @property
    def result_letters(self) -> str:
        """The letters of the result's axes."""
        return self.indices.split("->")[1]


@dataclass(frozen=True)
class Elementwise:
    """The same small calculation for every cell, from the cells in the same place of earlier stages.

    `Elementwise(("/", "scores", ("sqrt", "d_k")), {"d_k": 2})` is scores / √d_k, and `Elementwise(("where", "mask", "scaled_scores", -math.inf))`
    hides cells. Names are stages, but for those in `constants`. An operand without heads serves every head.

    Raises `TraceError` for a function that `expressions` does not know, for too few or too many arguments, and for constants that are no numbers.
    """

    expression: Expression
    constants: dict[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fault = _find_expression_fault(self.expression) or _find_constant_fault(self.constants)
        if fault:
            raise TraceError(f"The expression {quote(self.expression)} {fault}")

    @property
    def operands(self) -> tuple[str, ...]:
        """The stages this one is made from."""
        return tuple(name for name in names(self.expression) if name not in self.constants)


@dataclass(frozen=True)
class Softmax:
    """exp(x) divided by the sum of exp(x) "over" the columns (every row sums to 1) or the rows (every column does).

    Cells of −∞ get exactly 0; where all of them are −∞ there is nothing to attend to and all get 0, as in
    `torch.nn.functional.scaled_dot_product_attention`.

    Raises `TraceError` for another direction.
    """

    operand: str
    over: str = SOFTMAX_OVER[0]

    def __post_init__(self) -> None:
        if self.over not in SOFTMAX_OVER:
            raise TraceError(f"A softmax goes over the {' or the '.join(SOFTMAX_OVER)}, and not over {quote(self.over)}.")

    @property
    def operands(self) -> tuple[str, ...]:
        """The one stage this one is made from."""
        return (self.operand,)


Equation: TypeAlias = Contraction | Elementwise | Softmax


Shape: TypeAlias = tuple[int, ...]  # how many of each axis of a stage, heads first where it has them


def check_operands(name: str, shape: Shape, equation: Equation, earlier: Mapping[str, Shape]) -> None:
    """Raise `TraceError` where `equation` cannot have made the stage called `name` from `earlier` ones: one is missing, or sizes contradict."""
    for operand in equation.operands:
        if operand not in earlier:
            raise TraceError(f"Stage {name!r} is made from {operand!r}, which is no earlier stage.")
    operands = [(operand, earlier[operand]) for operand in equation.operands]
    if isinstance(equation, Contraction):
        _check_letters(equation, [*operands, (name, shape)])
        return
    for operand, size in operands:
        _check_same_places((name, shape), (operand, size), heads_may_lack=isinstance(equation, Elementwise))


def _check_letters(equation: Contraction, parts: list[tuple[str, Shape]]) -> None:
    sizes: dict[str, int] = {}
    for letters, (name, shape) in zip((*equation.operand_letters, equation.result_letters), parts, strict=True):
        if len(letters) != len(shape):
            raise TraceError(f"In {equation.indices!r}, {letters!r} has {len(letters)} letters, but {name!r} is {times(shape)}.")
        for letter, size in zip(letters, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise TraceError(f"In {equation.indices!r}, {letter!r} is {sizes[letter]} in one stage and {size} in {name!r}.")


def _check_same_places(stage: tuple[str, Shape], operand: tuple[str, Shape], *, heads_may_lack: bool) -> None:
    (name, shape), (other, size) = stage, operand
    if size == shape or (heads_may_lack and size == shape[-2:]):
        return
    which = "" if len(size) == len(shape) or size[-2:] != shape[-2:] else f": only the {'first' if len(size) < len(shape) else 'second'} has heads"
    raise TraceError(f"Stage {name!r} is {times(shape)}, but {other!r} is {times(size)}{which}.")


def times(shape: Shape) -> str:
    """Sizes in words.

    >>> times((4, 3, 2))
    '4 × 3 × 2'
    """
    return " × ".join(map(str, shape))


def _find_pattern_fault(indices: str, operands: int) -> str:
    """What is wrong with an einsum pattern, as the end of a sentence; empty where nothing is."""
    parts = indices.split("->")
    if len(parts) != 2:
        return "needs one -> before the letters of the result"
    given, result = parts[0].split(","), parts[1]
    if len(given) != operands:
        return f"has letters for {count(len(given), 'operand')}, but {operands} {'is' if operands == 1 else 'are'} named"
    for letters in (*given, result):
        strange = sorted(set(letters) - set(string.ascii_letters))
        if strange or len(letters) not in (2, 3):
            return f"has {quote(letters)} in it: a stage has two axes, or three with heads, and a letter from a to z for each"
    return _find_letter_fault(given, result)


def _find_letter_fault(given: list[str], result: str) -> str:
    for letters in (*given, result):
        twice = next((letter for letter in letters if letters.count(letter) > 1), "")
        if twice:
            return f"has {twice!r} twice in {letters!r}"
    unknown = next((letter for letter in result if not any(letter in letters for letters in given)), "")
    return f"has {unknown!r} in its result, but in no operand" if unknown else ""


def _find_expression_fault(expression: object) -> str:
    """What is wrong with the first part of an expression that is, as the end of a sentence; empty where nothing is."""
    if not isinstance(expression, tuple):
        return "" if isinstance(expression, str | int | float) else f"has {quote(expression)} in it, which is no number, no name and no calculation."
    function, *arguments = expression or ("",)
    if not isinstance(function, str) or function not in ARGUMENTS:
        return f"has the function {quote(function)}, but there are only {', '.join(ARGUMENTS)}.{did_you_mean(str(function), ARGUMENTS, repr)}"
    least, most = ARGUMENTS[function]
    if not least <= len(arguments) <= (most or len(arguments)):
        return f"gives {function!r} {count(len(arguments), 'argument')}, but it takes {least}{'' if most else ' or more'}."
    return next(filter(None, map(_find_expression_fault, arguments)), "")


def _find_constant_fault(constants: Mapping[str, object]) -> str:
    wrong = next((name for name, value in constants.items() if not isinstance(value, int | float)), None)
    return "" if wrong is None else f"has the constant {quote(wrong)}, which is {quote(constants[wrong])} and no number."
