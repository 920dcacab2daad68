"""The text view: every stage as aligned numbers, for `print`, for logs and for the terminal.

It reads a trace's stages, axes and equations and knows none of them by name. Numbers are read by `Stage.window`, and no more of them
than are shown (and the rows whose sums are shown), so that a trace of 4096 tokens prints as fast as one of 12.
"""

import functools
import io
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Shaped
from rich.cells import cell_len, chop_cells
from rich.color import Color
from rich.console import Console
from rich.text import Text
from torch import Tensor

from attn_magic.excerpt import acts
from attn_magic.notation import MINUS, count, format_label, format_number, shorten
from attn_magic.summary import describe_check, describe_options, describe_sizes
from attn_magic.trace import AttentionTrace, Axis, Softmax, Stage
from attn_magic.views.palette import heat, luminance

Line: TypeAlias = list[tuple[str, str]]  # pieces of text, each with its style
Block: TypeAlias = list[Line]  # lines that stand together
ColorSystem: TypeAlias = Literal["256", "truecolor"]

HIDDEN, ALLOWED = "·", "✓"
_NARROWEST = 20  # cells
_MOST_ROWS = 12
_MOST_HEADS = 8
_MOST_TERMS = 4
_MOST_CHARACTERS = 40  # of a label, before it is cut to cells
_ROW_LABEL, _COLUMN_LABEL = 18, 10  # cells
_SHORT_ROW_LABEL, _SHORT_COLUMN_LABEL = 9, 7  # where more columns fit that way
_NARROWEST_COLUMN = 3  # one sign and a space on each side
_NARROWEST_CARD = 24  # a caption in narrower columns is hard to read
_GAP = 2
_ALL = slice(None)
_WORD = re.compile(r"(?:\A\s*)?\S+\s*")
_NOTICE = "bold color(16) on color(221)"
_SHADES = (130, 172, 215, 223, 255, 153, 110, 68, 25, 17)  # of 256 colours: orange, white, blue, as in `heat`


def to_text(trace: AttentionTrace, width: int = 80, color: bool = False, *, color_system: ColorSystem = "256") -> str:
    """Every stage of `trace` with its numbers, as lines of at most `width` terminal cells, and how one of the numbers came about.

    With `color`, numbers stand on heat colours and titles are bold; nothing is said by colour alone. The 256 colours of `color_system`
    are known to every terminal in use; "truecolor" is smoother where it is known. Widths below 20 count as 20.
    """
    width = max(width, _NARROWEST)
    system = color_system if color else None
    lines = [*_header(trace, width), *_notices(trace, width)]
    for number, (act, stages) in enumerate(acts(trace), start=1):
        lines += [*_rule(f"{number} {format_label(act)}", width), *_act(trace, stages, width, system)]
    lines += _examples(trace, width)
    return _draw(lines, width, color)


def _draw(lines: Block, width: int, color: bool) -> str:
    if color:
        return _draw_in_color(lines, width)
    return "\n".join(_draw_plain(line, width) for line in lines)


def _draw_plain(line: Line, width: int) -> str:
    text = _plain(line)
    return (text if cell_len(text) <= width else _cut(line, width).plain).rstrip()


def _draw_in_color(lines: Block, width: int) -> str:
    console = _console(width)
    with console.capture() as capture:
        for line in lines:
            console.print(_cut(line, width), soft_wrap=True)
    return capture.get().rstrip("\n")


def _cut(line: Line, width: int) -> Text:
    """`line` for rich, ended with … where it could not be made narrower, such as a single number of 30 digits."""
    text = Text.assemble(*line)
    text.truncate(width, overflow="ellipsis")
    return text


def _plain(line: Line) -> str:
    return "".join([text for text, _ in line])


def _width(line: Line) -> int:
    return cell_len(_plain(line))


