"""The kernel side of the live view: what it tells the page, what it computes when the page asks, and that nothing of it stays behind."""

import gc
import json
import math
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from attn_magic.attention import attend
from attn_magic.equations import Elementwise
from attn_magic.errors import InputError, TraceError
from attn_magic.experiment import EDITABLE, MAX_STEPS, experiment_of, read_number
from attn_magic.explorer import widget as explorer_module
from attn_magic.explorer.serialize import MAX_BYTES, serialize_record, serialize_values
from attn_magic.explorer.widget import MAX_NAMELESS, Explorer, close_all, explore_in_cell
from attn_magic.exports.csv import to_csv
from attn_magic.exports.latex import stage_to_latex
from attn_magic.exports.markdown import stage_to_markdown
from attn_magic.exports.torch_script import to_code
from attn_magic.matrix import parse_matrix
from attn_magic.notices import Notice
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.figure import picture

from .traces import INDIAN, cross_attention_with_softcap, grouped_queries

PAYLOADS = json.loads((Path(__file__).parent / "data" / "label_payloads.json").read_text(encoding="utf-8"))["payloads"]
LABELS = [payload["label"] if "label" in payload else "".join(text * times for text, times in payload["label_parts"]) for payload in PAYLOADS]


@dataclass
class Wire:
    """The other end of every widget: what was sent, and which comms are open."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    open: set[str] = field(default_factory=set)

    def create_comm(self, **opening: Any) -> "FakeComm":
        comm_id = opening.get("comm_id") or f"comm-{len(self.messages) + 1}"
        self.messages.append({**opening, "comm_id": comm_id})
        return FakeComm(self, comm_id)

    def custom(self) -> list[dict[str, Any]]:
        """The answers to the page's requests."""
        return [message["data"]["content"] for message in self.messages if message["data"].get("method") == "custom"]

    def updates(self) -> list[dict[str, Any]]:
        return [message["data"] for message in self.messages if message["data"].get("method") == "update"]


# ipywidgets 7 makes its comms itself and takes none but ipykernel's.
OLD_COMM = getattr(ipywidgets.widgets.widget, "Comm", None)


class FakeComm(OLD_COMM or object):
    kernel = "a kernel"

    def __init__(self, wire: Wire, comm_id: str) -> None:
        self.wire, self.comm_id = wire, comm_id
        wire.open.add(comm_id)

    def on_msg(self, callback: Any) -> None:
        self.callback = callback

    def send(self, **message: Any) -> None:
        self.wire.messages.append({**message, "comm_id": self.comm_id})

    def close(self, deleting: bool = False) -> None:
        self.wire.open.discard(self.comm_id)


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    if OLD_COMM is None:
        monkeypatch.setattr("comm.create_comm", wire.create_comm)
    else:
        monkeypatch.setattr(ipywidgets.widgets.widget, "Comm", wire.create_comm)
    yield wire
    close_all()
    ipywidgets.Widget.close_all()


@pytest.fixture
def trace() -> AttentionTrace:
    return attend(INDIAN, tokens="I am Indian")


@pytest.fixture
def explorer(wire, trace) -> Explorer:
    return Explorer(trace)


def receive(explorer: Explorer, content: Any) -> None:
    """What arrives from the browser, the way it arrives."""
    explorer._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def edit(stage: str, row: int, column: int, text: str) -> dict[str, Any]:
    return {"kind": "edit", "cells": [{"stage": stage, "row": row, "column": column, "head": None, "text": text}]}


def option(name: str, value: object) -> dict[str, Any]:
    return {"kind": "option", "name": name, "value": value}


def toggle(row: int, column: int, stage: str = "scores") -> dict[str, Any]:
    return {"kind": "toggle", "stage": stage, "row": row, "column": column}


