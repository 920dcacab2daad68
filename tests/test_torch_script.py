"""The script in plain torch: whatever trace it was written from, running it gives every stage again."""

import contextlib
import io
import re
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import attn_magic
from attn_magic import attend
from attn_magic.equations import Contraction
from attn_magic.exports.torch_script import to_code, variable_names
from attn_magic.notation import format_label, shorten
from attn_magic.trace import AttentionTrace, Axis, Stage
from tests.kinds import KINDS, in_numpy, many_heads
from tests.labels import in_batches
from tests.traces import INDIAN

ORIGIN = "Made by attn_magic 0.1.0 with torch {torch}: seed=42, mask=causal, scale=True, col_dim=1, weights=seeded, temperature=2.0"
SCRIPT = """# Attention, step by step, in plain torch.
# {origin}

import torch
import torch.nn.functional as F
from torch import nn

# Project
# Token encodings: One row per token: its word embedding plus position encoding.
token_encodings = torch.tensor(
    [
        [1.16, 0.23],  # I
        [0.57, 1.36],  # am
        [4.41, -2.16],  # Indian
    ],
    dtype=torch.float32,
)
generator = torch.Generator().manual_seed(42)
W_q = nn.init.kaiming_uniform_(torch.empty(2, 2, dtype=torch.float32), a=5**0.5, generator=generator)
W_k = nn.init.kaiming_uniform_(torch.empty(2, 2, dtype=torch.float32), a=5**0.5, generator=generator)
W_v = nn.init.kaiming_uniform_(torch.empty(2, 2, dtype=torch.float32), a=5**0.5, generator=generator)
query = token_encodings @ W_q.T  # 3 × 2
key = token_encodings @ W_k.T  # 3 × 2
value = token_encodings @ W_v.T  # 3 × 2

# Compare
scores = query @ key.T  # 3 × 3
d_k = 2
scaled_scores = scores / d_k**0.5
temperature = 2.0
tempered_scores = scaled_scores / temperature
# Mask: Which keys a query may attend to.
mask = torch.ones(3, 3, dtype=torch.bool).tril()
masked_scores = torch.where(mask, tempered_scores, -torch.inf)

# Normalise
attention_weights = torch.softmax(masked_scores, dim=-1)

# Blend
output = attention_weights @ value  # 3 × 2

print(output)

expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale={scale})
print("largest difference from torch:", (output - expected).abs().max().item())
print("agrees with torch:", torch.allclose(output, expected, rtol=1.3e-6, atol=1e-5))
"""


def run(script: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(script, "script.py", "exec", dont_inherit=True), namespace)
    return namespace


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.contiguous().view(torch.uint8).equal(other.contiguous().view(torch.uint8))


def test_it_reads_like_a_lesson():
    """Given numbers as typed, weights from the seed, one line for each equation, torch's own function at the end."""
    trace = attend(INDIAN, tokens="I am Indian", mask="causal", temperature=2.0)
    origin = ORIGIN.format(torch=torch.__version__.partition("+")[0]).replace("0.1.0", attn_magic.__version__)
    assert to_code(trace) == SCRIPT.format(origin=origin, scale=repr(1 / 2**0.5 / 2.0))


@pytest.mark.parametrize("kind", KINDS)
def test_running_it_gives_every_stage_bit_for_bit(kind):
    """Also where a stage was put together by hand, from whichever product of torch it came."""
    trace = KINDS[kind]()
    script = to_code(trace)
    namespace = run(script)
    for stage in trace:
        assert same_bits(namespace[variable_names(trace)[stage.name]], stage.value), stage.name
    assert "differs" not in script


def test_numbers_of_another_program_are_computed_too_and_each_line_says_how_far_it_is_from_them():
    """No product of torch gives NumPy's last bit. The script computes none the less, and is honest about it."""
    trace = many_heads(in_numpy)
    script = to_code(trace)
    namespace = run(script)
    claims = dict(re.findall(r"^(\w+) = .*differs from the recorded numbers by up to (\S+)$", script, re.MULTILINE))
    assert "scores" in claims
    for stage in trace:
        difference = (namespace[stage.name].double() - stage.value.double()).abs().max().item()
        assert difference <= float(claims.get(stage.name, 0)) <= 1.2 * difference + 1e-12, stage.name
    assert script.count("torch.tensor(") == 3  # query, key and value alone are given


