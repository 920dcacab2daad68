"""Attention as torch computes it, one stage after another: token encodings → `AttentionTrace`.

The modules are the original teaching notebook's: weights drawn in the order W_q, W_k, W_v after seeding, stored out × in and used as
X Wᵀ, no bias. `attend` runs them on what a user has and records every stage with the equation that made it.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attn_magic.errors import InputError
from attn_magic.inputs import WEIGHT_NAMES, read_encodings, read_mask, read_seed, read_temperature, read_tokens, read_weights
from attn_magic.masks import GIVEN, MASKS, NONE
from attn_magic.notation import Number, format_number
from attn_magic.notices import Notice
from attn_magic.options import Options
from attn_magic.recipes import build_stages, count_up
from attn_magic.threads import one_thread
from attn_magic.trace import AttentionTrace, Reference

Steps: TypeAlias = dict[str, Tensor]


class SelfAttention(nn.Module):
    """Self-attention as the original notebook defines it: every token looks at every token.

    The weights equal, bit for bit, three `nn.Linear(embed_dim, embed_dim, bias=False)` made after `torch.manual_seed(seed)`, but the seed
    stays private: no global random state, default dtype or default device is read or changed. `col_dim` is the dimension that the
    softmax runs over (1: each query's weights sum to 1); `row_dim` is kept for the original's signature. `scale=False` leaves the
    division by √d_k out; a `temperature` above 1 evens the weights out, one below 1 sharpens them.

    >>> x = torch.tensor([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]])
    >>> SelfAttention(embed_dim=2)(x).detach()
    tensor([[1.0100, 1.0641],
            [0.2040, 0.7057],
            [3.4989, 2.2427]])
    """

    def __init__(self, embed_dim: int, row_dim: int = 0, col_dim: int = 1, seed: int = 42, *, scale: bool = True, temperature: Number = 1.0) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        self.row_dim = row_dim
        self.col_dim = col_dim
        self.scale = scale
        self.temperature = temperature
        generator = torch.Generator(device="cpu").manual_seed(seed)
        self.W_q = _seeded_projection(embed_dim, generator)
        self.W_k = _seeded_projection(embed_dim, generator)
        self.W_v = _seeded_projection(embed_dim, generator)

    def forward(self, token_encodings: Float[Tensor, "n d_model"]) -> Float[Tensor, "n d_v"]:
        """The output, one row per token; also called the context vectors."""
        return self.steps(token_encodings)["output"]

    def steps(self, token_encodings: Float[Tensor, "n d_model"], mask: Bool[Tensor, "n n"] | None = None) -> Steps:
        """Every tensor on the way to the output, by the name of its stage.

        `mask` is True where a query (row) may attend to a key (column).
        """
        with _full_precision(token_encodings.device.type):
            steps = {"query": self.W_q(token_encodings), "key": self.W_k(token_encodings), "value": self.W_v(token_encodings)}
            steps["scores"] = steps["query"] @ steps["key"].T  # (n, d_k) @ (d_k, n) → (n, n)
            with one_thread(len(token_encodings)):
                steps |= self._adjust(steps["scores"], steps["key"].shape[-1], mask)
            *_, last = steps.values()
            steps["attention_weights"] = _softmax(last, self.col_dim)
            steps["output"] = steps["attention_weights"] @ steps["value"]  # (n, n) @ (n, d_v) → (n, d_v)
        return steps

    def _adjust(self, scores: Float[Tensor, "n n"], d_k: int, mask: Bool[Tensor, "n n"] | None) -> Steps:
        """What becomes of the scores, cell by cell, before the softmax."""
        steps: Steps = {}
        latest = scores
        if self.scale:
            latest = steps["scaled_scores"] = latest / d_k**0.5
        if self.temperature != 1:
            latest = steps["tempered_scores"] = latest / self.temperature
        if mask is not None:
            steps["mask"] = mask
            steps["masked_scores"] = latest.masked_fill(~mask, -torch.inf)
        return steps


class MaskedSelfAttention(SelfAttention):
    """Self-attention in which a token sees only what a mask lets it see: by default itself and what came before.

    >>> x = torch.tensor([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]])
    >>> MaskedSelfAttention(embed_dim=2)(x).detach()
    tensor([[ 0.6038,  0.7434],
            [-0.0062,  0.6072],
            [ 3.4989,  2.2427]])
    """

    def forward(self, token_encodings: Float[Tensor, "n d_model"], mask: Bool[Tensor, "n n"] | None = None) -> Float[Tensor, "n d_v"]:
        """The output, one row per token. `mask` is True where a query (row) may attend to a key (column); None is the causal mask."""
        n = len(token_encodings)
        mask = MASKS["causal"].make(n, n).to(token_encodings.device) if mask is None else mask
        return self.steps(token_encodings, mask)["output"]


def _seeded_projection(embed_dim: int, generator: torch.Generator) -> nn.Linear:
    weight = torch.empty(embed_dim, embed_dim, dtype=torch.float32, device="cpu")
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)  # as nn.Linear.reset_parameters
    return _projection(weight)


def _projection(weight: Float[Tensor, "out in"]) -> nn.Linear:
    out_features, in_features = weight.shape
    # On the meta device nn.Linear draws no numbers; elsewhere it would take them from the global generator.
    projection = nn.Linear(in_features, out_features, bias=False, device="meta", dtype=torch.float32)
    projection.weight = nn.Parameter(weight)
    return projection


def _softmax(scores: Float[Tensor, "n m"], dim: int) -> Float[Tensor, "n m"]:
    """Softmax, with 0 instead of NaN where everything is hidden, as `F.scaled_dot_product_attention` has it."""
    with one_thread(len(scores)) if dim == 1 else nullcontext():
        weights = torch.softmax(scores, dim=dim)
    nothing = (scores == -torch.inf).all(dim=dim, keepdim=True)
    return weights.masked_fill(nothing, 0.0) if nothing.any() else weights


@contextmanager
def _full_precision(device_type: str) -> Iterator[None]:
    """Products in float32 as they are, whatever the user has allowed elsewhere.

    Autocast is switched off for this thread alone. `torch.set_float32_matmul_precision("medium")` has no such switch: on CPUs with bf16
    instructions it moves products by several percent through oneDNN, which is therefore left aside meanwhile, in that case only.
    """
    onednn: Any = torch.backends.mkldnn
    matmul = getattr(onednn, "matmul", None)
    reduced = matmul is not None and onednn.enabled and matmul.fp32_precision in ("bf16", "tf32")
    with torch.autocast(device_type, enabled=False):
        if not reduced:
            yield
            return
        onednn.enabled = False
        try:
            yield
        finally:
            onednn.enabled = True


def attend(
    x: object,
    *,
    tokens: str | Iterable[object] | None = None,
    mask: object = None,
    seed: int = Options.seed,
    scale: bool = Options.scale,
    col_dim: int = Options.col_dim,
    weights: object = None,
    temperature: Number = Options.temperature,
) -> AttentionTrace:
    """Run self-attention on `x` and record every stage.

    >>> trace = attend([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]], tokens="I am Indian")
    >>> trace.output
    tensor([[1.0100, 1.0641],
            [0.2040, 0.7057],
            [3.4989, 2.2427]])
    >>> print(trace.explain("scores", 2, 0))
    scores[Indian, I] = Σ_k query[Indian, k] × key[I, k]
      = 1.116378 × −0.1469 + −2.133583 × −0.303827 = 0.4842
    How well does what Indian asks for match what I offers?

    Args:
        x: tokens × d_model: a tensor, array, DataFrame (its index become tokens), list of rows or `Matrix`. It is copied, to float32 on the CPU.
        tokens: a word for each row, as a sequence or as one text.
        mask: None, a name from `attn_magic.masks` such as "causal" (a token sees only itself and what came before), or an n × n matrix
            that is True where a query (row) may attend to a key (column), as in `scaled_dot_product_attention`;
            `nn.MultiheadAttention` means the opposite.
        seed: what the weights are drawn with.
        scale: whether scores are divided by √d_k.
        col_dim: the dimension the softmax runs over: 1, so that each query's weights sum to 1, or 0 to see what goes wrong.
        weights: None (drawn with `seed`), "identity", a module having `W_q`, `W_k` and `W_v`, or a mapping of these names to matrices in
            torch's orientation, out × in (used as X Wᵀ).
        temperature: what the scores are divided by besides √d_k, as when a model's next word is drawn: above 1 evens the weights out.

    Raises:
        InputError: where one of these does not fit, in a sentence that says how to mend it.
    """
    encodings = read_encodings(x)
    n, d_model = encodings.values.shape
    if col_dim not in (0, 1):
        raise InputError(f"col_dim is {col_dim}, but a matrix has dimensions 0 (down the columns) and 1 (along the rows).")
    allowed = read_mask(mask, n)
    settings: dict[str, Any] = {"col_dim": col_dim, "seed": read_seed(seed), "scale": scale, "temperature": read_temperature(temperature)}
    module = (SelfAttention if allowed is None else MaskedSelfAttention)(d_model, **settings)
    if weights is not None:
        _give_weights(module, read_weights(weights, d_model))
    with torch.no_grad():
        values = {"token_encodings": encodings.values, **{name: getattr(module, name).weight.clone() for name in WEIGHT_NAMES}}
        values |= module.steps(encodings.values, allowed)

    words = read_tokens(tokens, n) or encodings.tokens or count_up("token", n)
    options = Options(
        seed=seed,
        mask=NONE if allowed is None else mask if isinstance(mask, str) else GIVEN,
        scale=scale,
        col_dim=col_dim,
        weights="seeded" if weights is None else weights if isinstance(weights, str) else "given",
        temperature=temperature,
    )
    trace = AttentionTrace(
        stages=build_stages(values, words, encodings.columns or count_up("dim", d_model), col_dim=col_dim, temperature=temperature),
        tokens=words,
        options=options,
        notices=encodings.notices,
        module=module,
        reference=_reference(module, masked=allowed is not None),
    )
    return replace(trace, notices=(*trace.notices, *_nonfinite_notices(trace)))


def _give_weights(module: SelfAttention, weights: dict[str, Tensor]) -> None:
    for name, weight in weights.items():
        setattr(module, name, _projection(weight))


def _nonfinite_notices(trace: AttentionTrace) -> tuple[Notice, ...]:
    found = trace.first_nonfinite()
    if found is None:
        return ()
    stage, place = found
    value = format_number(stage.value[place].item())
    where = ", ".join(f"{what} {number + 1}" for what, number in zip(("head", "row", "column")[-len(place) :], place, strict=True))
    text = (
        f"{stage.title} ({stage.name}) is the first stage that is not finite: {value} at {where}. Products there are "
        "beyond the largest float32 number, 3.4e+38, and everything made from them is ∞ or NaN too. Use smaller numbers."
    )
    return (Notice("nonfinite", text),)


@dataclass(frozen=True)
class Check:
    """How far an output is from that of torch's own function, at the most; None where there is nothing to compare with."""

    difference: float | None
    text: str

    def __str__(self) -> str:
        return self.text


