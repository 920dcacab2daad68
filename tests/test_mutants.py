"""The mistakes that are put into the sources to try the tests: which there are, and that the same sources have the same."""

import ast
from pathlib import Path

import pytest

from .mutants import Mutant, mutants, parts_of_pattern, sample
from .mutation import TESTS, files_of, files_that_test

SOURCE = '''"""A module."""
import re

_DIGITS = r"[0-9]+"
_NUMBER = re.compile(rf"-?{_DIGITS}(?:\\.{_DIGITS})?|nan$")

__all__ = ["first"]


def first(rows: list[int], limit: int = 3, word: str = "x") -> list[int]:
    """The first rows: 1 or 2."""
    if not rows or limit > 9 and len(rows) < 2:
        raise ValueError(f"{limit + 1} rows")
    found = [row for row in rows[1:limit] if row]
    found.append(-1)
    return found
'''

CHANGES = {
    "_DIGITS = '[0-9]'",
    "_NUMBER = re.compile(f'-{_DIGITS}(?:\\\\.{_DIGITS})?|nan$')",
    "_NUMBER = re.compile(f'-?{_DIGITS}(?:\\\\.{_DIGITS})|nan$')",
    "_NUMBER = re.compile(f'-?{_DIGITS}(?:\\\\.{_DIGITS})?|nan')",
    "_NUMBER = re.compile(f'-?{_DIGITS}(?:\\\\.{_DIGITS})?')",
    'def first(rows: list[int], limit: int = (4), word: str = "x") -> list[int]:',
    'def first(rows: list[int], limit: int = (2), word: str = "x") -> list[int]:',
    'def first(rows: list[int], limit: int = 3, word: str = "") -> list[int]:',
    "if (not rows and (limit > 9 and len(rows) < 2)):",
    "if (not (not rows or (limit > 9 and len(rows) < 2))):",
    "if (rows) or limit > 9 and len(rows) < 2:",
    "if not rows or (limit > 9 or len(rows) < 2):",
    "if not rows or (limit >= 9) and len(rows) < 2:",
    "if not rows or limit > (10) and len(rows) < 2:",
    "if not rows or limit > (8) and len(rows) < 2:",
    "if not rows or limit > 9 and (len(rows) <= 2):",
    "if not rows or limit > 9 and len(rows) < (3):",
    "if not rows or limit > 9 and len(rows) < (1):",
    "pass",
    "found = [row for row in rows[(2):limit] if row]",
    "found = [row for row in rows[(0):limit] if row]",
    "found = [row for row in rows[1:(limit + 1)] if row]",
    "found = [row for row in rows[1:(limit - 1)] if row]",
    "found = [row for row in rows[1:limit] if True]",
    "found.append((1))",
    "return None",
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "package" / "toy.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    return path


def changed_lines(mutant: Mutant) -> set[str]:
    source = mutant.path.read_bytes()
    lines = mutant.apply(source).decode().splitlines()
    return {line.strip() for line in lines} - {line.strip() for line in source.decode().splitlines()}


def test_there_is_a_mutant_for_each_way_to_be_a_little_wrong(toy: Path) -> None:
    """Signs, numbers, conditions, refusals, results, slices, defaults and parts of patterns; not texts, annotations and docstrings."""
    found = mutants(toy, toy.parents[1])
    assert {line for mutant in found for line in changed_lines(mutant)} == CHANGES
    assert sum("pass" in changed_lines(mutant) for mutant in found) == 2  # without the refusal, and without the last row
    assert len({mutant.key for mutant in found}) == len(found)


def test_the_keys_say_what_is_changed_and_where(toy: Path) -> None:
    keys = {mutant.key for mutant in mutants(toy, toy.parents[1])}
    assert "toy.first, comparison in `if not rows or (limit > 9 and len(rows) < 2):`: len(rows) < 2 → (len(rows) <= 2)" in keys
    assert "toy.first, raise in `raise ValueError(f'{limit + 1} rows')`: drop raise ValueError(f'{limit + 1} rows')" in keys
    assert "toy, quantifier in `_DIGITS = '[0-9]+'`: drop …[0-9]⟨+⟩…" in keys


def test_a_sample_is_the_same_when_lines_are_put_elsewhere(toy: Path) -> None:
    before = [mutant.key for mutant in sample([toy], toy.parents[1], 8)]
    toy.write_text(SOURCE.replace("import re\n", "import re\n\nLIMIT = 512\n\n\ndef other() -> int:\n    return LIMIT\n"), encoding="utf-8")
    after = [mutant.key for mutant in sample([toy], toy.parents[1], 8)]
    assert len(before) == len(set(before)) == 8
    assert len(set(before) & set(after)) >= 6


def test_every_mutant_of_the_sample_is_a_program() -> None:
    root = Path(__file__).parents[1]
    for mutant in sample(files_of(["matrix"]), root, 200):
        source = mutant.path.read_bytes()
        assert mutant.apply(source) != source
        ast.parse(mutant.apply(source))


def test_the_parts_of_a_pattern_are_found() -> None:
    found = [(kind, r"a+|[b*](?=c)\d{2,}?(?:x|\+|y)$"[start:end]) for kind, start, end in parts_of_pattern(r"a+|[b*](?=c)\d{2,}?(?:x|\+|y)$")]
    assert found == [
        ("quantifier", "+"),
        ("anchor", "(?=c)"),
        ("quantifier", "{2,}?"),
        ("alternative", "x|"),
        ("alternative", r"|\+"),
        ("alternative", "|y"),
        ("anchor", "$"),
        ("alternative", "a+|"),
        ("alternative", r"|[b*](?=c)\d{2,}?(?:x|\+|y)$"),
    ]


@pytest.mark.parametrize("part", TESTS)
def test_every_part_has_its_tests(part: str) -> None:
    names = files_that_test([part])
    assert names
    assert len(names) == len(set(names))
    assert all((Path(__file__).parents[1] / name).is_file() for name in names)
