"""One table of options: what a line asks for is what the saved cell asks for again."""

import dataclasses

import pytest

from attn_magic import attend
from attn_magic.exports.magic_cell import to_cell
from attn_magic.magic_line import read_line
from attn_magic.options import CONTROLS, LOOKS, OPTIONS, Options, Request, Variable
from attn_magic.origin import origin
from tests.traces import INDIAN

OTHERS = {"seed": 7, "mask": "causal", "scale": False, "col_dim": 0, "weights": "identity", "temperature": 0.7}  # than the defaults


def test_every_option_that_changes_numbers_is_tried():
    assert OTHERS.keys() == {field.name for field in dataclasses.fields(Options)} - LOOKS
    assert all(value != getattr(Options, name) for name, value in OTHERS.items())


@pytest.mark.parametrize("name", OTHERS)
def test_the_saved_cell_writes_every_option_or_says_that_it_came_from_python(name):
    trace = attend(INDIAN, **{name: OTHERS[name]})
    line, *rest = to_cell(trace).splitlines()
    asked = read_line(line.removeprefix("%%attention"))
    if any(option.flags for option in OPTIONS if option.name == name):
        assert asked[name] == OTHERS[name]
        assert not any(text.startswith("#") for text in rest)
    else:
        assert f"# The {name} came from Python: attend(…, {name}={OTHERS[name]})." in rest


@pytest.mark.parametrize("name", ["mask", "weights"])
def test_what_has_no_name_is_said_to_come_from_python(name):
    given = {"mask": [[True, False, True]] * 3, "weights": {"W_q": [[1, 2]], "W_k": [[3, 4]], "W_v": [[5, 6]]}}
    line, *rest = to_cell(attend(INDIAN, **{name: given[name]})).splitlines()
    assert line == "%%attention --seed 42"
    assert rest[0] == f"# The {name} came from Python: attend(…, {name}=…)."


def test_a_file_says_every_option_that_changes_numbers():
    assert origin(attend(INDIAN)).keys() - {"attn_magic", "torch"} == OTHERS.keys()


def test_a_variable_called_as_a_choice_is_known_from_it():
    assert type(read_line("--weights identity")["weights"]) is str
    assert isinstance(read_line("--weights seeded")["weights"], Variable)


def test_controls_stand_in_their_order():
    assert list(CONTROLS) == ["mask", "scale", "temperature", "col_dim", "seed"]
    assert len({control.place for control in CONTROLS.values()}) == len(CONTROLS)


def test_choices_begin_with_what_is_so_anyway():
    for name, control in CONTROLS.items():
        if control.kind == "choice":
            assert next(iter(control.choices)) == getattr(Request, name)
