"""The seeded modules and `attend`: torch itself is the oracle."""

import math
import re
import threading

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import attn_magic.attention
from attn_magic.attention import MaskedSelfAttention, SelfAttention, _nonfinite_notices, attend
from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.errors import InputError
from attn_magic.masks import MASKS
from attn_magic.matrix import parse_matrix
from attn_magic.trace import AttentionTrace

from .test_trace import plain_stage
from .traces import INDIAN


class Original(nn.Module):
    """What the original notebook computes, written down again: three linear layers made after seeding, in this order."""

    def __init__(self, embed_dim: int, seed: int, col_dim: int = 1) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.col_dim = col_dim
        self.W_q, self.W_k, self.W_v = (nn.Linear(embed_dim, embed_dim, bias=False) for _ in range(3))

    def forward(self, x, mask=None):
        query, key, value = self.W_q(x), self.W_k(x), self.W_v(x)
        scores = torch.matmul(query, key.T) / key.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return torch.softmax(scores, dim=self.col_dim) @ value


@pytest.fixture
def restored_generator():
    with torch.random.fork_rng(devices=[]):
        yield


def random_matrix(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("col_dim", [0, 1])
@pytest.mark.parametrize("seed", [0, 1, 42, 2**40 + 3, -5])
@pytest.mark.parametrize(("n", "embed_dim"), [(1, 1), (3, 2), (5, 7), (17, 64), (40, 300), (9, 1024)])
def test_weights_and_outputs_are_bit_equal_to_the_original(restored_generator, n, embed_dim, seed, col_dim):
    original, ours = Original(embed_dim, seed, col_dim), SelfAttention(embed_dim, 0, col_dim, seed)
    masked = MaskedSelfAttention(embed_dim, 0, col_dim, seed)
    x = random_matrix(n, embed_dim)
    for name, weight in original.state_dict().items():
        assert torch.equal(weight, ours.state_dict()[name])
        assert torch.equal(weight, masked.state_dict()[name])
    assert list(ours.state_dict()) == ["W_q.weight", "W_k.weight", "W_v.weight"]
    assert torch.equal(original(x), ours(x))
    assert torch.equal(original(x, MASKS["causal"].make(n, n)), masked(x))
    assert torch.equal(original(x), attend(x, seed=seed, col_dim=col_dim).output)


def test_numbers_of_the_course_come_out_to_four_digits():
    trace, masked = attend(INDIAN), attend(INDIAN, mask="causal")
    torch.testing.assert_close(trace.output, torch.tensor([[1.0100, 1.0641], [0.2040, 0.7057], [3.4989, 2.2427]]), atol=5e-5, rtol=0)
    torch.testing.assert_close(masked.output, torch.tensor([[0.6038, 0.7434], [-0.0062, 0.6072], [3.4989, 2.2427]]), atol=5e-5, rtol=0)


def test_a_given_mask_is_true_where_a_query_may_attend():
    x, mask = random_matrix(3, 4), torch.tensor([[True, False, True], [True, True, False], [False, False, True]])
    module = MaskedSelfAttention(4)
    expected = F.scaled_dot_product_attention(module.W_q(x), module.W_k(x), module.W_v(x), attn_mask=mask)
    torch.testing.assert_close(module(x, mask), expected)
    torch.testing.assert_close(attend(x, mask=mask).output, expected.detach())
    assert attend(x, mask=mask).options.mask == "given"


def test_gradients_reach_the_weights_of_a_module_but_a_trace_has_none():
    module = SelfAttention(4)
    module(random_matrix(3, 4)).sum().backward()
    assert module.W_q.weight.grad is not None
    assert not any(stage.value.requires_grad for stage in attend(random_matrix(3, 4).requires_grad_()))


def test_all_stages_are_the_fields_words_in_the_fields_order():
    given = ["token_encodings", "W_q", "W_k", "W_v", "query", "key", "value"]
    compared = ["scores", "scaled_scores", "mask", "masked_scores"]
    assert [stage.name for stage in attend(INDIAN, mask="causal")] == [*given, *compared, "attention_weights", "output"]
    assert [stage.name for stage in attend(INDIAN, scale=False)] == [*given, "scores", "attention_weights", "output"]


def test_the_trace_reproduces_itself_through_its_module():
    trace = attend(random_matrix(5, 3), scale=False, col_dim=0, seed=3)
    assert torch.equal(trace.module(trace.token_encodings), trace.output)
    masked = attend(random_matrix(5, 3), mask="causal")
    assert torch.equal(masked.module(masked.token_encodings), masked.output)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 3), st.sampled_from([None, "causal"]), st.booleans(), st.sampled_from([0, 1]))
