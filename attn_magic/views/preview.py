"""The picture in a notebook cell's output: every stage as a PNG, for the PDF that the notebook becomes.

It is made each time a cell runs, so it is drawn by hand in a few milliseconds, where a matplotlib figure takes hundreds: on one array of
bytes, of which each says which ground and how much ink. `figure` draws the pictures that people ask for.
"""

import functools
import importlib.util
import itertools
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from attn_magic.excerpt import LEGEND, PREVIEW, Excerpt, Range, acts, color_range, read_excerpts
from attn_magic.notation import format_label, format_number, shorten
from attn_magic.origin import describe_origin
from attn_magic.summary import describe_check, describe_options
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.palette import heat, position
from attn_magic.views.png import indexed_png

_Pixels: TypeAlias = NDArray[np.uint8]

_WIDTH = 1000  # pixels; in a PDF of nbconvert's 5.85 inches, so that the letters below have 6.7 points
_LETTERS, _LINE, _BASELINE = 16, 21, 16  # font size, height of a line and where in it letters stand
_CELL_HEIGHT, _ROOM = 26, 6  # _ROOM: beside a number or a label
_INSIDE = (_CELL_HEIGHT - _LINE) // 2
_GAP, _LINE_GAP, _MARGIN = 26, 14, 8
_WIDEST_LABEL = 120

_WITH_DIGITS = (PREVIEW.digits, (6, 5), (0, 0))  # fewer where the picture would be longer than a page
_TALLEST = 1400  # pixels of such a page
_SIDE, _WIDEST_CELL = 144, 48  # pixels of a stage without, at least; and of its cells, at the most

_MAX_NOTICES = 4

# A byte of the picture is a ground, in steps of 4, and from 0 to 3 how much of that ground's ink lies on it.
_LEVELS = 4
_INK_STEP = 256 // _LEVELS
_SHADES = 27  # of heat, on each of two palettes
_GROUNDS = (
    *(("#ffffff", "#1a1a1a"), ("#ffffff", "#5a5a5a"), ("#ffffff", "#1f5f9e"), ("#c6dbef", "#000000")),
    *(("#ececec", "#000000"), ("#c8c8c8", "#000000"), ("#b3261e", "#ffffff")),
    *(heat(2 * shade / (_SHADES - 1) - 1, -1.0, 1.0) for shade in range(_SHADES)),
    *(heat(shade / (_SHADES - 1), 0.0, 1.0) for shade in range(_SHADES)),
)
_PAPER, _QUIET, _ACCENT, _ALLOWED, _HIDDEN, _STRIPE, _NOT_FINITE, _DIVERGING = range(0, 8 * _LEVELS, _LEVELS)
_SEQUENTIAL = _DIVERGING + _SHADES * _LEVELS
_STRIPES = 8  # pixels from one to the next


def preview(trace: AttentionTrace) -> bytes:
    r"""A PNG of all stages, as wide as a page's text; the same bytes every time, with what made it in its metadata.

    A stage of up to 12 × 8 has its digits, as long as all of it fits on a page; a larger one is drawn in up to 48 × 48 blocks. Of more than
    4 heads the first 4 are shown.

    >>> from attn_magic import attend
    >>> preview(attend([[1.0, 2.0]]))[:4]
    b'\x89PNG'
    """
    read = [(act, [_read(trace, stage) for stage in stages]) for act, stages in acts(trace)]
    for with_digits in _WITH_DIGITS:
        in_acts = [(act, [panel for stage in stages for panel in _panels(stage, with_digits, trace.options.precision)]) for act, stages in read]
        placed, height = _place([panels for _, panels in in_acts])
        if height <= _TALLEST:
            break
    headings = {id(panels[0]): f"{number} {format_label(act)}" for number, (act, panels) in enumerate(in_acts, start=1)}
    footer = [_fit(line, _WIDTH - 2 * _MARGIN) for line in _footer(trace)]
    lines = np.zeros((height + _LINE * len(footer) + _MARGIN, 1 + _WIDTH), np.uint8)  # as a PNG has them: a 0 and then pixels, which are _PAPER
    pixels = lines[:, 1:]
    for panel, left, top in placed:
        _write(pixels, left, top, headings.get(id(panel), ""), _ACCENT, "bold")
        _draw(pixels, panel, left, top)
    for place, line in enumerate(footer):
        _write(pixels, _MARGIN, height + _LINE * place, line, _QUIET)
    words = {"Software": "attn_magic", "Description": describe_origin(trace)}
    return indexed_png(lines.data, (_WIDTH, len(lines)), _palette(), words, quick=True)


