"""What a picture of a trace shows, and where: its panels, read from the stages, measured in ems and broken into lines as words are.

One plan in ems serves every font size. Nothing is drawn here.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from matplotlib import font_manager

from attn_magic.excerpt import EVERY_KEY_IS_HIDDEN, FIGURE, Excerpt, Range, color_range, range_ends, read_excerpts, shown_counts
from attn_magic.notation import Number, format_label, format_number, shorten
from attn_magic.trace import AttentionTrace, Stage

_MAX_DIGITS = math.prod(FIGURE.digits)  # cells of a panel with digits
# Cells of a panel with digits at the most, panels without digits in a line, and how much of a line a label may take, for a picture that
# should not become too long.
_DENSITIES = ((_MAX_DIGITS, 3, 0.28), (_MAX_DIGITS, 3, 0.13), (64, 3, 0.13), (36, 3, 0.13), (36, 4, 0.13))
_MAX_NAMED = 3  # of the rows that have nothing to attend to

# Lengths in ems, that is times the font size.
_ROOMY, TIGHT = 0.5, 0.3  # around a number, around a label
ROW = 1.75
_SIGN = 1.3  # a cell that has room for ✓
LINE, _LABEL_PITCH = 1.25, 1.1
TITLE, TITLE_LINE = 1.1, 1.45  # font size and height of a line
HEADING, HEADING_LINE = 1.2, 2.0
SMALL = 0.85  # font size
AXIS_NAME = 1.05
ABOVE_CELLS = 0.45
BAR, BAR_SPACE = 0.45, 2.3  # with its numbers
GAP, ACT_GAP = 1.2, 1.5  # between panels, and more between acts
LINE_GAP = 1.5  # between lines of panels
_SMALLEST_SIDE, _LARGEST_SIDE = 9.0, 30.0  # of a panel without digits
_WIDEST_STRETCH = 1.5
_PAGE = 9.5  # inches that a page has for pictures
_TALLEST_SLIDE = 9 / 16  # of its width
_SMALLEST_LETTERS, _SMALLEST_ON_SLIDES = 5.5, 8.0  # points

FAMILY = "DejaVu Sans"
_HINTING = 1.02  # on a screen, letters move to whole pixels and lines become so much longer
# With outlines: matplotlib cannot load fonts of coloured bitmaps, such as Noto Color Emoji.
_OTHER_FAMILIES = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Zen Hei",
    "Noto Sans Devanagari",
    "Nirmala UI",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
    "Arial Unicode MS",
)


# Type


@functools.lru_cache(maxsize=64)
def _font_path(family: str, weight: str) -> str:
    # Everything is named, for what is not comes from the user's settings.
    wanted = font_manager.FontProperties(family=family, weight=weight, style="normal", variant="normal", stretch="normal", size=10)
    return str(font_manager.findfont(wanted))


@functools.lru_cache(maxsize=64)
def _characters(family: str, weight: str) -> frozenset[int]:
    try:
        return frozenset(font_manager.get_font(_font_path(family, weight)).get_charmap())
    except (OSError, RuntimeError):  # a font that matplotlib lists but cannot load
        return frozenset()


@functools.lru_cache(maxsize=1)
def _installed_families() -> tuple[str, ...]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(family for family in _OTHER_FAMILIES if family in installed)


@dataclass
class Typesetter:
    """The fonts of one picture: what can be drawn with them, and how wide it is.

    `literals` maps what is drawn to what it stands for.
    """

    families: list[str] = field(default_factory=lambda: [FAMILY])
    literals: dict[str, str] = field(default_factory=dict)
    widths: dict[tuple[str, str], float] = field(default_factory=dict)
    advances: dict[tuple[str, str], float] = field(default_factory=dict)

    def draw(self, text: str, most: int = 40, weight: str = "normal") -> str:
        """`text` as it can be drawn: short, and with escapes for what is invisible or in no font."""
        text = shorten(format_label(text[: 8 * most]), most)
        drawn = shorten("".join(character if self._has(character, weight) else _escape(character) for character in text), most)
        if self.literals.setdefault(drawn, text) != text:
            self.literals[drawn] = drawn  # two texts that look alike
        return drawn

    def _has(self, character: str, weight: str) -> bool:
        if any(ord(character) in _characters(family, weight) for family in self.families):
            return True
        for family in _installed_families():
            if ord(character) in _characters(family, weight):
                self.families.append(family)
                return True
        return False

    def width(self, text: str, weight: str = "normal") -> float:
        """The width of one line in ems. Its characters side by side: kerning and ligatures make it hardly narrower."""
        if (text, weight) not in self.widths:
            self.widths[text, weight] = math.fsum(self._advance(character, weight) for character in text)
        return self.widths[text, weight]

    def _advance(self, character: str, weight: str) -> float:
        if (character, weight) not in self.advances:
            family = next((family for family in self.families if ord(character) in _characters(family, weight)), FAMILY)
            font = font_manager.get_font(_font_path(family, weight))
            font.set_size(100, 72)
            self.advances[character, weight] = _HINTING * font.load_char(ord(character)).linearHoriAdvance / 65536 / 100
        return self.advances[character, weight]

    def widest(self, texts: Iterable[str], weight: str = "normal") -> float:
        """The width of the widest of `texts` in ems, 0 where there are none."""
        return max((self.width(text, weight) for text in texts), default=0.0)

    def fit(self, text: str, room: Number, weight: str = "normal") -> str:
        """`text` cut to the room there is."""
        most = len(text)
        while most > 1 and self.width(text, weight) > room:
            most -= 1
            text = shorten(text, most)
        return text

    def wrap(self, text: str, room: Number, weight: str = "normal") -> list[str]:
        """`text` in lines that fit."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, weight) <= room:
                lines[-1] = longer
            else:
                lines.append(self.fit(word, room, weight))
        return lines


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# Panels