@settings(max_examples=40)
def test_every_stage_follows_from_its_equation(n, d, seed, mask, scale, col_dim):
    """Each equation, evaluated in float64 by torch from the stages it names, gives the stage."""
    trace = attend(random_matrix(n, d, seed), mask=mask, scale=scale, col_dim=col_dim)
    for stage in trace:
        operands = [trace[name].value.double() for name in stage.equation.operands] if stage.equation else []
        match stage.equation:
            case Contraction(indices):
                expected = torch.einsum(indices, *operands)
            case Softmax(_, over):
                expected = torch.softmax(operands[0], dim=1 if over == "columns" else 0)
            case Elementwise(("/", "scores", ("sqrt", "d_k")), {"d_k": d_k}):
                expected = operands[0] / math.sqrt(d_k)
            case Elementwise(("where", "mask", _, if_false)):
                expected = torch.where(operands[0] == 1, operands[1], if_false)
            case None:
                continue
            case unknown:
                pytest.fail(f"an equation of an unknown kind: {unknown}")
        torch.testing.assert_close(stage.value.double(), expected, rtol=1e-5, atol=1e-6)


def test_a_temperature_divides_the_scores_once_more():
    x = random_matrix(4, 3)
    trace = attend(x, temperature=2.5, mask="causal")
    torch.testing.assert_close(trace.tempered_scores, trace.scaled_scores / 2.5)
    expected = F.scaled_dot_product_attention(trace.query, trace.key, trace.value, is_causal=True, scale=1 / math.sqrt(3) / 2.5)
    torch.testing.assert_close(trace.output, expected)
    assert trace.check().difference < 1e-6
    assert torch.equal(trace.module(x), trace.output)
    assert "tempered_scores" not in attend(x, temperature=1)
    explanation = trace.explain("tempered_scores", 2, 1)
    assert explanation.formula == "tempered_scores[token 3, token 2] = scaled_scores[token 3, token 2] / temperature"


def test_softmax_over_the_wrong_axis_sums_the_columns_to_one():
    weights = attend(INDIAN, col_dim=0).attention_weights
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(2 + 1))
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([0.684, 0.694, 1.622]), atol=5e-4, rtol=0)


def test_a_fully_hidden_row_attends_to_nothing_as_in_torch():
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    trace = attend(random_matrix(3, 4), mask=mask)
    assert trace.attention_weights[1].tolist() == [0, 0, 0]
    assert trace.output[1].tolist() == [0, 0, 0, 0]
    assert trace.notices == ()
    assert trace.check().difference < 1e-6


def old_sdpa(query, key, value, attn_mask, scale):
    """As torch 2.2 has it: NaN where a query may attend to nothing."""
    scores = (query @ key.transpose(-1, -2) * scale).masked_fill(~attn_mask, -torch.inf)
    return torch.softmax(scores, dim=-1) @ value


def test_check_is_right_under_an_older_torch_too(monkeypatch):
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    trace = attend(random_matrix(3, 4), mask=mask)
    monkeypatch.setattr(F, "scaled_dot_product_attention", old_sdpa)
    assert old_sdpa(trace.query, trace.key, trace.value, mask, 0.5).isnan().any(dim=1).tolist() == [False, True, False]
    assert trace.check().difference < 1e-6
    assert str(trace.check()).startswith("agrees with torch to ")


@pytest.mark.parametrize("sdpa", [F.scaled_dot_product_attention, old_sdpa])
def test_check_sees_a_number_where_a_query_may_attend_to_nothing(monkeypatch, sdpa):
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    trace = attend(random_matrix(3, 4), mask=mask)
    monkeypatch.setattr(F, "scaled_dot_product_attention", sdpa)
    trace["output"].value[1, 2] = 0.5
    assert str(trace.check()) == "differs from torch by 5.0e-01"


def test_check_takes_a_nan_of_torch_for_a_difference_where_there_is_something_to_attend_to(monkeypatch):
    trace = attend(random_matrix(3, 4), mask="causal")
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *tensors, **settings: torch.full((3, 4), torch.nan))
    assert str(trace.check()) == "differs from torch by nan"


