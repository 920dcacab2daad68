"""A stage as it fits into a picture: every cell, or blocks of cells."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from attn_magic.trace import AttentionTrace, Stage


@dataclass(frozen=True)
class Matrix:
    """What is shown of one stage, in one head: every cell, or blocks of cells, each as the number farthest from 0 in it."""

    stage: Stage
    head: int | None
    values: list[list[float]] | list[list[bool]]
    hidden: list[list[bool]]  # by a mask; of a block: all of it
    rows: list[int]  # the first of each block, or simply each
    columns: list[int]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are shown."""
        return len(self.rows), len(self.columns)

    @property
    def is_whole(self) -> bool:
        """Whether every cell is shown, rather than blocks of cells."""
        return self.shape == self.stage.shape[-2:]

    def cells(self) -> Iterator[tuple[int, int, float | bool, bool]]:
        """Row, column, value, and whether a mask hides it."""
        lines: Sequence[Sequence[float | bool]] = self.values
        for row, (values, hidden) in enumerate(zip(lines, self.hidden, strict=True)):
            for column, (value, is_hidden) in enumerate(zip(values, hidden, strict=True)):
                yield row, column, value, is_hidden


def read_matrix(trace: AttentionTrace, stage: Stage, head: int | None, most: int) -> Matrix:
    """One head of `stage` in at most `most` × `most` cells."""
    shape = min(len(stage.rows), most), min(len(stage.columns), most)
    rows, columns = _block_starts(len(stage.rows), shape[0]), _block_starts(len(stage.columns), shape[1])
    everything = slice(0, len(stage.rows)), slice(0, len(stage.columns)), head
    if shape == stage.shape[-2:]:
        values = stage.window(*everything)
        hidden = ~values if stage.is_mask else trace.hidden(stage, *everything)
        return Matrix(stage, head, values.tolist(), hidden.tolist(), rows, columns)
    values = stage.overview(*shape, head)
    if stage.is_mask:
        return Matrix(stage, head, values.bool().tolist(), (~values.bool()).tolist(), rows, columns)
    return Matrix(stage, head, values.tolist(), _hidden_blocks(trace, stage, shape, head), rows, columns)


def _block_starts(count: int, blocks: int) -> list[int]:
    """Where blocks begin that are shared out as `Stage.overview` does it."""
    return [block * count // blocks for block in range(blocks)]


def _hidden_blocks(trace: AttentionTrace, stage: Stage, shape: tuple[int, int], head: int | None) -> list[list[bool]]:
    """True where all of a block is hidden. Strip by strip, so that no second matrix of that size is made."""
    height, width = shape
    count, everything = len(stage.rows), slice(0, len(stage.columns))
    blocks = []
    for start, block in zip(_block_starts(count, height), range(1, height + 1), strict=True):
        visible = ~trace.hidden(stage, slice(start, math.ceil(block * count / height)), everything, head)
        blocks.append(F.adaptive_max_pool1d(visible.any(dim=0)[None].float(), width)[0] == 0)
    hidden: list[list[bool]] = torch.stack(blocks).tolist()
    return hidden


def scale_of(matrices: Sequence[Matrix]) -> tuple[float, float] | None:
    """The lowest and the highest number to colour, over all heads; None for a mask and where nothing is finite."""
    if matrices[0].stage.is_mask:
        return None
    shown = [float(value) for matrix in matrices for *_, value, is_hidden in matrix.cells() if not is_hidden and math.isfinite(value)]
    if not shown:
        return None
    # Blocks show what is farthest from 0, so that the lowest of them is not the lowest number.
    low = min(shown) if matrices[0].is_whole else min(0.0, *shown)
    return low, max(shown)
