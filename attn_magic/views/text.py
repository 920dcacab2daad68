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

from rich.cells import cell_len, chop_cells
from rich.color import Color
from rich.console import Console
from rich.text import Text

from attn_magic.equations import Softmax
from attn_magic.excerpt import (
    EVERY_KEY_IS_HIDDEN,
    TERMINAL,
    Excerpt,
    Fold,
    Kind,
    acts,
    color_range,
    legend,
    read_excerpts,
    shown_counts,
    work_out,
    worked_place,
)
from attn_magic.notation import MINUS, count, format_label, format_number, shorten
from attn_magic.summary import describe_check, describe_options, describe_sizes
from attn_magic.trace import AttentionTrace, Stage
from attn_magic.views.palette import heat, luminance

Line: TypeAlias = list[tuple[str, str]]  # pieces of text, each with its style
Block: TypeAlias = list[Line]  # lines that stand together
ColorSystem: TypeAlias = Literal["256", "truecolor"]

_SIGNS: dict[Kind, str] = {"allowed": "✓", "hidden": "·"}
_NARROWEST = 20  # cells
_ROW_LABEL, _COLUMN_LABEL = 18, 10  # cells
_SHORT_ROW_LABEL, _SHORT_COLUMN_LABEL = 9, 7  # where more columns fit that way
_NARROWEST_COLUMN = 3  # one sign and a space on each side
_NARROWEST_CARD = 24  # a caption in narrower columns is hard to read
_GAP = 2
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
    most = TERMINAL.rows.whole
    tokens = ", ".join(_label(token, _ROW_LABEL) for token in trace.tokens[:most])
    more = ", …" if len(trace.tokens) > most else ""
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
    formula, *rest = str(work_out(trace, stage, TERMINAL)).split("\n")
    lines = _wrap(format_label(formula), width, "bold", rest="    ")
    for line in rest:
        indent = "  " if line.startswith("  ") else ""
        lines += _wrap(format_label(line.strip()), width, first=indent, rest=2 * indent)
    return lines


def _call(stage: Stage) -> str:
    row, column, head = worked_place(stage)
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
    return _fit(shorten(format_label(label[: 2 * TERMINAL.letters]), TERMINAL.letters), cells)


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


_GAP_COLUMN = _Column("…", [_Cell("…")])


@dataclass(frozen=True)
class _Matrix:
    """What is shown of one matrix: its rows, those of its columns that fit, and what a softmax adds."""

    excerpt: Excerpt
    head: str
    labels: list[str]  # of the lines below the columns' labels
    columns: dict[int, _Column]  # by their place in the stage, as many as are shown at the most
    sums: _Column | None
    fully_hidden: list[str]

    def fits(self, most: int, width: int) -> bool:
        """Whether `most` of the columns fit."""
        places = Fold.halves(most).places(self.excerpt.stage.columns)
        columns = sum(_GAP_COLUMN.width if place is None else self.columns[place].width for place in places)
        sums = self.sums.width + 1 if self.sums else 0
        return _widest(self.labels) + 1 + columns + sums <= width

    def shorten(self) -> "_Matrix":
        """The same with short labels, as far as they can still be told apart."""
        names = _fit_all([column.label for column in self.columns.values()], _SHORT_COLUMN_LABEL)
        columns = {place: _Column(name, self.columns[place].cells) for place, name in zip(self.columns, names, strict=True)}
        return replace(self, labels=_fit_all(self.labels, _SHORT_ROW_LABEL), columns=columns)

    def narrow(self, most: int) -> "_Matrix":
        """The same with `most` columns."""
        if most == len(self.columns):
            return self
        limits = replace(self.excerpt.limits, columns=Fold.halves(most))
        return replace(self, excerpt=replace(self.excerpt, limits=limits))

    def draw(self, colors: _Heat | None) -> Block:
        """The table, below the name of its head where it has one."""
        width = _widest(self.labels)
        lines: Block = [[(label + " " * (width - cell_len(label) + 1), "")] for label in ["", *self.labels]]
        gap = replace(_GAP_COLUMN, cells=_GAP_COLUMN.cells * len(self.labels))
        columns = self.excerpt.with_column_gap([self.columns[place] for place in self.excerpt.columns], gap)
        blocks = [column.draw(colors) for column in columns]
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


