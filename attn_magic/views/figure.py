r"""The picture view: a trace as one matplotlib figure, for papers, slides and notebooks that become PDF.

What is shown and where is planned in `panels`; here it is drawn, and matplotlib's constrained layout places it. Its pyplot, its ticks and
its formulas take no part: pyplot would keep the figure for ever, ticks would take most of the time, and a label such as "$x$" is somebody's
text.

Texts are drawn in DejaVu Sans, which comes with matplotlib. A character that it lacks is drawn in one of a few well-known fonts where one
is installed, and else as its escape, \u732b; an SVG holds the character itself, for its viewer has fonts of its own.
"""

import functools
import io
import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

import matplotlib
import numpy as np
from matplotlib import rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform, ScaledTranslation
from numpy.typing import NDArray

from attn_magic.errors import OptionError, TraceError, did_you_mean
from attn_magic.excerpt import Excerpt, Kind, acts, legend, range_ends
from attn_magic.notation import Number
from attn_magic.origin import describe_origin
from attn_magic.summary import describe_check, describe_options
from attn_magic.trace import AttentionTrace, Stage
from attn_magic.views.layout import (
    ABOVE_CELLS,
    ACT_GAP,
    AXIS_NAME,
    BAR,
    BAR_SPACE,
    FAMILY,
    GAP,
    HEADING,
    HEADING_LINE,
    LINE,
    LINE_GAP,
    ROW,
    SMALL,
    TIGHT,
    TITLE,
    TITLE_LINE,
    Box,
    Line,
    Typesetter,
    make_plan,
    read_panels,
)
from attn_magic.views.palette import heat

_Style: TypeAlias = dict[str, Any]

FORMATS = ("png", "svg", "pdf")
WIDTH = 7.0  # inches: the text width of most papers and notebooks
NARROWEST, WIDEST = 2.0, 60.0  # inches
DOTS_PER_INCH = 200
LEGEND = "legend"  # label of the axes below all panels; those of a panel have the name of its stage

_TITLE_OF_FILE = "Attention, step by step"

_COMPRESSION = 3  # of a PNG: half the time of matplotlib's 6, for 3 % more bytes
_MAX_POLYGONS = 200  # cells drawn as shapes; more of them are one image
_SHADES = 255  # of a colour bar; an odd number, so that 0 has its own
_HATCH = "////"
_NOT_DRAWING = (
    *("backend", "interactive", "toolbar", "webagg", "tk.", "timezone"),
    *("docstring", "datapath", "savefig.directory", "figure.max_open", "date."),
)
_SETTINGS: dict[str, Any] = {
    "font.family": [FAMILY],
    "font.sans-serif": [FAMILY],
    "text.parse_math": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "attn_magic",
    "pdf.fonttype": 42,  # TrueType, as publishers ask for
    "hatch.linewidth": 0.6,
}
_SETTINGS_LOCK = threading.RLock()  # two threads inside would restore each other's settings


@dataclass(frozen=True)
class Theme:
    """The colours of a picture beside the heat; `strength` below 1 mixes heat with white."""

    background: str
    ink: str
    quiet: str
    accent: str
    hidden: str
    hatch: str
    hidden_ink: str
    strength: float = 1.0

    def paint(self, value: Number, low: Number, high: Number) -> tuple[str, str]:
        """Background and ink of a number among numbers between `low` and `high`."""
        color, ink = heat(float(value), float(low), float(high))
        if self.strength == 1.0:
            return color, ink
        parts = (255 - (255 - int(color[start : start + 2], 16)) * self.strength for start in (1, 3, 5))
        return "#" + "".join(f"{round(part):02x}" for part in parts), "#000000"


THEMES = {
    "light": Theme("#ffffff", "#1a1a1a", "#5a5a5a", "#1f5f9e", "#ececec", "#c4c4c4", "#3a3a3a"),
    "dark": Theme("#16181d", "#f0f0f0", "#b4b8c0", "#8ec5ff", "#343841", "#565b66", "#f0f0f0"),
    # Every number is black, also where a printer or photocopier knows no colours.
    "print": Theme("#ffffff", "#000000", "#333333", "#000000", "#ffffff", "#b4b4b4", "#000000", strength=0.5),
}
_NOT_FINITE = ("#b3261e", "#ffffff")


