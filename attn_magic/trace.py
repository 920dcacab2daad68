"""The one record every view reads: what was computed, stage by stage, and the equation that made each stage.

A trace is plain data. It draws nothing and computes nothing but windows into what it holds. `explain`, `check`, `explorer`, `figure`, `save` and
the like are asked here and answered by the module of that name, which reads the trace as anybody can.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from attn_magic.equations import Elementwise, Equation, Softmax, check_operands, times
from attn_magic.errors import TraceError, did_you_mean
from attn_magic.notation import Number
from attn_magic.notices import Notice
from attn_magic.options import Options
from attn_magic.threads import one_thread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from attn_magic.attention import Check
    from attn_magic.explain import Explanation
    from attn_magic.explorer.widget import Explorer
    from attn_magic.exports.worksheet import Worksheet


@dataclass(frozen=True)
class Axis:
    """The rows, the columns or the heads of a stage: what they are ("query", "key", "d_k") and a label for each."""

    name: str
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Stage:
    """One matrix of a trace: its numbers, its axes, its place in it and the equation that made it (None: it was given).

    `value` is rows × columns, or heads × rows × columns where there is a `heads` axis. A stage of truth values is a mask; True means that
    this query may attend to this key. `sentence` speaks about one cell, with {row} and {column} in place of its labels.
    """

    name: str
    title: str
    symbol: str
    act: str
    meaning: str
    value: Shaped[Tensor, "*heads rows columns"]
    rows: Axis
    columns: Axis
    heads: Axis | None = None
    equation: Equation | None = None
    sentence: str = ""

    def __post_init__(self) -> None:
        if tuple(self.value.shape) != self.shape:
            raise TraceError(f"Stage {self.name!r} holds {times(tuple(self.value.shape))} numbers, but its axes name {times(self.shape)}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """How many of each axis."""
        return tuple(map(len, self.axes))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Rows and columns, after the heads where there are any."""
        return (self.rows, self.columns) if self.heads is None else (self.heads, self.rows, self.columns)

    @property
    def is_mask(self) -> bool:
        """Whether its cells are truth values; True: this query may attend to this key."""
        return self.value.dtype == torch.bool

    def window(self, rows: slice, columns: slice, head: int | None = None) -> Shaped[Tensor, "rows columns"]:
        """The numbers of some rows and columns. All that a view or an explanation reads goes through here or through `overview`."""
        values = self.value if self.heads is None else self.value[self._head(head)]
        return values[rows, columns]

    def overview(self, height: int, width: int, head: int | None = None) -> Float[Tensor, "height width"]:
        """The whole stage in at most `height` × `width` cells, each the number farthest from 0 among those it stands for.

        Hidden cells (−∞) count only where a whole block is hidden. A stage that is small enough comes as it is.
        """
        values = self.window(slice(None), slice(None), head).float()
        size = (min(height, len(self.rows)), min(width, len(self.columns)))
        highest = F.adaptive_max_pool2d(values[None], size)[0]
        lowest = -F.adaptive_max_pool2d(torch.where(values == -torch.inf, values, -values)[None], size)[0]
        return torch.where(highest.abs() >= lowest.abs(), highest, lowest)

    def _head(self, head: int | None) -> int:
        if head is None:
            raise TraceError(f"Stage {self.name!r} has {len(self.axes[0])} heads: say which one, as in head=0.")
        return head


@dataclass(frozen=True)
class Reference:
    """Which stages `torch.nn.functional.scaled_dot_product_attention` would take, and which one it would give."""

    query: str
    key: str
    value: str
    output: str
    scale: float
    mask: str | None = None