# What the user has set elsewhere


def global_state():
    return {
        "generator": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "threads": torch.get_num_threads(),
        "precision": torch.get_float32_matmul_precision(),
        "onednn": torch.backends.mkldnn.enabled,
        "grad": torch.is_grad_enabled(),
        "numpy": np.random.get_state()[1].tolist(),
        "numpy print": np.get_printoptions(),
    }


def test_nothing_global_is_touched():
    before = global_state()
    attend(random_matrix(3, 4), mask="causal").check()
    SelfAttention(5)
    assert global_state() == before


@pytest.fixture(params=["float64", "meta", "autocast", "medium", "inference", "no_grad", "one thread"])
def meddling(request):
    """Settings a user may have made in the same session, undone afterwards."""
    if request.param == "float64":
        torch.set_default_dtype(torch.float64)
        yield
        torch.set_default_dtype(torch.float32)
    elif request.param == "medium":
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("medium")
        yield
        torch.set_float32_matmul_precision(before)
    elif request.param == "one thread":
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        assert torch.get_num_threads() == 1
        torch.set_num_threads(threads)
    else:
        contexts = {"meta": torch.device("meta"), "autocast": torch.autocast("cpu", dtype=torch.bfloat16)}
        with contexts.get(request.param) or getattr(torch, {"inference": "inference_mode", "no_grad": "no_grad"}[request.param])():
            yield


UNTOUCHED = {(n, d): attend(random_matrix(n, d), mask="causal") for n, d in [(3, 2), (40, 64)]}


@pytest.mark.parametrize("size", UNTOUCHED)
def test_what_the_user_set_globally_does_not_change_our_numbers(meddling, size):
    x = torch.randn(*size, generator=torch.Generator("cpu").manual_seed(0), device="cpu", dtype=torch.float32)
    trace = attend(x, mask="causal")
    for stage in trace:
        assert torch.equal(stage.value, UNTOUCHED[size][stage.name].value), stage.name
    assert trace.check().difference < 1e-5


def test_reduced_precision_is_set_aside_only_while_it_is_asked_for():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        attend(INDIAN)
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.mkldnn.enabled
    finally:
        torch.set_float32_matmul_precision(before)


def test_the_number_of_threads_comes_back_even_when_interrupted(monkeypatch):
    threads = torch.get_num_threads()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(attn_magic.attention.torch, "softmax", interrupted)
    with pytest.raises(KeyboardInterrupt):
        attend(INDIAN)
    assert torch.get_num_threads() == threads


