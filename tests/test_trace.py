"""The record: what it holds, what it refuses, what it shows of itself."""

import copy
import dataclasses
import pickle

import pytest
import torch

from attn_magic.attention import attend
from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.errors import TraceError
from attn_magic.trace import AttentionTrace, Axis, Stage

from .traces import INDIAN, cross_attention_with_softcap


@pytest.fixture
def trace():
    return attend(INDIAN, tokens="I am Indian", mask="causal")


def plain_stage(name="x", shape=(3, 4), equation=None, **changes):
    rows, columns = (Axis(axis, tuple(map(str, range(size)))) for axis, size in zip(("row", "column"), shape[-2:], strict=True))
    heads = Axis("head", tuple(map(str, range(shape[0])))) if len(shape) == 3 else None
    values = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    fields = dict(name=name, title=name, symbol=name, act="Act", meaning="", value=values, rows=rows, columns=columns, heads=heads, equation=equation)
    return Stage(**(fields | changes))


def test_stages_are_reached_by_name_in_order_and_as_tensors(trace):
    assert trace["scores"].name == "scores"
    assert trace.scores is trace["scores"].value
    assert [stage.name for stage in trace] == [stage.name for stage in trace.stages]
    assert len(trace) == 13
    assert "mask" in trace
    assert "softcap" not in trace
    assert "attention_weights" in dir(trace)


def test_a_name_that_is_no_stage_gets_a_suggestion(trace):
    message = (
        "This trace has no stage 'atention_weights'. Did you mean 'attention_weights'? Its stages are token_encodings, W_q, W_k, W_v, query, key, "
        "value, scores, scaled_scores, mask, masked_scores, attention_weights, output."
    )
    with pytest.raises(TraceError) as caught:
        trace["atention_weights"]
    assert str(caught.value) == message
    with pytest.raises(AttributeError) as caught:
        _ = trace.atention_weights
    assert str(caught.value) == message
    assert not hasattr(trace, "_repr_html_")


def test_a_trace_is_frozen_and_can_be_copied_and_pickled(trace):
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.tokens = ()
    for twin in (copy.copy(trace), copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        assert torch.equal(twin.output, trace.output)
        assert twin.options == trace.options


def test_repr_is_one_line_and_says_what_there_is(trace):
    assert repr(trace) == (
        "<AttentionTrace of 3 × 2: token_encodings, W_q, W_k, W_v, query, key, value, scores, scaled_scores, mask, masked_scores, "
        "attention_weights, output>"
    )


# Windows


def test_a_window_is_a_part_of_a_stage_and_of_one_head():
    assert plain_stage().window(slice(1, 3), slice(2, 4)).tolist() == [[6, 7], [10, 11]]
    assert plain_stage(shape=(2, 3, 4)).window(slice(0, 1), slice(None), head=1).tolist() == [[12, 13, 14, 15]]
    with pytest.raises(TraceError) as caught:
        plain_stage(shape=(2, 3, 4)).window(slice(None), slice(None))
    assert str(caught.value) == "Stage 'x' has 2 heads: say which one, as in head=0."


def test_an_overview_keeps_what_stands_out():
    values = torch.zeros(6, 9)
    values[0, 8], values[5, 0], values[3, 3] = 5.0, -7.0, 2.0
    stage = plain_stage(shape=(6, 9), value=values)
    assert stage.overview(2, 3).tolist() == [[0, 0, 5], [-7, 2, 0]]
    assert torch.equal(stage.overview(100, 100), values)


def test_an_overview_shows_as_hidden_only_what_is_hidden_throughout():
    values = torch.full((4, 4), -torch.inf)
    values[0, 0], values[2, 2] = -3.0, 4.0
    assert plain_stage(shape=(4, 4), value=values).overview(2, 2).tolist() == [[-3, -torch.inf], [-torch.inf, 4]]


# Hidden cells


def test_hidden_follows_the_equations_from_the_mask_to_the_weights(trace):
    everything = (slice(None), slice(None))
    for name in ("masked_scores", "attention_weights"):
        assert torch.equal(trace.hidden(trace[name], *everything), ~trace.mask)
    for name in ("scores", "mask", "output", "value"):
        assert not trace.hidden(trace[name], *everything).any()


def test_hidden_is_not_taken_from_a_number_that_looks_like_it():
    """A weight that underflows to 0 and a score that overflows to −∞ were not hidden by anybody."""
    trace = attend([[100.0, 0.0], [-100.0, 1.0]], weights="identity")
    everything = (slice(None), slice(None))
    assert trace.attention_weights.tolist() == [[1, 0], [0, 1]]
    assert not trace.hidden(trace["attention_weights"], *everything).any()


def test_a_stage_after_the_mask_and_before_the_softmax_stays_hidden():
    trace = cross_attention_with_softcap()
    hidden = trace.hidden(trace["attention_weights"], slice(0, 2), slice(1, 3), head=1)
    assert hidden.tolist() == [[False, True], [True, True]]


def test_the_first_cell_that_is_not_finite_is_found_in_a_head():
    trace = cross_attention_with_softcap()
    assert trace.first_nonfinite() is None
    trace["softcap"].value[1, 2, 3] = torch.nan
    stage, place = trace.first_nonfinite()
    assert (stage.name, place) == ("softcap", (1, 2, 3))


# What does not fit together is refused when a trace is made


X, Y = plain_stage("x", (3, 4)), plain_stage("y", (4, 5))
MISFITS = {
    "twice": ([X, X], "Two stages are called 'x'."),
    "later": ([plain_stage("z", (3, 4), Softmax("w"))], "Stage 'z' is made from 'w', which is no earlier stage."),
    "letters": (
        [X, Y, plain_stage("z", (3, 5), Contraction("ijk,jk->ik", ("x", "y")))],
        "In 'ijk,jk->ik', 'ijk' has 3 letters, but 'x' is 3 × 4.",
    ),
    "sizes": ([X, Y, plain_stage("z", (3, 4), Contraction("ij,kj->ik", ("x", "y")))], "In 'ij,kj->ik', 'j' is 4 in one stage and 5 in 'y'."),
    "elementwise": ([X, Y, plain_stage("z", (3, 4), Elementwise(("+", "x", "y")))], "Stage 'z' is 3 × 4, but 'y' is 4 × 5."),
}


@pytest.mark.parametrize(("stages", "message"), MISFITS.values(), ids=MISFITS)
def test_stages_that_do_not_fit_together_are_refused(stages, message):
    with pytest.raises(TraceError) as caught:
        AttentionTrace(stages=tuple(stages), tokens=())
    assert str(caught.value) == message


def test_axes_that_do_not_fit_the_numbers_are_refused():
    with pytest.raises(TraceError) as caught:
        plain_stage("x", (3, 4), columns=Axis("column", ("a", "b")))
    assert str(caught.value) == "Stage 'x' holds 3 × 4 numbers, but its axes name 3 × 2."