def _footer(trace: AttentionTrace) -> Iterator[str]:
    if any(stage.is_mask for stage in trace):
        yield f"✓ {LEGEND['allowed']} · striped: {LEGEND['hidden']}"
    if any(max(stage.shape[-2:]) > PREVIEW.blocks for stage in trace):
        yield f"More than {PREVIEW.blocks} rows or columns are shown in {PREVIEW.blocks} blocks, each coloured by its number farthest from 0."
    yield f"{describe_options(trace)}. Check: {describe_check(trace)}."
    yield from (format_label(notice.text) for notice in trace.notices[:_MAX_NOTICES])


# What is shown of a stage


@dataclass(frozen=True)
class _Panel:
    """One stage, in one head: its words, its digits where it has them, and its grounds."""

    stage: Stage
    title: str
    symbol: str
    size: str  # where there are no digits, and so no labels above them
    row_labels: list[str]
    column_labels: list[str]
    texts: list[list[str]]
    grounds: _Pixels  # of each cell
    shape: tuple[int, int]  # of those
    cell: tuple[int, int]  # width and height in pixels
    sums: list[str]

    @functools.cached_property
    def left(self) -> int:
        """The room for row labels."""
        return max(map(_width, self.row_labels)) + _ROOM

    @functools.cached_property
    def width(self) -> int:
        """Of everything."""
        sums = max(_width(text) for text in self.sums) + 2 * _ROOM if self.sums else 0
        cells = self.left + self.cell[0] * self.shape[1] + sums
        return max(cells, _width(self.title, "bold"), _width(self.symbol), _width(self.size))

    @property
    def height(self) -> int:
        """Of everything, with room for the heading of an act."""
        return 4 * _LINE + self.cell[1] * self.shape[0]


_Read: TypeAlias = tuple[Excerpt, _Pixels]  # one head of a stage, and the ground of each cell


def _read(trace: AttentionTrace, stage: Stage) -> list[_Read]:
    excerpts = read_excerpts(trace, stage, PREVIEW)
    colors = color_range(excerpts)
    return [(excerpt, _grounds(excerpt, colors)) for excerpt in excerpts]


def _panels(heads: list[_Read], with_digits: tuple[int, int], precision: int) -> list[_Panel]:
    has_digits = all(shown <= most for shown, most in zip(heads[0][0].shape, with_digits, strict=True))
    return [_panel(excerpt, grounds, precision, has_digits) for excerpt, grounds in heads]


def _panel(excerpt: Excerpt, grounds: _Pixels, precision: int, has_digits: bool) -> _Panel:
    stage = excerpt.stage
    rows, columns = excerpt.shape
    texts = excerpt.texts() if has_digits else []
    column_labels = [_label(label) for label in excerpt.column_labels] if has_digits else []
    digits = max(map(_width, itertools.chain(["−0.00"], column_labels, *texts))) + 2 * _ROOM
    size = f"{_label(stage.rows.name)} {len(stage.rows):,} × {_label(stage.columns.name)} {len(stage.columns):,}"
    head = "" if stage.heads is None else f" · {_label(excerpt.head_label)}"
    return _Panel(
        stage=stage,
        title=shorten(format_label(stage.title)) + head,
        symbol=shorten(format_label(stage.symbol)) + (f" · {size}" if has_digits else ""),
        size="" if has_digits else size,
        row_labels=[_label(label) for label in (excerpt.row_labels if has_digits else _ends(stage.rows))],
        column_labels=column_labels,
        texts=texts,
        grounds=grounds,
        shape=excerpt.shape,
        cell=(digits, _CELL_HEIGHT) if has_digits else (min(math.ceil(_SIDE / columns), _WIDEST_CELL), min(math.ceil(_SIDE / rows), _CELL_HEIGHT)),
        sums=[format_number(total, precision) for total in excerpt.row_sums] if has_digits else [],
    )


