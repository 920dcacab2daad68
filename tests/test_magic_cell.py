"""The cell that makes a trace again."""

import pandas as pd
import pytest
import torch

from attn_magic import attend, parse_matrix
from attn_magic.exports.magic_cell import quote_label, to_cell
from tests.kinds import KINDS
from tests.traces import INDIAN


def read(cell: str):
    line, _, body = cell.partition("\n")
    assert line.startswith("%%attention ")
    return parse_matrix(body)


def test_it_is_what_somebody_would_type():
    trace = attend(INDIAN, tokens="I am Indian", mask="causal", scale=False, col_dim=0, seed=7, weights="identity")
    assert to_cell(trace) == (
        "%%attention --seed 7 --mask causal --no-scale --col-dim 0 --weights identity\n"
        "I       1.16   0.23\n"
        "am      0.57   1.36\n"
        "Indian  4.41  -2.16\n"
    )


def test_labels_that_are_no_plain_words_stand_in_quotes():
    assert to_cell(attend(INDIAN, tokens=["nan", "=1", 'say "a"'])) == (
        '%%attention --seed 42\n"token","dim 1","dim 2"\n"nan",1.16,0.23\n"\'=1",0.57,1.36\n"say ""a""",4.41,-2.16\n'
    )


def test_labels_that_are_numbers_stand_in_quotes_below_their_name():
    trace = attend(INDIAN, tokens=["2024", "-1", "1e5"])
    assert to_cell(trace) == '%%attention --seed 42\n"token","dim 1","dim 2"\n"2024",1.16,0.23\n"\'-1",0.57,1.36\n"1e5",4.41,-2.16\n'
    assert read(to_cell(trace)).labels == ("2024", "-1", "1e5")


def test_named_columns_make_it_csv():
    trace = attend(pd.DataFrame(INDIAN, index=["I", "am", "Indian"], columns=["x", "y z"]))
    assert to_cell(trace) == '%%attention --seed 42\n"token","x","y z"\n"I",1.16,0.23\n"am",0.57,1.36\n"Indian",4.41,-2.16\n'
    assert read(to_cell(trace)).columns == ("x", "y z")


def test_a_word_too_long_for_a_column_makes_it_csv():
    assert to_cell(attend(INDIAN, tokens=["a" * 40, "b", "c"])).splitlines()[2:4] == [f'"{"a" * 40}",1.16,0.23', '"b",0.57,1.36']


def test_names_that_nobody_gave_are_left_out():
    assert to_cell(attend(INDIAN)) == "%%attention --seed 42\n1.16   0.23\n0.57   1.36\n4.41  -2.16\n"


def test_what_came_from_python_is_said_in_a_comment():
    cell = to_cell(attend(INDIAN, mask=torch.eye(3).bool(), weights=dict.fromkeys(["W_q", "W_k", "W_v"], torch.eye(2))))
    assert cell.splitlines()[1:3] == ["# The mask came from Python: attend(…, mask=…).", "# The weights came from Python: attend(…, weights=…)."]
    assert read(cell).values == read(to_cell(attend(INDIAN))).values


def test_stages_put_together_by_hand_have_none():
    assert to_cell(KINDS["two heads"]()) is None


@pytest.mark.parametrize("options", ["", "--mask causal", "--no-scale", "--col-dim 0", "--weights identity", "--seed 7"])
def test_running_it_gives_the_same_output(run, options):
    """Through IPython, as a reader would."""
    first = run(f"%%attention {options}\nI 1.16 0.23\nam 0.57 1.36\nIndian 4.41 -2.16")
    again = run(to_cell(first))
    assert torch.equal(again.output, first.output)
    assert again.tokens == first.tokens
    assert again.options == first.options


def test_a_quoted_label_is_one_line_of_printable_text():
    assert quote_label("a\r\nb\x1b[0m\u202e") == '"a\\x0d\\x0ab\\x1b[0m\\u202e"'
