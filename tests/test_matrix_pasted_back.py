"""What is written here can be pasted back: the same tokens, the same column names and the same bits, whatever they are.

No form carries a character that nobody can see (NUL, line breaks, direction marks, lone surrogates, …): it is written as an escape such as
`\\x00`, and that text comes back. CSV and the cell keep tabs. The tables of Markdown and LaTeX are for readers: they cut labels after 200
and 40 letters, and long matrices in the middle, and say so; the cell in the same file is whole.
"""

import csv
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_magic import AttentionTrace, MatrixError, attend, parse_matrix
from attn_magic.excerpt import MARKDOWN
from attn_magic.exports.csv import to_csv
from attn_magic.exports.latex import stage_to_latex, to_latex
from attn_magic.exports.magic_cell import to_cell
from attn_magic.exports.markdown import stage_to_markdown, to_markdown
from attn_magic.notation import format_label, shorten
from tests.labels import LABELS, in_batches
from tests.traces import INDIAN


def kept(label: str) -> str:
    return "\t".join(map(format_label, label.split("\t")))


def in_markdown(label: str) -> str:
    return shorten(format_label(label[: MARKDOWN.letters + 1]), MARKDOWN.letters)


def in_latex(label: str) -> str:
    return shorten(format_label(label))


FORMS: dict[str, tuple[Callable[[AttentionTrace], str], Callable[[str], str]]] = {
    "CSV": (to_csv, kept),
    "cell": (lambda trace: str(to_cell(trace)), kept),
    "Markdown table": (lambda trace: stage_to_markdown(trace, "token_encodings"), in_markdown),
    "Markdown file": (to_markdown, kept),
    "LaTeX matrix": (lambda trace: stage_to_latex(trace, "token_encodings"), in_latex),
    "LaTeX file": (to_latex, kept),
}
each_form = pytest.mark.parametrize("form", FORMS)


def bits(values: Any) -> list[list[int]]:
    return torch.as_tensor(values, dtype=torch.float32).view(torch.int32).tolist()


def same_labels(read: tuple[str, ...] | None, labels: list[str], form: str) -> None:
    """One by one, so that a failure names its label."""
    shown = FORMS[form][1]
    assert read is not None
    assert len(read) == len(labels)
    for came, label in zip(read, labels, strict=True):
        assert came == shown(label), f"{label[:80]!r} in {form}"


@each_form
@pytest.mark.parametrize("size", [16, 1], ids=["among others", "alone"])
def test_every_published_label_comes_back(form: str, size: int) -> None:
    for labels in in_batches(size):
        trace = attend(torch.arange(1.0, len(labels) + 1)[:, None] * torch.tensor([0.5, -0.1]), tokens=labels)
        matrix = parse_matrix(FORMS[form][0](trace))
        assert bits(matrix.values) == bits(trace.token_encodings)
        same_labels(matrix.labels, labels, form)


@pytest.mark.parametrize("form", ["CSV", "LaTeX matrix", "Markdown table"])
def test_every_published_label_comes_back_as_the_name_of_a_column(form: str) -> None:
    for names in in_batches(12):
        trace = attend(pd.DataFrame(torch.eye(2, 12).numpy(), columns=names), tokens=["1", "2"])
        matrix = parse_matrix(FORMS[form][0](trace))
        same_labels(matrix.columns, names, form)
        assert matrix.labels == ("1", "2")


# What is a comment, a number, a bracket, a title, a print, a formula or a quote elsewhere.
LIKE_SOMETHING_ELSE = [
    *["", " ", "  a", "a  ", "\t", "a\tb", "a b", "1", "2024", "-1", "1e5", "1:", "I:", "1 2", "a 1", "1/2"],
    *["1,5", "½", "１", "Ａ", "nan", "inf", "None", "true", "nat", "#", "%", "# a", "##a", "%{", "%}", "```", "~~~"],
    *[">>> ", "In [1]: ", "%%attention", "for", "import", "def", "print", "matrix", "token", "tokens", "tensor("],
    *["np.array(", "Columns 1 to 2", "dtype: float64", "Name: x", "[,1]", "[1,]", "2×2 Matrix{Int64}:", "x=1", "x = 1"],
    *["'", "''", '"', '""', "'=1", "''=1", "=1", "'＝1", "“x”", "„x“", "＂", "＇", "\\", "\\\\", "\\\\\\", "&", "|"],
    *["\\|", "a|b", "a;b", "a,b", "x:", "{", "}", "[", "]", "(", ")", "[CLS]", "<s>", "<|x|>", "<code>x</code>"],
    *["&#49;", "&amp;", "...", "....", "…", "-", "--", "---", "+", "−", "－", "⋮", "\\end{x}", "\\begin{array}"],
    *["\\text{x}", "\\vdots", "＼end{x}", "％", "＆", "{}", "{\\ldots}", "\\&", "``", "?`", "×", "√", "Σ", "ᵀ", "·"],
    *["\u00a0", "⎡", "│", "\ufdd0"],
]
SIGNS = "'\"“”‘’„‚‛‟＂＇;|\\&#%:=+-@ \t.,0123456789aeE<>`~{}[]()_^$−–…×½x\u00a0\u200d"
LABEL = st.one_of(
    st.sampled_from(LIKE_SOMETHING_ELSE),
    st.sampled_from([label for label in LABELS.values() if len(label) < 1000]),
    st.text(st.sampled_from(SIGNS), max_size=6),
    st.text(max_size=6),
)
FLOAT32 = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from([-0.0, 1e-45, -1.1754942e-38, 3.4028234663852886e38, 16777217.0])
)