def read_stage(record: dict[str, Any], values: bytes, name: str) -> np.ndarray:
    """The numbers of a stage as a page reads them."""
    stage = next(stage for stage in record["stages"] if stage["name"] == name)
    count = math.prod(stage["shape"])
    if not stage["mask"]:
        return np.frombuffer(values, "<f4", count, stage["offset"]).reshape(stage["shape"])
    packed = np.frombuffer(values, "u1", (count + 7) // 8, stage["offset"])
    return np.unpackbits(packed, count=count, bitorder="little").reshape(stage["shape"])


def assert_same(explorer: Explorer, expected: AttentionTrace) -> None:
    """The explorer shows exactly what `attend` computes."""
    record = json.loads(explorer.record)
    assert [stage["name"] for stage in record["stages"]] == [stage.name for stage in expected]
    for stage in expected:
        assert torch.equal(explorer.trace[stage.name].value, stage.value)
        np.testing.assert_array_equal(read_stage(record, explorer.values, stage.name), stage.value.numpy())


# The record


def test_a_record_holds_all_that_a_view_needs(trace):
    record = json.loads(serialize_record(trace))
    assert record["tokens"] == ["I", "am", "Indian"]
    assert record["options"] == {"seed": 42, "mask": "none", "scale": True, "col_dim": 1, "weights": "seeded", "temperature": 1.0}
    assert record["check"].startswith("agrees with torch to ")
    assert (record["precision"], record["nonfinite"], record["notices"]) == (4, None, [])
    assert record["can"] == {"edit": [], "mask": False, "options": [], "undo": False, "redo": False, "reset": False}
    scores = next(stage for stage in record["stages"] if stage["name"] == "scores")
    assert scores["rows"] == {"name": "query", "labels": "tokens"}
    assert scores["equation"] == {"kind": "contraction", "indices": "ik,jk->ij", "operands": ["query", "key"]}
    assert (scores["act"], scores["symbol"], scores["shape"], scores["mask"], scores["heads"]) == ("Compare", "QKᵀ", [3, 3], False, None)


@pytest.mark.parametrize("make", [lambda: attend(INDIAN, mask="causal", temperature=2), cross_attention_with_softcap], ids=["attend", "heads"])
def test_every_number_is_in_the_values(make):
    trace = make()
    record, values = json.loads(serialize_record(trace)), serialize_values(trace)
    for stage in trace:
        np.testing.assert_array_equal(read_stage(record, values, stage.name), stage.value.numpy())
    assert len(values) == sum((stage.value.numel() + 7) // 8 if stage.is_mask else stage.value.numel() * 4 for stage in trace)


def test_a_record_has_no_number_that_json_lacks():
    axis = Axis("row", ("a", "b"))
    given = Stage("x", "X", "X", "Act", "", torch.tensor([[math.nan, math.inf], [-math.inf, 1.0]]), axis, axis)
    equation = Elementwise(("where", ("*", "x", "cap"), -math.inf, math.nan), {"cap": math.inf})
    record = json.loads(serialize_record(AttentionTrace((given, replace(given, name="y", equation=equation)), ("a", "b"))))
    assert record["stages"][1]["equation"] == {
        "kind": "elementwise",
        "expression": ["where", ["*", "x", "cap"], ["number", "-inf"], ["number", "nan"]],
        "constants": {"cap": ["number", "inf"]},
    }
    assert record["nonfinite"] == {"stage": "x", "place": [0, 0]}


@given(st.lists(st.text(st.characters()), min_size=3, max_size=3))
@settings(max_examples=50)
def test_labels_survive_as_inert_ascii(labels):
    text = serialize_record(attend(INDIAN, tokens=labels))
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text)["tokens"] == labels


@pytest.mark.parametrize("label", LABELS, ids=[payload["id"] for payload in PAYLOADS])
def test_known_payloads_survive_as_inert_ascii(label):
    text = serialize_record(replace(attend(INDIAN, tokens=[label, "am", label]), notices=(Notice("test", label),)))
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text)["tokens"] == [label, "am", label]


def test_a_lone_surrogate_reaches_the_browser(wire):
    explorer = Explorer(attend(INDIAN, tokens=["\ud800", "am", "Indian"]))
    receive(explorer, {"request": 1, **edit("token_encodings", 0, 0, "\udfff")})
    for message in wire.messages:
        json.dumps(message["data"], ensure_ascii=False, default=repr).encode("utf-8")


def test_a_long_seed_is_not_rounded():
    assert json.loads(serialize_record(attend(INDIAN, seed=2**64 - 1)))["options"]["seed"] == "18446744073709551615"


def test_what_is_too_long_to_hold_is_refused_in_words(wire):
    with pytest.raises(TraceError, match=r"^The explorer would have to hold 13\.3 MB for all stages of 1,000 × 64; its limit is 8 MB\. Take part"):
        Explorer(attend(torch.ones(1000, 64)))
    assert not wire.open


def test_512_tokens_of_64_features_fit():
    x = torch.linspace(-1, 1, 512 * 64).reshape(512, 64)
    causal, most = attend(x, mask="causal"), attend(x, mask="causal", temperature=2)
    assert len(serialize_record(causal)) + len(serialize_values(causal)) <= 5_000_000
    assert len(serialize_record(most)) + len(serialize_values(most)) <= MAX_BYTES


# The widget


def test_opening_takes_two_messages_and_little_room(wire, trace):
    explorer = Explorer(trace)
    state = wire.messages[-1]["data"]["state"]
    assert len(wire.messages) == 2  # the layout and the explorer
    assert (
        len(json.dumps({name: value for name, value in state.items() if name not in ("_esm", "_stylesheet", "values")})) + len(explorer.values)
        < 25_000
    )
    assert (explorer.step, explorer.focus, explorer.trace) == (len(trace) - 1, None, trace)


def test_the_module_is_read_once_and_is_no_file_that_is_watched(explorer, trace):
    again = Explorer(trace)
    assert again._esm is explorer._esm
    assert type(again) is Explorer  # and no class made for this one widget


