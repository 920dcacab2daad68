"""What holds for every matrix and every text: what is printed is read back, and nothing is dropped, invented or executed."""

import json
import re
import time
import unicodedata
from array import array
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attn_magic.errors import MatrixError
from attn_magic.matrix import CODES, NOTICES, Matrix, parse_matrix

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
SIZES = st.tuples(st.integers(1, 5), st.integers(1, 6))
# Words that stand for a missing number, and those that name a column of tokens and what is above it: as labels they want quotes.
WITH_A_MEANING = {"nan", "inf", "infinity", "none", "null", "na", "nil", "true", "false", "nat", "missing"}
WITH_A_MEANING |= {"token", "tokens", "word", "words", "label", "labels", "name", "id", "index", "year", "years", "dim", "dims"}
LABELS = st.text(st.characters(whitelist_categories=("Lu", "Ll", "Lo")), min_size=1, max_size=8).filter(
    lambda word: word.lower() not in WITH_A_MEANING
)


@st.composite
def matrices(draw: st.DrawFn) -> list[list[float]]:
    """Rows of float32 values, at least two rows and two columns, so that nothing depends on a single row."""
    rows, columns = draw(SIZES)
    return draw(st.lists(st.lists(FLOATS, min_size=columns + 1, max_size=columns + 1), min_size=rows + 1, max_size=rows + 1))


def bits(values: Any) -> list[bytes]:
    """Rows as bytes of float32, so that -0.0 is not 0.0."""
    return [array("f", row).tobytes() for row in values]


def read(text: str, values: list[list[float]]) -> Matrix:
    matrix = parse_matrix(text)
    assert bits(matrix.values) == bits(values)
    return matrix


def attempt(text: str) -> Matrix | MatrixError:
    try:
        return parse_matrix(text)
    except MatrixError as error:
        return error


def lines(values: list[list[float]], separator: str) -> str:
    return "\n".join(separator.join(map(repr, row)) for row in values)


@settings(max_examples=60)
@given(matrices())
def test_python_and_json_lists_are_read_back(values: list[list[float]]) -> None:
    read(repr(values), values)
    read(json.dumps(values, indent=2), values)
    read(repr(tuple(map(tuple, values))), values)


@settings(max_examples=60)
@given(matrices())
def test_full_precision_prints_of_torch_are_read_back(values: list[list[float]]) -> None:
    tensor = torch.tensor(values, dtype=torch.float32)
    with torch.no_grad():
        torch.set_printoptions(precision=60, sci_mode=True, linewidth=75)
        try:
            read(repr(tensor), values)
        finally:
            torch.set_printoptions(profile="default")


@settings(max_examples=60)
@given(matrices())
def test_prints_of_numpy_are_read_back(values: list[list[float]]) -> None:
    numbers = np.array(values, dtype=np.float32)
    with np.printoptions(floatmode="unique", threshold=10_000):
        read(repr(numbers), values)
        read(str(numbers), values)


@settings(max_examples=60)
@given(matrices())
def test_matlab_rows_are_read_back(values: list[list[float]]) -> None:
    read("[" + lines(values, " ").replace("\n", "; ") + "]", values)
    read("A = [" + lines(values, ", ").replace("\n", ";\n") + "];", values)
    read(lines(values, " ").replace("\n", "; "), values)


@settings(max_examples=60)
@given(matrices(), st.sampled_from([", ", ",", "\t", "  ", " | "]))
def test_text_tables_are_read_back(values: list[list[float]], separator: str) -> None:
    read(lines(values, separator), values)


@settings(max_examples=60)
@given(matrices())
def test_latex_is_read_back(values: list[list[float]]) -> None:
    rows = lines(values, " & ").replace("\n", " \\\\\n")
    read(f"$$X = \\begin{{bmatrix}}\n{rows}\n\\end{{bmatrix}}$$", values)
    read(f"\\left[\\begin{{array}}{{{'r' * len(values[0])}}}{rows}\\end{{array}}\\right]", values)


@settings(max_examples=60)
@given(matrices(), st.data())
def test_labels_and_columns_are_read_back(values: list[list[float]], data: st.DataObject) -> None:
    labels = data.draw(st.lists(LABELS, min_size=len(values), max_size=len(values)))
    columns = data.draw(st.lists(LABELS, min_size=len(values[0]), max_size=len(values[0])))
    for separator in (" ", "\t", ",", ", "):
        rows = [separator.join([label, *map(repr, row)]) for label, row in zip(labels, values, strict=True)]
        assert read("\n".join(rows), values).labels == tuple(labels)
        named = read("\n".join([separator.join(["token", *columns]), *rows]), values)
        assert (named.labels, named.columns) == (tuple(labels), tuple(columns))


