"""One trace of every kind, for what has to hold for all of them."""

from collections.abc import Callable

import torch

from attn_magic import attend
from attn_magic.trace import AttentionTrace, Axis, Contraction, Elementwise, Softmax, Stage
from tests.traces import INDIAN, cross_attention_with_softcap


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
    "strangely named": strangely_named,
}
