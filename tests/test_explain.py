"""Where a number comes from: sources, terms, and arithmetic that is true as shown."""

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_magic.attention import attend
from attn_magic.errors import TraceError
from attn_magic.notation import format_number

from .traces import INDIAN, cross_attention_with_softcap, with_constants


@pytest.fixture
def trace():
    return attend(INDIAN, tokens="I am Indian", mask="causal")


def evaluate_as_shown(text: str) -> float:
    """What a reader with a pocket calculator gets for the left side of an equation."""
    text = re.sub(r"\(\d+ more: ([^()]*)\)", r"\1", text)
    text = re.sub(r"√([\d.]+)", r"math.sqrt(\1)", text).replace("e^(", "math.exp(").replace("tanh(", "math.tanh(")
    return eval(text.replace("×", "*").replace("−", "-").replace("∞", "math.inf"), {"math": math, "max": lambda *numbers: max(numbers)})


def lines_of_arithmetic(explanation):
    for line in explanation.lines:
        yield re.sub(r"^([a-z]+: |= )", "", line)


def assert_true_as_shown(explanation, precision=4) -> int:
    """Every "=" holds for the digits on screen; the number of lines that had to say "≈" comes back."""
    about = 0
    for line in lines_of_arithmetic(explanation):
        if " ≈ " in line or " = " not in line:
            about += " ≈ " in line
            continue
        left, right = line.split(" = ")
        assert format_number(evaluate_as_shown(left), precision) == right, line
    return about


def every_cell(trace):
    for stage in trace:
        for *head, row, column in torch.ones(stage.shape).nonzero().tolist():
            yield stage, row, column, head[0] if head else None


def test_a_score_is_the_product_of_a_query_and_a_key(trace):
    explanation = trace.explain("scores", 2, 0)
    assert str(explanation) == (
        "scores[Indian, I] = Σ_k query[Indian, k] × key[I, k]\n"
        "  = 1.116378 × −0.1469 + −2.133583 × −0.303827 = 0.4842\n"
        "How well does what Indian asks for match what I offers?"
    )
    assert [(source.stage, source.row, source.column) for source in explanation.sources] == [
        ("query", 2, 0),
        ("key", 0, 0),
        ("query", 2, 1),
        ("key", 0, 1),
    ]
    assert sum(math.prod(source.value for source in term) for term in explanation.terms) == pytest.approx(trace.scores[2, 0].item())


def test_a_query_leads_back_to_what_was_typed_and_to_the_weights(trace):
    explanation = trace.explain("query", 1, 0)
    assert explanation.formula == "query[am, dim 1] = Σ_k token_encodings[am, k] × W_q[dim 1, k]"
    assert explanation.lines == ("= 0.57 × 0.54061 + 1.36 × 0.586904 = 1.1063",)
    assert {source.stage for source in explanation.sources} == {"token_encodings", "W_q"}
    assert str(trace.explain("token_encodings", 2, 1)) == "token_encodings[Indian, dim 2] = −2.1600\nGiven: dim 2 of Indian."


def test_a_weight_shows_maximum_exponential_sum_and_division(trace):
    explanation = trace.explain("attention_weights", 2, 0)
    assert str(explanation) == (
        "attention_weights[Indian, I] = e^(masked_scores[Indian, I] − max) / Σ_j e^(masked_scores[Indian, j] − max)\n"
        "  max: max(0.342413, −0.472534, 2.861046) = 2.8610\n"
        "  exponential: e^(0.342413 − 2.861046) = 0.0806\n"
        "  sum: e^(0.342413 − 2.861046) + e^(−0.472534 − 2.861046) + e^(2.861046 − 2.861046) = 1.1162\n"
        "  quotient: 0.08057 / 1.116235 = 0.0722\n"
        "How much of its attention does Indian give to I?"
    )
    assert [(source.row, source.column) for source in explanation.sources] == [(2, 0), (2, 1), (2, 2)]


def test_a_softmax_down_the_columns_takes_its_column():
    explanation = attend(INDIAN, tokens="I am Indian", col_dim=0).explain("attention_weights", 2, 0)
    assert explanation.formula == "attention_weights[Indian, I] = e^(scaled_scores[Indian, I] − max) / Σ_i e^(scaled_scores[i, I] − max)"
    assert [(source.row, source.column) for source in explanation.sources] == [(0, 0), (1, 0), (2, 0)]
    assert_true_as_shown(explanation)


