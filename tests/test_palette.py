"""Heat: readable ink on every colour, 0 in the middle, the ends where they belong; and the same colours in a picture."""

import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from attn_magic.views.palette import heat, heat_picture

NUMBERS = st.floats(-1e30, 1e30)


def parts(color):
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]


def luminance(color):
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (part / 255 for part in parts(color)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(background, ink):
    lighter, darker = sorted((luminance(background), luminance(ink)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-3.0, 0.5), (-0.5, 3.0), (0.0, 1.0), (0.33, 0.34), (-2.0, -1.0), (5.0, 5.0)])
def test_ink_can_be_read_on_every_colour(low, high):
    steps = [low + (high - low) * step / 1000 for step in range(1001)]
    assert min(contrast(*heat(value, low, high)) for value in steps) >= 4.5


@settings(max_examples=100)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_any_number_in_any_range_has_a_colour(value, one, other):
    background, ink = heat(value, min(one, other), max(one, other))
    assert len(background) == len(ink) == 7
    assert contrast(background, ink) >= 4.5


def test_zero_is_white_between_orange_and_blue_of_equal_reach():
    assert heat(0.0, -2.0, 1.0)[0] == "#f7f7f7"
    red, _, blue = parts(heat(-2.0, -2.0, 1.0)[0])
    assert red > blue
    red, _, blue = parts(heat(2.0, -1.0, 2.0)[0])
    assert blue > red
    assert heat(1.0, -2.0, 1.0) == heat(0.5, -1.0, 1.0)


def test_without_negative_numbers_the_range_is_used_up():
    assert luminance(heat(0.33, 0.33, 0.34)[0]) > 0.9
    assert luminance(heat(0.34, 0.33, 0.34)[0]) < 0.05


def test_more_is_darker():
    steps = [luminance(heat(step / 50, 0.0, 1.0)[0]) for step in range(51)]
    assert steps == sorted(steps, reverse=True)
    steps = [luminance(heat(-step / 50, -1.0, 1.0)[0]) for step in range(51)]
    assert steps == sorted(steps, reverse=True)


def test_a_single_number_gets_the_middle():
    assert heat(5.0, 5.0, 5.0) == heat(0.5, 0.0, 1.0)


@pytest.mark.parametrize("zeros", [(0.0, 0.0, 0.0), (-0.0, -0.0, -0.0), (0.0, -0.0, 0.0), (0.0, 0.0, 1.0)])
def test_nothing_but_zeros_is_as_white_as_zero_among_others(zeros):
    assert heat(*zeros) == heat(0.0, 0.0, 1.0) == ("#f7fbff", "#000000")


def test_a_picture_of_zeros_is_white():
    picture = read_picture([[0.0, -0.0], [0.0, -math.inf]], 0.0, 0.0)
    assert picture.getpixel((48, 48)) == picture.getpixel((144, 48)) == (0xF7, 0xFB, 0xFF)


def read_picture(rows, low, high):
    return Image.open(io.BytesIO(heat_picture(rows, low, high))).convert("RGB")


def test_a_picture_has_the_colours_of_the_cells():
    rows = [[-2.0, 0.0, 1.0], [2.0, -1.0, 0.5]]
    picture = read_picture(rows, -2.0, 2.0)
    assert picture.size == (192, 192)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            shown = picture.getpixel((j * 64 + 32, i * 96 + 48))
            assert max(abs(a - b) for a, b in zip(shown, parts(heat(value, -2.0, 2.0)[0]), strict=True)) < 16  # 64 shades


def test_a_picture_marks_hidden_cells_and_numbers_that_are_none():
    picture = read_picture([[1.0, -math.inf, math.nan, math.inf]], 0.0, 1.0)
    _, hidden, nan, infinite = (picture.getpixel((column * 48 + 24, 96)) for column in range(4))
    assert len(set(hidden)) == 1
    assert nan == infinite
    assert nan[0] > 2 * nan[1]


def test_a_picture_is_small():
    rows = [[math.sin(i * j) for j in range(64)] for i in range(64)]
    assert len(heat_picture(rows, -1.0, 1.0)) < 6000
