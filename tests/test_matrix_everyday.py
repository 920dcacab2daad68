"""Bodies as people really have them, from prints, files, tables and chats, each with what a careful reader sees in it.

The prints are real ones, of NumPy, torch, pandas, polars, SymPy, tabulate, R, Octave, PostgreSQL and SQLite. An entry with the mark
`"refused": true` has a second reading, or a form that is not understood: it is refused, and never read as anything else.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from attn_magic.errors import MatrixError
from attn_magic.matrix import Matrix, parse_matrix

FILE = Path(__file__).parent / "data" / "everyday_bodies.json"
ENTRIES = [entry for group in json.loads(FILE.read_text(encoding="utf-8")).values() for entry in group]
Reading = tuple[list[list[int]], list[str] | None, list[str] | None]


def bits(values: Any) -> list[list[int]]:
    """The float32 bits of every number, so that -0.0 is not 0.0."""
    return torch.tensor(values, dtype=torch.float64).to(torch.float32).view(torch.int32).tolist()


def names(words: Any) -> list[str] | None:
    return None if words is None else list(words)


def reading(matrix: Matrix) -> Reading:
    return bits(matrix.values), names(matrix.labels), names(matrix.columns)


def due(entry: dict[str, Any]) -> Reading:
    return bits(entry["values"]), entry["labels"], entry["columns"]


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "refused" not in entry], ids=lambda entry: entry["id"])
def test_an_everyday_body_is_read_as_a_careful_reader_would(entry: dict[str, Any]) -> None:
    assert reading(parse_matrix(entry["body"])) == due(entry)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "refused" in entry], ids=lambda entry: entry["id"])
def test_what_has_a_second_reading_or_is_not_understood_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(MatrixError):
        parse_matrix(entry["body"])


def test_no_everyday_body_stands_twice() -> None:
    for key in ("id", "body"):
        values = [entry[key] for entry in ENTRIES]
        assert sorted(values) == sorted(set(values))
