"""Equations are checked when they are made, and a trace when it is: nothing malformed is met later, while somebody looks at a number."""

import itertools
import re
import string

import pytest
import torch

from attn_magic.equations import Contraction, Elementwise, Softmax, _find_constant_fault
from attn_magic.errors import TraceError
from attn_magic.trace import AttentionTrace
from tests.test_trace import plain_stage

EXAMPLE = " A product of matrices is written 'ik,kj->ij'."
SECOND_HAS_HEADS = "Stage 'y' is 3 × 4, but 'x' is 2 × 3 × 4: only the second has heads."
FUNCTIONS = "+, -, *, /, max, sqrt, exp, tanh, where, more"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Contraction("zk->ik", ("x",)), "The pattern 'zk->ik' has 'i' in its result, but in no operand." + EXAMPLE),
        (lambda: Contraction("ik,jk", ("x", "y")), "The pattern 'ik,jk' needs one -> before the letters of the result." + EXAMPLE),
        (lambda: Contraction("ik->kj->ij", ("x",)), "The pattern 'ik->kj->ij' needs one -> before the letters of the result." + EXAMPLE),
        (lambda: Contraction("", ()), "The pattern '' needs one -> before the letters of the result." + EXAMPLE),
        (lambda: Contraction("ik,kj->ij", ("x",)), "The pattern 'ik,kj->ij' has letters for 2 operands, but 1 is named." + EXAMPLE),
        (lambda: Contraction("ik->ik", ("x", "y")), "The pattern 'ik->ik' has letters for 1 operand, but 2 are named." + EXAMPLE),
        (
            lambda: Contraction("i k,k j->i j", ("x", "y")),
            "The pattern 'i k,k j->i j' has 'i k' in it: a stage has two axes, or three with heads, and a letter from a to z for each." + EXAMPLE,
        ),
        (
            lambda: Contraction("ik,k->ik", ("x", "y")),
            "The pattern 'ik,k->ik' has 'k' in it: a stage has two axes, or three with heads, and a letter from a to z for each." + EXAMPLE,
        ),
        (lambda: Contraction("ii->ij", ("x",)), "The pattern 'ii->ij' has 'i' twice in 'ii'." + EXAMPLE),
        (lambda: Contraction("ik,jk->ii", ("x", "y")), "The pattern 'ik,jk->ii' has 'i' twice in 'ii'." + EXAMPLE),
        (lambda: Elementwise(("relu", "x")), f"The expression ('relu', 'x') has the function 'relu', but there are only {FUNCTIONS}."),
        (
            lambda: Elementwise(("+", 1, ("tan", "x"))),
            f"The expression ('+', 1, ('tan', 'x')) has the function 'tan', but there are only {FUNCTIONS}. Did you mean 'tanh'?",
        ),
        (lambda: Elementwise(()), f"The expression () has the function '', but there are only {FUNCTIONS}."),
        (lambda: Elementwise((("+",), "x")), f"The expression (('+',), 'x') has the function ('+',), but there are only {FUNCTIONS}."),
        (lambda: Elementwise(("sqrt", "x", "y")), "The expression ('sqrt', 'x', 'y') gives 'sqrt' 2 arguments, but it takes 1."),
        (lambda: Elementwise(("+",)), "The expression ('+',) gives '+' 0 arguments, but it takes 1 or more."),
        (lambda: Elementwise(("where", "x", 1.0)), "The expression ('where', 'x', 1.0) gives 'where' 2 arguments, but it takes 3."),
        (
            lambda: Elementwise(("+", "x", [1])),
            "The expression ('+', 'x', [1]) has [1] in it, which is no number, no name and no calculation.",
        ),
        (lambda: Softmax("x", "heads"), "A softmax goes over the columns or the rows, and not over 'heads'."),
    ],
)
def test_a_malformed_equation_is_refused_when_it_is_made(make, message):
    with pytest.raises(TraceError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            [plain_stage(shape=(2, 3, 4)), plain_stage("y", equation=Elementwise("x"))],
            SECOND_HAS_HEADS,
        ),
        (
            [plain_stage(shape=(2, 3, 4)), plain_stage("y", equation=Softmax("x"))],
            SECOND_HAS_HEADS,
        ),
        (
            [plain_stage(shape=(2, 3, 4)), plain_stage("y", (4, 3, 4), Elementwise(("sqrt", "x")))],
            "Stage 'y' is 4 × 3 × 4, but 'x' is 2 × 3 × 4.",
        ),
        ([plain_stage(shape=(2, 3, 4)), plain_stage("y", (4, 3, 4), Softmax("x"))], "Stage 'y' is 4 × 3 × 4, but 'x' is 2 × 3 × 4."),
        ([plain_stage(), plain_stage("y", (4, 3, 4), Softmax("x"))], "Stage 'y' is 4 × 3 × 4, but 'x' is 3 × 4: only the first has heads."),
        (
            [plain_stage(shape=(2, 3, 4)), plain_stage("y", (4, 3, 4), Contraction("hik->hik", ("x",)))],
            "In 'hik->hik', 'h' is 2 in one stage and 4 in 'y'.",
        ),
        (
            [plain_stage(shape=(2, 3, 4)), plain_stage("y", (3, 4), Contraction("ik->ik", ("x",)))],
            "In 'ik->ik', 'ik' has 2 letters, but 'x' is 2 × 3 × 4.",
        ),
    ],
)
def test_heads_that_do_not_fit_are_refused_when_the_trace_is_made(stages, message):
    with pytest.raises(TraceError) as caught:
        AttentionTrace(tuple(stages), ("a",))
    assert str(caught.value) == message