@dataclass(frozen=True)
class _Panel:
    """One matrix as it is shown: its words and its digits, all drawable."""

    excerpt: Excerpt
    colors: Range | None
    title: str
    symbol: str
    texts: list[list[str]]  # in the cells, where they fit
    row_labels: list[str]
    column_labels: list[str]
    row_sums: list[str]
    column_sums: list[str]
    bar: list[str]  # the numbers below the colour bar
    notes: list[str]
    axis_names: tuple[str, str]
    widths: "_Widths"
    heading: str = ""


@dataclass(frozen=True)
class _Widths:
    """The widest of each kind of text in a panel, measured once."""

    texts: float
    row_labels: float
    column_labels: float
    row_sums: float
    bar: float
    title: float


def read_panels(trace: AttentionTrace, stage: Stage, type_: Typesetter) -> list[_Panel]:
    """One panel for each head, or the one there is."""
    excerpts = read_excerpts(trace, stage, FIGURE)
    colors = color_range(excerpts)
    return [_panel(excerpt, colors, type_) for excerpt in excerpts]


def _panel(excerpt: Excerpt, colors: Range | None, type_: Typesetter) -> _Panel:
    stage, precision = excerpt.stage, excerpt.trace.options.precision
    title = type_.draw(stage.title, weight="bold")
    if stage.heads is not None:
        title += f" · {type_.draw(excerpt.head_label, FIGURE.letters, weight='bold')}"
    texts = _texts(excerpt)
    row_labels, column_labels = ([type_.draw(label, FIGURE.letters) for label in labels] for labels in (excerpt.row_labels, excerpt.column_labels))
    row_sums, column_sums = ([format_number(total, precision) for total in totals] for totals in (excerpt.row_sums, excerpt.column_sums))
    bar = [format_number(end, precision) for end in range_ends(colors)] if colors else []
    like_numbers = ["−0.0000"] if stage.is_mask else []  # a mask beside the scores that it hides has cells like theirs
    return _Panel(
        excerpt=excerpt,
        colors=colors,
        title=title,
        symbol=f"{type_.draw(stage.symbol, 80)} ({len(stage.rows):,}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{len(stage.columns):,})",
        texts=texts,
        row_labels=row_labels,
        column_labels=column_labels,
        row_sums=row_sums,
        column_sums=column_sums,
        bar=bar,
        notes=[type_.draw(note, 200) for note in _notes(excerpt)],
        axis_names=(type_.draw(stage.rows.name), type_.draw(stage.columns.name)),
        widths=_Widths(
            texts=type_.widest([*itertools.chain(*texts), *column_sums, *like_numbers]),
            row_labels=type_.widest(row_labels),
            column_labels=type_.widest(column_labels),
            row_sums=type_.widest([*row_sums, "Σ row"]) if row_sums else 0.0,
            bar=math.fsum(type_.width(text) + TIGHT for text in bar),
            title=type_.width(title, "bold"),
        ),
    )