def _console(width: int) -> Console:
    """A console that asks neither the environment nor the terminal for anything, and takes text as it is."""
    return Console(
        file=io.StringIO(),
        width=width,
        height=25,
        color_system="truecolor",
        force_terminal=True,
        force_jupyter=False,
        force_interactive=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


# Words


def _header(trace: AttentionTrace, width: int) -> Block:
    tokens = ", ".join(_label(token, _ROW_LABEL) for token in trace.tokens[:_MOST_ROWS])
    more = ", …" if len(trace.tokens) > _MOST_ROWS else ""
    title = f"Attention over {count(len(trace.tokens), 'token')}: {tokens}{more}"
    return [
        *_wrap(title, width, "bold"),
        *_wrap(f"Sizes: {format_label(describe_sizes(trace))}.", width),
        *_wrap(f"Options: {format_label(describe_options(trace))}.", width),
        *_wrap(f"Check: {describe_check(trace)}.", width),
    ]


def _notices(trace: AttentionTrace, width: int) -> Block:
    lines: Block = []
    for notice in trace.notices:
        lines += [[], *_wrap(format_label(notice.text), width, _NOTICE, first="! ", rest="  ")]
    return lines


def _rule(title: str, width: int) -> Block:
    title = _fit(title, width - 6)
    return [[], [("── ", ""), (title, "bold"), (f" {'─' * (width - 4 - cell_len(title))}", "")], []]


def _examples(trace: AttentionTrace, width: int) -> Block:
    """How two numbers came about, one of the last softmax and one of the last stage, and how to ask for any other."""
    softmax = next((stage for stage in reversed(trace.stages) if isinstance(stage.equation, Softmax)), None)
    lines = _rule("How a number comes about", width)
    for stage in dict.fromkeys(filter(None, [softmax, trace.stages[-1]])):
        lines += [*_example(trace, stage, width), []]
    other = trace[softmax.equation.operands[0]] if softmax and softmax.equation else trace.stages[0]
    return [*lines, *_wrap(f"Ask for any other, counting from 0: {_call(other)}", width)]


def _example(trace: AttentionTrace, stage: Stage, width: int) -> Block:
    formula, *rest = str(trace.explain(stage.name, *_first_of_last_row(stage), max_terms=_MOST_TERMS)).split("\n")
    lines = _wrap(format_label(formula), width, "bold", rest="    ")
    for line in rest:
        indent = "  " if line.startswith("  ") else ""
        lines += _wrap(format_label(line.strip()), width, first=indent, rest=2 * indent)
    return lines


def _first_of_last_row(stage: Stage) -> tuple[int, int, int | None]:
    return len(stage.rows) - 1, 0, None if stage.heads is None else 0


def _call(stage: Stage) -> str:
    row, column, head = _first_of_last_row(stage)
    return f'_.explain("{format_label(stage.name)}", {row}, {column}{"" if head is None else f", head={head}"})'


def _wrap(text: str, width: int, style: str = "", *, first: str = "", rest: str = "") -> Block:
    """`text` in lines of at most `width` cells, the first of them after `first` and the others after `rest`, which is at least as long."""
    lines = _break_into_lines(text, width - len(rest))
    return [[(rest if place else first, style), (line, style)] for place, line in enumerate(lines)]


def _break_into_lines(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words, and within a word that is longer than a line."""
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    used = 0
    for word in _WORD.findall(text):
        needed = cell_len(word.rstrip())
        if lines and used + needed <= width:
            lines[-1] += word
            used += cell_len(word)
        else:
            lines += chop_cells(word, width) if needed > width else [word]
            used = cell_len(lines[-1])
    return [_cut_spaces(line, width) for line in lines or [text]]


def _cut_spaces(line: str, width: int) -> str:
    while cell_len(line) > width and line[-1:].isspace():
        line = line[:-1]
    return line


def _label(label: str, cells: int) -> str:
    return _fit(shorten(format_label(label[: 2 * _MOST_CHARACTERS]), _MOST_CHARACTERS), cells)


def _fit(text: str, cells: int) -> str:
    """`text` in at most so many terminal cells: Chinese and emoji take two, combining marks none."""
    most = len(text)
    while cell_len(text) > cells:
        most -= 1
        text = shorten(text, most)
    return text


# Numbers


@dataclass(frozen=True)
class _Cell:
    """One place of a table. `heat` is the number that colours it, None where there is none."""

    text: str
    heat: float | None = None


@dataclass(frozen=True)
class _Heat:
    """The colours of one stage, whose numbers lie between `low` and `high`."""

    low: float
    high: float
    color_system: ColorSystem

    def style(self, cell: _Cell) -> str:
        if cell.heat is None:
            return ""
        background, ink = heat(cell.heat, self.low, self.high)
        return f"{ink} on {background}" if self.color_system == "truecolor" else _nearest_shade(background)


def _nearest_shade(background: str) -> str:
    """The one of `_SHADES` that is most like `background`, with ink that can be read on it.

    Rich would take the nearest of all 256 colours, and pink or yellow among shades of orange. It would also remember the first colours it
    drew a style in, and draw them in another terminal too; a colour by its number is the same everywhere.
    """
    wanted = Color.parse(background).get_truecolor()
    shades = {number: Color.from_ansi(number).get_truecolor() for number in _SHADES}
    number = min(shades, key=lambda number: math.dist(shades[number], wanted))
    light = luminance([part / 255 for part in shades[number]])
    ink = 16 if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else 231  # black or white: the larger contrast, as WCAG 2.2 has it
    return f"color({ink}) on color({number})"


@dataclass(frozen=True)
class _Column:
    """One column of a table: its label and what stands below it."""

    label: str
    cells: list[_Cell]

    @functools.cached_property
    def texts(self) -> list[str]:
        return _align(self.cells)

    @functools.cached_property
    def width(self) -> int:
        return max(cell_len(self.label), len(self.texts[0])) + 2

    def draw(self, colors: _Heat | None = None) -> Block:
        """The label and the cells, all of the same width, with the decimal points below each other."""
        width = self.width - 2
        label: Line = [(f" {' ' * (width - cell_len(self.label))}{self.label} ", "")]
        cells = zip(self.cells, self.texts, strict=True)
        return [label, *([(f" {text:>{width}} ", colors.style(cell) if colors else "")] for cell, text in cells)]


@dataclass(frozen=True)
class _Matrix:
    """What is shown of one matrix at the most: its first and last rows and columns, and what a softmax adds."""

    head: str
    labels: list[str]  # of the lines below the columns' labels
    columns: list[_Column]
    is_whole: bool  # these are all the columns there are
    sums: _Column | None
    blind: list[str]  # rows that have nothing to attend to

    def ends(self, most: int) -> list[_Column]:
        """The first and the last columns, `most` in all, with a gap where some are left out."""
        if self.is_whole and most >= len(self.columns):
            return self.columns
        first = (most + 1) // 2
        gap = _Column("…", [_Cell("…")] * len(self.labels))
        return [*self.columns[:first], gap, *self.columns[len(self.columns) - most + first :]]

    def fits(self, most: int, width: int) -> bool:
        sums = self.sums.width + 1 if self.sums else 0
        return _widest(self.labels) + 1 + sum(column.width for column in self.ends(most)) + sums <= width

    def shorten(self) -> "_Matrix":
        """The same with short labels, as far as they can still be told apart."""
        names = _fit_all([column.label for column in self.columns], _SHORT_COLUMN_LABEL)
        columns = [_Column(name, column.cells) for name, column in zip(names, self.columns, strict=True)]
        return replace(self, labels=_fit_all(self.labels, _SHORT_ROW_LABEL), columns=columns)

    def draw(self, most: int, colors: _Heat | None) -> Block:
        """The table with `most` of its columns."""
        width = _widest(self.labels)
        lines: Block = [[(label + " " * (width - cell_len(label) + 1), "")] for label in ["", *self.labels]]
        blocks = [column.draw(colors) for column in self.ends(most)]
        if self.sums:
            blocks += [[[("│", "")]] * len(lines), self.sums.draw()]
        for block in blocks:
            for line, part in zip(lines, block, strict=True):
                line += part
        return [[(self.head, "bold")], *lines] if self.head else lines


def _align(cells: Sequence[_Cell]) -> list[str]:
    """Their texts, all of one width: decimal points stand below each other, signs such as ·, ✓ and NaN at the right."""
    parts = [cell.text.partition(".") if cell.text[-1:].isdigit() else ("", "", "") for cell in cells]
    left = max(len(whole) for whole, _, _ in parts)
    right = max(len(point + decimals) for _, point, decimals in parts)
    width = max(left + right, *(len(cell.text) for cell in cells))
    numbers = [f"{whole:>{left}}{point + decimals:<{right}}" for whole, point, decimals in parts]
    return [f"{number if whole else cell.text:>{width}}" for cell, number, (whole, _, _) in zip(cells, numbers, parts, strict=True)]


def _fit_all(labels: list[str], cells: int) -> list[str]:
    short = [_fit(label, cells) for label in labels]
    return short if len(set(short)) == len(set(labels)) else labels


def _widest(texts: Sequence[str]) -> int:
    return max(cell_len(text) for text in texts)


@dataclass(frozen=True)
class _Line:
    """One line of a table: a token, what is read of its row, and the sum of the row where there is one."""

    label: str
    cells: list[_Cell]
    total: _Cell


@dataclass(frozen=True)
class _Part:
    """What is read of one matrix: its first and last rows and columns, as slices."""

    trace: AttentionTrace
    stage: Stage
    head: int | None
    rows: list[slice]
    columns: list[slice]

    @property
    def softmax(self) -> Softmax | None:
        return self.stage.equation if isinstance(self.stage.equation, Softmax) else None

    def values(self, rows: list[slice], columns: list[slice]) -> Shaped[Tensor, "rows columns"]:
        return torch.cat([torch.cat([self.stage.window(row, column, self.head) for column in columns], dim=1) for row in rows])

    def hidden(self, rows: list[slice], columns: list[slice]) -> Bool[Tensor, "rows columns"]:
        return torch.cat([torch.cat([self.trace.hidden(self.stage, row, column, self.head) for column in columns], dim=1) for row in rows])

    def cells(self) -> list[list[_Cell]]:
        values, hidden = self.values(self.rows, self.columns).tolist(), self.hidden(self.rows, self.columns).tolist()
        precision = self.trace.options.precision
        return [[_cell(*place, precision) for place in zip(*line, strict=True)] for line in zip(values, hidden, strict=True)]

    def row_sums(self) -> list[_Cell]:
        return self._write(self.values(self.rows, [_ALL]).double().sum(dim=1))

    def column_sums(self) -> list[_Cell]:
        return self._write(self.values([_ALL], self.columns).double().sum(dim=0))

    def _write(self, numbers: Shaped[Tensor, " n"]) -> list[_Cell]:
        return [_Cell(_number(number, self.trace.options.precision)) for number in numbers.tolist()]


def _read(trace: AttentionTrace, stage: Stage, head: int | None, width: int) -> _Matrix:
    rows, columns = _ends(len(stage.rows), _MOST_ROWS), _ends(len(stage.columns), width // _NARROWEST_COLUMN)
    part = _Part(trace, stage, head, rows, columns)
    lines = _read_lines(part)
    return _Matrix(
        head="" if head is None or stage.heads is None else _label(stage.heads.labels[head], _ROW_LABEL),
        labels=[line.label for line in lines],
        columns=[_Column(label, [line.cells[place] for line in lines]) for place, label in enumerate(_labels(stage.columns, columns, _COLUMN_LABEL))],
        is_whole=len(columns) == 1,
        sums=_Column("Σ row", [line.total for line in lines]) if part.softmax else None,
        blind=_blind_rows(part),
    )


def _read_lines(part: _Part) -> list[_Line]:
    """The lines of a table from top to bottom, with a gap where rows are left out, and the sums of columns below a softmax over rows."""
    cells = part.cells()
    totals = part.row_sums() if part.softmax else [_Cell("")] * len(cells)
    lines = [_Line(*line) for line in zip(_labels(part.stage.rows, part.rows, _ROW_LABEL), cells, totals, strict=True)]
    if len(part.rows) > 1:
        lines.insert(_MOST_ROWS // 2, _Line("⋮", [_Cell("⋮")] * len(cells[0]), _Cell("⋮")))
    if part.softmax and part.softmax.over == "rows":
        lines.append(_Line("Σ column", part.column_sums(), _Cell("")))
    return lines


def _blind_rows(part: _Part) -> list[str]:
    """The shown rows of a softmax from which everything is hidden."""
    if part.softmax is None:
        return []
    hidden = part.hidden(part.rows, [_ALL]).all(dim=1).tolist()
    return [label for label, is_blind in zip(_labels(part.stage.rows, part.rows, _ROW_LABEL), hidden, strict=True) if is_blind]


def _cell(value: float | bool, is_hidden: bool, precision: int) -> _Cell:
    if value is True:
        return _Cell(ALLOWED)
    if value is False or is_hidden:
        return _Cell(HIDDEN)
    return _Cell(_number(value, precision), float(value) if math.isfinite(value) else None)


def _number(value: float, precision: int) -> str:
    return format_number(value, precision).replace(MINUS, "-")  # so that it can be copied into code


def _ends(count: int, most: int) -> list[slice]:
    """All of an axis as one slice, or the first and the last of it as two."""
    if count <= most:
        return [slice(0, count)]
    first = (most + 1) // 2
    return [slice(0, first), slice(count - most + first, count)]


def _labels(axis: Axis, parts: list[slice], cells: int) -> list[str]:
    return [_label(axis.labels[place], cells) for part in parts for place in range(part.start, part.stop)]


# Stages


@dataclass(frozen=True)
class _Card:
    """One stage as it is shown: what it is called, what it means, its numbers, and what there is to say below them."""

    stage: Stage
    title: Block
    picture: Block
    remarks: tuple[str, ...]

    @functools.cached_property
    def width(self) -> int:
        return max(_NARROWEST_CARD, *map(_width, [*self.title, *self.picture]))

    @property
    def kind(self) -> tuple[object, ...]:
        """Cards of one kind look well side by side."""
        return self.stage.equation is None, self.stage.shape


def _act(trace: AttentionTrace, stages: list[Stage], width: int, color_system: ColorSystem | None) -> Block:
    lines: Block = []
    for row in _break_into_rows([_card(trace, stage, width, color_system) for stage in stages], width):
        widths = [card.width for card in row] if len(row) > 1 else [width]
        for parts in _parts(row, widths):
            lines += _beside(parts, widths[: len(parts)])
        lines.append([])
    return lines[:-1]


def _break_into_rows(cards: list[_Card], width: int) -> list[list[_Card]]:
    """Cards side by side: as few rows, and as few kinds within a row, as the width allows; among equals the most even rows."""
    best: list[tuple[tuple[int, int, int], list[list[_Card]]]] = [((0, 0, 0), [])]  # cost, rows: for each number of cards
    for end in range(1, len(cards) + 1):
        ways = []
        extent, changes = -_GAP, 0
        for start in reversed(range(end)):
            extent += _GAP + cards[start].width
            changes += start + 1 < end and cards[start].kind != cards[start + 1].kind
            if extent <= width or start + 1 == end:
                (cost, rows, widest), before = best[start]
                ways.append(((cost + 1 + changes, rows + 1, max(widest, extent)), [*before, cards[start:end]]))
        best.append(min(reversed(ways), key=lambda way: way[0]))
    return best[-1][1]


def _parts(row: list[_Card], widths: list[int]) -> Iterator[list[Block]]:
    """Titles, meanings, numbers and remarks of cards that stand side by side: each part begins on the same line in all of them."""
    cards = list(zip(row, widths, strict=True))
    yield [card.title for card, _ in cards]
    yield [_wrap(format_label(card.stage.meaning), width, "dim") for card, width in cards]
    yield [[[]]]
    yield [card.picture for card, _ in cards]
    yield [[line for remark in card.remarks for line in _wrap(remark, width, "dim")] for card, width in cards]


def _beside(blocks: Sequence[Block], widths: Sequence[int]) -> Block:
    lines = []
    for parts in itertools.zip_longest(*blocks, fillvalue=[]):
        line: Line = []
        column = 0
        for part, width in zip(parts, widths, strict=True):
            if column:
                line.append((" " * (column - _width(line)), ""))
            line += part
            column += width + _GAP
        lines.append(line)
    return lines


def _card(trace: AttentionTrace, stage: Stage, width: int, color_system: ColorSystem | None) -> _Card:
    matrices = [_read(trace, stage, head, width) for head in _heads(stage)]
    if not all(matrix.fits(len(matrix.columns), width) for matrix in matrices):
        matrices = [matrix.shorten() for matrix in matrices]
    most = len(matrices[0].columns)
    while most > 1 and not all(matrix.fits(most, width) for matrix in matrices):
        most -= 1
    numbers = [cell.heat for matrix in matrices for column in matrix.ends(most) for cell in column.cells if cell.heat is not None]
    colors = _Heat(min(numbers), max(numbers), color_system) if color_system and numbers else None
    tables = [matrix.draw(most, colors) for matrix in matrices]
    return _Card(stage, _title(stage, width), _flow(tables, width), tuple(_remarks(stage, matrices, most)))


def _heads(stage: Stage) -> list[int | None]:
    """The heads that are shown; for a stage without heads, one that is None."""
    if stage.heads is None:
        return [None]
    return [head for part in _ends(len(stage.heads), _MOST_HEADS) for head in range(part.start, part.stop)]


def _title(stage: Stage, width: int) -> Block:
    shape = " × ".join(f"{size:,}" for size in stage.shape)
    names = dict.fromkeys(format_label(name) for name in (stage.symbol, stage.name))
    return [*_wrap(f"{format_label(stage.title)}  {shape}", width, "bold"), *_wrap("   ".join(names), width)]


def _flow(tables: list[Block], width: int) -> Block:
    """Tables one after another, side by side as far as they fit."""
    lines: Block = []
    row: list[Block] = []
    widths: list[int] = []
    for table in tables:
        extent = max(map(_width, table))
        if row and sum(widths) + extent + _GAP * len(row) > width:
            lines += [*_beside(row, widths), []]
            row, widths = [], []
        row.append(table)
        widths.append(extent)
    return lines + _beside(row, widths)


def _remarks(stage: Stage, matrices: list[_Matrix], columns: int) -> Iterator[str]:
    signs = {cell.text for matrix in matrices for column in matrix.ends(columns) for cell in column.cells}
    legend = {ALLOWED: "may attend", HIDDEN: "hidden by the mask"}
    yield from (f"{sign} {meaning}" for sign, meaning in legend.items() if sign in signs)
    for matrix in matrices:
        if matrix.blind:
            yield f"{matrix.head}{', ' if matrix.head else ''}{', '.join(matrix.blind)}: every key is hidden, nothing to attend to."
    cut = ", ".join(_cuts(stage, columns))
    if cut:
        yield f"{cut} shown{'; sums are over all' if matrices[0].sums else ''}."


def _cuts(stage: Stage, columns: int) -> Iterator[str]:
    for noun, axis, most in ("heads", stage.heads, _MOST_HEADS), ("rows", stage.rows, _MOST_ROWS), ("columns", stage.columns, columns):
        if axis and most < len(axis):
            yield f"{most:,} of {len(axis):,} {noun}"
