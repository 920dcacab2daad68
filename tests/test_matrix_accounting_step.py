"""The last step of the parser alone: whatever the steps before it have read, the numbers that were typed are the values."""

import pytest

from attn_magic.matrix.accounting import account_for_numbers
from attn_magic.matrix.body import read_body
from attn_magic.matrix.mistake import Mistake
from attn_magic.matrix.rows import Reading
from attn_magic.matrix.words import are_enumerated, find_loose_number

ADVICE = "Put quotes around a label that holds a number, a comment on a line of its own, and the same separator between any two cells."


def account(text: str, values: tuple[tuple[float, ...], ...], **said: object) -> None:
    account_for_numbers(Reading(read_body(text), values, **said))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2\n3 4", ((1.0, 2.0), (3.0, 4.0))),
        ("[[1, - 2], [3e0, 0x4]]", ((1.0, -2.0), (3.0, 4.0))),
        ("array([[np.float64(1.5), 2]])", ((1.5, 2.0),)),
        ("1_000 −2 1d3", ((1000.0, -2.0, 1000.0),)),
        ("-0.0 0.0", ((-0.0, 0.0),)),
    ],
)
def test_what_was_read_as_it_was_typed_is_kept(text: str, values: tuple[tuple[float, ...], ...]) -> None:
    account(text, values)


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("1 2 3", ((1.0, 2.0),), "3"),
        ("1 2", ((2.0, 1.0),), "1"),
        ("1 -2", ((1.0, 2.0),), "-2"),
        ("x 5 [[1, 2]]", ((1.0, 2.0),), "5"),
        ("1 2", ((1.0, 3.0),), "2"),
        ("0.0 1", ((-0.0, 1.0),), "0.0"),
        ("1 ²", ((1.0,),), "²"),
        ("-[1, 2]", ((1.0, 2.0),), "-["),
        ("1 2" + " 0" * 40_000 + " 7", ((1.0, 2.0, *[0.0] * 40_000),), "7"),  # behind the first piece that is read at once
    ],
)
def test_a_number_that_is_no_value_is_shown(text: str, values: tuple[tuple[float, ...], ...], left: str) -> None:
    with pytest.raises(Mistake) as caught:
        account(text, values)
    mistake = caught.value
    assert (mistake.code, mistake.headline, mistake.advice) == ("ambiguous", f'"{left}" would be left out of the matrix', ADVICE)
    assert text[mistake.start : mistake.end] == left


def test_a_value_that_nobody_typed_is_refused() -> None:
    with pytest.raises(Mistake) as caught:
        account("1 2", ((1.0, 2.0), (3.0, 4.0)))
    assert (caught.value.headline, caught.value.advice) == ("4 numbers would be read here, but only 2 are typed", ADVICE)


def test_a_label_is_no_place_to_hide_a_number() -> None:
    with pytest.raises(Mistake) as caught:
        account("am 2 3 4", ((3.0, 4.0),), labels=("am 2",), label_spans=[(0, 4)])
    assert caught.value.headline == '"am 2" can be a label, or a label and the number 2'
    account('"am 2" 3 4', ((3.0, 4.0),), labels=("am 2",), label_spans=[(0, 6)])
    account("d0 3 4", ((3.0, 4.0),), labels=("d0",), label_spans=[(0, 2)])


@pytest.mark.parametrize("label", ["d0", "tok12", "GPT2", "x_1", "<0x0A>", "a1b2", "I", "Ġ2", "[unused1]"])
def test_digits_of_a_word_are_no_number(label: str) -> None:
    assert find_loose_number(label) == ""


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("We1.16", "1.16"),
        ("layer 2", "2"),
        ("•1", "1"),
        ("a-2", "2"),
        ("x,5", ",5"),
        ("am 10 GB", "10"),
        ("#1", "1"),
        ("v1.2.3", "1.2"),
        ("(3)", "3"),
        ("w _4", "_4"),
    ],
)
def test_a_number_in_a_label_is_found(label: str, number: str) -> None:
    assert find_loose_number(label) == number


@pytest.mark.parametrize(
    ("labels", "are"),
    [
        (["layer 1", "layer 2"], True),
        (["layer_9", "layer_10", "layer_11"], True),
        (["dim-0", "dim-1"], True),
        (["layer 1"], False),
        (["layer 1", "layer 3"], False),
        (["layer 2", "layer 1"], False),
        (["layer 1", "step 2"], False),
        (["layer 1.0", "layer 2.0"], False),
        (["x[0]", "x[1]"], False),
        (["layer 1 2", "layer 2 2"], False),
    ],
)
def test_counters_behind_one_word(labels: list[str], are: bool) -> None:
    assert are_enumerated(labels) is are