def test_a_hidden_cell_says_that_it_is_hidden(trace):
    assert str(trace.explain("masked_scores", 0, 2)) == (
        "masked_scores[I, Indian] = scaled_scores[I, Indian] if mask[I, Indian] else −∞\n"
        "  = −0.461244 if False else −∞ = −∞\n"
        "What is left of the score of I with Indian behind the mask. The mask hides this cell."
    )
    assert trace.explain("attention_weights", 0, 2).lines == (
        "max: max(−0.069975, −∞, −∞) = −0.0700",
        "exponential: e^(−∞ − (−0.069975)) = 0",
        "sum: e^(−0.069975 − (−0.069975)) + e^(−∞ − (−0.069975)) + e^(−∞ − (−0.069975)) = 1.0000",
        "quotient: 0 / 1 = 0",
    )
    assert trace.explain("mask", 0, 2).value is False
    assert str(trace.explain("mask", 0, 2)) == "mask[I, Indian] = False\nMay I attend to Indian?"


def test_a_fully_hidden_row_has_nothing_to_attend_to():
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    trace = attend(INDIAN, tokens="I am Indian", mask=mask)
    assert trace.explain("attention_weights", 1, 0).lines == ("Every key is hidden from this query: nothing to attend to. All weights are 0.",)
    output = trace.explain("output", 1, 1)
    assert output.value == 0
    assert output.lines == ("= 0 × 0.743391 + 0 × 0.530315 + 0 × 2.424592 = 0",)
    assert output.sentence == "What am takes from the values of all tokens, dim 2. Every key is hidden from this query: nothing to attend to."
    assert "nothing to attend to" not in trace.explain("output", 0, 0).sentence


def test_a_stage_the_package_knows_nothing_of_is_explained():
    trace = cross_attention_with_softcap()
    explanation = trace.explain("softcap", 2, 3, head=1)
    scores, capped = trace.scores[1, 2, 3].item(), trace.softcap[1, 2, 3].item()
    assert explanation.formula == "softcap[head 2, dort, asleep] = cap × tanh(scores[head 2, dort, asleep] / cap)"
    assert capped == pytest.approx(1.5 * math.tanh(scores / 1.5))
    assert [(source.stage, source.row, source.column, source.head) for source in explanation.sources] == [("scores", 2, 3, 1)]
    assert_true_as_shown(explanation)
    assert trace.explain("masked_scores", 0, 2, head=1).sources[0].head is None  # one mask serves both heads


@pytest.mark.parametrize(
    ("stage", "formula"),
    [
        ("halved", "halved[a, x] = 0.5 × given[a, x]"),
        ("shifted", "shifted[a, x] = halved[a, x] − (−0.25)"),
        ("small", "small[a, x] = shifted[a, x] + 1e−05"),
        ("tempered", "tempered[a, x] = small[a, x] / temperature"),
        ("softened", "softened[a, x] = tempered[a, x] / 0.3"),
        ("difference", "difference[a, x] = softened[a, x] − (other[a, x] − 2)"),
        ("lowered", "lowered[a, x] = difference[a, x] if mask[a, x] else −10000"),
        ("masked", "masked[a, x] = lowered[a, x] if mask[a, x] else −∞"),
    ],
)
def test_a_constant_is_written_as_it_was_given(stage, formula):
    assert with_constants().explain(stage, 0, 0).formula == formula


def test_every_equation_with_constants_is_true_as_shown():
    trace = with_constants()
    for stage, row, column, head in every_cell(trace):
        if stage.name not in {"mask", "lowered", "masked"}:  # "if … else" is no Python of a pocket calculator
            assert_true_as_shown(trace.explain(stage.name, row, column, head))


def test_a_sum_over_heads_takes_a_term_from_each():
    trace = cross_attention_with_softcap()
    explanation = trace.explain("sum_of_heads", 0, 2)
    assert explanation.formula == "sum_of_heads[le, dim 3] = Σ_h output[h, le, dim 3]"
    assert [source.head for source in explanation.sources] == [0, 1]
    assert_true_as_shown(explanation)