CONTROLS_ON_A_PAGE = [
    {"name": "mask", "label": "Mask", "kind": "choice", "choices": [["none", "none"], ["causal", "causal"], ["given", "by hand"]]},
    {"name": "scale", "label": "Scale", "kind": "choice", "choices": [[True, "÷ √d_k"], [False, "off"]]},
    {"name": "temperature", "label": "Temperature", "kind": "temperature", "choices": []},
    {"name": "col_dim", "label": "Softmax over", "kind": "choice", "choices": [[1, "rows"], [0, "columns"]]},
    {"name": "seed", "label": "Seed", "kind": "seed", "choices": []},
]


def test_the_record_says_what_can_be_copied(explorer):
    names = {copy["name"]: (copy["label"], copy["ending"], copy["ofStage"]) for copy in json.loads(explorer.record)["copies"]}
    assert names == {
        "pytorch": ("PyTorch", ".py", False),
        "latex": ("LaTeX", ".tex", True),
        "markdown": ("Markdown", ".md", True),
        "csv": ("CSV", ".csv", True),
        "png": ("PNG", ".png", True),
        "svg": ("SVG", ".svg", True),
    }


def test_the_record_says_what_can_be_done(explorer):
    record = json.loads(explorer.record)
    assert record["can"] == {
        "edit": ["token_encodings", "W_q", "W_k", "W_v"],
        "mask": True,
        "options": CONTROLS_ON_A_PAGE,
        "undo": False,
        "redo": False,
        "reset": False,
    }
    assert record["maskStage"] is None


def test_trace_makes_explorers_that_go_into_boxes(wire, trace):
    one, other = trace.explorer(), trace.explorer()
    assert one is not other
    assert ipywidgets.HBox([one, ipywidgets.Tab([other])]).children[0] is one


def test_focus_is_set_in_several_ways(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "focus")
    for focus in [("scores", 2, 0), {"stage": "scores", "row": 1, "column": 1}, ["query", 0, np.int64(1), None], None]:
        explorer.focus = focus
    assert seen == [
        {"stage": "scores", "row": 2, "column": 0, "head": None},
        {"stage": "scores", "row": 1, "column": 1, "head": None},
        {"stage": "query", "row": 0, "column": 1, "head": None},
        None,
    ]


@pytest.mark.parametrize(
    ("focus", "text"),
    [
        (("scores", 3, 0), "Stage 'scores' has no row 3: its 3 rows count from 0 to 2."),
        (("scores", 0, -1), "Stage 'scores' has no column -1: its 3 columns count from 0 to 2."),
        (("scores", 0, 0, 1), "Stage 'scores' has no heads: leave the head out."),
        (("scores", 0, 1.5), "'float' object cannot be interpreted as an integer"),
        ("scores", "The focus is 'scores', but it is None or a stage, a row and a column, as in ('scores', 2, 0)."),
        ({}, "The focus is {}, but it is None or a stage, a row and a column, as in ('scores', 2, 0)."),
    ],
)
def test_a_wrong_focus_is_refused(explorer, focus, text):
    explorer.focus = ("scores", 2, 0)
    with pytest.raises(TraitError) as error:
        explorer.focus = focus
    assert str(error.value) == text
    assert explorer.focus == {"stage": "scores", "row": 2, "column": 0, "head": None}


def test_a_focus_on_an_unknown_stage_names_the_closest(explorer):
    with pytest.raises(TraitError, match=r"This trace has no stage 'scors'\. Did you mean 'scores'\?"):
        explorer.focus = ("scors", 0, 0)


def test_a_stage_of_heads_needs_one(wire):
    explorer = Explorer(cross_attention_with_softcap())
    with pytest.raises(TraitError, match="Stage 'scores' has 2 heads: say which one, as in"):
        explorer.focus = ("scores", 0, 3)
    explorer.focus = ("scores", 0, 3, 1)
    assert explorer.focus == {"stage": "scores", "row": 0, "column": 3, "head": 1}


def test_the_head_of_a_focus_is_one_of_its_stage(wire):
    explorer = Explorer(grouped_queries())
    explorer.focus = ("scores", 0, 0, 3)
    explorer.focus = ("key", 0, 0, 1)
    assert explorer.focus == {"stage": "key", "row": 0, "column": 0, "head": 1}
    with pytest.raises(TraitError, match=r"Stage 'key' has no head 3: its 2 heads count from 0 to 1\."):
        explorer.focus = ("key", 0, 0, 3)


def test_a_wrong_step_is_refused(explorer):
    explorer.step = 0
    with pytest.raises(TraitError, match=r"The step is 11, but this trace has 11 stages, counted from 0 to 10\."):
        explorer.step = 11
    assert explorer.step == 0


def test_the_trace_is_read_only(explorer, trace):
    with pytest.raises(TraitError, match='The "trace" trait is read-only'):
        explorer.trace = trace


def test_a_place_that_is_gone_is_corrected_in_the_browser(explorer, wire, capsys):
    explorer._handle_msg(
        {"content": {"data": {"method": "update", "state": {"focus": {"stage": "mask", "row": 0, "column": 0, "head": None}}}}, "buffers": []}
    )
    assert explorer.focus is None
    assert wire.updates()[-1]["state"] == {"focus": None, "step": 10}
    assert capsys.readouterr() == ("", "")