def _matrix(excerpt: Excerpt) -> _Matrix:
    """With a gap where rows are left out, and the sums of columns below a softmax over rows."""
    precision, gap = excerpt.trace.options.precision, _Cell("⋮")
    pairs = zip(excerpt.values, excerpt.kinds, strict=True)
    cells = [[_cell(*cell, precision) for cell in zip(*pair, strict=True)] for pair in pairs]
    labels = excerpt.with_row_gap([_label(label, _ROW_LABEL) for label in excerpt.row_labels], "⋮")
    columns = [excerpt.with_row_gap(column, gap) for column in zip(*cells, strict=True)]
    sums = excerpt.with_row_gap(_write(excerpt.row_sums, precision), gap)
    if excerpt.column_sums:
        labels, sums = [*labels, "Σ column"], [*sums, _Cell("")]
        columns = [[*column, total] for column, total in zip(columns, _write(excerpt.column_sums, precision), strict=True)]
    names = [_label(label, _COLUMN_LABEL) for label in excerpt.column_labels]
    return _Matrix(
        excerpt=excerpt,
        head=_label(excerpt.head_label, _ROW_LABEL),
        labels=labels,
        columns=dict(zip(excerpt.columns, map(_Column, names, columns), strict=True)),
        sums=_Column("Σ row", sums) if excerpt.softmax else None,
        fully_hidden=[_label(excerpt.stage.rows.labels[row], _ROW_LABEL) for row in excerpt.fully_hidden_rows],
    )


def _write(numbers: list[float], precision: int) -> list[_Cell]:
    return [_Cell(_number(number, precision)) for number in numbers]


def _cell(value: float | bool, kind: Kind, precision: int) -> _Cell:
    return _Cell(_SIGNS[kind]) if kind in _SIGNS else _Cell(_number(value, precision), float(value) if kind == "number" else None)


def _number(value: float, precision: int) -> str:
    return format_number(value, precision).replace(MINUS, "-")  # so that it can be copied into code


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
    limits = replace(TERMINAL, columns=Fold.halves(width // _NARROWEST_COLUMN))
    matrices = _narrow([_matrix(excerpt) for excerpt in read_excerpts(trace, stage, limits)], width)
    numbers = color_range([matrix.excerpt for matrix in matrices]) if color_system else None
    colors = _Heat(*numbers, color_system) if color_system and numbers else None
    tables = [matrix.draw(colors) for matrix in matrices]
    return _Card(stage, _title(stage, width), _flow(tables, width), tuple(_remarks(stage, matrices)))


def _narrow(matrices: list[_Matrix], width: int) -> list[_Matrix]:
    """The same, all with short labels and as many columns as fit where they are too wide."""
    most = len(matrices[0].columns)
    if all(matrix.fits(most, width) for matrix in matrices):
        return matrices
    matrices = [matrix.shorten() for matrix in matrices]
    while most > 1 and not all(matrix.fits(most, width) for matrix in matrices):
        most -= 1
    return [matrix.narrow(most) for matrix in matrices]


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


def _remarks(stage: Stage, matrices: list[_Matrix]) -> Iterator[str]:
    excerpts = [matrix.excerpt for matrix in matrices]
    yield from (f"{_SIGNS[kind]} {meaning}" for kind, meaning in legend(excerpts).items() if kind in _SIGNS)
    for matrix in matrices:
        if matrix.fully_hidden:
            yield f"{matrix.head}{', ' if matrix.head else ''}{', '.join(matrix.fully_hidden)}: {EVERY_KEY_IS_HIDDEN}."
    shown = shown_counts(stage, excerpts[0].limits)
    if shown:
        cut = ", ".join(shown[noun] for noun in ("heads", "rows", "columns") if noun in shown)
        yield f"{cut} shown{'; sums are over all' if matrices[0].sums else ''}."