def test_a_constant_that_is_no_number_is_named():
    """Asked of the check alone: the test run's own type checks are in the way of the class."""
    assert _find_constant_fault({"one": 1, "c": "1"}) == "has the constant 'c', which is '1' and no number."
    assert _find_constant_fault({"one": 1, "half": 0.5, "yes": True}) == ""


def test_an_operand_without_heads_serves_every_head():
    AttentionTrace((plain_stage(), plain_stage("y", (2, 3, 4), Elementwise(("+", "x", 1)))), ("a",))


def test_a_pattern_is_accepted_exactly_where_einsum_accepts_it():
    """Oracle: torch, on every pattern of two operands with two letters each of three, and a result of two."""
    pairs = ["".join(pair) for pair in itertools.product("ijk", repeat=2)]
    square = torch.ones(2, 2)
    for one, other, result in itertools.product(pairs, repeat=3):
        pattern = f"{one},{other}->{result}"
        try:
            torch.einsum(pattern, square, square)
            fits = len(set(one)) == len(set(other)) == 2  # a diagonal is no product of two axes
        except RuntimeError:
            fits = False
        if fits:
            assert Contraction(pattern, ("x", "y")).result_letters == result
        else:
            with pytest.raises(TraceError):
                Contraction(pattern, ("x", "y"))


@pytest.mark.parametrize("indices", [*string.punctuation, "->", ",->", "ik,->ik", "ik->", "ïk->ïk", "0k->0k", "ik->ik\n"])
def test_what_is_no_pattern_is_refused_in_words(indices):
    with pytest.raises(TraceError, match=re.escape(f"The pattern {indices!r} ")):
        Contraction(indices, ("x",))


def test_a_stage_that_is_made_of_constants_alone_can_be_looked_at():
    stage = plain_stage("y", value=torch.full((3, 4), 6.0), equation=Elementwise(("*", 2, "three"), {"three": 3}))
    trace = AttentionTrace((plain_stage(), stage), ("a",))
    assert not trace.hidden(stage, slice(None), slice(None)).any()
    assert trace.explain("y", 0, 0).lines == ("= 2 × 3 = 6.0000",)
    assert "2 × three" in str(trace) or "2 × 3" in str(trace)


def test_only_a_mask_hides():
    """A condition that is a number, or a constant, is not what a query may attend to."""
    hiding = ("where", "x", 1.0, -torch.inf)
    stage = plain_stage("y", value=torch.ones(3, 4), equation=Elementwise(hiding))
    trace = AttentionTrace((plain_stage(), stage), ("a",))
    assert not trace.hidden(stage, slice(None), slice(None)).any()
    constant = plain_stage("z", value=torch.ones(3, 4), equation=Elementwise(("where", "on", 1.0, -torch.inf), {"on": 1}))
    assert not AttentionTrace((plain_stage(), constant), ("a",)).hidden(constant, slice(None), slice(None)).any()
