"""Hostile and unlucky bodies: no number is dropped, invented, merged or moved, none changes its sign or its size, none vanishes unsaid.

Every entry of the file has a class, what is allowed (a refusal, or readings, some only with a notice) and the reason.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from attn_magic import attend
from attn_magic.errors import MatrixError
from attn_magic.matrix import Matrix, parse_matrix

ENTRIES = json.loads((Path(__file__).parent / "data" / "accounting_attack.json").read_text(encoding="utf-8"))
ENDLESS = 30  # seconds: the slowest of these bodies was read in 2, and a search quadratic in their 262 144 letters takes ten minutes
READ_IT = """\
import json, sys
from attn_magic.errors import MatrixError
from attn_magic.matrix import parse_matrix
try:
    matrix = parse_matrix("".join(text * count for text, count in json.load(sys.stdin)))
    print(json.dumps([matrix.values, len(matrix.notices)]))
except MatrixError:
    print("null")
"""


def bits(values: Any) -> list[list[int]]:
    """The float32 bits of every number, so that -0.0 is not 0.0."""
    return torch.as_tensor(values, dtype=torch.float64).to(torch.float32).view(torch.int32).tolist()


def is_read_so(matrix: Matrix, allowed: dict[str, Any]) -> bool:
    """The same values, the labels and columns that are named, and a notice where one is due."""
    if "values" not in allowed or bits(matrix.values) != bits(allowed["values"]):
        return False
    if allowed.get("notice") and not matrix.notices:
        return False
    names = {"labels": matrix.labels, "columns": matrix.columns}
    return all(list(names[name] or []) == (allowed[name] or []) for name in names if name in allowed)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "body" in entry], ids=lambda entry: entry["id"])
def test_an_unlucky_body_is_refused_or_read_with_every_number(entry: dict[str, Any]) -> None:
    try:
        matrix = parse_matrix(entry["body"])
    except MatrixError:
        assert {"refused": True} in entry["allowed"], entry["why"]
        return
    assert any(is_read_so(matrix, allowed) for allowed in entry["allowed"]), f"{matrix}: {entry['why']}"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "parts" in entry], ids=lambda entry: entry["id"])
def test_a_long_body_comes_to_an_end(entry: dict[str, Any]) -> None:
    """In a process of its own, so that an endless search ends with it."""
    answer = subprocess.run(
        [sys.executable, "-c", READ_IT], input=json.dumps(entry["parts"]), capture_output=True, text=True, check=True, timeout=ENDLESS
    )
    read = json.loads(answer.stdout)
    if read is None:
        assert {"refused": True} in entry["allowed"], entry["why"]
    else:
        values, notices = read
        assert [one for one in entry["allowed"] if one.get("values") == values and (notices or not one.get("notice"))], entry["why"]


MASKED = np.ma.masked_array([[1.5, 2.5], [3.0, 4.0]], mask=[[False, True], [False, False]])


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(lambda: MASKED, id="one cell"),
        pytest.param(lambda: MASKED.astype(np.float32), id="of float32"),
        pytest.param(lambda: np.ma.masked_array([[1, 2], [3, 4]], mask=True), id="every cell"),
        pytest.param(lambda: np.ma.masked_greater(np.array([[1, 2], [3, 4]]), 3), id="of whole numbers"),
        pytest.param(lambda: list(MASKED), id="as rows"),
        pytest.param(lambda: MASKED.T, id="transposed"),
        pytest.param(lambda: MASKED[:, 1:], id="a part"),
        pytest.param(lambda: pd.DataFrame([[1.5, None], [3.0, 4.0]]), id="a table with a hole"),
        pytest.param(lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), id="a hole among whole numbers"),
    ],
)
def test_a_hidden_cell_is_never_used(hidden: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        attend(hidden())


def test_a_masked_array_that_hides_nothing_is_an_array() -> None:
    shown = attend(np.ma.masked_array([[1.5, 2.5], [3.0, 4.0]], mask=False))
    assert bits(shown.token_encodings) == bits([[1.5, 2.5], [3.0, 4.0]])


def test_every_class_has_ten_bodies_and_none_stands_twice() -> None:
    classes = [entry["class"] for entry in ENTRIES]
    assert not [name for name in set(classes) if classes.count(name) < 10]
    for key in ("id", "body"):
        values = [entry[key] for entry in ENTRIES if key in entry]
        assert sorted(values) == sorted(set(values))
