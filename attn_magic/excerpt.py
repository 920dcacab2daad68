"""What is shown of a stage where a person reads and a page ends, derived once for every view.

How much of it, told in `Limits`, is the only thing in which media differ: which heads, rows and columns, how much of a label, how many terms of a
sum. What is shown then, its sums, its range, what hides and what is left out, an `Excerpt` knows.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Shaped
from torch import Tensor

from attn_magic.equations import Softmax
from attn_magic.explain import Explanation
from attn_magic.notation import Number, count, format_label, shorten
from attn_magic.trace import AttentionTrace, Stage

MAY_ATTEND, HIDDEN_BY_MASK, NOT_FINITE = "may attend", "hidden by the mask", "not a finite number"  # the legend's words

_ALL = slice(None)


@dataclass(frozen=True)
class Fold:
    """Up to how many places an axis is shown whole, and how many are shown of the two ends of a longer one."""

    whole: int
    first: int
    last: int

    @classmethod
    def ends(cls, most: int) -> "Fold":
        """At most so many places: half of them from each end."""
        return cls(most, (most + 1) // 2, most // 2)

    @classmethod
    def beginning(cls, most: int) -> "Fold":
        """At most so many places, the first ones."""
        return cls(most, most, 0)

    def folds(self, axis: Sized) -> bool:
        """Whether something of `axis` is left out."""
        return len(axis) > self.whole

    def shown(self, axis: Sized) -> list[int]:
        """The places of `axis` that are shown.

        >>> Fold(4, 2, 1).shown("abcdef")
        [0, 1, 5]
        """
        size = len(axis)
        return [*range(self.first), *range(size - self.last, size)] if self.folds(axis) else list(range(size))

    def places(self, axis: Sized) -> list[int | None]:
        """The same, with None where others are left out.

        >>> Fold(4, 2, 1).places("abcdef")
        [0, 1, None, 5]
        """
        shown: list[int | None] = list(self.shown(axis))
        return [*shown[: self.first], None, *shown[self.first :]] if self.folds(axis) else shown


@dataclass(frozen=True)
class Limits:
    """How much of a trace one medium shows.

    `letters` of a label, `terms` of a sum that is written out, `cells` with digits in all heads of a stage together. A stage that has more
    than `blocks` rows or columns is shown in so many blocks where it is a picture, or has such a picture beside its corners.
    """

    rows: Fold
    columns: Fold
    heads: Fold
    letters: int = 40
    terms: int = 6
    cells: int | None = None
    blocks: int = 0

    def wide(self, columns: int) -> "Limits":
        """The same with room for so many columns."""
        return replace(self, columns=Fold.ends(columns))


# Every medium's limits, one below the other.
TERMINAL = Limits(rows=Fold.ends(12), columns=Fold.ends(26), heads=Fold.ends(8), terms=4)
HTML = Limits(rows=Fold(16, 8, 4), columns=Fold(16, 8, 4), heads=Fold.beginning(8), letters=200, cells=512, blocks=64)
DOCUMENT = Limits(rows=Fold(16, 8, 4), columns=Fold(12, 6, 3), heads=Fold.beginning(4))  # a page of LaTeX is narrow
MARKDOWN = Limits(rows=Fold(16, 8, 4), columns=Fold(16, 8, 4), heads=Fold.beginning(4), letters=200)
WORKSHEET = Limits(rows=Fold(8, 6, 2), columns=Fold(8, 6, 2), heads=Fold.beginning(4), terms=8)  # nobody fills more by hand
PREVIEW = Limits(rows=Fold.beginning(48), columns=Fold.beginning(48), heads=Fold.beginning(4), blocks=48)
FIGURE = Limits(rows=Fold.beginning(64), columns=Fold.beginning(64), heads=Fold.beginning(8), letters=24, blocks=64)
SLIDE = Limits(rows=FIGURE.rows, columns=FIGURE.columns, heads=FIGURE.heads, letters=300, terms=4, blocks=64)


@dataclass(frozen=True, eq=False)
class Excerpt:
    """What is shown of one stage, in one head: some of its rows and columns, or all of it in blocks.

    `rows` and `columns` are the places that are shown; of blocks, the first of each. `values` holds one list for each row; a block is the
    number farthest from 0 in it. `hidden` is True where a mask hides the cell, or all of a block; in a mask itself, where it says so.
    """

    trace: AttentionTrace
    stage: Stage
    head: int | None
    rows: list[int]
    columns: list[int]
    values: list[list[float]] | list[list[bool]]
    hidden: list[list[bool]]
    is_blocks: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are shown."""
        return len(self.rows), len(self.columns)

    @property
    def softmax(self) -> Softmax | None:
        """The equation, if it is one whose sums say something."""
        return self.stage.equation if isinstance(self.stage.equation, Softmax) else None

    def lines(self) -> list[list[tuple[Number | bool, bool]]]:
        """For each row that is shown: every value, and whether a mask hides it."""
        rows: Iterable[tuple[Sequence[Number | bool], list[bool]]] = zip(self.values, self.hidden, strict=True)
        return [list(zip(values, hidden, strict=True)) for values, hidden in rows]

    def cells(self) -> Iterator[tuple[int, int, Number | bool, bool]]:
        """Row and column among those shown, value, and whether a mask hides it."""
        for row, line in enumerate(self.lines()):
            for column, (value, is_hidden) in enumerate(line):
                yield row, column, value, is_hidden

    def narrow(self, most: int) -> "Excerpt":
        """The same with at most so many of its columns, from both ends."""
        kept = Fold.ends(most).shown(self.columns)
        values: Any = [[line[place] for place in kept] for line in self.values]
        hidden = [[line[place] for place in kept] for line in self.hidden]
        return replace(self, columns=[self.columns[place] for place in kept], values=values, hidden=hidden)

    @functools.cached_property
    def row_sums(self) -> list[float]:
        """What the shown rows of a softmax sum to, over all columns, in float64; empty for other stages."""
        if self.softmax is None:
            return []
        windows = [self.stage.window(rows, _ALL, self.head) for rows in _runs(self.rows)]
        return [total for window in windows for total in window.double().sum(dim=1).tolist()]

    @functools.cached_property
    def column_sums(self) -> list[float]:
        """What the shown columns of a softmax over rows sum to, over all rows; empty for other stages."""
        if self.softmax is None or self.softmax.over == "columns":
            return []
        windows = [self.stage.window(_ALL, columns, self.head) for columns in _runs(self.columns)]
        return [total for window in windows for total in window.double().sum(dim=0).tolist()]

    @functools.cached_property
    def blind_rows(self) -> list[int]:
        """The shown rows of a softmax, counted among those shown, from which every key is hidden: they have nothing to attend to."""
        if self.softmax is None:
            return []
        if self.is_blocks:
            return [row for row, hidden in enumerate(self.hidden) if all(hidden)]
        parts = [self.trace.hidden(self.stage, rows, _ALL, self.head) for rows in _runs(self.rows)]
        return [row for row, is_blind in enumerate(torch.cat(parts).all(dim=1).tolist()) if is_blind]


