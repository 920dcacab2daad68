"""One trace of every kind, for what has to hold for all of them."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from attn_magic import attend
from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.trace import AttentionTrace, Axis, Reference, Stage
from tests.traces import INDIAN, cross_attention_with_softcap, grouped_queries

Multiply: TypeAlias = Callable[..., torch.Tensor]  # an einsum: indices, operands
AXES = {"head": 4, "d_k": 33, "d_v": 65, "query": 9, "key": 70}


def _random(n: int, d: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(n * 1000 + d))


def strangely_named() -> AttentionTrace:
    """Stages whose names are no names in Python, or other ones, and equations that attention does not have."""
    rows, columns = Axis("row", ("a\n# b", '"""')), Axis("column", ("\u202e", "d", "e"))
    generator = torch.Generator().manual_seed(3)
    print_, first = torch.randn(2, 3, generator=generator), torch.randn(2, 3, generator=generator)
    largest = torch.maximum(print_, torch.tensor(0.25))
    mixed = (print_ - (first - 2)) / (largest * 3.0) + torch.exp(-1 * first)
    rooted = torch.sqrt(torch.exp(mixed) + 1e-3)
    over_rows = torch.softmax(mixed, dim=0)
    product = torch.einsum("ij,ij->ij", over_rows, rooted)
    stacked = torch.einsum("ki,kj->ij", product, first)

    def stage(name, value, across, equation=None):
        return Stage(
            name,
            name.title(),
            name,
            "Act\nimport os",
            "It means\nimport os",
            value,
            rows if value.shape[0] == 2 else columns,
            across,
            equation=equation,
        )

    minus = ("-", "print", ("-", "lambda", 2))
    return AttentionTrace(
        (
            stage("print", print_, columns),
            stage("lambda", first, columns),
            stage("largest of all", largest, columns, Elementwise(("max", "print", "floor"), {"floor": 0.25})),
            stage("torch", mixed, columns, Elementwise(("+", ("/", minus, ("*", "largest of all", 3.0)), ("exp", ("*", -1, "lambda"))))),
            stage("root", rooted, columns, Elementwise(("sqrt", ("+", ("exp", "torch"), "floor")), {"floor": 1e-3})),
            stage("over_rows", over_rows, columns, Softmax("torch", "rows")),
            stage("product", product, columns, Contraction("ij,ij->ij", ("over_rows", "root"))),
            stage("ﬁ", stacked, columns, Contraction("ki,kj->ij", ("product", "lambda"))),
        ),
        tokens=rows.labels,
    )


def many_heads(multiply: Multiply) -> AttentionTrace:
    """Four heads, 9 queries looking at 70 keys; every product and sum of it is made by `multiply`, the softmax by torch."""
    h, d_k, d_v, queries, keys = (Axis(name, [f"{name} {place}" for place in range(size)]) for name, size in AXES.items())
    generator = torch.Generator().manual_seed(5)
    query, key, value = (torch.randn(4, *size, generator=generator) for size in ((9, 33), (70, 33), (70, 65)))
    scores = multiply("hik,hjk->hij", query, key)
    scaled = scores / 33**0.5
    weights = torch.softmax(scaled, dim=-1)
    output = multiply("hij,hjk->hik", weights, value)

    def stage(name, tensor, rows, columns, equation=None, heads=h):
        return Stage(name, name.title(), name[0].upper(), "Heads", f"The {name} of a test.", tensor, rows, columns, heads, equation)

    stages = (
        stage("query", query, queries, d_k),
        stage("key", key, keys, d_k),
        stage("value", value, keys, d_v),
        stage("scores", scores, queries, keys, Contraction("hik,hjk->hij", ("query", "key"))),
        stage("scaled_scores", scaled, queries, keys, Elementwise(("/", "scores", ("sqrt", "d_k")), {"d_k": 33})),
        stage("attention_weights", weights, queries, keys, Softmax("scaled_scores")),
        stage("output", output, queries, d_v, Contraction("hij,hjk->hik", ("attention_weights", "value"))),
        stage("sum_of_heads", multiply("hik->ik", output), queries, d_v, Contraction("hik->ik", ("output",)), heads=None),
    )
    return AttentionTrace(stages, tuple(queries.labels), reference=Reference("query", "key", "value", "output", 1 / 33**0.5))


def head_by_head(indices: str, *operands: torch.Tensor) -> torch.Tensor:
    """As somebody would write it who does not trust himself with three axes."""
    if len(operands) == 1:
        return operands[0].sum(dim=0)
    turned = [indices.split("->")[0].split(",")[1] == "hjk" and indices.endswith("hij")] * 4
    return torch.stack([left @ (right.T if turn else right) for left, right, turn in zip(*operands, turned, strict=True)])


def in_float64(indices: str, *operands: torch.Tensor) -> torch.Tensor:
    return torch.einsum(indices, *(operand.double() for operand in operands)).float()


def in_numpy(indices: str, *operands: torch.Tensor) -> torch.Tensor:
    """By another program, which adds in an order of its own."""
    return torch.from_numpy(np.einsum(indices, *(operand.numpy()[..., ::-1].copy()[..., ::-1] for operand in operands)).copy())


KINDS: dict[str, Callable[[], AttentionTrace]] = {
    "plain": lambda: attend(INDIAN, tokens="I am Indian"),
    "causal": lambda: attend(INDIAN, tokens="I am Indian", mask="causal"),
    "nothing to attend to": lambda: attend(INDIAN, mask=[[True, False, True], [False] * 3, [True] * 3]),
    "unscaled": lambda: attend(_random(4, 3), scale=False, seed=7),
    "tempered": lambda: attend(_random(4, 3), temperature=0.7, mask="causal", seed=-1),
    "down the columns": lambda: attend(INDIAN, col_dim=0, seed=2**64 - 1),
    "down the columns, masked": lambda: attend(INDIAN, col_dim=0, mask=[[True, False, True]] * 3),
    "identity": lambda: attend(_random(3, 5), weights="identity"),
    "given weights": lambda: attend(INDIAN, weights={"W_q": [[1.5, -0.1]], "W_k": [[0.3, 1e-8]], "W_v": _random(3, 2)}),
    "one token": lambda: attend([[1.0]], tokens=["only"]),
    "wide": lambda: attend(_random(1, 40)),
    "tall": lambda: attend(_random(40, 1), mask="causal"),
    "65 tokens": lambda: attend(_random(65, 33)),
    "not finite": lambda: attend([[1e30, 2e30], [3.0, -1e30]]),
    "two heads": cross_attention_with_softcap,
    "grouped queries": grouped_queries,
    "strangely named": strangely_named,
    "heads by einsum": lambda: many_heads(torch.einsum),
    "heads one by one": lambda: many_heads(head_by_head),
    "heads in float64": lambda: many_heads(in_float64),
}
