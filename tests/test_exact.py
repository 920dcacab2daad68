"""Numbers that are written so that reading them gives the same bits."""

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attn_magic.exact import exact
from attn_magic.matrix import parse_matrix


def bits(value: float) -> bytes:
    return struct.pack("<f", value)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(1.1754943508222875e-38)
@example(3.4028234663852886e38)
@example(1e-45)
def test_reading_a_number_gives_the_same_bits_in_python_and_in_a_matrix_cell(value):
    assert bits(float(exact(value))) == bits(value)
    assert bits(parse_matrix(f"{exact(value)} 1").values[0][0]) == bits(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.159999966621399, "1.16"),
        (0.1, "0.1"),
        (0.7000000000000001, "0.7000000000000001"),
        (1e300, "1e+300"),
        (3, "3"),
        (True, "True"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (-0.0, "-0.0"),
        (2.0**30, "1.0737418e+09"),
    ],
)
def test_it_is_as_short_as_it_can_be(value, text):
    assert exact(value) == text
