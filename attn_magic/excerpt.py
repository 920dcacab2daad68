"""What is shown of a trace where a person reads and a page ends: the first and last few places of long axes, the arithmetic of one cell per act."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor

from attn_magic.explain import Explanation
from attn_magic.notation import Number, count, format_label, shorten
from attn_magic.trace import AttentionTrace, Axis, Stage

MOST_TERMS = 6  # of a sum that are written out
MOST_HEADS = 4


@dataclass(frozen=True)
class Fold:
    """Up to how many places an axis is shown whole, and how many are shown of the two ends of a longer one."""

    whole: int
    first: int
    last: int

    def places(self, axis: Axis) -> list[int | None]:
        """The places of `axis` that are shown; None is where others are left out.

        >>> Fold(4, 2, 1).places(Axis("key", "abcdef"))
        [0, 1, None, 5]
        """
        size = len(axis)
        if size <= self.whole:
            return list(range(size))
        return [*range(self.first), None, *range(size - self.last, size)]

    def folds(self, axis: Axis) -> bool:
        """Whether something of `axis` is left out."""
        return len(axis) > self.whole


def heads(stage: Stage) -> list[int | None]:
    """The heads of `stage`, or None alone where it has none: what `Stage.window` takes."""
    return [None] if stage.heads is None else list(range(len(stage.heads)))


def first_heads(stage: Stage) -> list[int | None]:
    """The heads that are shown of `stage`."""
    return heads(stage)[:MOST_HEADS]


def read_whole(stage: Stage) -> Shaped[Tensor, "*heads rows columns"]:
    """All numbers of `stage`, on the CPU, for files that programs read."""
    windows = [stage.window(slice(None), slice(None), head).detach().cpu() for head in heads(stage)]
    return windows[0] if stage.heads is None else torch.stack(windows)


def cell(stage: Stage, row: int, column: int, head: int | None) -> Number | bool:
    """The number in one cell."""
    value: Number | bool = stage.window(slice(row, row + 1), slice(column, column + 1), head).item()
    return value


def acts(stages: Iterable[Stage]) -> list[tuple[str, list[Stage]]]:
    """The acts of a story, each with its stages."""
    return [(act, list(together)) for act, together in itertools.groupby(stages, key=lambda stage: stage.act)]


def worked_cell(trace: AttentionTrace, stages: list[Stage]) -> Explanation | None:
    """The arithmetic behind one cell of the first of `stages` that was computed; in the last row, because the last token sees most."""
    computed = next((stage for stage in stages if stage.equation is not None), None)
    if computed is None:
        return None
    return trace.explain(computed.name, len(computed.rows) - 1, 0, None if computed.heads is None else 0, max_terms=MOST_TERMS)


def left_out(stage: Stage, rows: Fold, columns: Fold) -> str:
    """What of `stage` is not shown, in words; empty where all of it is."""
    parts = list(_counts(stage, rows, columns))
    return f"Shown: {', '.join(parts)}." if parts else ""


def excerpt_note(stage: Stage, rows: Fold, columns: Fold, letters: int) -> str:
    """What a copy of `stage` leaves out, for whoever pastes it: places of its axes, heads, and the ends of labels; empty where it is whole."""
    said = left_out(stage, rows, columns)
    shown = ((axis, fold.places(axis)) for axis, fold in ((stage.rows, rows), (stage.columns, columns)))
    labels = [format_label(axis.labels[place]) for axis, places in shown for place in places if place is not None]
    cut = sum(shorten(label, letters) != label for label in labels)
    if cut:
        said += f" {count(cut, 'label')} cut after {letters} letters."
    return f"An excerpt. {said.strip()}" if said else ""


def _counts(stage: Stage, rows: Fold, columns: Fold) -> Iterator[str]:
    for noun, axis, fold in (("rows", stage.rows, rows), ("columns", stage.columns, columns)):
        if fold.folds(axis):
            yield f"{fold.first + fold.last} of {len(axis):,} {noun}"
    if stage.heads is not None and len(stage.heads) > MOST_HEADS:
        yield f"{MOST_HEADS} of {len(stage.heads):,} heads"