@settings(max_examples=60)
@given(matrices(), st.data())
def test_markdown_and_pandas_tables_are_read_back(values: list[list[float]], data: st.DataObject) -> None:
    labels = data.draw(st.lists(LABELS, min_size=len(values), max_size=len(values)))
    columns = data.draw(st.lists(LABELS, min_size=len(values[0]), max_size=len(values[0]), unique=True))
    frame = pd.DataFrame(values, index=labels, columns=columns)
    head = "| token | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|\n"
    body = "\n".join("| " + " | ".join([label, *map(repr, row)]) + " |" for label, row in zip(labels, values, strict=True))
    for text in (head + body, frame.to_csv(), frame.to_csv(sep="\t")):
        matrix = read(text, values)
        assert (matrix.labels, matrix.columns) == (tuple(labels), tuple(columns))


@settings(max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=4))
@example(["=1+1", "a\tb", 'say "hi"', "-1+1"])
@example(["line1\nline2", "x, 1"])
def test_any_label_in_quotes_is_kept_or_refused(labels: list[str]) -> None:
    """A spreadsheet guards formulas with an apostrophe; it is taken away again."""
    rows = []
    for number, label in enumerate(labels):
        guarded = "'" + label if label[0] in "=+-@\t\r＝＋－＠" else label
        rows.append('"' + guarded.replace('"', '""') + f'",{number},0.5')
    matrix = attempt("word,a,b\n" + "\n".join(rows))
    if isinstance(matrix, MatrixError):
        return
    assert bits(matrix.values) == bits([[number, 0.5] for number in range(len(labels))])
    assert list(matrix.labels or ()) == labels


PIECES = [*"1 \n,;[](){}&|#%='\"\tx", "2.5", "-3", "1,5", "\\begin{bmatrix}", "\\end{bmatrix}", "\\\\", "token", "nan", "...", "---"]
PIECES += ["tensor(", "np.array(", "dtype=", "Columns 1 to 2", "```", ">>> "]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from(list("0123456789.,;:-+eE|&\\[](){}<>\"'#%=*/ \t\n_xTnai$…−–１，\u200b\u00a0")), max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
)


@settings(max_examples=800)
@given(TEXTS)
def test_any_text_is_a_matrix_or_a_matrix_error(text: str) -> None:
    result = attempt(text)
    if isinstance(result, MatrixError):
        assert result.code in CODES
        assert 0 < len(str(result)) < 2000
        assert result.column is None or 1 <= result.column <= (result.end_column or 0)
        return
    assert len({len(row) for row in result.values}) == 1
    assert {notice.code for notice in result.notices} <= set(NOTICES)
    assert result.labels is None or len(result.labels) == len(result.values)
    assert result.columns is None or len(result.columns) == len(result.values[0])


@pytest.fixture(scope="module")
def valid_texts() -> list[str]:
    """One text in each dialect, all of the same 3 × 2 matrix."""
    return [
        "[[1.5, 20], [-3, 44.25], [5, 6]]",
        "[1.5 20; -3 44.25; 5 6]",
        "1.5,20\n-3,44.25\n5,6",
        "1.5\t20\n-3\t44.25\n5\t6",
        "I 1.5 20\nam -3 44.25\nhere 5 6",
        "token,a,b\nI,1.5,20\nam,-3,44.25\nhere,5,6",
        "| t | a | b |\n|---|---|---|\n| I | 1.5 | 20 |\n| am | -3 | 44.25 |\n| so | 5 | 6 |",
        "\\begin{bmatrix} 1.5 & 20 \\\\ -3 & 44.25 \\\\ 5 & 6 \\end{bmatrix}",
        "tensor([[ 1.5000, 20.0000],\n        [-3.0000, 44.2500],\n        [ 5.0000,  6.0000]])",
    ]


JUNK = st.sampled_from(list("$§¤@!^~`?\u00ad\u202e\u2014\u0661\u0435\x1b\x00²½∞≈"))


@settings(max_examples=400)
@given(data=st.data(), junk=JUNK)
def test_junk_in_a_good_matrix_never_changes_its_numbers(valid_texts: list[str], data: st.DataObject, junk: str) -> None:
    """A stray character is refused, or it lands in a label or a comment and leaves every number as it was."""
    text = data.draw(st.sampled_from(valid_texts))
    position = data.draw(st.integers(0, len(text)))
    try:
        matrix = parse_matrix(text[:position] + junk + text[position:])
    except MatrixError:
        return
    assert matrix.values == ((1.5, 20.0), (-3.0, 44.25), (5.0, 6.0))