# Experiments


def test_an_edited_cell_is_computed_by_attend(explorer, wire):
    receive(explorer, {"request": 7, **edit("token_encodings", 0, 1, " −1.5 ")})
    assert_same(explorer, attend([[1.16, -1.5], *INDIAN[1:]], tokens="I am Indian"))
    assert wire.custom() == [{"request": 7, "ok": True, "text": ""}]
    assert json.loads(explorer.record)["can"]["undo"]


def test_record_and_values_travel_together(explorer, wire):
    receive(explorer, {"request": 1, **edit("token_encodings", 0, 1, "-1.5")})
    (update,) = wire.updates()
    assert {*update["state"], *(path[0] for path in update["buffer_paths"])} == {"record", "values"}


def test_every_change_of_values_is_a_change_of_the_record(explorer):
    """The page looks for new values when the record changes; the words alone would often stay the same."""
    records = set()
    for text in ("1.5", "1.25", "1.5"):
        explorer.answer(edit("W_k", 1, 1, text))
        records.add(explorer.record)
    assert len(records) == 3


def test_an_edited_weight_keeps_the_others(explorer, trace):
    explorer.answer(edit("W_q", 1, 0, "0.5"))
    weights = {name: trace[name].value.clone() for name in ("W_q", "W_k", "W_v")}
    weights["W_q"][1, 0] = 0.5
    assert_same(explorer, attend(INDIAN, tokens="I am Indian", weights=weights))
    assert explorer.trace.options.weights == "given"


def test_a_pasted_block_is_taken_whole(explorer):
    cells = [cell for row in (0, 1) for column in (0, 1) for cell in edit("token_encodings", row, column, f"{row}.{column}")["cells"]]
    assert explorer.answer({"kind": "edit", "cells": cells})["ok"]
    assert_same(explorer, attend([[0, 0.1], [1, 1.1], INDIAN[2]], tokens="I am Indian"))


def test_a_pasted_block_with_a_mistake_is_refused_whole(explorer, trace):
    cells = [*edit("W_v", 0, 0, "1")["cells"], *edit("W_v", 0, 1, "one")["cells"], *edit("W_v", 0, 2, "3")["cells"]]
    assert explorer.answer({"kind": "edit", "cells": cells}) == {
        "ok": False,
        "text": '"one" is a name, not a number. Type a number, like 3, -0.5 or 1e-3. 1 other cell is refused, too.',
        "cells": [
            {"stage": "W_v", "row": 0, "column": 1, "text": '"one" is a name, not a number. Type a number, like 3, -0.5 or 1e-3.'},
            {"stage": "W_v", "row": 0, "column": 2, "text": "W_v has 2 columns, so there is no column 3."},
        ],
    }
    assert explorer.trace is trace


@pytest.mark.parametrize("text", ["3", "-0.5", "1e-3", " 2 ", "−1.2346e−08", "1_000", "0x10", "１.５", "np.float64(2.5)", "+ 3", "1d2"])
def test_a_cell_reads_what_the_matrix_parser_reads(text):
    assert read_number(text)[0] == parse_matrix(f"[[{text}]]").values[0][0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "A number is missing. Every cell needs a number: type 0 if you mean zero, or leave out the whole row."),
        ("nan", '"nan" is not a finite number. Attention needs finite numbers: one NaN or infinity would spread through its whole row.'),
        ("1e39", '"1e39" is too large: float32 ends at about 3.4e38. Divide all numbers by the same factor.'),
        ("1 2", '"1 2" is more than one number in one cell. Put a separator between all cells, the same everywhere.'),
        ("2+2", '"2+2" is an expression, not a number. Nothing is calculated here: type the result as a number.'),
        ("print(1)", '"print" is a function call, and functions are never called here. Type a number, like 3, -0.5 or 1e-3.'),
        (
            "1\x00",
            "There is an invisible character here, U+0000 NUL. What is seen would not be what is read. Delete it, or copy the numbers as plain text.",
        ),
        ("1" * 2000, "This text has 2,000 characters. A cell holds one number, like 3, -0.5 or 1e-3."),
    ],
)
def test_a_text_that_is_no_number_is_refused_in_words(text, why):
    with pytest.raises(InputError) as error:
        read_number(text)
    assert str(error.value) == why


@given(st.text())
@settings(max_examples=200)
def test_any_text_is_a_finite_number_or_is_refused(text):
    try:
        number, _ = read_number(text)
    except InputError:
        return
    assert math.isfinite(number)
    assert number == torch.tensor(number).item()


