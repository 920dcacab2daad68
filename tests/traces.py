"""Traces that several tests look at, beside those that `attend` makes."""

import math

import torch

from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.trace import AttentionTrace, Axis, Stage

INDIAN = [[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]  # the original notebook's matrix, "I am Indian"


def cross_attention_with_softcap() -> AttentionTrace:
    """Two heads, 3 queries looking at 4 keys, and a stage the package knows nothing of: cap · tanh(scores / cap)."""
    queries, keys = Axis("query", ("le", "chat", "dort")), Axis("key", ("the", "cat", "is", "asleep"))
    heads, d_k, d_v = Axis("head", ("head 1", "head 2")), Axis("d_k", ("dim 1", "dim 2")), Axis("d_v", ("dim 1", "dim 2", "dim 3"))
    generator = torch.Generator().manual_seed(7)
    query, key, value = (torch.randn(*size, generator=generator) * 2 for size in ((2, 3, 2), (2, 4, 2), (2, 4, 3)))
    scores = torch.einsum("hik,hjk->hij", query, key)
    capped = 1.5 * torch.tanh(scores / 1.5)
    mask = torch.tensor([[True, True, False, True], [False, False, False, False], [True, False, True, True]])
    masked = capped.masked_fill(~mask, -torch.inf)
    weights = torch.softmax(masked, dim=-1).nan_to_num(0.0)
    output = torch.einsum("hij,hjk->hik", weights, value)

    def stage(name, tensor, rows, columns, equation=None, act="Compare", per_head=True):
        return Stage(
            name=name,
            title=name.replace("_", " ").capitalize(),
            symbol=name[0].upper(),
            act=act,
            meaning=f"The {name} of a test.",
            value=tensor,
            rows=rows,
            columns=columns,
            heads=heads if per_head else None,
            equation=equation,
            sentence="About {row} and {column}.",
        )

    return AttentionTrace(
        stages=(
            stage("query", query, queries, d_k, act="Project"),
            stage("key", key, keys, d_k, act="Project"),
            stage("value", value, keys, d_v, act="Project"),
            stage("scores", scores, queries, keys, Contraction("hik,hjk->hij", ("query", "key"))),
            stage("softcap", capped, queries, keys, Elementwise(("*", "cap", ("tanh", ("/", "scores", "cap"))), {"cap": 1.5})),
            stage("mask", mask, queries, keys, per_head=False),
            stage("masked_scores", masked, queries, keys, Elementwise(("where", "mask", "softcap", -math.inf))),
            stage("attention_weights", weights, queries, keys, Softmax("masked_scores"), act="Normalise"),
            stage("output", output, queries, d_v, Contraction("hij,hjk->hik", ("attention_weights", "value")), act="Blend"),
            stage("sum_of_heads", output.sum(dim=0), queries, d_v, Contraction("hik->ik", ("output",)), act="Blend", per_head=False),
        ),
        tokens=("le", "chat", "dort"),
    )


def grouped_queries() -> AttentionTrace:
    """Four query heads over two key and value heads: `groups` says which of these each query head looks at."""
    queries, keys = Axis("query", ("le", "chat", "dort")), Axis("key", ("the", "cat", "is", "asleep"))
    heads, kv_heads = (Axis(name, [f"{name.replace('_', ' ')} {place + 1}" for place in range(size)]) for name, size in (("head", 4), ("kv_head", 2)))
    d_k, d_v = Axis("d_k", ("dim 1", "dim 2")), Axis("d_v", ("dim 1", "dim 2", "dim 3"))
    generator = torch.Generator().manual_seed(11)
    query, key, value = (torch.randn(*size, generator=generator) for size in ((4, 3, 2), (2, 4, 2), (2, 4, 3)))
    groups = torch.eye(2).repeat_interleave(2, dim=0)
    scores = torch.einsum("hik,gjk,hg->hij", query, key, groups)
    scaled = scores / 2**0.5
    weights = torch.softmax(scaled, dim=-1)
    output = torch.einsum("hij,gjk,hg->hik", weights, value, groups)

    def stage(name, symbol, act, tensor, rows, columns, heads=None, equation=None):
        title = name.replace("_", " ").capitalize()
        return Stage(name, title, symbol, act, f"The {name} of a test.", tensor, rows, columns, heads, equation, "About {row} and {column}.")

    return AttentionTrace(
        stages=(
            stage("query", "Q", "Project", query, queries, d_k, heads),
            stage("key", "K", "Project", key, keys, d_k, kv_heads),
            stage("value", "V", "Project", value, keys, d_v, kv_heads),
            stage("groups", "G", "Project", groups, heads, kv_heads),
            stage("scores", "S", "Compare", scores, queries, keys, heads, Contraction("hik,gjk,hg->hij", ("query", "key", "groups"))),
            stage("scaled_scores", "S/√d_k", "Compare", scaled, queries, keys, heads, Elementwise(("/", "scores", ("sqrt", "d_k")), {"d_k": 2})),
            stage("attention_weights", "A", "Normalise", weights, queries, keys, heads, Softmax("scaled_scores")),
            stage("output", "A V", "Blend", output, queries, d_v, heads, Contraction("hij,gjk,hg->hik", ("attention_weights", "value", "groups"))),
        ),
        tokens=("le", "chat", "dort"),
    )


def with_constants() -> AttentionTrace:
    """Steps with numbers of the reader's own in them, written and named."""
    rows, columns = Axis("row", ("a", "b")), Axis("column", ("x", "y", "z"))
    generator = torch.Generator().manual_seed(13)
    given, other = torch.randn(2, 3, generator=generator), torch.randn(2, 3, generator=generator)
    mask = torch.tensor([[True, False, True], [True, True, False]])
    halved = 0.5 * given
    shifted = halved - -0.25
    small = shifted + 1e-5
    tempered = small / 0.7
    softened = tempered / 0.3
    difference = softened - (other - 2)
    lowered = torch.where(mask, difference, torch.tensor(-10000.0))
    masked = lowered.masked_fill(~mask, -torch.inf)

    def stage(name, value, *equation):
        words = (name, name.replace("_", " ").capitalize(), name[0].upper(), "Numbers", f"The {name} of a test.")
        return Stage(*words, value, rows, columns, equation=Elementwise(*equation) if equation else None)

    return AttentionTrace(
        stages=(
            stage("given", given),
            stage("other", other),
            stage("mask", mask),
            stage("halved", halved, ("*", 0.5, "given")),
            stage("shifted", shifted, ("-", "halved", -0.25)),
            stage("small", small, ("+", "shifted", 1e-5)),
            stage("tempered", tempered, ("/", "small", "temperature"), {"temperature": 0.7}),
            stage("softened", softened, ("/", "tempered", 0.3)),
            stage("difference", difference, ("-", "softened", ("-", "other", 2))),
            stage("lowered", lowered, ("where", "mask", "difference", -10000.0)),
            stage("masked", masked, ("where", "mask", "lowered", -math.inf)),
        ),
        tokens=("a", "b"),
    )