@each_form
@given(st.data())
@settings(max_examples=100)
def test_any_tokens_names_and_numbers_come_back(form: str, data: st.DataObject) -> None:
    tokens = data.draw(st.lists(LABEL, min_size=1, max_size=4))
    width = data.draw(st.integers(1, 3))
    rows = data.draw(st.lists(st.lists(FLOAT32, min_size=width, max_size=width), min_size=len(tokens), max_size=len(tokens)))
    names = data.draw(st.none() | st.lists(LABEL, min_size=width, max_size=width))
    trace = attend(rows if names is None else pd.DataFrame(rows, columns=names), tokens=tokens)
    matrix = parse_matrix(FORMS[form][0](trace))
    assert bits(matrix.values) == bits(trace.token_encodings)
    same_labels(matrix.labels, tokens, form)
    if names is not None and any(names):
        same_labels(matrix.columns, names, form)


@each_form
def test_pasted_into_a_notebook_it_is_the_same_trace(run: Callable[[str], Any], form: str) -> None:
    """Through IPython, as a reader would, with the options of the first."""
    tokens = LIKE_SOMETHING_ELSE[:16]
    trace = attend(torch.arange(1.0, 17)[:, None] * torch.tensor([0.3, -1e-42]), tokens=tokens)
    again = run("%%attention\n" + FORMS[form][0](trace))
    assert bits(again.output) == bits(trace.output)
    assert list(again.tokens) == [FORMS[form][1](token) for token in tokens]


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
def test_a_file_that_a_spreadsheet_saved_again_comes_back(separator: str, quoting: Any) -> None:
    """Spreadsheets save labels without the quotes, and copy cells with tabs between."""
    tokens = ["1", "2024", "=1+1", "'=x", "50%", "nan", "a b", "don't", "5", "#", "\\\\", "&"]
    trace = attend(torch.eye(12, 3), tokens=tokens)
    header, *records = csv.reader(io.StringIO(to_csv(trace), newline=""))
    table = [header, *([label, *map(float, numbers)] for label, *numbers in records)]
    again = io.StringIO(newline="")
    csv.writer(again, delimiter=separator, quoting=quoting).writerows(table)
    matrix = parse_matrix(again.getvalue())
    assert matrix.labels == tuple(tokens)
    assert bits(matrix.values) == bits(trace.token_encodings)


@pytest.mark.parametrize("form", [form for form in FORMS if FORMS[form][1] is kept])
def test_a_matrix_too_long_for_a_page_comes_back_whole_with_its_file(form: str) -> None:
    trace = attend(torch.randn(40, 20, generator=torch.Generator().manual_seed(1)), tokens=[f"{'long' * 60} {place}" for place in range(40)])
    matrix = parse_matrix(FORMS[form][0](trace))
    assert bits(matrix.values) == bits(trace.token_encodings)
    assert matrix.labels == trace.tokens


def test_what_the_pasted_line_asks_for_is_not_forgotten_silently() -> None:
    def told(text: str) -> list[str]:
        return [notice.text for notice in parse_matrix(text).notices]

    said = '"%%attention --seed 7 --mask causal" stands in the text and has no effect there: type it as the first line of the cell.'
    trace = attend(INDIAN, tokens="I am Indian", seed=7, mask="causal")
    assert told(str(to_cell(trace))) == told(to_markdown(trace)) == told(to_latex(trace)) == [said]
    assert told(str(to_cell(attend(INDIAN)))) == []
    assert told("%%masked_attention\n1 2\n3 4") == [said.replace("%%attention --seed 7 --mask causal", "%%masked_attention")]


