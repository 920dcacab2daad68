"""The published cases of the matrix corpus, graded as the corpus says."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from attn_magic.errors import MatrixError
from attn_magic.matrix import CODES, NOTICES, Matrix, parse_matrix

CORPUS = json.loads((Path(__file__).parent / "data" / "matrix_literals.json").read_text(encoding="utf-8"))
CASES = CORPUS["cases"]
SCORE: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def score(request: pytest.FixtureRequest) -> Iterator[None]:
    """Prints, after the last case, how many were read right."""
    SCORE.clear()
    yield
    totals = Counter(case["group"] for case in CASES)
    lines = [f"{group}: {SCORE[group]} of {totals[group]} right" for group in ("accept", "reject", "ambiguous")]
    lines += [f"notices: {SCORE['notices']} of {SCORE['notices due']}", f"silently wrong: {SCORE['silent']}"]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + "\n".join(lines))


def body_of(case: dict[str, Any]) -> str:
    return case["input"] if "input" in case else "".join(text * count for text, count in case["input_parts"])


def run(case: dict[str, Any]) -> Matrix | MatrixError:
    try:
        return parse_matrix(body_of(case))
    except MatrixError as error:
        return error


def same_bits(values: Any, expected: Any) -> bool:
    got, want = torch.tensor(values, dtype=torch.float64), torch.tensor(expected, dtype=torch.float32)
    rounded = got.to(torch.float32)
    return got.shape == want.shape and torch.equal(rounded.to(torch.float64), got) and torch.equal(rounded.view(torch.int32), want.view(torch.int32))


def matrix_faults(matrix: Matrix, expect: dict[str, Any]) -> list[str]:
    values = expect.get("values") or [[expect["fill"]] * expect["shape"][1]] * expect["shape"][0]
    faults = [] if list(matrix.shape) == expect["shape"] else [f"shape {matrix.shape}"]
    if faults or not same_bits(matrix.values, values):
        faults.append(f"values {matrix.values}"[:200])
    for name in ("labels", "columns"):
        if name in expect and list(getattr(matrix, name) or []) != expect[name]:
            faults.append(f"{name} {getattr(matrix, name)}")
    return faults


def notice_faults(matrix: Matrix, expect: dict[str, Any]) -> list[str]:
    codes = {notice.code for notice in matrix.notices}
    due = expect.get("notice", [])
    SCORE["notices due"] += len(due)
    SCORE["notices"] += len(codes & set(due))
    return [f"notice {code} missing" for code in due if code not in codes]


def error_faults(error: MatrixError, expect: dict[str, Any]) -> list[str]:
    faults = []
    codes = expect.get("code_any") or [expect["code"]]
    if error.code not in codes:
        faults.append(f"code {error.code}, not one of {codes}")
    where = expect.get("where", {})
    if "line" in where and error.line != where["line"]:
        faults.append(f"line {error.line}, not {where['line']}")
    if "col" in where:
        first, last = where["col"] - 1, where["col_end"] + 1
        if error.column is None or error.end_column is None or not first <= error.column <= error.end_column <= last:
            faults.append(f"columns {error.column}-{error.end_column}, not in {first}-{last}")
    elif "row" in where and (error.row, error.cell) != (where["row"], where.get("cell", error.cell)):
        faults.append(f"row {error.row}, cell {error.cell}")
    for words in expect.get("mention", []):
        if not any(word.lower() in str(error).lower() for word in words):
            faults.append(f"none of {words} in: {error}")
    return faults


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_published_case_is_read_as_the_corpus_says(case: dict[str, Any]) -> None:
    expect, result = case["expect"], run(case)
    if expect["outcome"] == "any_of":
        expect = expect["allowed"][expect.get("preferred", 0)]
    if isinstance(result, Matrix):
        assert {notice.code for notice in result.notices} <= set(NOTICES)
        if expect["outcome"] != "matrix" or matrix_faults(result, expect):
            SCORE["silent"] += 1
        assert expect["outcome"] == "matrix", f"read as {result}"
        faults = matrix_faults(result, expect)
        faults += notice_faults(result, expect)
    else:
        assert result.code in CODES
        assert expect["outcome"] == "error", f"refused: {result}"
        faults = error_faults(result, expect)
    assert not faults, case["why"]
    SCORE[case["group"]] += 1
