"""Masks by name: one table that the magic line, Python, the page, the saved cell, scripts and the words about a trace all read.

A new mask is one new row. torch is imported when a mask is made, so that `%load_ext` and `--help` need not wait for it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import torch

Make: TypeAlias = "Callable[[int, int], torch.Tensor]"


class Mask(NamedTuple):
    """A mask that has a name.

    `make(queries, keys)` is its matrix: True where this query (row) may attend to this key (column). `code` is the same as a line of torch, in
    which {queries} and {keys} stand for the sizes. `meaning` goes on after the name: "causal: a token sees only itself and what came before".
    """

    name: str
    meaning: str
    code: str
    make: Make


def _causal(queries: int, keys: int) -> "torch.Tensor":
    import torch

    # As in `F.scaled_dot_product_attention(is_causal=True)`, the first query is the first key where there are more of one than of the other.
    return torch.arange(queries, device="cpu")[:, None] >= torch.arange(keys, device="cpu")


NONE, GIVEN = "none", "given"  # in `Options.mask` and on the line: no mask at all, and one that has no name

MASKS = {
    mask.name: mask
    for mask in (Mask("causal", "a token sees only itself and what came before", "torch.ones({queries}, {keys}, dtype=torch.bool).tril()", _causal),)
}