def _texts(excerpt: Excerpt) -> list[list[str]]:
    """What could stand in the cells; nothing where there are too many of them."""
    has_digits = excerpt.is_whole and all(shown <= most for shown, most in zip(excerpt.shape, FIGURE.digits, strict=True))
    return excerpt.texts() if has_digits else []


def _notes(excerpt: Excerpt) -> Iterator[str]:
    stage = excerpt.stage
    if not excerpt.is_whole:
        yield f"In {excerpt.shape[0]} × {excerpt.shape[1]} blocks{'' if stage.is_mask else ', each the number farthest from 0'}"
    shown = shown_counts(stage, FIGURE)
    if "heads" in shown and excerpt.head == 0:
        yield f"{shown['heads']} shown"
    labels = [format_label(stage.rows.labels[row]) for row in excerpt.fully_hidden_rows]
    if labels:
        named = ", ".join(shorten(label, FIGURE.letters) for label in labels[:_MAX_NAMED])
        more = f" and {len(labels) - _MAX_NAMED} more" if len(labels) > _MAX_NAMED else ""
        yield f"{named}{more}: {EVERY_KEY_IS_HIDDEN}"


# The plan, in ems


@dataclass(frozen=True)
class Box:
    """Where everything of one panel goes: its cells, what stands left of them and right of them, above and below."""

    panel: _Panel
    cell_width: float
    cell_height: float
    has_texts: bool
    row_labels: list[str]  # cut to what fits
    column_labels: list[str]
    column_label_width: float
    left: float
    right: float
    title: list[str]
    symbol: list[str]
    notes: list[str]

    @property
    def grid_width(self) -> float:
        """Of all cells."""
        return self.cell_width * self.panel.excerpt.shape[1]

    @property
    def grid_height(self) -> float:
        """Of all cells."""
        return self.cell_height * self.panel.excerpt.shape[0]

    @property
    def width(self) -> float:
        """Of everything, and of the gap to the next panel."""
        return self.left + self.grid_width + self.right + GAP

    @property
    def height(self) -> float:
        """Of the cells and what is below them."""
        sums = ROW * bool(self.panel.column_sums)
        return self.grid_height + sums + BAR_SPACE * bool(self.panel.bar) + LINE * len(self.notes)

    @property
    def row_step(self) -> int:
        """Every how many rows there is room for a label."""
        return max(1, math.ceil(_LABEL_PITCH / self.cell_height))

    @property
    def column_step(self) -> int:
        """Every how many columns there is room for a label."""
        return 1 if self.has_level_labels else max(1, math.ceil(_LABEL_PITCH / self.cell_width))

    @property
    def has_level_labels(self) -> bool:
        """Whether the columns' labels fit side by side; else they stand upright."""
        return self.column_label_width + TIGHT <= self.cell_width

    @property
    def label_height(self) -> float:
        """Of the columns' labels."""
        return LINE if self.has_level_labels else self.column_label_width + 2 * TIGHT