def figure(trace: AttentionTrace, stages: Sequence[str] | None = None, width: Number | None = None, theme: str = "light") -> Figure:
    """All stages of `trace`, or those named, as a matplotlib figure of `width` inches; its height follows.

    Numbers are written where they fit. A stage of more than 64 rows or columns is shown in blocks. The theme "print" is for paper: paler,
    with black digits. The figure belongs to the caller alone (pyplot does not know it): `figure(trace).savefig("attention.pdf")`.

    Raises:
        TraceError: for a stage that the trace does not have.
        OptionError: for a theme or width that is none.
    """
    return _Picture(trace, _read_request(trace, stages, width, theme)).draw()


def picture(trace: AttentionTrace, format: str, stages: Sequence[str] | None = None, width: Number | None = None, theme: str = "light") -> bytes:
    """The file that holds `figure(trace, …)` as "png", "svg" or "pdf"; the same bytes every time, with `how_made` in its metadata."""
    if format not in FORMATS:
        raise OptionError(_unknown("picture format", format, FORMATS))
    request = _read_request(trace, stages, width, theme)
    drawing = _Picture(trace, request)
    if format == "svg":
        drawing.type.families.append("sans-serif")  # for readers without DejaVu Sans
    file = io.BytesIO()
    figure = drawing.draw(keeps_layout=False)
    quick: dict[str, Any] = {"pil_kwargs": {"compress_level": _COMPRESSION}} if format == "png" else {}
    with drawing_settings():
        figure.savefig(file, format=format, dpi=DOTS_PER_INCH, metadata=_metadata(format, how_made(trace, **request.options)), **quick)
    return _with_literal_text(file.getvalue(), drawing.type.literals) if format == "svg" else file.getvalue()


def stage_picture(trace: AttentionTrace, stage: str, format: str) -> str | bytes:
    """A picture of one stage, to be copied; an SVG is text."""
    copied = picture(trace, format, stages=[stage])
    return copied.decode() if format == "svg" else copied


def how_made(trace: AttentionTrace, **drawing: object) -> str:
    """What made a picture, as one line of text for its metadata: version, options and seed, and how it was drawn."""
    return "; ".join([describe_origin(trace), *(f"{name}={value}" for name, value in drawing.items())])


def _metadata(format: str, made: str) -> dict[str, Any]:
    if format == "png":
        return {"Software": "attn_magic", "Description": made}
    if format == "svg":
        return {"Date": None, "Creator": "attn_magic", "Title": _TITLE_OF_FILE, "Description": made}
    return {"CreationDate": None, "Creator": "attn_magic", "Producer": "matplotlib", "Title": _TITLE_OF_FILE, "Subject": made}


def _with_literal_text(svg: bytes, literals: dict[str, str]) -> bytes:
    """An SVG whose texts are those that were meant: a browser finds fonts that are not here."""

    def restore(match: re.Match[str]) -> str:
        drawn = unescape(match[2])
        literal = literals.get(drawn, drawn)
        return match[0] if literal == drawn else f"{match[1]}{escape(literal)}{match[3]}"

    return re.sub(r"(<text\b[^>]*>)([^<]*)(</text>)", restore, svg.decode()).encode()


# What is asked for


@dataclass(frozen=True)
class _Request:
    """Which stages, how wide, in which colours. `shows_all`: all stages, with what there is to say about all of them."""

    stages: tuple[Stage, ...]
    width: float
    theme: str
    shows_all: bool

    @property
    def options(self) -> dict[str, Any]:
        names = None if self.shows_all else [stage.name for stage in self.stages]
        return {"stages": names, "width": self.width, "theme": self.theme}


