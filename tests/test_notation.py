"""How numbers and labels are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_magic.notation import format_label, format_number, format_operand, read_number, shorten

NUMBERS = {
    -0.0: "0",
    1.0: "1.0000",
    -1.5: "−1.5000",
    0.03125: "0.0313",  # an exact tie; Python's own format has 0.0312
    -0.03125: "−0.0313",
    0.00005: "0.0001",
    0.00004: "4.0000e−05",
    1e-26: "1.0000e−26",
    999999.0: "999999.0000",
    1234567.0: "1.2346e+06",
    9999999999.0: "1.0000e+10",
    3.4e38: "3.4000e+38",
    5e-324: "4.9407e−324",
    math.inf: "∞",
    -math.inf: "−∞",
    math.nan: "NaN",
}


@pytest.mark.parametrize(("value", "text"), NUMBERS.items(), ids=str)
def test_a_number_keeps_its_size_in_sight(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(("precision", "text"), [(0, "−3"), (1, "−2.5"), (2, "−2.50"), (10, "−2.5000000000")])
def test_precision_is_the_number_of_decimals(precision, text):
    assert format_number(-2.5, precision) == text


def test_an_operand_ends_with_a_digit_that_says_something():
    assert [format_operand(value, 6) for value in (4.409999847412109, 2.0, -100.0, 1e-9, 0.0)] == ["4.41", "2", "−100", "1e−09", "0"]


@given(st.floats(width=32, allow_nan=False), st.integers(0, 10))
def test_what_is_written_reads_back_as_far_as_it_was_written(value, precision):
    read = read_number(format_number(value, precision))
    assert format_number(read, precision) == format_number(value, precision)
    assert read == value or abs(read - value) <= 0.5000001 * max(10.0**-precision, abs(value) * 10.0**-precision)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_that_is_not_zero_never_looks_like_zero(value, other):
    assert (format_number(value) == "0") == (value == 0)
    assert read_number(format_number(value)) <= read_number(format_number(other)) or value > other


LABELS = {
    "am": "am",
    "नमस्ते": "नमस्ते",
    "مرحبا": "مرحبا",
    "👩‍🚀": "👩‍🚀",  # a joiner inside a word belongs to it
    "\u200b": r"\u200b",
    "\u200d": r"\u200d",  # a joiner that joins nothing is invisible
    "a\x00b": r"a\x00b",
    "\x1b[31mred": r"\x1b[31mred",
    "\u202eabc": r"\u202eabc",
    "line1\r\nline2": r"line1\x0d\x0aline2",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "\ufeff": r"\ufeff",
    "\uffff": r"\uffff",
    "": "",
}


@pytest.mark.parametrize(("label", "shown"), LABELS.items(), ids=map(ascii, LABELS))
def test_a_label_is_shown_as_it_is_but_for_what_cannot_be_seen(label, shown):
    assert format_label(label) == shown


def test_a_long_text_is_cut_between_the_characters_a_reader_sees():
    assert shorten("four", 4) == "four"
    assert shorten("fives", 4) == "fiv…"
    assert shorten("ab👩‍🚀cd", 5) == "ab…"  # not in the middle of the astronaut
    assert shorten("ab👩‍🚀cdef", 6) == "ab👩‍🚀…"
    assert shorten("abe\u0301fgh", 4) == "ab…"
    assert shorten("a" + "\u0301" * 50, 4) == "a…"
