"""A trace as a short script in plain torch that computes every stage once more.

It is written from the equations. Of the ways in which torch can compute one, the script takes the first that gives the recorded bits, tried
while it is written; given stages are written out, drawn from the seed or named (`torch.eye`), likewise. Where no candidate gives them, because
the numbers came from another program, the line says how far it is from them.
"""

import functools
import keyword
import math
import re
from collections.abc import Iterator

import torch
from torch import Tensor

from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.exact import exact, exact_rows
from attn_magic.excerpt import heads, read_whole
from attn_magic.exports.torch_candidates import Candidate, contraction_candidates, elementwise_candidates, matching, same_bits, softmax_candidates
from attn_magic.expressions import Expression
from attn_magic.masks import MASKS
from attn_magic.notation import Number, format_label, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace, Reference, Stage

_TAKEN = frozenset({*keyword.kwlist, *keyword.softkwlist, "torch", "nn", "F", "math", "generator", "expected", "print"})
_INFIX = {"+": 1, "-": 1, "*": 2, "/": 2}  # and how tightly each holds its arguments
_TIGHTEST = 3


def to_code(trace: AttentionTrace) -> str:
    """A script in plain torch that computes every stage of `trace`, bit for bit, each under its own name.

    It ends with the comparison to `F.scaled_dot_product_attention`, where there is something to compare. A stage whose numbers were made by
    another program may have another last bit: its line says how far the two are apart.
    """
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        body = "\n".join(_Writer(trace).lines())
    uses = {"import math": "math.", "import torch": "", "import torch.nn.functional as F": "F.", "from torch import nn": "nn."}
    imports = "\n".join(line for line, mark in uses.items() if re.search(rf"\b{re.escape(mark)}", body))
    return f"# Attention, step by step, in plain torch.\n# {describe_origin(trace)}\n\n{imports}\n{body}\n"


def variable_names(trace: AttentionTrace) -> dict[str, str]:
    """The name of each stage, and of each constant, in the script: its own, unless Python or the script needs that for something else."""
    constants = [name for stage in trace if isinstance(stage.equation, Elementwise) for name in stage.equation.constants]
    names: dict[str, str] = {}
    for name in dict.fromkeys([*(stage.name for stage in trace), *constants]):
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = f"stage_{plain}" if not plain.isidentifier() or plain in _TAKEN else plain
        while plain in names.values():
            plain += "_"
        names[name] = plain
    return names