def test_what_rounding_changes_is_said(explorer):
    assert explorer.answer(edit("token_encodings", 0, 0, "16777217"))["text"] == (
        '"16777217" is not exact in float32, which holds every whole number only up to 16,777,216.'
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("mask", "causal", {"mask": "causal"}),
        ("scale", False, {"scale": False}),
        ("temperature", 2.5, {"temperature": 2.5}),
        ("temperature", "0.5", {"temperature": 0.5}),
        ("col_dim", 0, {"col_dim": 0}),
        ("seed", 7, {"seed": 7}),
        ("seed", "18446744073709551615", {"seed": 2**64 - 1}),
    ],
)
def test_an_option_is_computed_by_attend(explorer, name, value, expected):
    assert explorer.answer(option(name, value)) == {"ok": True, "text": ""}
    assert_same(explorer, attend(INDIAN, tokens="I am Indian", **expected))
    assert json.loads(explorer.record)["options"][name] == (str(expected[name]) if expected[name] == 2**64 - 1 else expected[name])


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("mask", "future", "The mask is 'future', but it is one of none; causal; given."),
        ("scale", "yes", "The scaling is 'yes', but it is one of on; off."),
        ("temperature", 0, "The temperature is 0, but it has to be a finite number above 0."),
        ("temperature", True, "The temperature is True, but it has to be a finite number above 0."),
        ("temperature", None, "The temperature is None, but it has to be a finite number above 0."),
        ("temperature", "warm", '"warm" is a name, not a number. Type a number, like 3, -0.5 or 1e-3.'),
        ("col_dim", 2, "The softmax's direction is 2, but it is one of 1, along the rows; 0, down the columns."),
        ("seed", 2**64, "The seed is 18446744073709551616, but seeds go from −2⁶³ to 2⁶⁴ − 1."),
        ("seed", "4.5", "The seed is '4.5', but seeds are whole numbers from −2⁶³ to 2⁶⁴ − 1."),
        ("colour", "red", "There is no option 'colour' to change here, but mask, scale, temperature, col_dim, seed."),
    ],
)
def test_an_option_that_does_not_fit_is_refused_in_words(explorer, trace, name, value, why):
    assert explorer.answer(option(name, value)) == {"ok": False, "text": why, "cells": []}
    assert explorer.trace is trace


def test_another_seed_replaces_edited_weights_and_says_so(explorer):
    explorer.answer(edit("W_q", 0, 0, "1"))
    edited = explorer.trace
    assert explorer.answer(option("seed", 7))["text"] == "New weights were drawn with seed 7 in place of the given ones. Undo brings those back."
    assert_same(explorer, attend(INDIAN, tokens="I am Indian", seed=7))
    explorer.answer({"kind": "undo"})
    assert_same(explorer, edited)


def test_identity_weights_stay_until_they_are_edited(wire):
    explorer = Explorer(attend(INDIAN, weights="identity"))
    explorer.answer(option("scale", False))
    assert explorer.trace.options.weights == "identity"
    explorer.answer(edit("W_v", 0, 0, "2"))
    assert explorer.trace.options.weights == "given"
    assert explorer.trace.W_v.tolist() == [[2, 0], [0, 1]]


def test_a_click_without_a_mask_hides_one_key_from_one_query(explorer):
    allowed = torch.ones(3, 3, dtype=torch.bool)
    allowed[0, 2] = False
    assert explorer.answer(toggle(0, 2))["ok"]
    assert_same(explorer, attend(INDIAN, tokens="I am Indian", mask=allowed))
    assert json.loads(explorer.record)["maskStage"] == "mask"


def test_clicks_on_a_mask_turn_its_cells(explorer):
    explorer.answer(option("mask", "causal"))
    explorer.answer(toggle(2, 0, "mask"))
    assert explorer.trace.options.mask == "given"
    assert explorer.trace.mask.tolist() == [[True, False, False], [True, True, False], [False, True, True]]
    explorer.answer(toggle(2, 0, "mask"))
    assert (explorer.trace.options.mask, explorer.trace.mask.tolist()) == ("given", torch.ones(3, 3).tril().bool().tolist())


@pytest.mark.parametrize(("chosen", "pattern"), [("none", torch.ones(3, 3)), ("causal", torch.ones(3, 3).tril())])
def test_a_mask_by_hand_begins_as_the_one_that_is_shown(explorer, chosen, pattern):
    explorer.answer(option("mask", chosen))
    assert explorer.answer(option("mask", "given"))["ok"]
    assert_same(explorer, attend(INDIAN, tokens="I am Indian", mask=pattern.bool()))
    assert json.loads(explorer.record)["options"]["mask"] == "given"
    explorer.answer(toggle(2, 1, "mask"))
    pattern[2, 1] = 0
    assert torch.equal(explorer.trace.mask, pattern.bool())
    explorer.answer({"kind": "undo"})
    explorer.answer({"kind": "undo"})
    assert explorer.trace.options.mask == chosen
    explorer.answer({"kind": "redo"})
    assert explorer.trace.options.mask == "given"
    explorer.answer({"kind": "reset"})
    assert "mask" not in explorer.trace


def test_an_own_mask_is_kept_while_another_is_chosen(explorer):
    explorer.answer(toggle(0, 1))
    own = explorer.trace.mask
    explorer.answer(option("mask", "none"))
    assert "mask" not in explorer.trace
    explorer.answer(option("mask", "given"))
    assert torch.equal(explorer.trace.mask, own)