def _read_request(trace: AttentionTrace, stages: Sequence[str] | None, width: Number | None, theme: str) -> _Request:
    if theme not in THEMES:
        raise OptionError(_unknown("theme", theme, tuple(THEMES)))
    width = WIDTH if width is None else width
    if not NARROWEST <= width <= WIDEST:  # also for NaN
        raise OptionError(f"A picture cannot be {width} inches wide. Give a width from {NARROWEST:g} to {WIDEST:g} inches, as in width=3.3.")
    if stages is None:
        return _Request(trace.stages, float(width), theme, shows_all=True)
    names = [stages] if isinstance(stages, str) else list(dict.fromkeys(stages))
    if not names:
        raise TraceError(f"No stages to draw. Name some of {', '.join(stage.name for stage in trace)}, or leave stages out for all of them.")
    return _Request(tuple(trace[name] for name in names), float(width), theme, shows_all=False)


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    return f"There is no {what} {name!r}.{did_you_mean(name, known, repr)} There are {', '.join(known)}."


@contextmanager
def drawing_settings() -> Iterator[None]:
    """Draw with the defaults of matplotlib and ours, whatever the user has set, and restore the user's settings."""
    defaults: Any = {key: rcParamsDefault[key] for key in rcParamsDefault if not key.startswith(_NOT_DRAWING)}
    with _SETTINGS_LOCK, matplotlib.rc_context(defaults | _SETTINGS):
        yield


# Drawing


class _Picture:
    """One figure while it is drawn."""

    def __init__(self, trace: AttentionTrace, request: _Request) -> None:
        self.type = Typesetter()
        self.theme = THEMES[request.theme]
        numbers = {act: number for number, act in enumerate(dict.fromkeys(stage.act for stage in trace), start=1)}
        self.panels = []
        for act, stages in acts(request.stages):
            first, *others = [panel for stage in stages for panel in read_panels(trace, stage, self.type)]
            heading = f"{numbers[act]} {self.type.draw(act, weight='bold')}"
            self.panels.append([replace(first, heading=heading), *others])
        footer = [self.type.draw(text, 400) for text in _footer(trace)] if request.shows_all else []
        self.signs = list(_signs([panel.excerpt for panels in self.panels for panel in panels], self.theme))
        self.plan = make_plan(self.panels, footer, bool(self.signs), request.width, self.type)
        self.width = request.width

    def draw(self, *, keeps_layout: bool = True) -> Figure:
        """The figure. One that is drawn once and then thrown away need not keep its layout: with one, matplotlib draws everything twice."""
        plan = self.plan
        with drawing_settings():
            figure = Figure(figsize=(self.width, plan.height), facecolor=self.theme.background, dpi=None if keeps_layout else DOTS_PER_INCH)
            FigureCanvasAgg(figure)
            pad = plan.size / 72
            layout = ConstrainedLayoutEngine(w_pad=GAP / 2 * pad, h_pad=LINE_GAP / 2 * pad, wspace=0, hspace=0)
            heights = [line.height for line in plan.lines]
            footer = [plan.footer_height] if plan.footer_height else []
            grid = figure.add_gridspec(len(heights) + len(footer), 1, height_ratios=heights + footer)
            for place, line in enumerate(plan.lines):
                self._draw_line(figure, grid[place], line)
            if footer:
                self._draw_footer(figure.add_subplot(grid[len(heights)]))
            if keeps_layout:
                figure.set_layout_engine(layout)
            else:
                layout.execute(figure)
        return figure

    def _draw_line(self, figure: Figure, place: Any, line: Line) -> None:
        widths = [box.grid_width + box.right for box in line.boxes]
        columns: list[int] = []
        ratios: list[float] = []
        for box, width in zip(line.boxes, widths, strict=True):
            if box.panel.heading and ratios:
                ratios.append(ACT_GAP)
            columns.append(len(ratios))
            ratios.append(width)
        rest = self.plan.room - line.width
        grid = place.subgridspec(1, len(ratios) + (rest > 0.01), width_ratios=[*ratios, *([rest] if rest > 0.01 else [])])
        for box, column in zip(line.boxes, columns, strict=True):
            axes = figure.add_subplot(grid[column])
            _Drawing(figure, axes, box, line, self).draw()

    def _draw_footer(self, axes: Axes) -> None:
        plan, theme = self.plan, self.theme
        axes.set_axis_off()
        axes.set(xlim=(0, plan.room), ylim=(plan.footer_height, 0), label=LEGEND)
        small: _Style = {"fontsize": SMALL * plan.size, "color": theme.quiet, "fontfamily": self.type.families, "in_layout": False}
        left, top = 0.0, TIGHT
        for sign in self.signs:
            swatch = Rectangle((left, top), 1.4, 1.1, facecolor=sign.face, edgecolor=theme.hatch, linewidth=0, hatch=_HATCH * sign.is_hatched)
            axes.add_patch(swatch)
            axes.text(left + 0.7, top + 0.55, sign.mark, ha="center", va="center", **small | {"color": sign.ink})
            axes.text(left + 1.4 + TIGHT, top + 0.55, sign.text, va="center", **small)
            left += 1.4 + 2 * GAP + SMALL * self.type.width(sign.text)
        top += ROW * plan.has_legend
        for place, text in enumerate(plan.footer):
            axes.text(0, top + LINE * (place + 0.5), text, va="center", **small)