@dataclass(frozen=True, eq=False)
class AttentionTrace:
    """Every stage of one run of attention, in order.

    `trace["scores"]` and iteration give the `Stage`, `trace.scores` its tensor, `trace.explain("scores", 2, 0)` the arithmetic behind a
    cell, `print(trace)` everything.
    """

    stages: tuple[Stage, ...]
    tokens: tuple[str, ...]
    options: Options = field(default_factory=Options)
    notices: tuple[Notice, ...] = ()
    module: nn.Module | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[int, ...]] = {}
        for stage in self.stages:
            if stage.name in shapes:
                raise TraceError(f"Two stages are called {stage.name!r}.")
            if stage.equation is not None:
                check_operands(stage.name, stage.shape, stage.equation, shapes)
            shapes[stage.name] = stage.shape

    def __getitem__(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise TraceError(self._no_stage(name))

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __contains__(self, name: str) -> bool:
        return any(stage.name == name for stage in self.stages)

    def __getattr__(self, name: str) -> Tensor:
        stages: tuple[Stage, ...] = self.__dict__.get("stages", ())  # absent while a copy is being made
        for stage in stages:
            if stage.name == name:
                return stage.value
        raise AttributeError(self._no_stage(name) if stages and not name.startswith("_") else name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(stage.name for stage in self.stages)]

    def _no_stage(self, name: str) -> str:
        stages = [stage.name for stage in self.stages]
        return f"This trace has no stage {name!r}.{did_you_mean(name, stages, repr)} Its stages are {', '.join(stages)}."

    def explain(self, stage: str, row: int, column: int, head: int | None = None, *, max_terms: int | None = None) -> "Explanation":
        """Where one number comes from: its sources, its terms and the arithmetic, answered from the stage's equation alone.

        `row`, `column` and `head` count from 0, as in `trace.scores[row, column]`; `str()` of the answer is text to read. Sums of more than
        `max_terms` terms are written with the rest summed up. Raises `TraceError` for a stage or cell that does not exist.
        """
        from attn_magic.explain import explain

        return explain(self, stage, row, column, head, max_terms=max_terms)

    def check(self) -> "Check":
        """What torch's own `scaled_dot_product_attention` says of this output: the largest difference, and a sentence."""
        from attn_magic.attention import check

        return check(self)

    def explorer(self) -> "Explorer":
        """A new widget to look at every stage and to try changes with: show it, or put it into a `VBox` or `Tab`.

        Its `trace` is always what it shows, its `focus` and `step` can be set and observed. Raises `TraceError` where the trace is too large for it.
        """
        from attn_magic.explorer.widget import Explorer

        return Explorer(self)

    def _display_(self) -> object:
        """What marimo shows of a trace."""
        from attn_magic.explorer.marimo import to_marimo

        return to_marimo(self)

    def figure(self, stages: Sequence[str] | None = None, width: Number | None = None, theme: str = "light") -> "Figure":
        """All stages, or those named, as a matplotlib figure of `width` inches in the theme "light", "dark" or "print".

        Raises `TraceError` for a stage that is not there, `OptionError` for a theme or a width that is none.
        """
        from attn_magic.views.figure import figure

        return figure(self, stages, width, theme)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the trace to a file, as what its ending says: one of `attn_magic.formats.SAVED`, such as .html, .pdf, .tex or .npz.

        Raises `SaveError` where there is a file already, unless `overwrite`, and where nothing can be written.
        """
        from attn_magic.exports.write import save

        return save(self, path, overwrite=overwrite)

    def to_code(self) -> str:
        """A short script in plain torch that computes every stage again, bit for bit, and compares the output with torch's own function."""
        from attn_magic.exports.torch_script import to_code

        return to_code(self)

    def worksheet(self, blank: str | Sequence[str] = ("attention_weights", "output"), key: bool = False) -> "Worksheet":
        """A sheet to print on which the cells of the stages in `blank` are empty; with `key`, its answers and how they come about.

        Raises `TraceError` for a stage that is not there.
        """
        from attn_magic.exports.worksheet import worksheet

        return worksheet(self, blank, key)

    def hidden(self, stage: Stage, rows: slice, columns: slice, head: int | None = None) -> Bool[Tensor, "rows columns"]:
        """True where a mask hides the cell: it stands for "may not attend", not for a number that happens to be −∞ or 0."""
        match stage.equation:
            case Elementwise(expression=("where", str(condition), _, float(if_false))) if if_false == -torch.inf and self._is_mask(condition):
                return ~self[condition].window(rows, columns, _head_of(self[condition], head))
            case Elementwise() | Softmax():
                operands = [self[name] for name in stage.equation.operands]
                nothing = torch.zeros_like(stage.window(rows, columns, head), dtype=torch.bool)
                covers = [self.hidden(operand, rows, columns, _head_of(operand, head)) for operand in operands]
                return torch.stack([nothing, *covers]).any(dim=0)
            case _:
                return torch.zeros_like(stage.window(rows, columns, head), dtype=torch.bool)

    def _is_mask(self, name: str) -> bool:
        return name in self and self[name].is_mask

    def first_nonfinite(self) -> tuple[Stage, tuple[int, ...]] | None:
        """Where NaN or an infinity that no mask put there first appears: the stage, and the place of its first such cell."""
        with one_thread(max((len(stage.rows) for stage in self.stages), default=0)):
            return next(self._nonfinite(), None)

    def _nonfinite(self) -> Iterator[tuple[Stage, tuple[int, ...]]]:
        """The first such cell of each stage and head that has one."""
        for stage in self.stages:
            for head in range(len(stage.heads)) if stage.heads else [None]:
                everything = (slice(None), slice(None), head)
                finite = stage.window(*everything).isfinite()
                if not finite.all():
                    first = (~finite & ~self.hidden(stage, *everything)).nonzero()[:1].tolist()
                    yield from ((stage, (row, column) if head is None else (head, row, column)) for row, column in first)

    def __repr__(self) -> str:
        rows, columns = self.stages[0].shape[-2:]
        return f"<AttentionTrace of {rows} × {columns}: {', '.join(stage.name for stage in self.stages)}>"

    def __str__(self) -> str:
        from attn_magic.display import load_text_view

        return load_text_view()(self)


def _head_of(operand: Stage, head: int | None) -> int | None:
    return None if operand.heads is None else head