def _reference(module: SelfAttention, *, masked: bool) -> Reference | None:
    if module.col_dim != 1:
        return None
    scale = (1 / module.W_k.out_features**0.5 if module.scale else 1.0) / module.temperature
    return Reference("query", "key", "value", "output", scale, "mask" if masked else None)


def check(trace: AttentionTrace) -> Check:
    """Compare a trace's output with `F.scaled_dot_product_attention` on its query, key, value and mask.

    They agree where they differ by no more than `torch.testing.assert_close` allows for float32: 1e-5 plus 1.3e-6 of the size.
    """
    reference = trace.reference
    if reference is None:
        return Check(None, "torch has no single function to compare this attention with")
    query, key, value, output = (trace[name].value for name in (reference.query, reference.key, reference.value, reference.output))
    if trace.first_nonfinite() is not None:
        return Check(None, "not compared with torch: not every number is finite")
    mask = None if reference.mask is None else trace[reference.mask].value
    with torch.no_grad(), _full_precision(output.device.type), one_thread(len(query)):
        expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=reference.scale)
        if mask is not None:  # torch 2.2 says NaN where a query may attend to nothing; newer ones say 0
            nothing = ~mask.any(dim=-1, keepdim=True)
            expected = expected.masked_fill(nothing & expected.isnan(), 0.0)
    difference = (output - expected).abs().max().item()
    agrees = torch.allclose(output, expected, rtol=1.3e-6, atol=1e-5)
    return Check(difference, f"{'agrees with' if agrees else 'differs from'} torch {'to' if agrees else 'by'} {difference:.1e}")
