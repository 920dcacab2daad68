"""What is shown of a trace where a page ends: which rows, columns and heads, what is hidden, sums, the numbers to colour, the cells worked out.

An `Excerpt` is one stage, in one head, as one medium has room for it. Views lay it out and paint it; nothing is drawn here.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Shaped
from torch import Tensor

from attn_magic.equations import Softmax
from attn_magic.explain import Explanation
from attn_magic.notation import count, format_label, format_number, shorten
from attn_magic.trace import AttentionTrace, Axis, Stage

T = TypeVar("T")
Kind: TypeAlias = Literal["number", "allowed", "hidden", "not finite"]
Range: TypeAlias = tuple[float, float]

LEGEND: dict[Kind, str] = {"allowed": "may attend", "hidden": "hidden by the mask", "not finite": "not a finite number"}
EVERY_KEY_IS_HIDDEN = "every key is hidden, nothing to attend to"
_ALL = [slice(None)]


# How much is shown


@dataclass(frozen=True)
class Fold:
    """Up to how many places an axis is shown whole, and how many are shown of the two ends of a longer one."""

    whole: int
    first: int = 0
    last: int = 0

    @classmethod
    def halves(cls, most: int) -> "Fold":
        """At most so many places, as many of the beginning as of the end."""
        return cls(most, (most + 1) // 2, most // 2)

    def folds(self, axis: Axis) -> bool:
        """Whether something of `axis` is left out."""
        return len(axis) > self.whole

    def places(self, axis: Axis) -> list[int | None]:
        """The places of `axis` that are shown; None is where others are left out.

        >>> Fold(4, 2, 1).places(Axis("key", "abcdef"))
        [0, 1, None, 5]
        """
        size = len(axis)
        return [*range(self.first), None, *range(size - self.last, size)] if self.folds(axis) else list(range(size))

    def shown(self, axis: Axis) -> list[int]:
        """The same without the gap."""
        return [place for place in self.places(axis) if place is not None]

    def with_gap(self, axis: Axis, shown: Sequence[T], gap: T) -> list[T]:
        """`shown`, one for each place of `axis` that is shown, with `gap` where others are left out."""
        return [*shown[: self.first], gap, *shown[self.first :]] if self.folds(axis) else list(shown)


@dataclass(frozen=True)
class Limits:
    """How much of a stage one medium has room for. Where folds leave no ends, a stage that is too large is shown in blocks alone."""

    rows: Fold
    columns: Fold
    heads: Fold
    letters: int = 40  # of a label
    terms: int = 6  # of a sum that is written out
    blocks: int = 0  # rows and columns of the coarse picture of a stage that is not shown whole
    digits: tuple[int, int] = (0, 0)  # rows and columns up to which a picture has digits
    cells: int | None = None  # in all heads together


TERMINAL = Limits(Fold.halves(12), Fold.halves(26), heads=Fold.halves(8), terms=4)  # columns: of 80 characters; more where there is room
PAGE = Limits(Fold(16, 8, 4), Fold(16, 8, 4), heads=Fold(8, 8), letters=200, blocks=64, cells=512)  # 13 stages of 16 × 16 cells are 260 kB
PREVIEW = Limits(Fold(48), Fold(48), heads=Fold(4, 4), blocks=48, digits=(12, 8))
FIGURE = Limits(Fold(64), Fold(64), heads=Fold(8, 8), letters=24, blocks=64, digits=(32, 32))
GIF = replace(FIGURE, letters=300, terms=4)
LATEX = Limits(Fold(16, 8, 4), Fold(12, 6, 3), heads=Fold(4, 4))
MARKDOWN = Limits(Fold(16, 8, 4), Fold(16, 8, 4), heads=Fold(4, 4), letters=200)
WORKSHEET = Limits(Fold(8, 6, 2), Fold(8, 6, 2), heads=Fold(4, 4), terms=8)  # nobody fills more by hand


def acts(stages: Iterable[Stage]) -> list[tuple[str, list[Stage]]]:
    """The acts of a trace, each with its stages."""
    return [(act, list(together)) for act, together in itertools.groupby(stages, key=lambda stage: stage.act)]


def heads(stage: Stage) -> list[int | None]:
    """The heads of `stage`, or None alone where it has none: what `Stage.window` takes."""
    return [None] if stage.heads is None else list(range(len(stage.heads)))


def shown_heads(stage: Stage, limits: Limits) -> list[int | None]:
    """The heads of `stage` that are shown, or None alone where it has none."""
    if stage.heads is None:
        return [None]
    shown: list[int | None] = [*limits.heads.shown(stage.heads)]
    if limits.cells is None:
        return shown
    return shown[: max(1, limits.cells // (len(limits.rows.shown(stage.rows)) * len(limits.columns.shown(stage.columns))))]


def shown_counts(stage: Stage, limits: Limits) -> dict[str, str]:
    """How much is shown of the axes that are not shown whole: {"rows": "12 of 40 rows"}."""
    sizes = {
        "rows": (len(limits.rows.shown(stage.rows)), len(stage.rows)),
        "columns": (len(limits.columns.shown(stage.columns)), len(stage.columns)),
        "heads": (len(shown_heads(stage, limits)), len(heads(stage))),
    }
    return {noun: f"{shown:,} of {size:,} {noun}" for noun, (shown, size) in sizes.items() if shown < size}


def left_out(stage: Stage, limits: Limits) -> str:
    """What of `stage` is not shown, in words; empty where all of it is."""
    parts = shown_counts(stage, limits).values()
    return f"Shown: {', '.join(parts)}." if parts else ""


def excerpt_note(stage: Stage, limits: Limits) -> str:
    """What a copy of `stage` leaves out, for whoever pastes it: places of its axes, heads, and the ends of labels; empty where it is whole."""
    said = left_out(stage, limits)
    shown = ((axis, fold.shown(axis)) for axis, fold in ((stage.rows, limits.rows), (stage.columns, limits.columns)))
    labels = [format_label(axis.labels[place]) for axis, places in shown for place in places]
    cut = sum(shorten(label, limits.letters) != label for label in labels)
    if cut:
        said += f" {count(cut, 'label')} cut after {limits.letters} letters."
    return f"An excerpt. {said.strip()}" if said else ""


# What is shown


@dataclass(frozen=True)
class Excerpt:
    """What is shown of one stage, in one head: all of it, its first and last rows and columns, or blocks of cells.

    `rows` and `columns` are the places that are shown, of a block its first one; `values`, `hidden` and `kinds` have a line for each of
    the rows. All that reads numbers is read when it is first asked for.
    """

    trace: AttentionTrace
    stage: Stage
    head: int | None
    limits: Limits

    @property
    def head_label(self) -> str:
        """The label of the head; empty where the stage has none."""
        return "" if self.stage.heads is None or self.head is None else self.stage.heads.labels[self.head]

    @property
    def is_whole(self) -> bool:
        """Whether every cell is shown."""
        return not self.limits.rows.folds(self.stage.rows) and not self.limits.columns.folds(self.stage.columns)

    @property
    def is_in_blocks(self) -> bool:
        """Whether blocks of cells are shown, each as the number farthest from 0 in it, rather than cells."""
        return self.limits.rows.first == 0 and not self.is_whole

    @functools.cached_property
    def rows(self) -> list[int]:
        """The rows that are shown; of a block, its first."""
        return self._places(self.stage.rows, self.limits.rows)

    @functools.cached_property
    def columns(self) -> list[int]:
        """The columns that are shown; of a block, its first."""
        return self._places(self.stage.columns, self.limits.columns)

    def _places(self, axis: Axis, fold: Fold) -> list[int]:
        return _block_starts(len(axis), min(len(axis), self.limits.blocks)) if self.is_in_blocks else fold.shown(axis)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are shown."""
        return len(self.rows), len(self.columns)

    @property
    def row_labels(self) -> list[str]:
        """One for each row that is shown."""
        return [self.stage.rows.labels[place] for place in self.rows]

    @property
    def column_labels(self) -> list[str]:
        """One for each column that is shown."""
        return [self.stage.columns.labels[place] for place in self.columns]

    def with_row_gap(self, lines: Sequence[T], gap: T) -> list[T]:
        """`lines`, one for each row that is shown, with `gap` where others are left out."""
        return self.limits.rows.with_gap(self.stage.rows, lines, gap)

    def with_column_gap(self, cells: Sequence[T], gap: T) -> list[T]:
        """`cells`, one for each column that is shown, with `gap` where others are left out."""
        return self.limits.columns.with_gap(self.stage.columns, cells, gap)

    @functools.cached_property
    def values(self) -> Sequence[Sequence[float | bool]]:
        """The number in each cell; for a mask, whether a query may attend to a key."""
        return self.overview if self.is_in_blocks else self._read(_slices(self.rows), _slices(self.columns)).tolist()

    @functools.cached_property
    def overview(self) -> list[list[float]]:
        """All of a stage that is not shown whole, in blocks; empty where there are none."""
        blocks = self.limits.blocks
        return self.stage.overview(blocks, blocks, self.head).tolist() if blocks and not self.is_whole else []

    @functools.cached_property
    def hidden(self) -> list[list[bool]]:
        """Whether a mask hides each cell; of a block, all of it."""
        if self.stage.is_mask:
            return [[not value for value in line] for line in self.values]
        if self.is_in_blocks:
            return self._hidden_blocks()
        return self._read_hidden(_slices(self.columns)).tolist()

    @functools.cached_property
    def kinds(self) -> list[list[Kind]]:
        """What each cell shows."""
        shown: Kind = "allowed" if self.stage.is_mask else "number"
        return [
            ["hidden" if is_hidden else shown if math.isfinite(value) else "not finite" for value, is_hidden in zip(*line, strict=True)]
            for line in zip(self.values, self.hidden, strict=True)
        ]

    def cells(self) -> Iterator[tuple[int, int, float | bool, Kind]]:
        """Row and column among those that are shown, value and kind."""
        for row, line in enumerate(zip(self.values, self.kinds, strict=True)):
            for column, (value, kind) in enumerate(zip(*line, strict=True)):
                yield row, column, value, kind

    def texts(self) -> list[list[str]]:
        """What a picture writes in each cell: its digits, or ✓ where a mask allows it."""
        if self.stage.is_mask:
            return [["✓" if value else "" for value in line] for line in self.values]
        return [[format_number(value, self.trace.options.precision) for value in line] for line in self.values]

    def numbers(self) -> list[float]:
        """The numbers to colour: those that are finite and that no mask hides."""
        lines = zip(self.values, self.hidden, strict=True)
        return [value for line in lines for value, is_hidden in zip(*line, strict=True) if not is_hidden and math.isfinite(value)]

    @property
    def softmax(self) -> Softmax | None:
        """The equation of the stage, where it is a softmax."""
        return self.stage.equation if isinstance(self.stage.equation, Softmax) else None

    @functools.cached_property
    def row_sums(self) -> list[float]:
        """Of a softmax: what each row that is shown sums to, over all columns."""
        return self._read(_slices(self.rows), _ALL).double().sum(dim=1).tolist() if self.softmax else []

    @functools.cached_property
    def column_sums(self) -> list[float]:
        """Of a softmax over the rows: what each column that is shown sums to, over all rows."""
        return self._read(_ALL, _slices(self.columns)).double().sum(dim=0).tolist() if self.softmax and self.softmax.over == "rows" else []

    @functools.cached_property
    def fully_hidden_rows(self) -> list[int]:
        """Of a softmax: the rows that are shown and have nothing to attend to."""
        if self.softmax is None:
            return []
        has_all_columns = self.is_in_blocks or not self.limits.columns.folds(self.stage.columns)
        hidden = self.hidden if has_all_columns else self._read_hidden(_ALL).tolist()
        return [place for place, line in zip(self.rows, hidden, strict=True) if all(line)]

    def explanations(self) -> Iterator[Explanation]:
        """The arithmetic of one cell of a computed stage, in the last row that has one to see (the last token sees most), and of a hidden one."""
        if self.stage.equation is None:
            return
        lines = list(zip(self.rows, self.hidden, strict=True))
        visible = [(row, self.columns[line.index(False)]) for row, line in lines if False in line]
        hidden = [(row, self.columns[line.index(True)]) for row, line in lines if True in line]
        for row, column in visible[-1:] + hidden[:1]:
            yield self.trace.explain(self.stage.name, row, column, self.head, max_terms=self.limits.terms)

    def _read(self, rows: list[slice], columns: list[slice]) -> Shaped[Tensor, "rows columns"]:
        return _join(lambda down, across: self.stage.window(down, across, self.head), rows, columns)

    def _read_hidden(self, columns: list[slice]) -> Shaped[Tensor, "rows columns"]:
        return _join(lambda down, across: self.trace.hidden(self.stage, down, across, self.head), _slices(self.rows), columns)

    def _hidden_blocks(self) -> list[list[bool]]:
        """True where all of a block is hidden. Strip by strip, so that no second matrix of that size is made."""
        size, (height, width) = len(self.stage.rows), self.shape
        blocks = []
        for block, start in enumerate(self.rows, start=1):
            visible = ~self.trace.hidden(self.stage, slice(start, math.ceil(block * size / height)), slice(None), self.head)
            blocks.append(F.adaptive_max_pool1d(visible.any(dim=0)[None].float(), width)[0] == 0)
        hidden: list[list[bool]] = torch.stack(blocks).tolist()
        return hidden