@pytest.mark.parametrize(
    ("text", "values", "labels"),
    [
        ('token,a,b\n"1",2,3\n"5",4,6', [[2, 3], [4, 6]], ("1", "5")),
        ('"id","2020","2021"\n"x",2,3', [[2, 3]], ("x",)),
        ('"1:" 2 3\n"b:" 4 5', [[2, 3], [4, 5]], ("1:", "b:")),
        ("{'\\\\end{x}': [1, 2], 'b': [3, 4]}", [[1, 2], [3, 4]], ("\\\\end{x}", "b")),
        ("\\begin{array}{l|r}\\text{50\\%} & 2 \\\\% why\n\\text{1} & 3\\end{array}", [[2], [3]], ("50%", "1")),
        ("\\begin{bmatrix}\\text{1} & 2\\end{bmatrix}", [[1, 2]], None),
        ("\\begin{array}{ll}\\text{0.5} & \\text{0.25}\\\\ \\text{1} & 2\\end{array}", [[0.5, 0.25], [1, 2]], None),
        ("| t | a |\n|---|---|\n| <code>a\\|b &amp; c</code> | 1 |", [[1]], ("a|b & c",)),
        ("%{\n1 2\n%{\n%}\n%}\n[3 4; 5 6]", [[3, 4], [5, 6]], None),
        ("I 1 2\n#{\nam 9 9\n#}\nso 3 4", [[1, 2], [3, 4]], ("I", "so")),
    ],
)
def test_what_is_a_label_and_what_is_a_number(text: str, values: list[list[float]], labels: tuple[str, ...] | None) -> None:
    matrix = parse_matrix(text)
    assert [list(row) for row in matrix.values] == values
    assert matrix.labels == labels


@pytest.mark.parametrize("text", ['"1",2\n"3",4', '"year","a"\n"1",2\n"2",3', '"token","a"\n"1","2"\n"3","4"', "token,a,b\n1,2,3\n5,4,6"])
def test_numerals_that_can_be_labels_or_numbers_are_refused(text: str) -> None:
    with pytest.raises(MatrixError) as refused:
        parse_matrix(text)
    assert refused.value.code == "ambiguous"


def test_a_block_comment_has_an_end() -> None:
    with pytest.raises(MatrixError) as refused:
        parse_matrix("[1 2; 3 4]\n%{\n5")
    assert str(refused.value) == 'This comment is never closed (line 2).\n    %{\n    ~^\nType "%}" on a line of its own behind it.'
    assert refused.value.code == "bracket"


def test_what_rounds_to_the_largest_float32_is_taken_and_no_more() -> None:
    assert bits(attend([[3.4028235e38]]).token_encodings) == bits([[3.4028234663852886e38]])
    with pytest.raises(ValueError, match=r"beyond the largest float32 number"):
        attend([[3.4028236e38]])


def test_only_a_row_without_a_label_is_counted_and_an_empty_token_stays() -> None:
    assert attend(parse_matrix('"",1,2\n"b",3,4')).tokens == ("", "b")
    assert attend(parse_matrix("I 1 2\n3 4")).tokens == ("I", "token 2")


LARGE = attend(torch.arange(17 * 13.0).reshape(17, 13), tokens=["w" * 41, *["x" * 201] * 2, *"abcdefghijklmn"])


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (stage_to_latex, "% An excerpt. Shown: 12 of 17 rows, 9 of 13 columns. 3 labels cut after 40 letters."),
        (stage_to_markdown, "*An excerpt. Shown: 12 of 17 rows. 2 labels cut after 200 letters.*"),
    ],
)
def test_a_copy_that_leaves_something_out_says_so_and_is_refused(write: Callable[[AttentionTrace, str], str], said: str) -> None:
    copy = write(LARGE, "token_encodings")
    assert said in copy.splitlines()
    with pytest.raises(MatrixError, match="stands for numbers that are not here"):
        parse_matrix(copy)


@pytest.mark.parametrize(("write", "letters"), [(stage_to_latex, 40), (stage_to_markdown, 200)])
def test_a_copy_with_cut_labels_alone_is_read_and_says_so(write: Callable[[AttentionTrace, str], str], letters: int) -> None:
    trace = attend(INDIAN, tokens=["w" * (letters + 1), "am", "Indian"])
    matrix = parse_matrix(write(trace, "token_encodings"))
    assert torch.tensor(matrix.values).equal(trace.token_encodings)
    assert any(f"1 label cut after {letters} letters" in notice.text for notice in matrix.notices)


@pytest.mark.parametrize("write", [stage_to_latex, stage_to_markdown])
def test_a_whole_copy_has_nothing_to_say(write: Callable[[AttentionTrace, str], str]) -> None:
    assert "excerpt" not in write(attend(INDIAN, tokens="I am Indian"), "token_encodings")
