"""Heat: a colour for a number, and ink that can be read on it. Safe for colour-blind readers, on paper and on a projector."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from attn_magic.views.png import indexed_png

Numbers = TypeVar("Numbers", float, NDArray[np.float64])

# Orange to blue, told apart with every common kind of colour blindness; white at 0 (after ColorBrewer's PuOr and RdBu, colorbrewer2.org).
_DIVERGING = ((0.702, 0.345, 0.024), (0.992, 0.722, 0.388), (0.969, 0.969, 0.969), (0.573, 0.773, 0.871), (0.129, 0.400, 0.675))
# White to deep blue (after ColorBrewer's Blues).
_SEQUENTIAL = ((0.969, 0.984, 1.000), (0.776, 0.859, 0.937), (0.420, 0.682, 0.839), (0.129, 0.443, 0.710), (0.031, 0.188, 0.420))
_SHADES = 64  # of a picture
_HIDDEN, _NOT_FINITE = (0.85, 0.85, 0.85), (0.702, 0.149, 0.118)
_PICTURE_SIZE = 192  # pixels, at least
_DARK_INK_ABOVE = 0.179  # relative luminance at which black and white text have the same contrast, 4.58 : 1


def heat(value: float, low: float, high: float) -> tuple[str, str]:
    """Background and ink for `value` in a stage whose finite numbers lie between `low` and `high`, as "#rrggbb".

    A stage with negative numbers is coloured on both sides of 0, one without from its lowest to its highest number.

    >>> heat(0.0, -2.0, 1.0), heat(1.0, 0.0, 1.0)
    (('#f7f7f7', '#000000'), ('#08306b', '#ffffff'))
    """
    color = _mix(_anchors(low), position(value, low, high))
    return _hex(color), "#000000" if luminance(color) > _DARK_INK_ABOVE else "#ffffff"


def heat_picture(rows: Sequence[Sequence[float]], low: float, high: float) -> bytes:
    r"""`rows` of numbers as a PNG picture in the colours of `heat`, without digits; −∞ is grey, NaN and ∞ are red.

    Every number becomes a rectangle, large enough for a picture of at least 192 × 192 pixels.

    >>> heat_picture([[0.0, 1.0], [2.0, 3.0]], 0.0, 3.0)[:4]
    b'\x89PNG'
    """
    shades = _shades(np.array(rows, dtype=float), low, high)
    down, across = (max(1, _PICTURE_SIZE // count) for count in shades.shape)
    pixels = shades.repeat(down, axis=0).repeat(across, axis=1)
    lines = np.pad(pixels, ((0, 0), (1, 0)))  # a line that begins with 0 is written as it is
    colors = [*(_mix(_anchors(low), shade / (_SHADES - 1)) for shade in range(_SHADES)), _HIDDEN, _NOT_FINITE]
    palette = bytes(round(part * 255) for color in colors for part in color)
    return indexed_png(lines.tobytes(), (pixels.shape[1], pixels.shape[0]), palette)


def _shades(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """The place of each value's colour in the palette of a picture."""
    shades = np.where(values == -math.inf, _SHADES, _SHADES + 1)
    finite = np.isfinite(values)
    shades[finite] = np.rint(position(values[finite], low, high).clip(0.0, 1.0) * (_SHADES - 1))
    return shades.astype(np.uint8)


def _anchors(low: float) -> Sequence[Sequence[float]]:
    return _DIVERGING if low < 0 else _SEQUENTIAL


def position(value: Numbers, low: float, high: float) -> Numbers:
    """How far along the palette `value`, one number or many, lies: 0 to 1 between the ends.

    Where all numbers are the same they have the colour of the middle, zeros that of 0.
    """
    if low < 0:
        return (value / max(-low, high) + 1) / 2
    if low == high:
        return 0 * value + (0.5 if low else 0.0)
    return (value - low) / (high - low)


def luminance(color: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour, each part 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = color
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _mix(anchors: Sequence[Sequence[float]], position: float) -> tuple[float, ...]:
    along = min(max(position, 0.0), 1.0) * (len(anchors) - 1)
    left = min(int(along), len(anchors) - 2)
    share = along - left
    (red, green, blue), (next_red, next_green, next_blue) = anchors[left], anchors[left + 1]
    return red + (next_red - red) * share, green + (next_green - green) * share, blue + (next_blue - blue) * share


def _hex(color: Sequence[float]) -> str:
    red, green, blue = color
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