def test_kinds_of_numbers_that_torch_does_not_mix_are_computed_in_float64():
    one, axis = torch.tensor([[0.1, 2.0]], dtype=torch.float64), Axis("d", ("a", "b"))
    other = torch.tensor([[3.0, 0.7]])
    product = torch.einsum("ik,jk->ij", one, other.double()).float()
    row = Axis("row", ("only",))
    stages = (
        Stage("one", "One", "O", "Act", "", one, row, axis),
        Stage("other", "Other", "O", "Act", "", other, row, axis),
        Stage("product", "Product", "P", "Act", "", product, row, row, equation=Contraction("ik,jk->ij", ("one", "other"))),
    )
    script = to_code(AttentionTrace(stages, ("only",)))
    assert 'product = torch.einsum("ik,jk->ij", one.double(), other.double()).to(torch.float32)  # 1 × 1\n' in script
    assert same_bits(run(script)["product"], product)


def test_it_needs_nothing_but_torch():
    """In a process of its own, where this package cannot be imported."""
    script = "import sys; sys.modules['attn_magic'] = None\n" + to_code(attend(INDIAN))
    ran = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.startswith("tensor([[1.0100, 1.0641],\n        [0.2040, 0.7057],\n        [3.4989, 2.2427]])\nlargest difference from torch: ")
    assert ran.stdout.endswith("agrees with torch: True\n")


@pytest.mark.parametrize("of_nothing", [0.0, torch.nan])
def test_it_agrees_with_every_torch_where_a_query_may_attend_to_nothing(monkeypatch, capsys, of_nothing):
    """Torch 2.2 says NaN there."""
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    trace = attend(INDIAN, mask=mask)
    script = to_code(trace)
    expected = trace.output.clone()
    expected[1] = of_nothing
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", lambda *tensors, **settings: expected)
    exec(compile(script, "script.py", "exec", dont_inherit=True), {})
    assert capsys.readouterr().out.endswith("largest difference from torch: 0.0\nagrees with torch: True\n")


def test_what_cannot_be_compared_with_torch_says_so():
    assert "# torch has no single function to compare this attention with\n" in to_code(attend(INDIAN, col_dim=0))
    assert "# not compared with torch: not every number is finite\n" in to_code(KINDS["not finite"]())


def test_weights_that_were_changed_afterwards_are_written_out():
    """The seed is used only where it gives these very weights."""
    trace = attend(INDIAN)
    trace["W_k"].value[0, 0] += 1
    assert "manual_seed" not in to_code(trace)
    assert same_bits(run(to_code(trace))["W_k"], trace.W_k)


def test_labels_are_comments_and_nothing_else():
    """The same statements run, whatever the tokens are called."""
    rows = torch.arange(40.0).reshape(20, 2)
    plain = to_code(attend(rows, tokens=["x"] * 20))
    for tokens in in_batches(20):
        script = to_code(attend(rows, tokens=tokens))
        assert compile(script, "s", "exec").co_code == compile(plain, "s", "exec").co_code
        assert script.encode("utf-8").count(b"\n") == plain.count("\n")
        assert all(f"# {format_label(shorten(format_label(token[:200])))}\n" in script for token in tokens)


@given(
    rows=st.lists(
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    ),
    seed=st.integers(-(2**63), 2**64 - 1),
    scale=st.booleans(),
    col_dim=st.sampled_from([0, 1]),
    mask=st.sampled_from([None, "causal"]),
    temperature=st.sampled_from([1.0, 0.3, 7]),
)
@settings(max_examples=40)
def test_any_matrix_and_any_options(rows, seed, scale, col_dim, mask, temperature):
    trace = attend(rows, seed=seed, scale=scale, col_dim=col_dim, mask=mask, temperature=temperature)
    namespace = run(to_code(trace))
    for stage in trace:
        assert same_bits(namespace[stage.name], stage.value), stage.name