@dataclass(frozen=True)
class _Sign:
    """One entry of the legend."""

    text: str
    face: str
    ink: str
    mark: str = ""
    is_hatched: bool = False


def _signs(excerpts: Sequence[Excerpt], theme: Theme) -> Iterator[_Sign]:
    looks: dict[Kind, dict[str, Any]] = {
        "allowed": {"face": _allowed(theme)[0], "ink": _allowed(theme)[1], "mark": "✓"},
        "hidden": {"face": theme.hidden, "ink": theme.hidden_ink, "is_hatched": True},
        "not finite": {"face": _NOT_FINITE[0], "ink": _NOT_FINITE[1]},
    }
    yield from (_Sign(meaning, **looks[kind]) for kind, meaning in legend(excerpts).items())


def _allowed(theme: Theme) -> tuple[str, str]:
    return theme.paint(0.25, 0.0, 1.0)


def _footer(trace: AttentionTrace) -> Iterator[str]:
    yield f"{describe_options(trace)}. Check: {describe_check(trace)}."
    yield from (notice.text for notice in trace.notices)


class _Drawing:
    """One panel while it is drawn. Its axes count cells, as those of matplotlib's `imshow` do: the first cell's middle is at (0, 0)."""

    def __init__(self, figure: Figure, axes: Axes, box: Box, line: Line, picture: _Picture) -> None:
        self.figure = figure
        self.axes, self.box, self.line = axes, box, line
        self.panel, self.excerpt = box.panel, box.panel.excerpt
        self.type, self.theme, self.size = picture.type, picture.theme, picture.plan.size

    def draw(self) -> None:
        self.axes.set_axis_off()
        self._draw_cells()
        self._draw_hidden()
        if self.box.has_texts:
            self._draw_texts()
        self._draw_labels()
        self._draw_sums()
        self._draw_words_above()
        self._draw_words_below()
        # Set last: drawing moves the limits. All panels of a line share a height, so that their cells do.
        right, bottom = self._x(self.box.grid_width + self.box.right), self._y(self.line.body)
        self.axes.set(xlim=(-0.5, right), ylim=(bottom, -0.5), label=self.excerpt.stage.name)

    def _x(self, ems: Number) -> float:
        return ems / self.box.cell_width - 0.5

    def _y(self, ems: Number) -> float:
        return ems / self.box.cell_height - 0.5

    def _write(self, x: Number, y: Number, text: str, size: Number = 1.0, shift: tuple[Number, Number] = (0.0, 0.0), **style: Any) -> None:
        """Text at a place among the cells, moved by ems: a shift keeps its length while the layout looks for the cells' size."""
        style = {"color": self.theme.ink, "va": "center_baseline", "fontfamily": self.type.families} | style
        inches = [ems * self.size / 72 for ems in shift]
        # (matplotlib's own types say that a ScaledTranslation takes a transform only)
        moved: Any = ScaledTranslation(*inches, self.figure.dpi_scale_trans) if any(shift) else IdentityTransform()  # type: ignore[call-arg,arg-type]
        self.axes.text(x, y, text, fontsize=size * self.size, transform=self.axes.transData + moved, **style)

    def _draw_cells(self) -> None:
        rows, columns = self.excerpt.shape
        if rows * columns > _MAX_POLYGONS:
            self.axes.imshow(self._pixels(), aspect="auto", interpolation="nearest")
            return
        squares = [_rectangle(row, column, column) for row, column, *_ in self.excerpt.cells()]
        colors = [self._paint(value, kind)[0] for *_, value, kind in self.excerpt.cells()]
        self.axes.add_collection(PolyCollection(squares, facecolors=colors, linewidths=0), autolim=False)

    def _pixels(self) -> NDArray[np.uint8]:
        """One pixel for each cell."""
        values = np.array(self.excerpt.values, dtype=float)
        if self.panel.colors is None:
            pixels: NDArray[np.uint8] = np.broadcast_to(_bytes([_allowed(self.theme)[0]]), (*values.shape, 4)).copy()
        else:
            ends = range_ends(self.panel.colors)
            shades = (values - ends[0]) / ((ends[-1] - ends[0]) or 1.0) * (_SHADES - 1)
            places = np.nan_to_num(shades, posinf=0, neginf=0).clip(0, _SHADES - 1).round().astype(int)
            pixels = _heat_bar(self.theme, len(ends) == 3)[places]
        pixels[~np.isfinite(values)] = _bytes([_NOT_FINITE[0]])
        pixels[np.array(self.excerpt.hidden)] = _bytes([self.theme.hidden])
        return pixels

    def _paint(self, value: float | bool, kind: Kind) -> tuple[str, str]:
        if kind == "hidden":
            return self.theme.hidden, self.theme.hidden_ink
        if kind == "allowed":
            return _allowed(self.theme)
        if kind == "not finite" or self.panel.colors is None:
            return _NOT_FINITE
        return self.theme.paint(value, *self.panel.colors)

    def _draw_hidden(self) -> None:
        runs = [run for row, hidden in enumerate(self.excerpt.hidden) for run in _runs(row, hidden)]
        if not runs:
            return
        path = Path.make_compound_path(*(Path([*corners, corners[0]], closed=True) for corners in runs))
        colors = {"facecolor": self.theme.hidden, "edgecolor": self.theme.hatch}
        self.axes.add_artist(PathPatch(path, hatch=_HATCH, linewidth=0, label="hidden", **colors))

    def _draw_texts(self) -> None:
        for row, column, value, kind in self.excerpt.cells():
            self._write(column, row, self.panel.texts[row][column], color=self._paint(value, kind)[1], ha="center", in_layout=False)
        rows, columns = self.excerpt.shape
        across = [[(-0.5, row - 0.5), (columns - 0.5, row - 0.5)] for row in range(1, rows)]
        down = [[(column - 0.5, -0.5), (column - 0.5, rows - 0.5)] for column in range(1, columns)]
        self.axes.add_collection(LineCollection(across + down, colors=self.theme.background, linewidths=0.1 * self.size), autolim=False)

    def _draw_labels(self) -> None:
        box, (rows, columns) = self.box, self.panel.axis_names
        for row in range(0, len(box.row_labels), box.row_step):
            self._write(-0.5, row, box.row_labels[row], shift=(-TIGHT, 0.0), ha="right")
        style = {"ha": "center", "va": "baseline"} if box.has_level_labels else {"rotation": 90, "ha": "center", "va": "bottom"}
        for column in range(0, len(box.column_labels), box.column_step):
            self._write(column, -0.5, box.column_labels[column], shift=(0.0, ABOVE_CELLS), **style)
        quiet: _Style = {"size": SMALL, "color": self.theme.quiet, "ha": "center"}
        middle_row, middle_column = (len(box.row_labels) - 1) / 2, (len(box.column_labels) - 1) / 2
        self._write(-0.5, middle_row, rows, shift=(AXIS_NAME / 2 - box.left, 0.0), rotation=90, va="center", **quiet)
        self._write(middle_column, -0.5, columns, shift=(0.0, box.label_height + ABOVE_CELLS), va="baseline", **quiet)

    def _draw_sums(self) -> None:
        panel, box = self.panel, self.box
        right = self._x(box.grid_width + 2 * TIGHT)
        for row in range(0, len(panel.row_sums), box.row_step):
            self._write(right, row, panel.row_sums[row], in_layout=False)
        if panel.row_sums:
            above = ABOVE_CELLS + max(0.0, (LINE - box.cell_height) / 2)  # where rows are low, the first sum sticks out
            self._write(right, -0.5, "Σ row", shift=(0.0, above), va="baseline", color=self.theme.quiet, in_layout=False)
        if panel.column_sums:
            below = self._y(box.grid_height + ROW / 2)
            self._write(-0.5, below, "Σ column", shift=(-TIGHT, 0.0), ha="right", color=self.theme.quiet)
            for column in range(0, len(panel.column_sums), box.column_step):
                self._write(column, below, panel.column_sums[column], ha="center", in_layout=False)

    def _draw_words_above(self) -> None:
        """Heading, title and symbol, downwards from the top of the line."""
        box, height = self.box, self.line.above + ABOVE_CELLS
        if self.line.has_heading:
            height -= HEADING_LINE
        if self.panel.heading:
            style = {"weight": "bold", "color": self.theme.accent}
            self._write(-0.5, -0.5, self.panel.heading, HEADING, shift=(-box.left, height + TITLE_LINE / 2), va="baseline", **style)
        for text in box.title:
            height -= TITLE_LINE
            self._write(-0.5, -0.5, text, TITLE, shift=(-box.left, height + TIGHT), va="baseline", weight="bold")
        for text in box.symbol:
            height -= LINE
            self._write(-0.5, -0.5, text, shift=(-box.left, height + TIGHT), va="baseline", color=self.theme.quiet)

    def _draw_words_below(self) -> None:
        panel, box = self.panel, self.box
        top = box.grid_height + ROW * bool(panel.column_sums)
        if panel.bar:
            self._draw_bar(top + 2 * TIGHT)
            top += BAR_SPACE
        for text in box.notes:
            self._write(-0.5, self._y(top + LINE / 2), text, SMALL, color=self.theme.quiet, in_layout=False)
            top += LINE

    def _draw_bar(self, top: Number) -> None:
        panel, box = self.panel, self.box
        assert panel.colors is not None
        width = max(box.grid_width, sum(SMALL * self.type.width(text) + TIGHT for text in panel.bar))
        extent = (-0.5, self._x(width), self._y(top + BAR), self._y(top))
        self.axes.imshow(_heat_bar(self.theme, len(panel.bar) == 3)[None], aspect="auto", interpolation="nearest", extent=extent)
        places = {1: [("center", 0.5)], 2: [("left", 0.0), ("right", 1.0)], 3: [("left", 0.0), ("center", 0.5), ("right", 1.0)]}
        for text, (align, share) in zip(panel.bar, places[len(panel.bar)], strict=True):
            below = self._y(top + BAR + SMALL)
            self._write(self._x(share * width), below, text, SMALL, ha=align, va="center", color=self.theme.quiet, in_layout=False)


