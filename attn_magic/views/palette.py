"""Heat: a colour for a number, and ink that can be read on it. Safe for colour-blind readers, on paper and on a projector."""

from collections.abc import Sequence

# Orange to blue, told apart with every common kind of colour blindness; white at 0 (after ColorBrewer's PuOr and RdBu, colorbrewer2.org).
_DIVERGING = ((0.702, 0.345, 0.024), (0.992, 0.722, 0.388), (0.969, 0.969, 0.969), (0.573, 0.773, 0.871), (0.129, 0.400, 0.675))
# White to deep blue (after ColorBrewer's Blues).
_SEQUENTIAL = ((0.969, 0.984, 1.000), (0.776, 0.859, 0.937), (0.420, 0.682, 0.839), (0.129, 0.443, 0.710), (0.031, 0.188, 0.420))
_DARK_INK_ABOVE = 0.179  # relative luminance at which black and white text have the same contrast, 4.58 : 1


def heat(value: float, low: float, high: float) -> tuple[str, str]:
    """Background and ink for `value` in a stage whose finite numbers lie between `low` and `high`, as "#rrggbb".

    A stage with negative numbers is coloured on both sides of 0, one without from its lowest to its highest number.

    >>> heat(0.0, -2.0, 1.0), heat(1.0, 0.0, 1.0)
    (('#f7f7f7', '#000000'), ('#08306b', '#ffffff'))
    """
    if low < 0:
        reach = max(-low, high)
        color = _mix(_DIVERGING, (value / reach + 1) / 2)
    else:
        color = _mix(_SEQUENTIAL, (value - low) / (high - low) if high > low else 0.5)
    return _hex(color), "#000000" if luminance(color) > _DARK_INK_ABOVE else "#ffffff"


def luminance(color: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour, each part 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(anchors: Sequence[Sequence[float]], position: float) -> tuple[float, ...]:
    along = min(max(position, 0.0), 1.0) * (len(anchors) - 1)
    left = min(int(along), len(anchors) - 2)
    share = along - left
    return tuple(a + (b - a) * share for a, b in zip(anchors[left], anchors[left + 1], strict=True))


def _hex(color: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in color)