def test_only_queries_and_keys_are_masked(explorer):
    assert explorer.answer(toggle(0, 0, "query"))["text"] == "query is query × d_k, but a mask hides keys from queries."


def test_what_is_computed_cannot_be_edited(explorer):
    why = "'output' is computed: change what it is made from, token_encodings, W_q, W_k, W_v."
    assert explorer.answer(edit("output", 0, 0, "1"))["text"] == why


def test_undo_and_redo_walk_through_every_change(explorer, trace):
    traces = [trace]
    for wish in (
        edit("token_encodings", 0, 0, "2"),
        option("mask", "causal"),
        toggle(1, 2, "mask"),
        option("temperature", 0.5),
        edit("W_v", 0, 1, "3"),
    ):
        explorer.answer(wish)
        traces.append(explorer.trace)
    for expected in reversed(traces[:-1]):
        assert explorer.answer({"kind": "undo"})["ok"]
        assert_same(explorer, expected)
    assert explorer.answer({"kind": "undo"})["text"] == "There is nothing to undo."
    for expected in traces[1:]:
        assert explorer.answer({"kind": "redo"})["ok"]
        assert_same(explorer, expected)
    assert explorer.answer({"kind": "redo"})["text"] == "There is nothing to redo."


def test_a_new_change_forgets_what_was_undone(explorer):
    explorer.answer(option("seed", 1))
    explorer.answer({"kind": "undo"})
    explorer.answer(option("seed", 2))
    can = json.loads(explorer.record)["can"]
    assert (can["undo"], can["redo"]) == (True, False)


def test_reset_returns_to_what_was_typed_and_can_be_undone(explorer, trace):
    explorer.answer(option("seed", 1))
    explorer.answer({"kind": "reset"})
    assert explorer.trace is trace
    assert not json.loads(explorer.record)["can"]["reset"]
    explorer.answer({"kind": "undo"})
    assert explorer.trace.options.seed == 1


def test_a_change_that_changes_nothing_is_no_step(explorer, trace):
    for wish in (edit("token_encodings", 0, 0, "1.16"), option("mask", "none"), option("seed", 42), {"kind": "reset"}):
        assert explorer.answer(wish)["ok"]
    assert explorer.trace is trace
    assert not json.loads(explorer.record)["can"]["undo"]


def test_history_is_bounded(explorer):
    for seed in range(MAX_STEPS + 5):
        explorer.answer(option("seed", seed))
    for _ in range(MAX_STEPS):
        assert explorer.answer({"kind": "undo"})["ok"]
    assert not explorer.answer({"kind": "undo"})["ok"]


def test_what_was_asked_for_stays(wire):
    matrix = parse_matrix("token feature other\nI 1.16 0.23\nam 0.57 1.36\nIndian 4.41 −2.16")
    trace = attend(matrix)
    trace = replace(trace, options=replace(trace.options, precision=2, view="widget"))
    explorer = Explorer(trace)
    explorer.answer(option("seed", 7))
    assert (explorer.trace.tokens, explorer.trace.notices) == (trace.tokens, trace.notices)
    assert explorer.trace["token_encodings"].columns == trace["token_encodings"].columns
    assert (explorer.trace.options.precision, explorer.trace.options.view) == (2, "widget")


def test_a_result_beyond_float32_is_noticed_and_gone_after_undo(explorer):
    explorer.answer(edit("token_encodings", 0, 0, "3e38"))
    assert [notice.code for notice in explorer.trace.notices] == ["nonfinite"]
    assert json.loads(explorer.record)["nonfinite"]["stage"] == "scores"
    explorer.answer(edit("token_encodings", 0, 0, "1"))
    assert explorer.trace.notices == ()


def test_changes_of_the_users_own_tensors_reach_no_experiment(explorer, trace):
    before = trace.token_encodings.clone()
    explorer.answer(option("seed", 7))
    trace.token_encodings.zero_()
    explorer.answer(option("seed", 8))
    assert torch.equal(explorer.trace.token_encodings, before)


def test_focus_and_step_are_kept(explorer):
    explorer.focus, explorer.step = ("scaled_scores", 1, 0), 8
    explorer.answer(option("mask", "causal"))
    assert explorer.focus == {"stage": "scaled_scores", "row": 1, "column": 0, "head": None}
    assert explorer.trace.stages[explorer.step].name == "scaled_scores"


def test_focus_and_step_on_a_stage_that_vanishes(explorer):
    explorer.answer(option("mask", "causal"))
    explorer.focus, explorer.step = ("mask", 1, 0), 10
    explorer.answer(option("mask", "none"))
    assert explorer.focus is None
    assert explorer.trace.stages[explorer.step].name == "scaled_scores"


def test_everything_revealed_stays_everything(explorer):
    explorer.answer(option("mask", "causal"))
    assert explorer.step == len(explorer.trace) - 1 == 12