@dataclass(frozen=True)
class _Density:
    """How much goes into a line of `room` ems: panels of at most so many digits, those without digits so many side by side, labels so wide."""

    room: float
    most_digits: int
    across: int
    share_of_label: float

    @property
    def widest_label(self) -> float:
        """In ems."""
        return self.share_of_label * self.room


def _box(panel: _Panel, density: _Density, type_: Typesetter) -> Box:
    widths, room = panel.widths, density.room
    most = density.widest_label
    left = AXIS_NAME + TIGHT + min(widths.row_labels, most) + TIGHT
    sums = widths.row_sums + 2 * TIGHT if panel.row_sums else 0.0
    cell_width, cell_height, has_texts = _cell_size(panel, density, left, sums)
    grid_width = cell_width * panel.excerpt.shape[1]
    title = min(TITLE * widths.title - left, _SMALLEST_SIDE)
    right = min(max(sums, SMALL * widths.bar - grid_width, title - grid_width), max(room - left - grid_width - GAP, sums))
    text_width = left + grid_width + right
    return Box(
        panel=panel,
        cell_width=cell_width,
        cell_height=cell_height,
        has_texts=has_texts,
        row_labels=_cut(panel.row_labels, widths.row_labels, most, type_),
        column_labels=_cut(panel.column_labels, widths.column_labels, most, type_),
        column_label_width=min(widths.column_labels, most),
        left=left,
        right=right,
        title=type_.wrap(panel.title, text_width / TITLE, "bold"),
        symbol=type_.wrap(panel.symbol, text_width),
        notes=[line for note in panel.notes for line in type_.wrap(note, (grid_width + right) / SMALL)],
    )


def _cut(labels: list[str], widest: float, most: float, type_: Typesetter) -> list[str]:
    return labels if widest <= most else [type_.fit(label, most) for label in labels]


def _cell_size(panel: _Panel, density: _Density, left: float, sums: float) -> tuple[float, float, bool]:
    """Width and height of a cell, and whether there is room for its text."""
    rows, columns = panel.excerpt.shape
    room = density.room - left - sums - GAP
    digits, labels = panel.widths.texts + _ROOMY, min(panel.widths.column_labels, density.widest_label) + _ROOMY
    digits = labels if digits < labels <= 1.3 * digits and labels * columns <= room else digits
    if panel.texts and rows * columns <= density.most_digits and digits * columns <= room:
        return digits, ROW, True
    side = min(max(density.room / density.across - left - GAP, _SMALLEST_SIDE), _LARGEST_SIDE, room)
    width, height = min(side / columns, 4 * ROW), min(side / rows, ROW)
    return width, height, panel.excerpt.stage.is_mask and bool(panel.texts) and min(width, height) >= _SIGN


@dataclass(frozen=True)
class Line:
    """Panels side by side."""

    boxes: list[Box]

    @property
    def width(self) -> float:
        """Of all panels and gaps."""
        gaps = ACT_GAP * sum(bool(box.panel.heading) for box in self.boxes[1:])
        return sum(box.width for box in self.boxes) + gaps

    @property
    def kinds(self) -> int:
        """How many kinds of stages: given or computed, and of which shape."""
        stages = [box.panel.excerpt.stage for box in self.boxes]
        return len({(stage.equation is None, stage.shape) for stage in stages})

    @property
    def has_heading(self) -> bool:
        """Whether an act begins here."""
        return any(box.panel.heading for box in self.boxes)

    @functools.cached_property
    def labels(self) -> float:
        """Height of the columns' labels and of the axis' name above them."""
        return max(box.label_height for box in self.boxes) + AXIS_NAME

    @functools.cached_property
    def above(self) -> float:
        """Height of everything above the cells."""
        titles = max(TITLE_LINE * len(box.title) + LINE * len(box.symbol) for box in self.boxes)
        return self.labels + titles + HEADING_LINE * self.has_heading

    @functools.cached_property
    def body(self) -> float:
        """Height of the cells and what is below them."""
        return max(box.height for box in self.boxes)

    @property
    def height(self) -> float:
        """Of everything, and of the gap to the next line."""
        return self.above + self.body + LINE_GAP

    def stretch(self, factor: float) -> "Line":
        """With wider cells; those without texts keep their shape."""
        return replace(self, boxes=[replace(box, cell_width=box.cell_width * factor) if box.has_texts else box for box in self.boxes])


