"""Where a number comes from, answered from the equation of its stage alone.

Nothing here knows a particular stage: a new stage made by the same few kinds of equation is explained without a line written for it.
"""

import functools
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.errors import TraceError
from attn_magic.expressions import Expression, Leaf, equate, evaluate, fold, format_constant, substitute, write
from attn_magic.notation import Number, format_label, format_number, shorten
from attn_magic.trace import AttentionTrace, Axis, Stage

_MAX_CHARACTERS = 200  # of a label that are looked at before it is cut to fit a line
NOTHING_TO_ATTEND_TO = "Every key is hidden from this query: nothing to attend to."


@dataclass(frozen=True)
class Source:
    """One cell that a number was made from."""

    stage: str
    row: int
    column: int
    head: int | None
    value: Number | bool


@dataclass(frozen=True)
class Explanation:
    """Why one cell has its value.

    `formula` is the equation in symbols for this cell, `lines` the arithmetic with its numbers (each true as shown), `sentence` the same in
    words about these tokens. `terms` groups the `sources` as the equation does: the factors of one product together.
    """

    stage: str
    row: int
    column: int
    head: int | None
    value: Number | bool
    formula: str
    lines: tuple[str, ...]
    sentence: str
    terms: tuple[tuple[Source, ...], ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every cell that the number was made from, each once."""
        return tuple(dict.fromkeys(source for term in self.terms for source in term))

    def __str__(self) -> str:
        return "\n".join([self.formula, *(f"  {line}" for line in self.lines), *filter(None, [self.sentence])])


def explain(trace: AttentionTrace, stage: str, row: int, column: int, head: int | None = None, *, max_terms: int | None = None) -> Explanation:
    """Explain one cell of `trace`; see `AttentionTrace.explain`."""
    cell = _Cell(trace, trace[stage], row, column, head)
    match cell.stage.equation:
        case Contraction() as equation:
            return _explain_contraction(cell, equation, max_terms)
        case Elementwise() as equation:
            return _explain_elementwise(cell, equation)
        case Softmax() as equation:
            return _explain_softmax(cell, equation, max_terms)
        case _:
            return cell.explanation(f"{cell.name} = {cell.shown}", [], [])


@dataclass(frozen=True)
class _Cell:
    """The cell that is being explained."""

    trace: AttentionTrace
    stage: Stage
    row: int
    column: int
    head: int | None

    def __post_init__(self) -> None:
        places = (self.row, self.column) if self.head is None else (self.head, self.row, self.column)
        if len(places) != len(self.stage.axes):
            few = f"has {len(self.stage.axes[0])} heads: say which one, as in head=0" if self.head is None else "has no heads: leave head out"
            raise TraceError(f"Stage {self.stage.name!r} {few}.")
        for what, place, axis in zip(("head", "row", "column")[-len(places) :], places, self.stage.axes, strict=True):
            if not 0 <= place < len(axis):
                raise TraceError(f"Stage {self.stage.name!r} has no {what} {place}: its {len(axis)} {what}s count from 0 to {len(axis) - 1}.")

    @property
    def places(self) -> tuple[int, ...]:
        return (self.row, self.column) if self.head is None else (self.head, self.row, self.column)

    @property
    def name(self) -> str:
        return _name(self.stage, [_label(axis, place) for axis, place in zip(self.stage.axes, self.places, strict=True)])

    @functools.cached_property
    def value(self) -> Number | bool:
        window = self.stage.window(slice(self.row, self.row + 1), slice(self.column, self.column + 1), self.head)
        value: Number | bool = window.item()
        return value

    @property
    def precision(self) -> int:
        return self.trace.options.precision

    @property
    def shown(self) -> str:
        return _show(self.value, self.precision)

    def explanation(self, formula: str, lines: list[str], terms: list[tuple[Source, ...]], remark: str = "") -> Explanation:
        labels = {"row": _label(self.stage.rows, self.row), "column": _label(self.stage.columns, self.column)}
        # One pass, so that a token that reads "{column}" stays what it is.
        sentence = re.sub(r"\{(row|column)\}", lambda place: labels[place[1]], self.stage.sentence)
        return Explanation(
            stage=self.stage.name,
            row=self.row,
            column=self.column,
            head=self.head,
            value=self.value,
            formula=formula,
            lines=tuple(lines),
            sentence=" ".join(filter(None, [sentence, remark])),
            terms=tuple(terms),
        )


def _explain_contraction(cell: _Cell, equation: Contraction, max_terms: int | None) -> Explanation:
    operands = [cell.trace[name] for name in equation.operands]
    letters = equation.operand_letters
    bound = dict(zip(equation.result_letters, cell.places, strict=True))
    sizes = {letter: size for stage, row in zip(operands, letters, strict=True) for letter, size in zip(row, stage.shape, strict=True)}
    summed = [letter for letter in sizes if letter not in bound]
    blocks = [_read_block(stage, [bound.get(letter) for letter in row]) for stage, row in zip(operands, letters, strict=True)]

    terms = []
    for counts in itertools.product(*(range(sizes[letter]) for letter in summed)):
        place = bound | dict(zip(summed, counts, strict=True))
        terms.append(tuple(block[tuple(place[letter] for letter in row)] for block, row in zip(blocks, letters, strict=True)))

    products: list[Expression] = [("*", *(source.value for source in term)) for term in terms]
    line = equate(fold("+", products, max_terms), float(cell.value), cell.precision)
    all_hidden = all(any(_is_hidden(cell.trace, source) for source in term) for term in terms)
    formula = f"{cell.name} = {_contraction_in_symbols(operands, equation, bound, summed)}"
    return cell.explanation(formula, [f"= {line}"], terms, NOTHING_TO_ATTEND_TO if all_hidden else "")


def _contraction_in_symbols(operands: list[Stage], equation: Contraction, bound: dict[str, int], summed: list[str]) -> str:
    factors = []
    for stage, letters in zip(operands, equation.operand_letters, strict=True):
        labels = [_label(axis, bound[letter]) if letter in bound else letter for axis, letter in zip(stage.axes, letters, strict=True)]
        factors.append(_name(stage, labels))
    sigma = f"Σ_{''.join(summed)} " if summed else ""
    return sigma + " × ".join(factors)


def _explain_elementwise(cell: _Cell, equation: Elementwise) -> Explanation:
    sources = {name: _source(cell.trace[name], cell.row, cell.column, cell.head) for name in equation.operands}
    in_symbols = {name: _source_name(cell.trace, source) for name, source in sources.items()}
    formula = write(substitute(equation.expression, in_symbols), lambda leaf: leaf if isinstance(leaf, str) else format_constant(leaf))
    values: dict[str, Leaf] = {**equation.constants, **{name: source.value for name, source in sources.items()}}
    line = equate(substitute(equation.expression, values), float(cell.value), cell.precision)
    return cell.explanation(f"{cell.name} = {formula}", [f"= {line}"], [tuple(sources.values())], _remark(cell))


def _explain_softmax(cell: _Cell, equation: Softmax, max_terms: int | None) -> Explanation:
    operand = cell.trace[equation.operand]
    across = equation.over == "columns"
    block = _read_block(operand, [*cell.places[:-2], cell.row if across else None, None if across else cell.column])
    sources = list(block.values())
    own = block[cell.places]
    row, column = (_label(operand.rows, cell.row), "j") if across else ("i", _label(operand.columns, cell.column))
    every = _name(operand, [*([_label(operand.heads, cell.head)] if operand.heads and cell.head is not None else []), row, column])
    own_name = _source_name(cell.trace, own)
    formula = f"{cell.name} = e^({own_name} − max) / Σ_{'j' if across else 'i'} e^({every} − max)"
    lines = _softmax_lines(cell, sources, own, max_terms)
    return cell.explanation(formula, lines, [(source,) for source in sources], _remark(cell))


def _softmax_lines(cell: _Cell, sources: list[Source], own: Source, max_terms: int | None) -> list[str]:
    """The maximum, this cell's exponential, the sum of all exponentials, the division."""
    scores: list[Number] = [source.value for source in sources]
    highest = max(scores)
    if highest == -math.inf:
        return [NOTHING_TO_ATTEND_TO + " All weights are 0."]
    exponentials = [evaluate(("exp", ("-", score, highest))) for score in scores]
    exponential, total = exponentials[scores.index(own.value)], sum(exponentials)
    return [
        "max: " + equate(fold("max", list(scores), max_terms), highest, cell.precision),
        "exponential: " + equate(("exp", ("-", own.value, highest)), exponential, cell.precision),
        "sum: " + equate(fold("+", [("exp", ("-", score, highest)) for score in scores], max_terms), total, cell.precision),
        "quotient: " + equate(("/", exponential, total), float(cell.value), cell.precision),
    ]


def _remark(cell: _Cell) -> str:
    if not _is_hidden(cell.trace, _source(cell.stage, cell.row, cell.column, cell.head)):
        return ""
    return "The mask hides this cell."


def _is_hidden(trace: AttentionTrace, source: Source) -> bool:
    rows, columns = slice(source.row, source.row + 1), slice(source.column, source.column + 1)
    return bool(trace.hidden(trace[source.stage], rows, columns, source.head).item())


def _source(stage: Stage, row: int, column: int, head: int | None) -> Source:
    head = None if stage.heads is None else head
    value = stage.window(slice(row, row + 1), slice(column, column + 1), head).item()
    return Source(stage.name, row, column, head, value)


def _read_block(stage: Stage, places: Sequence[int | None]) -> dict[tuple[int, ...], Source]:
    """The cells at `places`, in order; None stands for every place along that axis."""
    *heads, rows, columns = [range(len(axis)) if place is None else [place] for axis, place in zip(stage.axes, places, strict=True)]
    block: dict[tuple[int, ...], Source] = {}
    for head in heads[0] if heads else [None]:
        window = stage.window(slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1), head).tolist()
        for row, values in zip(rows, window, strict=True):
            for column, value in zip(columns, values, strict=True):
                place = (row, column) if head is None else (head, row, column)
                block[place] = Source(stage.name, row, column, head, value)
    return block


def _source_name(trace: AttentionTrace, source: Source) -> str:
    stage = trace[source.stage]
    places = (source.row, source.column) if source.head is None else (source.head, source.row, source.column)
    return _name(stage, [_label(axis, place) for axis, place in zip(stage.axes, places, strict=True)])


def _name(stage: Stage, labels: Sequence[str]) -> str:
    return f"{stage.name}[{', '.join(labels)}]"


def _label(axis: Axis, place: int) -> str:
    return shorten(format_label(axis.labels[place][:_MAX_CHARACTERS]))


def _show(value: Number | bool, precision: int) -> str:
    return str(value) if isinstance(value, bool) else format_number(value, precision)