def test_observers_of_the_trace_see_the_new_state(explorer):
    seen = []
    explorer.observe(lambda change: seen.append((change["new"] is explorer.trace, json.loads(explorer.record)["options"]["seed"])), "trace")
    explorer.answer(option("seed", 7))
    assert seen == [(True, 7)]


def test_a_hand_built_trace_is_looked_at_only(wire):
    explorer = Explorer(cross_attention_with_softcap())
    record = json.loads(explorer.record)
    assert record["can"] == {"edit": [], "mask": False, "options": [], "undo": False, "redo": False, "reset": False}
    assert explorer.answer(option("seed", 7))["text"] == "This trace was put together by hand: how to compute it anew is not known."


def test_a_trace_with_another_stage_is_looked_at_only(trace):
    extra = replace(trace["output"], name="more", equation=None)
    assert experiment_of(replace(trace, stages=(*trace.stages, extra))) is None
    assert experiment_of(trace) is not None


@pytest.mark.parametrize(
    "options",
    [{}, {"mask": "causal"}, {"mask": torch.eye(3, dtype=torch.bool)}, {"scale": False}, {"temperature": 3}, {"col_dim": 0}, {"weights": "identity"}],
)
def test_an_experiment_that_changes_nothing_gives_the_same_trace(options):
    trace = attend(INDIAN, tokens="I am Indian", **options)
    again = experiment_of(trace).run()
    assert again.options == trace.options
    for stage in trace:
        assert torch.equal(again[stage.name].value, stage.value)


# Copies


def copying(what: str, stage: str | None = None) -> dict[str, Any]:
    return {"request": 5, "kind": "copy", "what": what, "stage": stage}


@pytest.mark.parametrize("make", [lambda: attend(INDIAN, mask="causal"), cross_attention_with_softcap], ids=["attend", "heads"])
@pytest.mark.parametrize(
    ("what", "write"),
    [
        ("latex", stage_to_latex),
        ("markdown", stage_to_markdown),
        ("csv", to_csv),
        ("pytorch", lambda trace, _: to_code(trace)),
        ("svg", lambda trace, stage: picture(trace, "svg", stages=[stage]).decode()),
    ],
)
def test_a_copy_is_what_python_writes(wire, make, what, write):
    explorer = Explorer(make())
    receive(explorer, copying(what, "masked_scores"))
    assert wire.custom() == [{"request": 5, "ok": True, "text": "", "copy": write(explorer.trace, "masked_scores")}]


def test_a_picture_is_copied_as_bytes(explorer, wire):
    receive(explorer, copying("png", "scores"))
    assert wire.custom() == [{"request": 5, "ok": True, "text": "", "copy": None}]
    assert wire.messages[-1]["buffers"] == [picture(explorer.trace, "png", stages=["scores"])]


def test_a_copy_is_of_what_is_shown_and_is_no_change(explorer, wire):
    explorer.answer(option("seed", 7))
    assert explorer.answer(copying("csv", "output"))["copy"] == to_csv(attend(INDIAN, tokens="I am Indian", seed=7), "output")
    explorer.answer({"kind": "undo"})
    assert explorer.trace.options.seed == 42


def test_a_copy_of_what_is_not_there_is_refused_in_words(explorer):
    assert explorer.answer(copying("latex", "scors"))["text"].startswith("This trace has no stage 'scors'. Did you mean 'scores'?")
    assert explorer.answer(copying("word", "scores"))["text"] == "There is no copy as 'word', but as pytorch, latex, markdown, csv, png, svg."


def test_a_copy_with_a_lone_surrogate_reaches_the_browser(wire):
    receive(Explorer(attend(INDIAN, tokens=["\ud800", "am", "Indian"])), copying("csv", "scores"))
    assert "\\ud800" in wire.custom()[0]["copy"]
    json.dumps(wire.messages[-1]["data"], ensure_ascii=False).encode("utf-8")


# Requests, threads and mistakes


@pytest.mark.parametrize(
    "message", [None, 3, "undo", [], {}, {"kind": "fly"}, {"kind": "edit", "cells": []}, {"kind": "edit", "cells": [3]}, {"kind": "toggle"}]
)
def test_a_message_that_says_nothing_is_answered(explorer, wire, trace, message):
    receive(explorer, message)
    (reply,) = wire.custom()
    assert not reply["ok"]
    assert reply["text"].startswith("This request ")
    assert explorer.trace is trace


@pytest.mark.parametrize("make", [lambda: attend(INDIAN), cross_attention_with_softcap], ids=["attend", "heads"])
def test_a_page_learns_that_a_kernel_is_there(wire, make):
    receive(Explorer(make()), {"request": -5, "kind": "hello"})
    assert wire.custom() == [{"request": -5, "ok": True, "text": ""}]
    assert wire.updates() == []


def test_a_failure_is_told_to_the_view(explorer, wire, trace, monkeypatch):
    def fail(*_):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(explorer_module, "serialize_values", fail)
    receive(explorer, {"request": 3, **option("seed", 7)})
    assert wire.custom() == [{"request": 3, "ok": False, "text": "This could not be computed: RuntimeError: out of luck", "cells": []}]
    assert explorer.trace is trace
    assert not json.loads(explorer.record)["can"]["undo"]