@pytest.mark.parametrize("mask", [None, "causal"])
def test_every_equation_of_the_original_example_is_true_as_shown(mask):
    trace = attend(INDIAN, mask=mask)
    assert sum(assert_true_as_shown(trace.explain(stage.name, row, column, head)) for stage, row, column, head in every_cell(trace)) == 0


def test_every_equation_of_a_trace_with_heads_is_true_as_shown():
    trace = cross_attention_with_softcap()
    for stage, row, column, head in every_cell(trace):
        assert_true_as_shown(trace.explain(stage.name, row, column, head))


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2), min_size=1, max_size=3),
    st.sampled_from([None, "causal"]),
    st.sampled_from([0, 1]),
)
@settings(max_examples=12)
def test_equations_are_true_as_shown_whatever_is_typed(x, mask, col_dim):
    trace = attend(x, mask=mask, col_dim=col_dim)
    for stage, row, column, head in every_cell(trace):
        explanation = trace.explain(stage.name, row, column, head)
        assert_true_as_shown(explanation)
        assert explanation.value == stage.value[row, column].item()


def test_a_long_sum_is_full_unless_asked_to_be_short():
    trace = attend(torch.randn(3, 50, generator=torch.Generator().manual_seed(1)))
    full, short = trace.explain("scores", 0, 1), trace.explain("scores", 0, 1, max_terms=4)
    assert full.lines[0].count("×") == 50
    assert short.lines[0].count("×") == 4
    assert re.search(r"\(46 more: −?[\d.]+\)", short.lines[0])
    assert full.terms == short.terms
    assert_true_as_shown(full)
    assert_true_as_shown(short)
    assert_true_as_shown(trace.explain("attention_weights", 0, 1, max_terms=2))


def test_a_large_number_of_float32s_own_making_is_called_about():
    """float32 has lost the digits that would make the equation exact; the sign says so."""
    trace = attend([[1e5, 12345.678], [-1e5, 3.0]])
    signs = {line.count("≈") for row in range(2) for column in range(2) for line in trace.explain("scores", row, column).lines}
    assert signs <= {0, 1}
    assert all(assert_true_as_shown(trace.explain(stage.name, row, column)) is not None for stage, row, column, _ in every_cell(trace))


def test_overflow_is_said_in_the_line_where_it_happens():
    [line] = attend([[2e38, 1.0], [1.0, 3.0]], weights="identity").explain("scores", 0, 0).lines
    assert line == "= 2e+38 × 2e+38 + 1 × 1 = 4.0000e+76, too large for float32, so ∞"


def test_tokens_are_data_in_every_sentence():
    trace = attend(INDIAN, tokens=["{column}", "\x1b[31m{row}", "x" * 100])
    assert trace.explain("scores", 0, 1).sentence == "How well does what {column} asks for match what \\x1b[31m{row} offers?"
    assert trace.explain("scores", 2, 2).formula.startswith(f"scores[{'x' * 39}…, {'x' * 39}…] = ")


PLACES = {
    "row": (("scores", 3, 0), {}, "Stage 'scores' has no row 3: its 3 rows count from 0 to 2."),
    "column": (("query", 0, 2), {}, "Stage 'query' has no column 2: its 2 columns count from 0 to 1."),
    "negative": (("query", -1, 0), {}, "Stage 'query' has no row -1: its 3 rows count from 0 to 2."),
    "head": (("query", 0, 0), {"head": 0}, "Stage 'query' has no heads: leave head out."),
}


@pytest.mark.parametrize(("place", "keywords", "message"), PLACES.values(), ids=PLACES)
def test_a_cell_that_does_not_exist_is_refused(trace, place, keywords, message):
    with pytest.raises(TraceError) as caught:
        trace.explain(*place, **keywords)
    assert str(caught.value) == message


def test_a_stage_with_heads_asks_for_one():
    with pytest.raises(TraceError) as caught:
        cross_attention_with_softcap().explain("scores", 0, 0)
    assert str(caught.value) == "Stage 'scores' has 2 heads: say which one, as in head=0."