def read_excerpts(trace: AttentionTrace, stage: Stage, limits: Limits) -> list[Excerpt]:
    """One excerpt for each head that is shown, or the one there is."""
    return [Excerpt(trace, stage, head, limits) for head in shown_heads(stage, limits)]


def color_range(excerpts: Sequence[Excerpt]) -> Range | None:
    """The lowest and the highest number to colour, over all heads; None for a mask and where nothing is finite."""
    numbers = [] if excerpts[0].stage.is_mask else [number for excerpt in excerpts for number in excerpt.numbers()]
    if not numbers:
        return None
    if excerpts[0].is_in_blocks:  # they show what is farthest from 0, so that the lowest of them is not the lowest number
        return min(0.0, *numbers), max(numbers)
    blocks = [value for excerpt in excerpts for line in excerpt.overview for value in line if math.isfinite(value)]
    # A hidden block of weights is 0 in an overview, so that there only a number below 0 tells something about the lowest one.
    return min([*numbers, *(value for value in blocks if value < 0)]), max([*numbers, *blocks])


def range_ends(range_: Range) -> list[float]:
    """The numbers at the ends of the colours of `heat`, and 0 in their middle where they have two sides."""
    low, high = range_
    return list(dict.fromkeys([low, high])) if low >= 0 else [-max(-low, high), 0.0, max(-low, high)]