def test_an_interrupt_changes_nothing(explorer, wire, trace, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(explorer_module, "serialize_values", interrupt)
        with pytest.raises(KeyboardInterrupt):
            explorer_module._answer(explorer, {"request": 3, **option("seed", 7)}, [])
    assert wire.custom() == [{"request": 3, "ok": False, "text": "Interrupted before it was done: nothing has changed.", "cells": []}]
    assert explorer.trace is trace
    assert explorer.answer(option("seed", 7))["ok"]


def test_a_growing_experiment_stops_at_the_limit(wire, monkeypatch):
    explorer = Explorer(attend(INDIAN))
    monkeypatch.setattr("attn_magic.explorer.serialize.MAX_BYTES", len(explorer.values) + 30)
    assert explorer.answer(option("mask", "causal"))["text"].startswith("The explorer would have to hold ")
    assert explorer.trace.options.mask == "none"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_results_do_not_depend_on_the_thread_and_its_grad_mode(explorer, mode):
    def ask():
        with mode():
            explorer.answer(edit("W_q", 0, 0, "1"))
            assert torch.is_grad_enabled() == (mode is torch.enable_grad)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    explorer.answer(edit("W_q", 0, 1, "1"))
    for stage in explorer.trace:
        assert not stage.value.requires_grad
        assert not stage.value.is_inference()


def test_threads_take_turns_and_no_change_is_lost(explorer):
    wishes = [edit("token_encodings", row, column, f"{row}{column}") for row in range(3) for column in range(2)]
    threads = [threading.Thread(target=explorer.answer, args=(wish,)) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(explorer, attend([[0, 1], [10, 11], [20, 21]], tokens="I am Indian"))


def test_of_a_sliders_positions_only_the_latest_is_computed(explorer):
    answers: dict[float, Any] = {}

    def ask(temperature: float) -> None:
        answers[temperature] = explorer.answer(option("temperature", temperature))

    threads = []
    with explorer._lock:
        for temperature in (2.0, 3.0, 4.0):
            threads.append(threading.Thread(target=ask, args=(temperature,)))
            threads[-1].start()
            while explorer._latest != option("temperature", temperature):
                pass
    for thread in threads:
        thread.join()
    assert answers == {2.0: None, 3.0: None, 4.0: {"ok": True, "text": ""}}
    assert explorer.trace.options.temperature == 4


def test_nothing_global_changes(explorer):
    state = torch.get_rng_state()
    for wish in (option("seed", 7), edit("W_q", 0, 0, "1"), option("temperature", 2), {"kind": "undo"}):
        explorer.answer(wish)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


# What is left when it is over


def run_of(cell_id: str | None, run: int) -> SimpleNamespace:
    """A shell that runs a cell."""
    metadata = {} if cell_id is None else {"cellId": cell_id}
    return SimpleNamespace(get_parent=lambda: {"header": {"msg_id": f"run {run}"}, "metadata": metadata})


def test_running_a_cell_again_closes_its_explorer(wire, trace):
    first = explore_in_cell(trace, run_of("a", 1))
    other = explore_in_cell(trace, run_of("b", 2))
    again = explore_in_cell(trace, run_of("a", 3))
    assert first.comm is None
    assert other.comm is not None
    assert again.comm is not None
    assert len(wire.open) == 4  # two explorers with their layouts


def test_one_run_of_a_cell_may_show_several(wire, trace):
    explorers = [explore_in_cell(trace, run_of("a", 1)) for _ in range(3)]
    assert all(explorer.comm is not None for explorer in explorers)
    explore_in_cell(trace, run_of("a", 2))
    assert all(explorer.comm is None for explorer in explorers)


def test_without_cells_the_latest_few_stay(wire, trace):
    explorers = [explore_in_cell(trace, run_of(None, run)) for run in range(MAX_NAMELESS + 3)]
    assert [explorer.comm is None for explorer in explorers] == [True] * 3 + [False] * MAX_NAMELESS


def test_re_running_a_cell_leaves_nothing_behind(wire, trace):
    gone = []
    for run in range(30):
        explorer = explore_in_cell(trace, run_of("a", run))
        explorer.answer(option("seed", run))
        gone.append(weakref.ref(explorer))
    del explorer
    gc.collect()
    assert [reference() is None for reference in gone] == [True] * 29 + [False]
    assert len(wire.open) == 2
    close_all()
    gc.collect()
    assert gone[-1]() is None
    assert not wire.open


def test_a_closed_explorer_still_has_its_trace(explorer, trace, wire):
    explorer.close()
    explorer.close()
    assert explorer.trace is trace
    assert not wire.open


def test_all_that_can_be_edited_is_named_once():
    assert EDITABLE == ("token_encodings", "W_q", "W_k", "W_v")


def test_importing_it_draws_no_random_number():
    program = "import random; state = random.getstate(); import attn_magic.explorer.widget; assert random.getstate() == state"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent, timeout=60)