class _Writer:
    """What is known while the script is being written: the names in use, and what they hold at this line."""

    def __init__(self, trace: AttentionTrace) -> None:
        self.trace = trace
        self.names = variable_names(trace)
        self.drawn = _drawn(trace)
        self.constants: dict[str, Number] = {}
        self.values: dict[str, Tensor] = {}  # what the script's variables hold

    def lines(self) -> Iterator[str]:
        act = ""
        for stage in self.trace:
            if stage.act != act:
                act = stage.act
                yield f"\n# {_comment(act)}"
            yield from self.stage(stage)
        yield f"\nprint({self.names[self.trace.stages[-1].name]})"
        yield from self.comparison()

    def stage(self, stage: Stage) -> Iterator[str]:
        name, recorded = self.names[stage.name], read_whole(stage).contiguous()
        if stage.equation is None:
            self.values[stage.name] = recorded
            yield from self.given(name, stage)
            return
        if isinstance(stage.equation, Elementwise):
            yield from self.assign_constants(stage.equation)
        text, self.values[stage.name], difference = matching(self.candidates(stage, recorded.dtype), recorded)
        remarks = [_shape(stage)] if isinstance(stage.equation, Contraction) else []
        remarks += [f"differs from the recorded numbers by up to {1.05 * difference:.1e}"] if difference else []  # rounded up
        yield f"{name} = {text}" + (f"  # {', '.join(remarks)}" if remarks else "")

    def candidates(self, stage: Stage, kind: torch.dtype) -> Iterator[Candidate]:
        match stage.equation:
            case Contraction() as equation:
                return contraction_candidates(equation, self.names, self.values, kind)
            case Elementwise() as equation:
                return elementwise_candidates(equation, functools.partial(self.elementwise, equation), self.values, kind)
            case Softmax() as equation:
                return softmax_candidates(equation, self.names[equation.operand], self.values[equation.operand], kind)
            case _:
                return iter(())

    def given(self, name: str, stage: Stage) -> Iterator[str]:
        if stage.name in self.drawn:
            if stage.name == self.drawn[0]:
                yield f"generator = torch.Generator().manual_seed({self.trace.options.seed})"
            rows, columns = stage.shape
            yield f"{name} = nn.init.kaiming_uniform_(torch.empty({rows}, {columns}, dtype=torch.float32), a=5**0.5, generator=generator)"
            return
        yield f"# {_comment(f'{stage.title}: {stage.meaning}')}"
        yield f"{name} = {_named_matrix(stage, self.trace.options.mask) or _written_out(stage, self.trace.tokens)}"

    def assign_constants(self, equation: Elementwise) -> Iterator[str]:
        for name, value in equation.constants.items():
            if self.constants.get(name) != value:
                self.constants[name] = value
                yield f"{self.names[name]} = {_number(value)}"

    def elementwise(self, equation: Elementwise, ending: str) -> str:
        """The equation in torch, with `ending` at each operand that is no mask."""
        text, _ = self.expression(equation.expression, equation, ending)
        # A bare operand would make the stage another name of the same tensor.
        return f"{text}.clone()" if isinstance(equation.expression, str) and equation.operands else text

    def expression(self, expression: Expression, equation: Elementwise, ending: str) -> tuple[str, int]:
        """The expression in torch, and how tightly it holds together."""
        if isinstance(expression, str):
            return self.names[expression] + ending * _is_number(expression, equation, self.trace), _TIGHTEST
        if not isinstance(expression, tuple):
            return _number(expression), _TIGHTEST
        function, *arguments = expression
        parts = [self.expression(argument, equation, ending) for argument in arguments]
        if function in _INFIX:
            return _infix(function, parts), _INFIX[function]
        texts = [text for text, _ in parts]
        on_tensors = [_has_operand(argument, equation) for argument in arguments]
        if function == "sqrt" and not on_tensors[0]:
            return f"{_bracket(parts[0], _TIGHTEST)}**0.5", _TIGHTEST
        return _call(function, texts, on_tensors), _TIGHTEST

    def comparison(self) -> Iterator[str]:
        reference, check = self.trace.reference, self.trace.check()
        if reference is None or check.difference is None:
            yield f"# {_comment(check.text)}"
            return
        output = self.names[reference.output]
        yield f"\nexpected = F.scaled_dot_product_attention({', '.join(self.sdpa_arguments(reference))})"
        if reference.mask is not None and not self.trace[reference.mask].value.any(dim=-1).all():
            yield "expected = expected.nan_to_num(0.0)  # torch 2.2 says NaN where a query may attend to nothing, newer ones say 0"
        yield f'print("largest difference from torch:", ({output} - expected).abs().max().item())'
        yield f'print("agrees with torch:", torch.allclose({output}, expected, rtol=1.3e-6, atol=1e-5))'

    def sdpa_arguments(self, reference: Reference) -> Iterator[str]:
        yield from (self.names[name] for name in (reference.query, reference.key, reference.value))
        if reference.mask is not None:
            yield f"attn_mask={self.names[reference.mask]}"
        if reference.scale != 1 / len(self.trace[reference.key].columns) ** 0.5:  # torch's own default
            yield f"scale={reference.scale!r}"


def _comment(text: str) -> str:
    return format_label(text)


def _shape(stage: Stage) -> str:
    return " × ".join(map(str, stage.shape))


