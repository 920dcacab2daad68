"""Arithmetic as data: what it says and what it comes to."""

import math

import pytest

from attn_magic.expressions import equate, evaluate, fold, format_constant, names, substitute, write

WRITTEN = {
    ("+", 1, ("*", 2, 3)): "1 + 2 × 3",
    ("*", ("+", 1, 2), 3): "(1 + 2) × 3",
    ("-", 5, ("-", 3, 1)): "5 − (3 − 1)",
    ("-", ("-", 5, 3), 1): "5 − 3 − 1",
    ("/", 8, ("*", 2, 2)): "8 / (2 × 2)",
    ("*", ("/", 8, 2), 2): "8 / 2 × 2",
    ("/", "scores", ("sqrt", "d_k")): "scores / √d_k",
    ("sqrt", ("+", "a", "b")): "√(a + b)",
    ("exp", ("-", "a", "b")): "e^(a − b)",
    ("max", "a", "b", "c"): "max(a, b, c)",
    ("where", "mask", ("+", "a", "b"), "c"): "a + b if mask else c",
    ("+", ("where", True, 1, 2), 3): "(1 if True else 2) + 3",
    ("+", "a", ("more", 7, "rest"), "b"): "a + (7 more: rest) + b",
}


@pytest.mark.parametrize(("expression", "text"), WRITTEN.items(), ids=WRITTEN.values())
def test_an_expression_is_written_with_the_brackets_it_needs(expression, text):
    assert write(expression) == text


@pytest.mark.parametrize(("expression", "text"), list(WRITTEN.items())[:6])
def test_what_is_written_comes_to_what_is_evaluated(expression, text):
    assert evaluate(expression) == eval(text.replace("×", "*").replace("−", "-"))


def test_every_function_is_evaluated():
    assert evaluate(("tanh", 0.5)) == math.tanh(0.5)
    assert evaluate(("sqrt", ("max", 4, "x", 1)), {"x": 9}) == 3
    assert evaluate(("where", False, 1, -math.inf)) == -math.inf
    assert evaluate(("exp", -math.inf)) == 0


def test_arithmetic_ends_in_infinity_or_nan_and_never_in_an_exception():
    assert evaluate(("exp", 1e9)) == math.inf
    assert math.isnan(evaluate(("/", 1, 0)))
    assert math.isnan(evaluate(("sqrt", -1)))
    assert math.isnan(evaluate(("-", math.inf, math.inf)))
    assert math.isnan(evaluate(("max", 1, math.nan)))


def test_names_come_once_in_order_and_can_be_given_values():
    expression = ("*", "cap", ("tanh", ("/", "scores", "cap")))
    assert names(expression) == ("cap", "scores")
    assert substitute(expression, {"cap": 2.0}) == ("*", 2.0, ("tanh", ("/", "scores", 2.0)))


def test_a_long_sum_is_folded_into_its_ends_and_a_subtotal():
    assert write(fold("+", [1, 2, 3, 4, 5, 6], 3)) == "1 + 2 + (3 more: 12.0) + 6"
    assert fold("+", [1, 2, 3], 3) == ("+", 1, 2, 3)
    assert fold("+", [1, 2, 3], None) == ("+", 1, 2, 3)
    assert write(fold("max", [9, 2, 3, 4], 1)) == "max(9, (2 more: 3.0), 4)"


EQUATED = {
    "enough digits": (("*", 1.00005, 1.00005), 1.0001, "1.00005 × 1.00005 = 1.0001"),
    # 0.00005 at six decimals would still do, but 0.12345651 × 1000000 needs all eight.
    "more digits where they are needed": (("*", 0.12345651, 1000.0), 123.45651, "0.1234565 × 1000 = 123.4565"),
    "rounding that no digits explain": (("+", 0.1, 0.2), 0.3001, "0.1 + 0.2 ≈ 0.3001"),
    "overflow": (("*", 1e38, 1e38), math.inf, "1e+38 × 1e+38 = 1.0000e+76, too large for float32, so ∞"),
    "nan": (("-", math.inf, math.inf), math.nan, "∞ − ∞ = NaN"),
    "zero that cancels": (("-", 0.25, 0.25), 0.0, "0.25 − 0.25 = 0"),
    "a truth value": (("where", True, 0.5, -math.inf), 0.5, "0.5 if True else −∞ = 0.5000"),
}


@pytest.mark.parametrize(("expression", "value", "text"), EQUATED.values(), ids=EQUATED)
def test_an_equation_is_true_as_shown_or_says_that_it_is_not_quite(expression, value, text):
    assert equate(expression, value, 4) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0.5, "0.5"), (2, "2"), (2.0, "2"), (-1, "−1"), (0.7, "0.7"), (1e-4, "0.0001"), (1e-5, "1e−05"), (-2.5e-10, "−2.5e−10")],
        *[(1e6, "1000000"), (1e16, "1e+16"), (-1e300, "−1e+300"), (0.1 + 0.2, "0.30000000000000004"), (0.0, "0"), (-0.0, "0")],
        *[(math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "NaN"), (True, "True"), (False, "False")],
    ],
)
def test_a_constant_is_written_as_it_was_given(value, text):
    assert format_constant(value) == text