def read_excerpt(trace: AttentionTrace, stage: Stage, head: int | None, limits: Limits) -> Excerpt:
    """The rows and columns of `stage` that `limits` lets through, in one head."""
    rows, columns = limits.rows.shown(stage.rows), limits.columns.shown(stage.columns)
    values = _read(rows, columns, lambda down, across: stage.window(down, across, head))
    hidden = ~values if stage.is_mask else _read(rows, columns, lambda down, across: trace.hidden(stage, down, across, head))
    return Excerpt(trace, stage, head, rows, columns, values.tolist(), hidden.tolist())


def read_blocks(trace: AttentionTrace, stage: Stage, head: int | None, limits: Limits) -> Excerpt:
    """All of `stage` in one head: every cell, or as many blocks of cells as `limits` has where there are more."""
    height, width = min(len(stage.rows), limits.blocks), min(len(stage.columns), limits.blocks)
    if (height, width) == stage.shape[-2:]:
        return read_excerpt(trace, stage, head, limits)
    values = stage.overview(height, width, head)
    rows, columns = _block_starts(len(stage.rows), height), _block_starts(len(stage.columns), width)
    if stage.is_mask:
        values = values.bool()
        return Excerpt(trace, stage, head, rows, columns, values.tolist(), (~values).tolist(), is_blocks=True)
    return Excerpt(trace, stage, head, rows, columns, values.tolist(), _hidden_blocks(trace, stage, (height, width), head), is_blocks=True)