def legend(excerpts: Sequence[Excerpt]) -> dict[Kind, str]:
    """What signs and colours mean, for the kinds of cells that are shown beside plain numbers."""
    seen = {kind for excerpt in excerpts for line in excerpt.kinds for kind in line}
    return {kind: meaning for kind, meaning in LEGEND.items() if kind in seen}


def work_out(trace: AttentionTrace, stage: Stage, limits: Limits) -> Explanation:
    """The arithmetic behind one cell of `stage`: in the last row, because the last token sees most."""
    return trace.explain(stage.name, *worked_place(stage), max_terms=limits.terms)


def worked_place(stage: Stage) -> tuple[int, int, int | None]:
    """Row, column and head of that cell."""
    return len(stage.rows) - 1, 0, heads(stage)[0]


def worked_cell(trace: AttentionTrace, stages: Iterable[Stage], limits: Limits) -> Explanation | None:
    """The arithmetic behind one cell of the first of `stages` that was computed."""
    computed = next((stage for stage in stages if stage.equation is not None), None)
    return None if computed is None else work_out(trace, computed, limits)


def read_whole(stage: Stage) -> Shaped[Tensor, "*heads rows columns"]:
    """All numbers of `stage`, on the CPU, for files that programs read."""
    windows = [stage.window(slice(None), slice(None), head).detach().cpu() for head in heads(stage)]
    return windows[0] if stage.heads is None else torch.stack(windows)


def _block_starts(size: int, blocks: int) -> list[int]:
    """Where blocks begin that are shared out as `Stage.overview` does it."""
    return [block * size // blocks for block in range(blocks)]


def _slices(places: Sequence[int]) -> list[slice]:
    """`places`, from the first to the last, as few slices.

    >>> _slices([0, 1, 5])
    [slice(0, 2, None), slice(5, 6, None)]
    """
    parts: list[slice] = []
    for place in places:
        if parts and parts[-1].stop == place:
            parts[-1] = slice(parts[-1].start, place + 1)
        else:
            parts.append(slice(place, place + 1))
    return parts


def _join(window: Callable[[slice, slice], Tensor], rows: list[slice], columns: list[slice]) -> Shaped[Tensor, "rows columns"]:
    if len(rows) == len(columns) == 1:
        return window(rows[0], columns[0])
    return torch.cat([torch.cat([window(down, across) for across in columns], dim=1) for down in rows])