def test_attend_runs_on_other_threads():
    results = []
    threads = [threading.Thread(target=lambda: results.append(attend(INDIAN, mask="causal").output)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(result, attend(INDIAN, mask="causal").output) for result in results)
    assert len(results) == 4


# check


def test_check_agrees_with_torch_and_says_how_well():
    check = attend(random_matrix(7, 5), mask="causal").check()
    assert check.difference < 1e-6
    assert re.fullmatch(r"agrees with torch to \d\.\de-0[78]|agrees with torch to 0\.0e\+00", str(check))


def test_check_measures_the_largest_difference():
    trace = attend(random_matrix(4, 3), scale=False)
    trace["output"].value[2, 1] += 0.25
    assert trace.check().difference == pytest.approx(0.25, abs=1e-5)
    assert str(trace.check()) == "differs from torch by 2.5e-01"


def test_check_has_nothing_to_compare_a_softmax_down_the_columns_with():
    check = attend(INDIAN, col_dim=0).check()
    assert check.difference is None
    assert str(check) == "torch has no single function to compare this attention with"


# Numbers too large for float32


STEEP = {"W_q": [[-9.0, 0.0]], "W_k": [[1.0, 0.0]], "W_v": [[1.0, 0.0]]}


@pytest.mark.parametrize(("weights", "stage", "place"), [(None, "scores", (0, 0)), (STEEP, "query", (0, 0))])
def test_overflow_is_reported_by_the_stage_where_it_appears_first(weights, stage, place):
    trace = attend([[1e38, -1e38], [1, 2]], weights=weights)
    found, where = trace.first_nonfinite()
    assert (found.name, where) == (stage, place)
    [notice] = trace.notices
    assert notice.code == "nonfinite"
    assert notice.text == (
        f"{found.title} ({stage}) is the first stage that is not finite: {'−' * (found.value[place] < 0)}∞ at row 1, column 1. Products there are "
        "beyond the largest float32 number, 3.4e+38, and everything made from them is ∞ or NaN too. Use smaller numbers."
    )
    assert str(trace.check()) == "not compared with torch: not every number is finite"


def test_what_is_not_finite_is_found_in_a_head():
    values = torch.ones(2, 3, 4)
    values[1, 2, 0] = torch.inf
    trace = AttentionTrace((plain_stage(), plain_stage("y", (2, 3, 4), value=values)), ("a",))
    [notice] = _nonfinite_notices(trace)
    assert notice.text.startswith("y (y) is the first stage that is not finite: ∞ at head 2, row 3, column 1. ")


# Weights


def test_identity_weights_leave_queries_keys_and_values_as_typed():
    trace = attend(INDIAN, weights="identity")
    for name in ("query", "key", "value"):
        assert torch.equal(trace[name].value, trace.token_encodings)
    assert trace.options.weights == "identity"


@pytest.mark.parametrize("form", ["arrays", "module", "state_dict", "parameters"])
def test_weights_of_any_make_and_width_are_used_out_by_in(form):
    arrays = {"W_q": random_matrix(2, 4, 1), "W_k": random_matrix(2, 4, 2), "W_v": random_matrix(5, 4, 3)}
    module = nn.Module()
    for name, weight in arrays.items():
        layer = nn.Linear(4, len(weight), bias=False)
        layer.weight = nn.Parameter(weight.clone())
        setattr(module, name, layer if form != "parameters" else nn.Parameter(weight.clone()))
    given = {"arrays": {name: weight.numpy() for name, weight in arrays.items()}, "state_dict": module.state_dict()}.get(form, module)
    x = random_matrix(3, 4)
    trace = attend(x, weights=given, mask="causal")
    query, key, value = (x @ weight.T for weight in arrays.values())
    torch.testing.assert_close(trace.output, F.scaled_dot_product_attention(query, key, value, is_causal=True))
    assert [trace[name].shape for name in ("W_v", "query", "value", "output")] == [(5, 4), (3, 2), (3, 5), (3, 5)]
    assert trace.options.weights == "given"


def test_a_trace_keeps_its_numbers_when_the_users_own_change():
    x, weights = random_matrix(3, 2), {name: random_matrix(2, 2) for name in ("W_q", "W_k", "W_v")}
    trace = attend(x, weights=weights)
    before = {stage.name: stage.value.clone() for stage in trace}
    x.zero_()
    weights["W_q"].zero_()
    with torch.no_grad():
        trace.module.W_v.weight.zero_()
    assert all(torch.equal(stage.value, before[stage.name]) for stage in trace)


# What users have


@pytest.mark.parametrize(
    "x",
    [
        INDIAN,
        tuple(map(tuple, INDIAN)),
        torch.tensor(INDIAN),
        torch.tensor(INDIAN, dtype=torch.float64).requires_grad_(),
        torch.tensor(INDIAN).T.contiguous().T,
        torch.tensor(INDIAN).to_sparse(),
        np.array(INDIAN),
        np.asfortranarray(INDIAN)[::-1][::-1],
        np.array(INDIAN, dtype=object),
        pd.DataFrame(INDIAN),
        [torch.tensor(row) for row in INDIAN],
        [np.array(row) for row in INDIAN],
        [[np.float64(cell) for cell in row] for row in INDIAN],
        [[torch.tensor(cell) for cell in row] for row in INDIAN],
    ],
    ids=lambda x: type(x).__name__,
)
def test_attend_takes_any_matrix_a_user_has(x):
    trace = attend(x)
    assert torch.equal(trace.token_encodings, torch.tensor(INDIAN))
    assert trace.tokens == ("token 1", "token 2", "token 3")
    assert trace.notices == ()


def test_the_index_and_columns_of_a_frame_become_tokens_and_labels():
    trace = attend(pd.DataFrame(INDIAN, index=["I", "am", "Indian"], columns=["size", "age"]))
    assert trace.tokens == ("I", "am", "Indian")
    assert tuple(trace["token_encodings"].columns.labels) == ("size", "age")
    assert tuple(trace["W_q"].columns.labels) == ("size", "age")


def test_a_row_without_a_label_among_labelled_ones_is_counted():
    assert attend(parse_matrix("I 1 2\n3 4\nsee 5 6")).tokens == ("I", "token 2", "see")


def test_tokens_come_as_words_or_as_a_sequence_and_go_before_the_index():
    frame = pd.DataFrame(INDIAN, index=["a", "b", "c"])
    assert attend(frame, tokens="I am Indian").tokens == ("I", "am", "Indian")
    assert attend(frame, tokens=["New York", "is", 7]).tokens == ("New York", "is", "7")


def test_one_row_of_numbers_is_one_token_and_that_is_said():
    trace = attend(torch.tensor([1.0, 2.0, 3.0]))
    assert trace.token_encodings.shape == (1, 3)
    assert [(notice.code, notice.text) for notice in trace.notices] == [
        ("one-dim", "A single list of 3 numbers was read as one token with 3 features.")
    ]


def test_rounding_to_float32_is_said_where_it_loses_whole_digits():
    assert [notice.code for notice in attend(np.array([[2**24 + 1, 2], [3, 4]])).notices] == ["precision"]
    assert [notice.code for notice in attend([[1e-60, 2.0], [3.0, 4.0]]).notices] == ["underflow"]
    assert attend(np.array([[2**25, 2], [3, 4]])).notices == ()


class Unreadable:
    pass


BIASED = nn.Module()
BIASED.W_q = BIASED.W_k = BIASED.W_v = nn.Linear(2, 2)
NARROW = {"W_q": np.ones((2, 3)), "W_k": np.ones((2, 3)), "W_v": np.ones((2, 3))}

MISTAKES = {
    "ragged": (
        dict(x=[[1, 2, 3], [4, 5]]),
        "Row 2 has 2 numbers, but row 1 has 3. Every row is one token, so all rows need the same length.",
    ),
    "empty list": (dict(x=[]), "The input is empty (0). Token encodings need at least one row and one column."),
    "no columns": (dict(x=np.ones((3, 0))), "The input is empty (3 × 0). Token encodings need at least one row and one column."),
    "3-D": (dict(x=np.ones((2, 3, 4))), "The input is 3-D (2 × 3 × 4), but one matrix is needed, one row per token. Pick one, as in x[0]."),
    "scalar": (
        dict(x=torch.tensor(5.0)),
        "The input is a single number. Token encodings are a matrix with one row per token, such as [[1.16, 0.23], [0.57, 1.36]].",
    ),
    "number": (dict(x=5), "The input is of type int. It should be a matrix: a tensor, an array, a DataFrame or a list of rows."),
    "nan": (dict(x=[[1.0, math.nan]]), "Row 1, cell 2 is nan. Softmax would spread it: every number has to be finite."),
    "inf": (dict(x=torch.tensor([[1.0], [-math.inf]])), "Row 2, cell 1 is -inf. Softmax would spread it: every number has to be finite."),
    "too large for float32": (dict(x=[[1.0, 1e39]]), "Row 1, cell 2 is 1e+39, beyond the largest float32 number, 3.4e+38."),
    "huge integer": (dict(x=[[1, 10**400]]), "Row 1, cell 2 is too large a whole number for any kind of float."),
    "text": (dict(x="1 2; 3 4"), "The input is text. Turn it into a matrix first: attend(parse_matrix(text))."),
    "text cell": (dict(x=[[1, "two"], [3, 4]]), "Row 1, cell 2 is 'two', which is no number."),
    "None cell": (dict(x=[[1, 2], [None, 4]]), "Row 2, cell 1 is None, which is no number."),
    "scalar among rows": (dict(x=[[1, 2], 3]), "Row 2 is 3, but row 1 is a row of 2 numbers."),
    "words": (dict(x=np.array([["a", "b"]])), "The input holds text, but token encodings are real numbers."),
    "frame with words": (
        dict(x=pd.DataFrame({"word": ["I", "am"], "size": [1.0, 2.0]})),
        "Row 1, cell 1 is 'I', which is no number.",
    ),
    "a mask": (dict(x=[[True, False]]), "The input holds truth values, but token encodings are real numbers. A mask goes into mask=…"),
    "complex": (dict(x=[[1 + 2j]]), "The input holds complex numbers, but token encodings are real numbers."),
    "an object": (dict(x=Unreadable()), "The input is of type Unreadable. It should be a matrix: a tensor, an array, a DataFrame or a list of rows."),
    "too many tokens": (
        dict(x=np.broadcast_to(np.float32(1), (20_000, 2))),
        "Attention over 20,000 tokens with 2 features needs about 6.0 GiB of memory, and the limit is 1 GiB. "
        "Take part of it, as in x[:512] for the first 512 tokens.",
    ),
    "too few tokens": (dict(x=INDIAN, tokens="I am"), "The matrix has 3 rows, so it needs 3 tokens, but 2 came: I am"),
    "no tokens": (dict(x=[[1, 2]], tokens=""), "The matrix has 1 row, so it needs 1 token, but 0 came: no word at all"),
    "col_dim": (dict(x=INDIAN, col_dim=2), "col_dim is 2, but a matrix has dimensions 0 (down the columns) and 1 (along the rows)."),
    "seed": (dict(x=INDIAN, seed=2**64), "The seed is 18446744073709551616, but seeds go from −2⁶³ to 2⁶⁴ − 1."),
    "temperature": (dict(x=INDIAN, temperature=0), "The temperature is 0, but it has to be a finite number above 0."),
    "temperature that is none": (
        dict(x=INDIAN, temperature=math.nan),
        "The temperature is nan, but it has to be a finite number above 0.",
    ),
    "mask name": (dict(x=INDIAN, mask="casual"), "There is no mask 'casual'. A mask is None, 'causal' or a matrix of True and False."),
    "mask shape": (
        dict(x=INDIAN, mask=np.ones((2, 3), dtype=bool)),
        "The mask is 2 × 3, but 3 tokens need 3 × 3: one row per query, one column per key.",
    ),
    "additive mask": (
        dict(x=[[1.0]], mask=[[0.0]]),
        "The mask holds numbers, but True and False are needed; True means that this query (row) may attend to this key (column). "
        "If it is additive, with 0 where attending is allowed and −∞ elsewhere, pass mask == 0.",
    ),
    "weights name": (
        dict(x=INDIAN, weights="identiy"),
        "There are no weights 'identiy'. Weights are 'identity', a module or a mapping that has W_q, W_k and W_v.",
    ),
    "missing weight": (
        dict(x=INDIAN, weights={"W_q": np.eye(2), "W_key": np.eye(2)}),
        "The weights lack W_k. They need W_q, W_k and W_v, and hold W_q, W_key.",
    ),
    "not a module": (dict(x=INDIAN, weights=Unreadable()), "The weights lack W_q: an object of type Unreadable should have W_q, W_k and W_v."),
    "bias": (
        dict(x=INDIAN, weights=BIASED),
        "W_q has a bias, which this attention leaves out. Use nn.Linear(..., bias=False), or pass W_q.weight alone.",
    ),
    "a module without weights": (dict(x=INDIAN, weights={"W_q": nn.ReLU(), "W_k": 1, "W_v": 1}), "W_q has no weight matrix."),
    "wrong width": (
        dict(x=INDIAN, weights=NARROW),
        "W_q is 2 × 3, but tokens have 2 features. Weights are out × in, as nn.Linear stores them (used as X Wᵀ), so W_q needs 2 columns. "
        "Its transpose would fit: W_q.T.",
    ),
    "wrong width both ways": (
        dict(x=[[1.0]], weights=NARROW),
        "W_q is 2 × 3, but tokens have 1 feature. Weights are out × in, as nn.Linear stores them (used as X Wᵀ), so W_q needs 1 column.",
    ),
    "query and key differ": (
        dict(x=INDIAN, weights={"W_q": np.ones((3, 2)), "W_k": np.ones((2, 2)), "W_v": np.ones((2, 2))}),
        "W_q gives 3 numbers per token and W_k gives 2, but a query and a key are compared number by number: both need d_k rows.",
    ),
    "nan weight": (
        dict(x=INDIAN, weights={"W_q": [[1.0, math.nan]], "W_k": np.ones((1, 2)), "W_v": np.eye(2)}),
        "W_q: Row 1, cell 2 is nan. Softmax would spread it: every number has to be finite.",
    ),
    "vector weight": (
        dict(x=INDIAN, weights={"W_q": [1.0, 2.0], "W_k": np.ones((1, 2)), "W_v": np.eye(2)}),
        "W_q is a single row of 2 numbers, but a matrix is needed, out × in.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_in_words(arguments, message):
    with pytest.raises(InputError) as caught:
        attend(**arguments)
    assert str(caught.value) == message