@functools.lru_cache(maxsize=8)
def _heat_bar(theme: Theme, has_two_sides: bool) -> NDArray[np.uint8]:
    """The colours of `heat` from one end to the other."""
    low = -1.0 if has_two_sides else 0.0
    colors = [theme.paint(low + (1 - low) * shade / (_SHADES - 1), low, 1.0)[0] for shade in range(_SHADES)]
    return _bytes(colors)


def _bytes(colors: Sequence[str]) -> NDArray[np.uint8]:
    """Red, green, blue and opacity of each color, from 0 to 255."""
    levels: NDArray[np.uint8] = (to_rgba_array(list(colors)) * 255).round().astype(np.uint8)
    return levels


def _rectangle(row: int, first: int, last: int) -> list[tuple[float, float]]:
    """The corners of the cells from `first` to `last` in one row."""
    return [(first - 0.5, row - 0.5), (last + 0.5, row - 0.5), (last + 0.5, row + 0.5), (first - 0.5, row + 0.5)]


def _runs(row: int, hidden: Sequence[bool]) -> Iterator[list[tuple[float, float]]]:
    """Hidden cells side by side as one rectangle: a file with one for each cell would be ten times as large."""
    for is_hidden, run in itertools.groupby(range(len(hidden)), key=lambda column: hidden[column]):
        if is_hidden:
            columns = list(run)
            yield _rectangle(row, columns[0], columns[-1])