@dataclass(frozen=True)
class _Plan:
    """A whole picture at one font size."""

    size: float  # points of an em
    room: float  # ems in a line
    lines: list[Line]
    footer: list[str]
    has_legend: bool

    @property
    def footer_height(self) -> float:
        return LINE * len(self.footer) + (ROW if self.has_legend else 0.0) + (TIGHT if self.footer or self.has_legend else 0.0)

    @property
    def height(self) -> float:
        """In inches."""
        return self.size * (sum(line.height for line in self.lines) + self.footer_height + LINE_GAP) / 72

    @property
    def digits(self) -> int:
        return sum(box.has_texts for line in self.lines for box in line.boxes)


def make_plan(panels: list[list[_Panel]], footer: list[str], has_legend: bool, width: float, type_: Typesetter) -> _Plan:
    """The picture in letters that suit its width; larger or smaller ones where they make it as flat as a slide and keep its digits.

    Where it would be longer than a page, large stages do without digits.
    """
    usual = min(max(3.95 + 0.475 * width, _SMALLEST_LETTERS), 10.5)
    for density in _DENSITIES:
        plan = _plan_at(usual, panels, footer, has_legend, width, type_, density)
        if plan.height <= _PAGE:
            break
    for factor in (1.6, 1.45, 1.3, 1.15, 1.0, 0.9, 0.8):
        other = _plan_at(usual * factor, panels, footer, has_legend, width, type_, density)
        is_readable = factor >= 1 or usual * factor >= _SMALLEST_ON_SLIDES
        if is_readable and other.height <= _TALLEST_SLIDE * width and other.digits >= plan.digits:
            return other
    return plan


def _plan_at(
    size: float, panels: list[list[_Panel]], footer: list[str], has_legend: bool, width: float, type_: Typesetter, density: tuple[int, int, float]
) -> _Plan:
    room = 72 * width / size - GAP
    acts = [[Line([_box(panel, _Density(room, *density), type_)]) for panel in act] for act in panels]
    lines = _break_lines([line for act in acts for line in _break_lines(act, room, by_kind=True)], room)
    factors = [1 + (room - line.width) / sum(box.grid_width for box in line.boxes) for line in lines]
    factor = min(max(min(factors), 1.0), _WIDEST_STRETCH)
    notes = [line for text in footer for line in type_.wrap(text, room / SMALL)]
    return _Plan(size, room, [line.stretch(factor) for line in lines], notes, has_legend)


def _break_lines(parts: list[Line], room: float, *, by_kind: bool = False) -> list[Line]:
    """`parts` joined into as few lines as fit; then as few kinds of stages in one line; then the most even lines."""
    best: list[tuple[tuple[int, int, float], list[Line]]] = [((0, 0, 0.0), [])]  # cost, lines: for each number of parts
    for end in range(1, len(parts) + 1):
        ways = []
        for start in range(end):
            line = replace(parts[start], boxes=[box for part in parts[start:end] for box in part.boxes])
            if line.width <= room or start == end - 1:
                (count, kinds, unevenness), lines = best[start]
                ways.append(((count + 1, kinds + by_kind * line.kinds, unevenness + line.width**2), [*lines, line]))
        best.append(min(ways, key=lambda way: way[0]))
    return best[-1][1]