def _ends(axis: Axis) -> list[str]:
    """The labels of the first and the last place."""
    return [axis.labels[place] for place in sorted({0, len(axis) - 1})]


def _grounds(excerpt: Excerpt, colors: Range | None) -> _Pixels:
    """What every cell is drawn on."""
    values = np.array(excerpt.values, dtype=float)
    grounds = np.full(values.shape, _ALLOWED if excerpt.stage.is_mask else _NOT_FINITE, np.uint8)
    if colors is not None:
        finite = np.isfinite(values)
        shades = np.rint(np.clip(position(values[finite], *colors), 0.0, 1.0) * (_SHADES - 1))
        grounds[finite] = shades * _LEVELS + (_DIVERGING if colors[0] < 0 else _SEQUENTIAL)
    grounds[np.array(excerpt.hidden)] = _HIDDEN
    return grounds


def _label(label: str) -> str:
    return _fit(shorten(format_label(label[:200])), _WIDEST_LABEL)


# Where it goes


def _place(in_acts: list[list[_Panel]]) -> tuple[list[tuple[_Panel, int, int]], int]:
    """Panels with their left and top, side by side as words are, and how high all of it is."""
    placed: list[tuple[_Panel, int, int]] = []
    left, top, bottom = _MARGIN, _MARGIN, _MARGIN
    for parts in map(_parts, in_acts):
        for part in parts:
            is_full = left + _together(part) > _WIDTH - _MARGIN
            if left > _MARGIN and (is_full or len(parts) > 1):
                left, top = _MARGIN, bottom + _LINE_GAP
            for panel in part:
                placed.append((panel, left, top))
                left += panel.width + _GAP
                bottom = max(bottom, top + panel.height)
    return placed, bottom + _LINE_GAP


def _parts(act: list[_Panel]) -> list[list[_Panel]]:
    """What stays in one line: an act; or what is given and what is computed of it; or as many panels as fit."""
    kinds = [list(kind) for _, kind in itertools.groupby(act, key=lambda panel: panel.stage.equation is None)]
    ways = ([act], kinds) if len(kinds) == 2 else ([act],)
    return next((parts for parts in ways if max(map(_together, parts)) <= _WIDTH - 2 * _MARGIN), _fill(act))


def _fill(panels: list[_Panel]) -> list[list[_Panel]]:
    lines: list[list[_Panel]] = [[]]
    for panel in panels:
        if lines[-1] and _together([*lines[-1], panel]) > _WIDTH - 2 * _MARGIN:
            lines.append([])
        lines[-1].append(panel)
    return lines


def _together(panels: Sequence[_Panel]) -> int:
    return sum(panel.width + _GAP for panel in panels) - _GAP


# Drawing