def _read(rows: list[int], columns: list[int], window: Callable[[slice, slice], Tensor]) -> Shaped[Tensor, "rows columns"]:
    lines = [[window(down, across) for across in _runs(columns)] for down in _runs(rows)]
    return torch.cat([torch.cat(line, dim=1) for line in lines])


def _runs(places: list[int]) -> list[slice]:
    """Places side by side as slices.

    >>> _runs([0, 1, 2, 7, 8])
    [slice(0, 3, None), slice(7, 9, None)]
    """
    if places[-1] - places[0] == len(places) - 1:
        return [slice(places[0], places[-1] + 1)]
    starts = [0, *(at for at in range(1, len(places)) if places[at] != places[at - 1] + 1)]
    return [slice(places[start], places[end - 1] + 1) for start, end in zip(starts, [*starts[1:], len(places)], strict=True)]


def _block_starts(size: int, blocks: int) -> list[int]:
    """Where blocks begin that are shared out as `Stage.overview` does it."""
    return [block * size // blocks for block in range(blocks)]


def _hidden_blocks(trace: AttentionTrace, stage: Stage, shape: tuple[int, int], head: int | None) -> list[list[bool]]:
    """True where all of a block is hidden. Strip by strip, so that no second matrix of that size is made."""
    height, width = shape
    size = len(stage.rows)
    blocks = []
    for start, block in zip(_block_starts(size, height), range(1, height + 1), strict=True):
        visible = ~trace.hidden(stage, slice(start, math.ceil(block * size / height)), slice(0, len(stage.columns)), head)
        blocks.append(F.adaptive_max_pool1d(visible.any(dim=0)[None].float(), width)[0] == 0)
    hidden: list[list[bool]] = torch.stack(blocks).tolist()
    return hidden


Range: TypeAlias = tuple[float, float]


def range_of(excerpts: Iterable[Excerpt], blocks: Iterable[float] = ()) -> Range | None:
    """The lowest and the highest number to colour, over all heads of one stage: without hidden cells, NaN and infinities.

    None for a mask and where nothing is finite. `blocks` are the numbers of a picture beside the excerpts. What stands for a block is the
    number farthest from 0 in it, so that the lowest of them tells of a lowest number only below 0.
    """
    numbers: list[float] = []
    farthest = [value for value in blocks if math.isfinite(value)]
    for excerpt in excerpts:
        if excerpt.stage.is_mask:
            return None
        shown = [float(value) for *_, value, is_hidden in excerpt.cells() if not is_hidden and math.isfinite(value)]
        numbers += [*shown, 0.0] if shown and excerpt.is_blocks else shown
    if not numbers:
        return None
    return min([*numbers, *(value for value in farthest if value < 0)]), max([*numbers, *farthest])


@dataclass(frozen=True)
class Legend:
    """Which signs there are to explain among the cells that are shown."""

    has_allowed: bool
    has_hidden: bool
    has_not_finite: bool


def legend_of(excerpts: Iterable[Excerpt]) -> Legend:
    """What a legend of these excerpts has to explain: ✓ in a mask, what a mask hides, NaN and infinities that none hides."""
    cells = [(value, is_hidden) for excerpt in excerpts for *_, value, is_hidden in excerpt.cells()]
    return Legend(
        has_allowed=any(value is True for value, _ in cells),
        has_hidden=any(is_hidden for _, is_hidden in cells),
        has_not_finite=any(not is_hidden and not math.isfinite(value) for value, is_hidden in cells),
    )


# Heads and whole stages


def heads(stage: Stage) -> list[int | None]:
    """The heads of `stage`, or None alone where it has none: what `Stage.window` takes."""
    return [None] if stage.heads is None else list(range(len(stage.heads)))


def shown_heads(stage: Stage, limits: Limits) -> list[int | None]:
    """The heads of `stage` that are shown."""
    if stage.heads is None:
        return [None]
    shown: list[int | None] = list(limits.heads.shown(stage.heads))
    if limits.cells is None:
        return shown
    return shown[: max(1, limits.cells // (len(limits.rows.shown(stage.rows)) * len(limits.columns.shown(stage.columns))))]


def head_label(stage: Stage, head: int | None) -> str | None:
    """The label of one head; None where the stage has none."""
    return None if stage.heads is None or head is None else stage.heads.labels[head]


def read_whole(stage: Stage) -> Shaped[Tensor, "*heads rows columns"]:
    """All numbers of `stage`, on the CPU, for files that programs read."""
    windows = [stage.window(slice(None), slice(None), head).detach().cpu() for head in heads(stage)]
    return windows[0] if stage.heads is None else torch.stack(windows)


def cell(stage: Stage, row: int, column: int, head: int | None) -> Number | bool:
    """The number in one cell."""
    value: Number | bool = stage.window(slice(row, row + 1), slice(column, column + 1), head).item()
    return value


def acts(stages: Iterable[Stage]) -> list[tuple[str, list[Stage]]]:
    """The acts of a trace, each with its stages."""
    return [(act, list(together)) for act, together in itertools.groupby(stages, key=lambda stage: stage.act)]


# Worked cells


def worked_place(stage: Stage) -> tuple[int, int, int | None]:
    """Row, column and head of the cell that is worked out where one stands for all: in the last row, because the last token sees most."""
    return len(stage.rows) - 1, 0, None if stage.heads is None else 0


def worked_cell(trace: AttentionTrace, stages: Sequence[Stage], limits: Limits) -> Explanation | None:
    """The arithmetic behind one cell of the first of `stages` that was computed."""
    computed = next((stage for stage in stages if stage.equation is not None), None)
    return None if computed is None else trace.explain(computed.name, *worked_place(computed), max_terms=limits.terms)


def worked_cells(excerpt: Excerpt, limits: Limits) -> Iterator[Explanation]:
    """The arithmetic of one shown cell of a computed stage, in the last row that has one, and of one that a mask hides, where there is one."""
    stage = excerpt.stage
    if stage.equation is None:
        return
    cells = [(excerpt.rows[row], excerpt.columns[column], is_hidden) for row, column, _, is_hidden in excerpt.cells()]
    visible = [(-row, column) for row, column, is_hidden in cells if not is_hidden]
    covered = [(row, column) for row, column, is_hidden in cells if is_hidden]
    if visible:
        row, column = min(visible)
        yield excerpt.trace.explain(stage.name, -row, column, excerpt.head, max_terms=limits.terms)
    if covered:
        yield excerpt.trace.explain(stage.name, *covered[0], excerpt.head, max_terms=limits.terms)


# What is left out


def parts_shown(stage: Stage, limits: Limits) -> dict[str, str]:
    """What is shown of the axes of which something is left out: {"rows": "12 of 40 rows"}."""
    counts = {
        "rows": (len(limits.rows.shown(stage.rows)), len(stage.rows)),
        "columns": (len(limits.columns.shown(stage.columns)), len(stage.columns)),
        "heads": (len(shown_heads(stage, limits)), len(stage.heads or [None])),
    }
    return {noun: f"{shown:,} of {size:,} {noun}" for noun, (shown, size) in counts.items() if shown < size}


def left_out(stage: Stage, limits: Limits) -> str:
    """What of `stage` is not shown, in words; empty where all of it is."""
    parts = parts_shown(stage, limits)
    return f"Shown: {', '.join(parts.values())}." if parts else ""


def excerpt_note(stage: Stage, limits: Limits) -> str:
    """What a copy of `stage` leaves out, for whoever pastes it: places of its axes, heads, and the ends of labels; empty where it is whole."""
    said = left_out(stage, limits)
    shown = ((stage.rows, limits.rows), (stage.columns, limits.columns))
    labels = [format_label(axis.labels[place]) for axis, fold in shown for place in fold.shown(axis)]
    cut = sum(shorten(label, limits.letters) != label for label in labels)
    if cut:
        said += f" {count(cut, 'label')} cut after {limits.letters} letters."
    return f"An excerpt. {said.strip()}" if said else ""