@settings(max_examples=400)
@given(data=st.data())
def test_deleting_a_cell_is_never_covered_up(valid_texts: list[str], data: st.DataObject) -> None:
    """Without one of its numbers, a matrix is refused: no cell is invented."""
    text = data.draw(st.sampled_from(valid_texts))
    number = data.draw(st.sampled_from([r"20(\.0+)?", r"44\.250*", r"-3(\.0+)?"]))
    with pytest.raises(MatrixError):
        parse_matrix(re.sub(number, "", text))


NUMERAL = re.compile(r"(?:(?<![\w.)\]])[-+])?(?:0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eEdD][-+]?\d+)?)")
MORE_TEXTS = [
    "I: 1.5 20\nam: -3 44.25",
    "I:1.5 20\nam:-3 44.25",
    "I = 1.5 20\nam = -3 44.25",
    "I;1.5;20\nam;-3;44.25",
    "d0 d1\n1.5 20\n-3 44.25",
    "       a     b\nI    1.5    20\nam  -3.0 44.25",
    "##ing 1.5 20\nplay -3 44.25",
    '"New York" 1.5 20\n"is, big" -3 44.25',
    "[[1.5, 20,], [-3, 44.25],]",
    "```\n1.5 20\n-3 44.25\n```",
    "1.5 | 20\n-3 | 44.25",
    "1.5\t20\t\n-3\t44.25\t",
]
ADDED = [*"0123456789.,;:'\"`-+*/^%#&|\\{}[]()<>=_eEjixN~!?$@ \t\n", "\u00a0", *"−–—½²٣"]
ADDED += ["...", "--", "nan", " x ", ",,", " - ", "[]"]


def numerals(text: str) -> Counter[float]:
    """Every number in a text, as float32, with the sign that stands right before it."""
    plain = re.sub(r"(?<=[\[(,;&}\\])([ \t]*[-+])[ \t]+(?=[0-9.])", r"\1", text.translate({ord("−"): "-", ord("–"): "-", ord("\u00a0"): " "}))
    found: Counter[float] = Counter()
    for match in NUMERAL.findall(plain):
        typed = match.replace("_", "").lower()
        number = float(int(typed, 0)) if "x" in typed else float(typed.replace("d", "e"))
        with np.errstate(over="ignore"):
            found[float(np.float32(number))] += 1
    return found


@settings(max_examples=1500)
@given(data=st.data())
def test_no_number_is_dropped_invented_or_merged(valid_texts: list[str], data: st.DataObject) -> None:
    """After any change of one or two characters, every number of the text is a value, in a label or a name, or beside the matrix."""
    text = data.draw(st.sampled_from([*valid_texts, *MORE_TEXTS]))
    for _ in range(data.draw(st.integers(1, 2))):
        position = data.draw(st.integers(0, len(text)))
        deleted = data.draw(st.integers(0, 1))
        text = text[:position] + data.draw(st.sampled_from(["", *ADDED])) + text[position + deleted :]
    result = attempt(text)
    if isinstance(result, MatrixError):
        return
    told = Counter(value for row in result.values for value in row)
    for word in [*(result.labels or ()), *(result.columns or ())]:
        told += numerals(word)
    present = numerals(unicodedata.normalize("NFKC", text) if not any(mark in text for mark in "½²٣…") else text)
    beside = numerals(" ".join(re.findall(r"(?:[#%]|//|```)[^\n]*", text)))
    if result.labels and result.columns:
        beside += numerals(re.split(r"[,|]", text.lstrip("| "), maxsplit=1)[0].partition("\n")[0])  # the name above the labels
    assert not told - present, "a number was invented"
    assert not (present - told) - beside, "a number was dropped"


WRONG_CELLS = ["1.2.3", "1e", "--1", "1/2", "€5", "5%", "½", "①", "3-4", "nan", "NA", "x", "1O", "-", "?", "...", "True"]


@settings(max_examples=300)
@given(data=st.data(), typed=st.sampled_from(WRONG_CELLS))
def test_a_wrong_cell_is_refused_wherever_it_stands(valid_texts: list[str], data: st.DataObject, typed: str) -> None:
    """What stands in the place of a number is never taken for a label, a name or a comment."""
    text = data.draw(st.sampled_from([*valid_texts, *MORE_TEXTS]))
    with pytest.raises(MatrixError):
        parse_matrix(re.sub(r"20(\.0+)?", typed, text))


@pytest.mark.parametrize("separator", [" ", "\t", ",", " | ", ";"])
def test_many_columns_with_names_are_read_in_linear_time(separator: str) -> None:
    def seconds(columns: int) -> float:
        rows = [separator.join(f"d{index}" for index in range(columns)), separator.join(["1.5"] * columns), separator.join(["2.5"] * columns)]
        start = time.process_time()
        assert parse_matrix("\n".join(rows)).shape == (2, columns)
        return time.process_time() - start

    assert min(seconds(8000) for _ in range(2)) < 3