def _drawn(trace: AttentionTrace) -> tuple[str, ...]:
    """The stages that drawing weights with the seed gives, in the order in which they are drawn."""
    if trace.module is None:
        return ()
    names = [name.removesuffix(".weight") for name, _ in trace.module.named_parameters()]
    if any(name not in trace or trace[name].equation is not None or trace[name].heads for name in names):
        return ()
    generator = torch.Generator(device="cpu").manual_seed(trace.options.seed)
    for name in names:
        empty = torch.empty(*trace[name].shape, dtype=torch.float32, device="cpu")
        if not same_bits(torch.nn.init.kaiming_uniform_(empty, a=math.sqrt(5), generator=generator), read_whole(trace[name])):
            return ()
    return tuple(names)


def _named_matrix(stage: Stage, asked: str) -> str:
    """A matrix that has a name of its own: the identity, or one of `MASKS`, of which the one called `asked` comes first."""
    if stage.heads is not None:
        return ""
    rows, columns = stage.shape
    value = read_whole(stage)
    if stage.is_mask:
        masks = sorted(MASKS.values(), key=lambda mask: mask.name != asked)
        codes = (mask.code.format(queries=rows, keys=columns) for mask in masks if same_bits(value, mask.make(rows, columns)))
        return next(codes, "")
    identity = torch.eye(rows, columns, dtype=torch.float32, device="cpu")
    return f"torch.eye({rows}{'' if rows == columns else f', {columns}'}, dtype=torch.float32)" if same_bits(value, identity) else ""


def _written_out(stage: Stage, tokens: tuple[str, ...]) -> str:
    labels = (
        [f"  # {_comment(shorten(format_label(token[:200])))}" for token in tokens] if tuple(stage.rows.labels) == tokens else [""] * len(stage.rows)
    )
    rows = [line for head in heads(stage) for line in _rows(stage, head, labels)]
    kind = read_whole(stage).dtype
    return f"torch.tensor(\n    [\n{chr(10).join(rows)}\n    ],\n    dtype={kind},\n)"


def _rows(stage: Stage, head: int | None, labels: list[str]) -> list[str]:
    numbers = exact_rows(stage.window(slice(None), slice(None), head))
    rows = [f"[{', '.join(map(_in_torch, row))}],{label}" for row, label in zip(numbers, labels, strict=True)]
    if head is None:
        return [f"        {row}" for row in rows]
    return ["        [", *(f"            {row}" for row in rows), "        ],"]


def _number(value: Number | bool) -> str:
    return _in_torch(exact(value))


def _in_torch(text: str) -> str:
    return text.replace("nan", "torch.nan").replace("inf", "torch.inf") if text[-1] in "nf" else text


def _infix(function: str, parts: list[tuple[str, int]]) -> str:
    first, *others = parts
    binding = _INFIX[function]
    # a - (b - c) is not a - b - c, and in floats a + (b + c) is not a + b + c either.
    return f" {function} ".join([_bracket(first, binding), *(_bracket(other, binding + 1) for other in others)])


def _bracket(part: tuple[str, int], least: int) -> str:
    text, binding = part
    return f"({text})" if binding < least else text


def _is_number(name: str, equation: Elementwise, trace: AttentionTrace) -> bool:
    return name not in equation.constants and not trace[name].is_mask


def _has_operand(expression: Expression, equation: Elementwise) -> bool:
    if isinstance(expression, tuple):
        return any(_has_operand(argument, equation) for argument in expression[1:])
    return isinstance(expression, str) and expression not in equation.constants


def _call(function: str, texts: list[str], on_tensors: list[bool]) -> str:
    if function == "max" and any(on_tensors):
        tensors = [text if is_tensor else f"torch.tensor({text}, dtype=torch.float32)" for text, is_tensor in zip(texts, on_tensors, strict=True)]
        text = tensors[0]
        for other in tensors[1:]:
            text = f"torch.maximum({text}, {other})"
        return text
    if function == "more":  # arguments that were summed up: a count and what they come to
        return texts[1]
    if function == "where" or any(on_tensors):
        return f"torch.{function}({', '.join(texts)})"
    return f"max({', '.join(texts)})" if function == "max" else f"math.{function}({', '.join(texts)})"