def _draw(pixels: _Pixels, panel: _Panel, left: int, top: int) -> None:
    _write(pixels, left, top + _LINE, panel.title, _PAPER, "bold")
    _write(pixels, left, top + 2 * _LINE, panel.symbol, _QUIET)
    _write(pixels, left, top + 3 * _LINE, panel.size, _QUIET)
    x, y = left + panel.left, top + 4 * _LINE
    (width, height), (rows, columns) = panel.cell, panel.shape
    cells = _cells(panel)
    area = pixels[y : y + cells.shape[0], x : x + cells.shape[1]]
    area[:] = cells[: area.shape[0], : area.shape[1]]
    for row, line in enumerate(panel.texts):
        for column, text in enumerate(line):
            _write(pixels, x + column * width + (width - _width(text)) // 2, y + row * height + _INSIDE, text)
    row_places = range(_INSIDE, rows * height, height) if panel.texts else (0, rows * height - _LINE)
    for label, down in zip(panel.row_labels, row_places, strict=False):  # there may be one row only
        _write(pixels, x - _ROOM - _width(label), y + down, label, _PAPER)
    for column, label in enumerate(panel.column_labels):
        _write(pixels, x + column * width + (width - _width(label)) // 2, y - _LINE, label, _PAPER)
    for row, total in enumerate(panel.sums):
        _write(pixels, x + columns * width + 2 * _ROOM, y + row * height + _INSIDE, total, _PAPER)
    if panel.sums:
        _write(pixels, x + columns * width + 2 * _ROOM, y - _LINE, "Σ row", _QUIET)


def _cells(panel: _Panel) -> _Pixels:
    """The grounds as pixels: with lines between cells that have digits, with stripes over what is hidden."""
    width, height = panel.cell
    cells = panel.grounds.repeat(height, axis=0).repeat(width, axis=1)
    if _HIDDEN in panel.grounds:
        diagonal = np.add.outer(np.arange(cells.shape[0]), np.arange(cells.shape[1]))
        cells[(cells == _HIDDEN) & (diagonal % _STRIPES < 2)] = _STRIPE
    if panel.texts:
        cells[height - 1 :: height] = _PAPER
        cells[:, width - 1 :: width] = _PAPER
    return cells


def _write(pixels: _Pixels, x: int, y: int, text: str, ground: int | None = None, weight: str = "regular") -> None:
    """One line whose top left corner is (x, y), on `ground`, or on what is there."""
    if not text:
        return
    letters = _set_line(text, weight)
    area = pixels[y : y + _LINE, x : x + letters.shape[1]]
    if ground is not None:
        area[:] = ground
    area |= letters[:, : area.shape[1]]


@functools.lru_cache(maxsize=512)
def _set_line(text: str, weight: str = "regular") -> _Pixels:
    """The ink of one line, from 0 to 3."""
    return np.concatenate([_letter(letter, weight) for letter in _letters(text)], axis=1)


def _letters(text: str) -> Iterable[str]:
    """The characters of `text`, each with the marks that stand above or below it."""
    if text.isascii():
        return text
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _width(text: str, weight: str = "regular") -> int:
    return _set_line(text, weight).shape[1] if text else 0


def _fit(text: str, room: int) -> str:
    """`text` cut to the room there is."""
    most = len(text)
    while most > 1 and _width(text) > room:
        most -= 1
        text = shorten(text, most)
    return text


@functools.lru_cache(maxsize=4096)
def _letter(letter: str, weight: str) -> _Pixels:
    """The ink of one letter, as high as a line and as wide as it moves on; of one that the font lacks, of its escape."""
    font = _font(weight)
    if _looks(letter[0], font) == _looks("\U0010ffff", font):
        return _set_line("".join(map(_escape, letter)), weight)
    image = Image.new("L", (max(1, round(font.getlength(letter))), _LINE))
    ImageDraw.Draw(image).text((0, _BASELINE), letter, fill=255, font=font, anchor="ls")
    ink: _Pixels = np.asarray(image) // _INK_STEP
    return ink


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _looks(character: str, font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


@functools.lru_cache(maxsize=2)
def _font(weight: str) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib; found without importing that."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations is not None
    name = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}[weight]
    path = Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), _LETTERS, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _palette() -> bytes:
    """Each ground, mixed with its ink."""
    colors = bytearray()
    for ground, ink in _GROUNDS:
        for level in range(_LEVELS):
            for start in (1, 3, 5):
                below, above = int(ground[start : start + 2], 16), int(ink[start : start + 2], 16)
                colors.append(round(below + (above - below) * level / (_LEVELS - 1)))
    return bytes(colors)
