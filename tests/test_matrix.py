"""The parser as a reader meets it: what it understands, what it says, and every mistake with its whole message."""

import subprocess
import sys
from array import array

import pytest

from attn_magic.errors import AttentionError, MatrixError
from attn_magic.matrix import CODES, NOTICES, Matrix, Notice, parse_matrix

TWO = ((1.0, 2.0), (3.0, 4.0))


def codes(matrix: Matrix) -> list[str]:
    return [notice.code for notice in matrix.notices]


UNDERSTOOD = [
    pytest.param("[(1, 2), (3, 4)]", id="a list of tuples"),
    pytest.param("([1, 2], [3, 4])", id="a tuple of lists"),
    pytest.param("(((1, 2), (3, 4)))", id="brackets that only group"),
    pytest.param("[1, 2],\n[3, 4],\n", id="rows without outer brackets"),
    pytest.param("[[1, 2], \\\n [3, 4]]", id="a continued line"),
    pytest.param("[\n  [\n    1,\n    2\n  ],\n  [\n    3,\n    4\n  ]\n]", id="indented JSON"),
    pytest.param("[[1, 2], // one\n [3, 4]]", id="JavaScript comments"),
    pytest.param("float X[2][2] = {{1, 2}, {3, 4}};", id="a C array"),
    pytest.param("x: torch.Tensor = torch.tensor(np.array([[1, 2], [3, 4]]))", id="an annotated assignment of nested calls"),
    pytest.param("# mine\nself.x = [[1, 2], [3, 4]]  # here", id="comments around an assignment"),
    pytest.param("[np.array([1, 2]), np.array([3, 4])]", id="a list of arrays"),
    pytest.param("[[np.int64(1), np.float32(2.0)], [(3), 4]]", id="NumPy scalars and numbers in parentheses"),
    pytest.param("np.array([[1, 2], [3, 4]], np.float32, copy=False)", id="options without effect"),
    pytest.param("torch.tensor(data=[[1, 2], [3, 4]], device=torch.device('cpu'))", id="named arguments"),
    pytest.param("<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[1., 2.],\n       [3., 4.]], dtype=float32)>", id="a TensorFlow repr"),
    pytest.param("tf.Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32)", id="a TensorFlow print"),
    pytest.param("In [3]: X = [[1, 2],\n   ...:      [3, 4]]", id="an IPython prompt"),
    pytest.param(">>> X = [[1, 2],\n...      [3, 4]]", id="a Python prompt"),
    pytest.param("```\nX = [[1, 2], [3, 4]]\n```\n", id="a fence"),
    pytest.param("```\n>>> [[1, 2], [3, 4]]", id="a fence that is never closed, with a prompt"),
    pytest.param("[[1 2]; [3 4]]", id="MATLAB rows in brackets"),
    pytest.param("{1 2; 3 4}", id="a MATLAB cell"),
    pytest.param("[1 ...\n 2; 3 ... % rest\n 4]", id="MATLAB continued rows"),
    pytest.param("1 2;\n3 4;", id="MATLAB without brackets"),
    pytest.param("A =\n\n   1   2\n   3   4\n", id="an Octave print"),
    pytest.param("2×2 Matrix{Int64}:\n 1  2\n 3  4", id="a Julia print"),
    pytest.param("     [,1] [,2]\n[1,]    1    2\n[2,]    3    4\n", id="an R print"),
    pytest.param("⎡1  2⎤\n⎢    ⎥\n⎣3  4⎦", id="a sympy print"),
    pytest.param("┌───┬───┐\n│ 1 │ 2 │\n│ 3 │ 4 │\n└───┴───┘", id="a drawn table"),
    pytest.param("+---+---+\n| 1 | 2 |\n+---+---+\n| 3 | 4 |\n+---+---+", id="a grid table"),
    pytest.param("\t1\t2\n\t3\t4", id="indented with tabs"),
    pytest.param("1\t 2\n3 4", id="tabs among blanks"),
    pytest.param("1 & 2\n3 & 4", id="ampersands"),
    pytest.param("1 & 2 \\\\ 3 & 4 \\\\", id="bare LaTeX rows"),
    pytest.param("\\begin{align}\nX &= \\begin{bmatrix}1\\,& {+}2\\\\3 & \\phantom{-}4\\end{bmatrix}.\n\\end{align}", id="aligned LaTeX"),
    pytest.param("$X \\in \\mathbb{R}^{2\\times 2} = \\bigl(\\begin{smallmatrix}1&2\\\\[2pt]3&4\\end{smallmatrix}\\bigr)$", id="LaTeX with a space"),
    pytest.param(
        "\\begin{tabular*}{3cm}{l@{}r}\\hline 1 & \\textcolor{red}{2} \\\\ 3 & 4 \\tabularnewline\\end{tabular*}",
        id="a LaTeX table",
    ),
    pytest.param("$$\\left(\\matrix{1 & 2 \\cr 3 & 4}\\right)$$", id="plain TeX"),
    pytest.param("|---|---|\n| 1 | 2 |\n| 3 | 4 |", id="a Markdown table without names"),
    pytest.param("1 2\r\n3 4\r\n", id="Windows lines"),
    pytest.param("1 2\v3 4", id="a vertical tab"),
]


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_the_same_matrix_is_understood_in_many_spellings(text: str) -> None:
    matrix = parse_matrix(text)
    assert matrix.values == TWO
    assert (matrix.shape, matrix.labels, matrix.columns) == ((2, 2), None, None)


LABELLED = [
    pytest.param("I 1 2\nam 3 4", ("I", "am"), None, id="words in front"),
    pytest.param("I: [1, 2]\nam: [3, 4],", ("I", "am"), None, id="words before lists"),
    pytest.param("[CLS]: [1, 2]\n[SEP]: [3, 4]", ("[CLS]", "[SEP]"), None, id="bracketed tokens before lists"),
    pytest.param("x = 1 2\ny = 3 4", ("x", "y"), None, id="an = on every line"),
    pytest.param("{'I': [1, 2], 'am': [3, 4]}", ("I", "am"), None, id="a dictionary of rows"),
    pytest.param('"New York" 1 2\nis 3 4', ("New York", "is"), None, id="two words in quotes"),
    pytest.param("New York\t1\t2\nis\t3\t4", ("New York", "is"), None, id="two words in a spreadsheet"),
    pytest.param("New York: 1, 2\nis: 3, 4", ("New York", "is"), None, id="two words and a colon"),
    pytest.param("don't 1 2\n's 3 4", ("don't", "'s"), None, id="apostrophes"),
    pytest.param('" 1 2\nhi 3 4', ('"', "hi"), None, id="a quotation mark as token"),
    pytest.param(", 1 2\nhi 3 4", (",", "hi"), None, id="a comma as token"),
    pytest.param("; 1 2\nhi 3 4", (";", "hi"), None, id="a semicolon as token"),
    pytest.param("| 1 2\nhi 3 4", ("|", "hi"), None, id="a pipe as token"),
    pytest.param("- 1 2\nhi 3 4", ("-", "hi"), None, id="a dash as token"),
    pytest.param("C# 1 2\nso% 3 4", ("C#", "so%"), None, id="comment signs inside words"),
    pytest.param("##ing 1 2\nplay 3 4", ("##ing", "play"), None, id="a word piece"),
    pytest.param("<|a|> | 1 | 2\n<|b|> | 3 | 4", ("<|a|>", "<|b|>"), None, id="special tokens between pipes"),
    pytest.param("nan 1 2\nis 3 4", ("nan", "is"), None, id="bread, among other words"),
    pytest.param("“is, big”,1,2\n„no“,3,4", ("is, big", "no"), None, id="typographic quotes"),
    pytest.param('"a ""b""",1,2\n"c\r\nd",3,4', ('a "b"', "c\r\nd"), None, id="quotes and a line break inside quotes"),
    pytest.param("\"'=1+1\",1,2\n'@x',3,4", ("=1+1", "@x"), None, id="a guarded formula"),
    pytest.param("caf\u00e9 1 2\ncafe\u0301 3 4", ("caf\u00e9", "cafe\u0301"), None, id="composed and decomposed letters"),
    pytest.param("א\u200f 1 2\nb 3 4", ("א\u200f", "b"), None, id="a direction mark beside its letter"),
    pytest.param("a b\n1 2\n3 4", None, ("a", "b"), id="names above"),
    pytest.param("token;a;b\nI;1;2\nam;3;4", ("I", "am"), ("a", "b"), id="semicolons between columns"),
    pytest.param("      a  b\nI     1  2\nam    3  4", ("I", "am"), ("a", "b"), id="a pandas print"),
    pytest.param("       a  b\ntoken      \nI      1  2\nam     3  4", ("I", "am"), ("a", "b"), id="a pandas print with a named index"),
    pytest.param("   a  b\n0  1  2\n1  3  4", ("0", "1"), ("a", "b"), id="a pandas print with row numbers"),
    pytest.param(",0,1\n0,1,2\n1,3,4", ("0", "1"), ("0", "1"), id="a numbered pandas export"),
    pytest.param("|  | 0 | 1 |\n|---|---|---|\n| 0 | 1 | 2 |\n| 1 | 3 | 4 |", ("0", "1"), ("0", "1"), id="a numbered Markdown table"),
    pytest.param('"","V1","V2"\n"1",1,2\n"2",3,4', ("1", "2"), ("V1", "V2"), id="an R export"),
    pytest.param("a,b,token\n1,2,I\n3,4,am", ("I", "am"), ("a", "b"), id="labels at the end"),
    pytest.param("| t | a\\|b | c |\n|:--|--:|:-:|\n| `I` | 1 | 2 |\n| am | 3 | 4 |", ("`I`", "am"), ("a|b", "c"), id="an escaped pipe"),
    pytest.param("\\begin{tabular}{lrr}\n & a & b \\\\\nI & 1 & 2 \\\\\nam & 3 & 4\n\\end{tabular}", ("I", "am"), ("a", "b"), id="a LaTeX table"),
    pytest.param("a:1 2\nb:3 4", ("a", "b"), None, id="a colon without a blank"),
    pytest.param("a :1\t2\nb :3\t4", ("a", "b"), None, id="a colon between blank and number"),
    pytest.param("a=1,2\nb=3,4", ("a", "b"), None, id="an equals sign without a blank"),
    pytest.param("a->1 2\nb->3 4", ("a", "b"), None, id="an arrow without a blank"),
    pytest.param('"a;b",1,2\n"c",3,4', ("a;b", "c"), None, id="a semicolon in quotes"),
    pytest.param("| the | 1 | 2 |\n| # | 3 | 4 |", ("the", "#"), None, id="a comment sign between pipes"),
    pytest.param("| Layer 1 | 1 | 2 |\n| Layer 2 | 3 | 4 |", ("Layer 1", "Layer 2"), None, id="words and numbers between pipes"),
    pytest.param("| t | a | b\n|---|---|---|\n| I | 1 | 2 |\n| am | 3 | 4 |", ("I", "am"), ("a", "b"), id="names without the last pipe"),
    pytest.param("| t | a # | b % |\n|---|---|---|\n| I | 1 | 2 |\n| am | 3 | 4 |", ("I", "am"), ("a #", "b %"), id="comment signs in names"),
    pytest.param("a\tb\t\n1\t2\t\n3\t4\t", None, ("a", "b"), id="a tab at the end of every line"),
    pytest.param("d0 d1\n-----\n1 2\n3 4", None, ("d0", "d1"), id="names with a line below"),
    pytest.param("the 1 2\n2 3 4", ("the", "2"), None, id="a number among labels"),
    pytest.param("I 1 2\n3 4", ("I", ""), None, id="a row without a label"),
]


@pytest.mark.parametrize(("text", "labels", "columns"), LABELLED)
def test_labels_and_column_names_are_found_and_kept_as_typed(text: str, labels: tuple[str, ...] | None, columns: tuple[str, ...] | None) -> None:
    matrix = parse_matrix(text)
    assert (matrix.values, matrix.labels, matrix.columns) == (TWO, labels, columns)


WITHOUT_EFFECT = "has no effect here: attention is computed in float32 on the CPU."
SAID = [
    ("1 −2\n3 4", Notice("unicode-minus", "U+2212 MINUS SIGN was read as a minus sign.")),
    ("1 ─2\n3 4", Notice("unicode-minus", "U+2500 BOX DRAWINGS LIGHT HORIZONTAL was read as a minus sign.")),
    ("1\u00a02\n3\u00a04", Notice("unicode-space", "U+00A0 NO-BREAK SPACE was read as a space.")),
    ("１ ２\n３ ４", Notice("fullwidth", "U+FF11 FULLWIDTH DIGIT ONE and its kind were read as ordinary characters.")),
    ("[1,\u200b 2; 3, 4]", Notice("zero-width", "U+200B ZERO WIDTH SPACE is invisible and was left out.")),
    ("1,2,\n3,4,", Notice("trailing-comma", "The comma at the end of every row was left out.")),
    ("1\t2\t\n3\t4\t", Notice("trailing-comma", "The separator at the end of every row was left out.")),
    ("[1, 2, 3]", Notice("one-dim", "One row was read as one token with 3 features.")),
    ("\\begin{bmatrix}1\\end{bmatrix}", Notice("one-dim", "One row was read as one token with 1 feature.")),
    ("1\n2", Notice("one-dim", "One column was read as 2 tokens with one feature each.")),
    ("I 1", Notice("one-dim", "One column was read as 1 token with one feature each.")),
    ("16777217.0 2", Notice("precision", '"16777217.0" is not exact in float32, which holds every whole number only up to 16,777,216.')),
    ("torch.tensor(5)", Notice("one-dim", "One row was read as one token with 1 feature.")),
    ("tensor([[1.]], device='cuda:0')", Notice("ignored-option", "device=cuda:0 " + WITHOUT_EFFECT)),
    (
        "<tf.Tensor: shape=(1, 1), dtype=int32, numpy=array([[1]])>",
        Notice("ignored-option", "dtype=int32 " + WITHOUT_EFFECT),
    ),
    ("[[np.float16(0.1), 2]]", Notice("ignored-option", "float16 was read as float32: the numbers are kept as they are printed.")),
    ("[[16777217, 2]]", Notice("precision", '"16777217" is not exact in float32, which holds every whole number only up to 16,777,216.')),
    ("[[5e-324, 2]]", Notice("underflow", '"5e-324" is too small for float32 and became 0.')),
    ("     0    1\n0  1.0  2.0\n1  3.0  4.0", Notice("header", 'The first row, "0    1", was read as column names.')),
    ("the 1 2\n2 3 4", Notice("numeric-label", '"2" in the first column was read as a label, not as a number.')),
    ("I 1 2\n3 4", Notice("partial-labels", "Only some rows have a label; the others are shown without one.")),
    ("1 2 I\n3 4 am", Notice("labels-last", "The last word of each row was read as its label.")),
    ("1;2;3", Notice("separator", "Each semicolon was read as the end of a row.")),
    ("I;1;2\nam;3;4", Notice("separator", "The semicolon was read as the separator of columns.")),
    ("[[1, 2],  # token 0\n [3, 4]]", Notice("comment", '"# token 0" is a comment: its numbers were not read.')),
    ("1 2 # x\n3 4", Notice("comment", '"# x" is a comment: it was not read.')),
    ("Scores:\n1 2\n3 4", Notice("beside", '"Scores:" stands beside the matrix and was left out.')),
    ("| **1** | 2 |\n| 3 | 4 |", Notice("beside", "The marks around cells, such as **, were left out.")),
    ("1,5\t2\n3,25\t4", Notice("decimal-comma", 'The comma in "1,5" was read as a decimal comma, as in all other numbers.')),
    ('a,"1,234.50"\nb,"2,345"', Notice("decimal-comma", 'The comma in "1,234.50" was read as a thousands mark, as in all other numbers.')),
    ("layer 1: 1 2\nlayer 2: 3 4", Notice("numeric-label", '"layer 1" was read as a label, with its number.')),
    (",dim 1,dim 2\nI,1,2\nam,3,4", Notice("header", '"dim 1" was read as the name of a column, with its number.')),
    ('"1","2"\n"3","4"', Notice("quoted-numbers", "Numbers in quotes were read as numbers.")),
]


@pytest.mark.parametrize(("text", "notice"), SAID)
def test_what_was_normalised_ignored_or_rounded_is_said(text: str, notice: Notice) -> None:
    assert notice in parse_matrix(text).notices


def test_every_notice_is_shown_above() -> None:
    assert {notice.code for _, notice in SAID} == set(NOTICES)


def test_a_plain_matrix_has_nothing_to_say() -> None:
    assert parse_matrix("I 1.16 0.23\nam 0.57 1.36").notices == ()


def test_typographic_characters_inside_a_label_are_not_notices() -> None:
    matrix = parse_matrix("a–b 1 2\nｃ 3 4")
    assert (matrix.labels, matrix.notices) == (("a–b", "ｃ"), ())


@pytest.mark.parametrize(
    ("typed", "value"), [("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1_000", 1000), ("1d3", 1000), ("010", 10), (".5", 0.5), ("-3.", -3)]
)
def test_every_spelling_of_a_number_means_what_it_means_in_python(typed: str, value: float) -> None:
    assert parse_matrix(f"[[{typed}, 2]]").values == ((value, 2.0),)


def test_numbers_are_rounded_to_float32_once() -> None:
    matrix = parse_matrix("0.1 -0.0\n1e-45 3.4028235e38")
    assert [list(row) for row in matrix.values] == [array("f", [0.1, -0.0]).tolist(), array("f", [1e-45, 3.4028235e38]).tolist()]
    assert str(matrix.values[0][1]) == "-0.0"


def test_a_matrix_that_just_fits_is_read() -> None:
    assert parse_matrix("0.5 " * 9000 + "\n" + "1 " * 9000).shape == (2, 9000)


def test_an_error_knows_where_it_is() -> None:
    with pytest.raises(MatrixError) as caught:
        parse_matrix("1 2 3\n4 oops 6")
    error = caught.value
    assert isinstance(error, AttentionError)
    assert (error.code, error.line, error.column, error.end_column, error.row, error.cell) == ("name", 2, 3, 6, 2, 2)


def test_nothing_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("executed")

    for name in ("eval", "exec", "compile", "__import__"):
        monkeypatch.setattr(f"builtins.{name}", refuse)
    for text in ("__import__('os').system('x')", "[[eval('1'), 2]]", "torch.tensor(eval('[[1]]'))", "torch.tensor([[1]], dtype=eval('x'))"):
        with pytest.raises(MatrixError):
            parse_matrix(text)


def test_importing_the_parser_loads_no_library() -> None:
    program = "import sys, attn_magic.matrix; print(sorted({'torch', 'numpy', 'pandas', 'matplotlib', 'ipywidgets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


MISTAKES = [
    pytest.param(
        "",
        "empty",
        """\
There are no numbers here.
Type one row of numbers for each token, for example:
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16
""",
        id="an empty cell",
    ),
    pytest.param(
        "# 1 2 3\n# 4 5 6\n",
        "empty",
        """\
There are no numbers here.
Type one row of numbers for each token, for example:
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16
""",
        id="only comments",
    ),
    pytest.param(
        "[]",
        "empty",
        """\
There are no numbers in these brackets (line 1).
    []
    ~^
Type one row of numbers for each token, for example:
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16
""",
        id="an empty list",
    ),
    pytest.param(
        "[[1, 2], []]",
        "empty",
        """\
Row 2 has no numbers (line 1).
    [[1, 2], []]
             ~^
Type one row of numbers for each token, for example:
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16
""",
        id="an empty row",
    ),
    pytest.param(
        "[[1.16, 0.23], [0.57], [4.41, -2.16]]",
        "ragged",
        """\
Row 2 has 1 number, but row 1 has 2 (line 1).
    [[1.16, 0.23], [0.57], [4.41, -2.16]]
                    ~~~^
Every row is one token, so all rows need the same length.
""",
        id="a short row",
    ),
    pytest.param(
        "1 2 3\n4 5 6\n7 8\n9 10 11",
        "ragged",
        """\
Row 3 has 2 numbers, but row 1 has 3 (line 3).
    7 8
    ~~^
Every row is one token, so all rows need the same length.
""",
        id="a short line",
    ),
    pytest.param(
        "[1 2; 3 4 5; 6 7]",
        "ragged",
        """\
Row 2 has 3 numbers, but row 1 has 2 (line 1).
    [1 2; 3 4 5; 6 7]
          ~~~~^
Every row is one token, so all rows need the same length.
""",
        id="a long row in MATLAB",
    ),
    pytest.param(
        "[[1, 2], 3]",
        "ragged",
        """\
"3" stands where row 2 is due (line 1).
    [[1, 2], 3]
             ^
Every row is one token, so all rows need brackets and the same length.
""",
        id="a number in place of a row",
    ),
    pytest.param(
        "I,1,2\nam,3",
        "ragged",
        """\
Row 2 has 1 number, but row 1 has 2 (line 2).
    am,3
    ~~~^
Every row is one token, so all rows need the same length.
""",
        id="a labelled row that is short",
    ),
    pytest.param(
        "\\begin{pmatrix}1 & 2 \\\\ 3 \\end{pmatrix}",
        "ragged",
        """\
Row 2 has 1 number, but row 1 has 2 (line 1).
    \\begin{pmatrix}1 & 2 \\\\ 3 \\end{pmatrix}
                            ^
Every row is one token, so all rows need the same length.
""",
        id="a short LaTeX row",
    ),
    pytest.param(
        "1,,2\n3,4,5",
        "missing-cell",
        """\
A number is missing in row 1, cell 2 (line 1).
    1,,2
      ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a hole between commas",
    ),
    pytest.param(
        "[[1, , 2], [3, 4, 5]]",
        "missing-cell",
        """\
A number is missing in row 1, cell 2 (line 1).
    [[1, , 2], [3, 4, 5]]
         ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a hole in a list",
    ),
    pytest.param(
        "1,2,\n3,4",
        "missing-cell",
        """\
A number is missing in row 1, cell 3 (line 1).
    1,2,
        ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a trailing comma on one row only",
    ),
    pytest.param(
        "a\tb\n1\t2\n\t4\n",
        "missing-cell",
        """\
A number is missing in row 2, cell 1 (line 3).
     4
    ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="an empty spreadsheet cell",
    ),
    pytest.param(
        "1 –\n3 4",
        "missing-cell",
        """\
"-" stands where a number is due in row 1, cell 2 (line 1).
    1 –
      ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a dash for no value",
    ),
    pytest.param(
        "[[1, None], [3, 4]]",
        "missing-cell",
        """\
"None" stands where a number is due in row 1, cell 2 (line 1).
    [[1, None], [3, 4]]
         ~~~^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="None",
    ),
    pytest.param(
        "1 2;;3 4",
        "missing-cell",
        """\
Row 2 has no numbers (line 1).
    1 2;;3 4
        ^
Leave out the row, or type its numbers.
""",
        id="an empty row between semicolons",
    ),
    pytest.param(
        "[[1, 2],, [3, 4]]",
        "missing-cell",
        """\
Row 2 is missing between two separators (line 1).
    [[1, 2],, [3, 4]]
            ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a missing row",
    ),
    pytest.param(
        "[[1, 2], [3, 4]",
        "bracket",
        """\
This "[" is never closed (line 1).
    [[1, 2], [3, 4]
    ^
Type the missing "]".
""",
        id="a bracket that is never closed",
    ),
    pytest.param(
        "[[1, 2], [3, 4]]]",
        "bracket",
        """\
This "]" closes nothing (line 1).
    [[1, 2], [3, 4]]]
                    ^
Delete it, or type the bracket that it should close.
""",
        id="a bracket too many",
    ),
    pytest.param(
        "[[1, 2), [3, 4]]",
        "bracket",
        """\
")" cannot close "[" (line 1).
    [[1, 2), [3, 4]]
          ^
Type "]" here.
""",
        id="the wrong bracket",
    ),
    pytest.param(
        "torch.tensor([1, 2], [3, 4])",
        "bracket",
        """\
A second list begins here: the brackets around all rows are missing (line 1).
    torch.tensor([1, 2], [3, 4])
                         ^
Type [[1, 2], [3, 4]]: one list of rows.
""",
        id="a call without outer brackets",
    ),
    pytest.param(
        "[['1, 2]]",
        "string",
        """\
This quote is never closed (line 1).
    [['1, 2]]
      ^
Leave out the quotes of numbers.
""",
        id="a quote that is never closed",
    ),
    pytest.param(
        "[[[1, 2], [3, 4]]]",
        "ndim",
        """\
This has three dimensions, and attention here works on one sequence: tokens × features (line 1).
    [[[1, 2], [3, 4]]]
    ~~^
For one sequence of a batch, paste one of its matrices, like X[0].
""",
        id="three dimensions",
    ),
    pytest.param(
        "[[1, [2]], [3, 4]]",
        "ndim",
        """\
There is a list inside a cell (line 1).
    [[1, [2]], [3, 4]]
         ~~^
A matrix is one list of rows, like [[1, 2], [3, 4]].
""",
        id="a list inside a cell",
    ),
    pytest.param(
        "[[1, 2; 3, 4]]",
        "ndim",
        """\
A semicolon stands inside a row (line 1).
    [[1, 2; 3, 4]]
          ^
Type either [[1, 2], [3, 4]] or [1 2; 3 4].
""",
        id="a semicolon inside a row",
    ),
    pytest.param(
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "too-deep",
        """\
More than 31 brackets are open here (line 1).
    [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^
A matrix is one list of rows, like [[1, 2], [3, 4]].
""",
        id="brackets nested too deep",
    ),
    pytest.param(
        "[[1, 2], [3, 4]]\n[[5, 6], [7, 8]]",
        "multiple",
        """\
A second statement or matrix begins here, and a cell holds one matrix (line 2).
    [[5, 6], [7, 8]]
    ^
Delete it, or put it in a cell of its own.
""",
        id="two matrices",
    ),
    pytest.param(
        "[[1, 2]]; import os",
        "multiple",
        """\
A second statement or matrix begins here, and a cell holds one matrix (line 1).
    [[1, 2]]; import os
              ~~~~~^
Delete it, or put it in a cell of its own.
""",
        id="a statement behind the matrix",
    ),
    pytest.param(
        "[[1.2.3, 4]]",
        "number",
        """\
"1.2.3" is not a number (line 1).
    [[1.2.3, 4]]
      ~~~~^
A number has one decimal point, like 1.5.
""",
        id="two decimal points",
    ),
    pytest.param(
        "[[--1, 2]]",
        "number",
        """\
"--1" is not a number (line 1).
    [[--1, 2]]
      ~~^
A number has one sign, like -1.
""",
        id="two signs",
    ),
    pytest.param(
        "1e 2\n3 4",
        "number",
        """\
"1e" is not a number (line 1).
    1e 2
    ~^
An exponent has digits, like 1e-3.
""",
        id="an unfinished exponent",
    ),
    pytest.param(
        "1 2 3px\n4 5 6",
        "number",
        """\
"3px" is not a number (line 1).
    1 2 3px
        ~~^
Leave out units and suffixes; a number looks like 3, -0.5 or 1e-3.
""",
        id="a unit",
    ),
    pytest.param(
        "5% 6%\n7% 8%",
        "number",
        """\
"5%" is not a number (line 1).
    5% 6%
    ~^
Type 0.05 for 5 %.
""",
        id="a percent sign",
    ),
    pytest.param(
        "[[1__0, 2]]",
        "number",
        """\
"1__0" is not a number (line 1).
    [[1__0, 2]]
      ~~~^
A number looks like 3, -0.5 or 1e-3.
""",
        id="some other malformed number",
    ),
    pytest.param(
        "| 1 2 | 3 |\n| 4 | 5 |",
        "number",
        """\
"1 2" is more than one number in one cell (line 1).
    | 1 2 | 3 |
      ~~^
Put a separator between all cells, the same everywhere.
""",
        id="two numbers in a cell",
    ),
    pytest.param(
        "1 2\n3 XXX\n5 6",
        "name",
        """\
"XXX" is a name, not a number (line 2).
    3 XXX
      ~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a word",
    ),
    pytest.param(
        "[[1, 2], [3, x]]",
        "name",
        """\
"x" is a name, not a number (line 1).
    [[1, 2], [3, x]]
                 ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a variable",
    ),
    pytest.param(
        "hello world",
        "name",
        """\
"hello" is a name, not a number (line 1).
    hello world
    ~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="prose",
    ),
    pytest.param(
        "[[1, 2], [3, '4']]",
        "string",
        """\
"'4'" is text in quotes, not a number (line 1).
    [[1, 2], [3, '4']]
                 ~~^
Leave out the quotes.
""",
        id="text in quotes",
    ),
    pytest.param(
        "[[1, 2], [3, True]]",
        "bool",
        """\
"True" is a truth value, not a number (line 1).
    [[1, 2], [3, True]]
                 ~~~^
Type 1 or 0 if you mean numbers.
""",
        id="a truth value",
    ),
    pytest.param(
        "[[1+2j, 3]]",
        "complex",
        """\
"1+2j" is a complex number (line 1).
    [[1+2j, 3]]
      ~~~^
Attention here works on real numbers.
""",
        id="a complex number",
    ),
    pytest.param(
        "1 nan\n3 4",
        "nonfinite",
        """\
"nan" is not a finite number (line 1).
    1 nan
      ~~^
Attention needs finite numbers: one NaN or infinity would spread through its whole row.
""",
        id="NaN",
    ),
    pytest.param(
        "[[1, float('-inf')], [3, 4]]",
        "nonfinite",
        """\
"float('-inf')" is not a finite number (line 1).
    [[1, float('-inf')], [3, 4]]
         ~~~~^
Attention needs finite numbers: one NaN or infinity would spread through its whole row.
""",
        id="infinity behind a function",
    ),
    pytest.param(
        "[[3.5e38, 2]]",
        "overflow",
        """\
"3.5e38" is too large: float32 ends at about 3.4e38 (line 1).
    [[3.5e38, 2]]
      ~~~~~^
Divide all numbers by the same factor.
""",
        id="a number beyond float32",
    ),
    pytest.param(
        "1 - 2; 3 4",
        "operator",
        """\
"-" stands alone between "1" and "2" (line 1).
    1 - 2; 3 4
      ^
Type 1 -2 for two numbers. To subtract or add, type the result: nothing is calculated here.
""",
        id="a sign that stands alone",
    ),
    pytest.param(
        "[[1/2, 3]]",
        "expression",
        """\
"1/2" is an expression, not a number (line 1).
    [[1/2, 3]]
      ~~^
Nothing is calculated here: type the result as a number.
""",
        id="a fraction",
    ),
    pytest.param(
        "[1:3; 4:6]",
        "expression",
        """\
"1:3" is an expression, not a number (line 1).
    [1:3; 4:6]
     ~~^
Nothing is calculated here: type the result as a number.
""",
        id="a range",
    ),
    pytest.param(
        "[[1, 2], [3, 4]] * 2",
        "expression",
        """\
"* 2" stands after the matrix, and nothing is calculated here (line 1).
    [[1, 2], [3, 4]] * 2
                     ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a factor",
    ),
    pytest.param(
        "[1 2; 3 4]'",
        "expression",
        """\
"'" would transpose the matrix, and nothing is calculated here (line 1).
    [1 2; 3 4]'
              ^
Type the transposed numbers: every row is one token.
""",
        id="a transpose",
    ),
    pytest.param(
        "[[1, 2], [3, 4]][0]",
        "expression",
        """\
An index stands after the matrix, and nothing is calculated here (line 1).
    [[1, 2], [3, 4]][0]
                    ~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="an index",
    ),
    pytest.param(
        "[[1, 2], [3, 4]].T",
        "expression",
        """\
".T" would transpose the matrix, and nothing is calculated here (line 1).
    [[1, 2], [3, 4]].T
                    ~^
Type the transposed numbers: every row is one token.
""",
        id="an attribute",
    ),
    pytest.param(
        "[[x for x in range(2)]]",
        "expression",
        """\
"x for x in range(2)" is an expression, and nothing is calculated here (line 1).
    [[x for x in range(2)]]
      ~~~~~~~~~~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a comprehension",
    ),
    pytest.param(
        "2 * [[1, 2], [3, 4]]",
        "expression",
        """\
"2 *" stands before the matrix, and nothing is calculated here (line 1).
    2 * [[1, 2], [3, 4]]
    ~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a factor in front",
    ),
    pytest.param(
        "[[sqrt(2), 1]]",
        "call",
        """\
"sqrt" is a function call, and functions are never called here (line 1).
    [[sqrt(2), 1]]
      ~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a function in a cell",
    ),
    pytest.param(
        "torch.rand(3, 2)",
        "call",
        """\
"torch.rand" is not a matrix of numbers, and functions are never called here (line 1).
    torch.rand(3, 2)
    ~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a function call",
    ),
    pytest.param(
        "__import__('os').system('touch x')",
        "call",
        """\
"__import__" is not a matrix of numbers, and functions are never called here (line 1).
    __import__('os').system('touch x')
    ~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="an import",
    ),
    pytest.param(
        "torch.Tensor(2, 3)",
        "call",
        """\
"torch.Tensor" needs the rows as a list (line 1).
    torch.Tensor(2, 3)
                 ~~~^
Type [[1, 2], [3, 4]]: one list of rows.
""",
        id="a size instead of numbers",
    ),
    pytest.param(
        "torch.tensor([[1, 2]], foo=3)",
        "call",
        """\
"foo" is not an option that is known here (line 1).
    torch.tensor([[1, 2]], foo=3)
                           ~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="an unknown option",
    ),
    pytest.param(
        "tf.constant([1, 2, 3, 4], shape=[2, 2])",
        "call",
        """\
shape=[2, 2] would change the shape of these numbers (line 1).
    tf.constant([1, 2, 3, 4], shape=[2, 2])
                            ~~~~~~~~~~~~~^
Type the rows as they should be.
""",
        id="a new shape",
    ),
    pytest.param(
        "lambda x: 1",
        "name",
        """\
"lambda x" begins a statement, and statements are never run here (line 1).
    lambda x: 1
    ~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a statement",
    ),
    pytest.param(
        "print [[1, 2], [3, 4]]\n",
        "name",
        """\
"print" is a name, not a number (line 1).
    print [[1, 2], [3, 4]]
    ~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a word before the matrix",
    ),
    pytest.param(
        "{(1, 2), (3, 4)}",
        "type",
        """\
A set or dictionary has no rows in order (line 1).
    {(1, 2), (3, 4)}
    ^
Type the rows in square brackets: [[1, 2], [3, 4]].
""",
        id="a set",
    ),
    pytest.param(
        "pd.DataFrame({'a': [1, 2]})",
        "type",
        """\
The lists of this dictionary are columns, not rows (line 1).
    pd.DataFrame({'a': [1, 2]})
                 ~~~~~~~~~~~~^
Type the rows themselves, or use %attention EXPRESSION.
""",
        id="a dictionary of columns",
    ),
    pytest.param(
        "{'I': [1, 2], 'I': [3, 4]}",
        "label",
        """\
Two rows of this dictionary have the same name, so Python would keep only one (line 1).
    {'I': [1, 2], 'I': [3, 4]}
                  ~~^
Type the rows on lines of their own: name, then numbers.
""",
        id="a dictionary with one name twice",
    ),
    pytest.param(
        "[{1, 2}, {3, 4}]",
        "type",
        """\
A set has no order (line 1).
    [{1, 2}, {3, 4}]
     ~~~~~^
Type the row in square brackets.
""",
        id="a set inside a list",
    ),
    pytest.param(
        "tensor([[0., 1.,  ..., 8., 9.],\n        [0., 1.,  ..., 8., 9.]])",
        "truncated",
        """\
This print was shortened: "..." stands for numbers that are not here (line 1).
    tensor([[0., 1.,  ..., 8., 9.],
                      ~~^
Print it in full with torch.set_printoptions(profile='full') or np.set_printoptions(threshold=np.inf), paste X.tolist(), or use %attention EXPRESSION.
""",
        id="a shortened print",
    ),
    pytest.param(
        "A =\n\n Columns 1 through 3:\n\n 1 2 3\n",
        "truncated",
        """\
This print is cut into groups of columns (line 3).
    Columns 1 through 3:
    ~~~~~~~~~~~~~~~~~~~^
Print it wider, or paste it as a list of rows.
""",
        id="a print in groups of columns",
    ),
    pytest.param(
        "\\begin{pmatrix}a & b \\\\ x & y\\end{pmatrix}",
        "name",
        """\
"a" is a name, not a number (line 1).
    \\begin{pmatrix}a & b \\\\ x & y\\end{pmatrix}
                   ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a symbol in LaTeX",
    ),
    pytest.param(
        "\\begin{bmatrix}\\input{/etc/passwd} & 2\\end{bmatrix}",
        "latex",
        """\
\\input is not understood inside a matrix (line 1).
    \\begin{bmatrix}\\input{/etc/passwd} & 2\\end{bmatrix}
                   ~~~~~^
Type plain numbers between & and \\\\.
""",
        id="an unknown LaTeX command",
    ),
    pytest.param(
        "\\begin{bmatrix}\\frac{1}{2} & 1\\\\0 & 1\\end{bmatrix}",
        "expression",
        """\
\\frac would have to be calculated, and nothing is calculated here (line 1).
    \\begin{bmatrix}\\frac{1}{2} & 1\\\\0 & 1\\end{bmatrix}
                   ~~~~^
Type the result as a decimal number, like 0.5.
""",
        id="a LaTeX fraction",
    ),
    pytest.param(
        "\\begin{bmatrix}1 & \\cdots & 3\\end{bmatrix}",
        "truncated",
        """\
\\cdots stands for numbers that are not here (line 1).
    \\begin{bmatrix}1 & \\cdots & 3\\end{bmatrix}
                       ~~~~~^
Type all numbers.
""",
        id="LaTeX dots",
    ),
    pytest.param(
        "\\begin{bmatrix}1 & \\infty\\end{bmatrix}",
        "nonfinite",
        """\
\\infty is not a finite number (line 1).
    \\begin{bmatrix}1 & \\infty\\end{bmatrix}
                       ~~~~~^
Attention needs finite numbers.
""",
        id="LaTeX infinity",
    ),
    pytest.param(
        "\\begin{bmatrix} 1 & 2 \\end{pmatrix}",
        "latex",
        """\
\\begin{bmatrix} cannot be ended by \\end{pmatrix} (line 1).
    \\begin{bmatrix} 1 & 2 \\end{pmatrix}
                          ~~~~~~~~~~~~^
Type \\end{bmatrix}.
""",
        id="a LaTeX environment ended by another",
    ),
    pytest.param(
        "\\begin{bmatrix} 1 & 2",
        "latex",
        """\
\\begin{bmatrix} is never ended (line 1).
    \\begin{bmatrix} 1 & 2
    ~~~~~^
Type \\end{bmatrix} after the last row.
""",
        id="a LaTeX environment without end",
    ),
    pytest.param(
        "1 & 2 \\end{bmatrix}",
        "latex",
        """\
There is no \\begin for this \\end (line 1).
    1 & 2 \\end{bmatrix}
          ~~~^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="a LaTeX end without begin",
    ),
    pytest.param(
        "\\begin{",
        "latex",
        """\
\\begin is not followed by the name of a matrix (line 1).
    \\begin{
    ~~~~~^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="a LaTeX begin without name",
    ),
    pytest.param(
        "\\begin{bmatrix}\\begin{bmatrix}1\\end{bmatrix}\\end{bmatrix}",
        "latex",
        """\
An environment begins inside the matrix (line 1).
    \\begin{bmatrix}\\begin{bmatrix}1\\end{bmatrix}\\end{bmatrix}
                   ~~~~~^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="a matrix inside a LaTeX matrix",
    ),
    pytest.param(
        "\\begin{vmatrix}1 & 2\\\\3 & 4\\end{vmatrix}",
        "latex",
        """\
vmatrix is a determinant, not a matrix (line 1).
    \\begin{vmatrix}1 & 2\\\\3 & 4\\end{vmatrix}
    ~~~~~~~~~~~~~~^
Use bmatrix if you mean the matrix.
""",
        id="a determinant",
    ),
    pytest.param(
        "\\begin{cases}1 & 2\\end{cases}",
        "latex",
        """\
"cases" is not a matrix environment (line 1).
    \\begin{cases}1 & 2\\end{cases}
    ~~~~~~~~~~~~^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="another LaTeX environment",
    ),
    pytest.param(
        "\\begin{pmatrix}1 & 2\\end{pmatrix}^T",
        "expression",
        """\
"^T" would transpose the matrix, and nothing is calculated here (line 1).
    \\begin{pmatrix}1 & 2\\end{pmatrix}^T
                                     ~^
Type the transposed numbers: every row is one token.
""",
        id="a LaTeX transpose",
    ),
    pytest.param(
        "\\begin{pmatrix}1\\end{pmatrix}+\\begin{pmatrix}2\\end{pmatrix}",
        "multiple",
        """\
A second matrix follows here, and nothing is calculated (line 1).
    \\begin{pmatrix}1\\end{pmatrix}+\\begin{pmatrix}2\\end{pmatrix}
                                 ^
Type one matrix in a cell.
""",
        id="a LaTeX sum",
    ),
    pytest.param(
        "\\begin{pmatrix}1\\end{pmatrix}\\begin{pmatrix}2\\end{pmatrix}",
        "multiple",
        """\
A second matrix begins here, and a cell holds one matrix (line 1).
    \\begin{pmatrix}1\\end{pmatrix}\\begin{pmatrix}2\\end{pmatrix}
                                 ~~~~~^
Delete it, or put it in a cell of its own.
""",
        id="two LaTeX matrices",
    ),
    pytest.param(
        "\\alpha\\begin{pmatrix}1 & 2\\end{pmatrix}",
        "expression",
        """\
"\\alpha" stands before the matrix, and nothing is calculated here (line 1).
    \\alpha\\begin{pmatrix}1 & 2\\end{pmatrix}
    ~~~~~^
Type the matrix alone, or with a name and = before it.
""",
        id="a LaTeX factor",
    ),
    pytest.param(
        "\\begin{pmatrix}1 & 2\\end{pmatrix}^{-1}",
        "expression",
        """\
"^{-1}" stands after the matrix, and nothing is calculated here (line 1).
    \\begin{pmatrix}1 & 2\\end{pmatrix}^{-1}
                                     ^
Type the matrix alone.
""",
        id="a LaTeX power",
    ),
    pytest.param(
        "\\begin{pmatrix}1{,}000 & 2\\end{pmatrix}",
        "decimal-comma",
        """\
"1,000" can be 1.000 with a decimal comma, 1000 with thousands marks, or the numbers 1 and 000 (line 1).
    \\begin{pmatrix}1{,}000 & 2\\end{pmatrix}
                   ~~~~~~^
Type 1.000 or 1000 for one number, or 1 000 for several.
""",
        id="LaTeX thousands",
    ),
    pytest.param(
        "\\begin{bmatrix}1 & 2 \\\\ \\\\ 3 & 4\\end{bmatrix}",
        "missing-cell",
        """\
Row 2 has no numbers (line 1).
    \\begin{bmatrix}1 & 2 \\\\ \\\\ 3 & 4\\end{bmatrix}
                            ~^
Delete the second \\\\, or type the row.
""",
        id="an empty LaTeX row",
    ),
    pytest.param(
        "\\begin{bmatrix}\\end{bmatrix}",
        "empty",
        """\
There are no numbers in this matrix (line 1).
    \\begin{bmatrix}\\end{bmatrix}
                   ^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="an empty LaTeX matrix",
    ),
    pytest.param(
        "\\pmatrix{1 & 2 \\cr 3 & 4",
        "latex",
        """\
The brace after \\pmatrix is never closed (line 1).
    \\pmatrix{1 & 2 \\cr 3 & 4
    ~~~~~~~~^
Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}.
""",
        id="a plain TeX brace that is never closed",
    ),
    pytest.param(
        "1,5 2,5\n3,5 4,5",
        "decimal-comma",
        """\
"1,5" can be 1.5 with a decimal comma, or the numbers 1 and 5 (line 1).
    1,5 2,5
    ~~^
Type 1.5 for one number, or 1 5 for several.
""",
        id="a decimal comma",
    ),
    pytest.param(
        "[[1,000, 2]]",
        "decimal-comma",
        """\
"1,000" can be 1.000 with a decimal comma, 1000 with thousands marks, or the numbers 1 and 000 (line 1).
    [[1,000, 2]]
      ~~~~^
Type 1.000 or 1000 for one number, or 1 000 for several.
""",
        id="thousands marks",
    ),
    pytest.param(
        "1,2,3 4,5,6",
        "decimal-comma",
        """\
"1,2,3" is not plainly one number or several (line 1).
    1,2,3 4,5,6
    ~~~~^
Type 1 2 3.
""",
        id="commas that group",
    ),
    pytest.param(
        "1;2\n3;4",
        "ambiguous",
        """\
The semicolon can end a row, giving 4 rows like "1", or separate columns, giving 2 rows like "1 2" (line 1).
    1;2
     ^
Separate cells with spaces, write decimals with a point, and put every row on its own line.
""",
        id="semicolons that can be rows or columns",
    ),
    pytest.param(
        "1\u202f000 2\n3\u202f000 4",
        "ambiguous",
        """\
This can be one number, 1000, or several, 1 000: the space in it is U+202F NARROW NO-BREAK SPACE (line 1).
    1 000 2
    ~~~~^
Type 1000 for one number, or ordinary spaces between several.
""",
        id="a space that can group thousands",
    ),
    pytest.param(
        "[[1 2] [3 4]]",
        "ambiguous",
        """\
The second bracket can be a second row, or stand beside the first as in MATLAB (line 1).
    [[1 2] [3 4]]
           ~~~~^
Put commas between the numbers, like [[1, 2], [3, 4]], or semicolons between the rows, like [1 2; 3 4].
""",
        id="brackets side by side",
    ),
    pytest.param(
        "[1, 2,\n 3, 4]",
        "ambiguous",
        """\
These 2 lines can be 2 rows, or one list of numbers that goes on (line 1).
    [1, 2,
     ~~~~^
Put every row in brackets, like [[1, 2], [3, 4]], or separate rows with ; only.
""",
        id="a list over two lines",
    ),
    pytest.param(
        "[[1 2\n3 4]]",
        "ambiguous",
        """\
This bracket can hold one row that goes on in the next line, or several rows (line 1).
    [[1 2
      ^
Put every row in brackets of its own, like [[1, 2], [3, 4]], or every row on one line.
""",
        id="a row over two lines",
    ),
    pytest.param(
        "| 1 | 2 |\n|---|---|\n| 3 | 4 |",
        "ambiguous",
        """\
The first row, "1 | 2", can be column names above 1 row, or the first of 2 rows (line 1).
    | 1 | 2 |
      ~~~~^
Give the columns names that are not numbers, or leave out the line below the first row.
""",
        id="a header of numbers",
    ),
    pytest.param(
        "id,x,y\n1,5,6\n2,7,8",
        "ambiguous",
        """\
The first column, named "id", can be labels or numbers (line 2).
    1,5,6
    ^
Put quotes around the labels, or give the column of numbers another name.
""",
        id="a column that can be labels",
    ),
    pytest.param(
        "| | a |\n|-|-|\n| 5 | 1 |\n| 9 | 2 |",
        "ambiguous",
        """\
The first column, without a name, can be labels or numbers (line 3).
    | 5 | 1 |
      ^
Put quotes around the labels, or give the column of numbers another name.
""",
        id="a column without a name",
    ),
    pytest.param(
        '"1",2\n"3",4',
        "ambiguous",
        """\
"1" in quotes can be a label or a number (line 1).
    "1",2
    ~~^
Leave out the quotes of numbers; a label may be any word.
""",
        id="numbers in quotes in front",
    ),
    pytest.param(
        "I 1 2\n# 3 4\nam 5 6",
        "ambiguous",
        """\
This can be a comment, or the row of the token "#" (line 2).
    # 3 4
    ^
Put quotes around "#" if it is a token, or delete the line if it is a comment.
""",
        id="a comment that can be a token",
    ),
    pytest.param(
        "100 % 1",
        "ambiguous",
        """\
This % can begin a comment or mean per cent (line 1).
    100 % 1
        ^
Type 0.05 for 5 %, or # before a comment.
""",
        id="a percent sign that can be a comment",
    ),
    pytest.param(
        "a b c\n1 2",
        "label",
        """\
The header has 3 names, but row 1 has 2 numbers (line 1).
    a b c
    ~~~~^
Type one name for each column, and one more only above the labels; put quotes around a name with a blank.
""",
        id="a header that does not fit",
    ),
    pytest.param(
        "x" * 10_001 + " 1 2",
        "label",
        """\
This label has 10,001 characters, and the limit is 10,000 (line 1).
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^
Type a shorter label.
""",
        id="a very long label",
    ),
    pytest.param(
        "1 —2\n3 4",
        "char",
        """\
U+2014 EM DASH cannot be part of a number (line 1).
    1 —2
      ^
Type numbers with the digits 0-9, a point and -.
""",
        id="an em dash",
    ),
    pytest.param(
        "1 \xad2\n3 4",
        "char",
        """\
There is an invisible character here, U+00AD SOFT HYPHEN (line 1).
    1 \\xad2
      ~~~^
What is seen would not be what is read. Delete it, or copy the numbers as plain text.
""",
        id="an invisible hyphen",
    ),
    pytest.param(
        "1\u200b2 3\n4 5",
        "char",
        """\
U+200B ZERO WIDTH SPACE cannot be part of a number (line 1).
    1\\u200b2 3
     ~~~~~^
Type numbers with the digits 0-9, a point and -.
""",
        id="an invisible space inside a number",
    ),
    pytest.param(
        "1 2\u202e\n3 4",
        "char",
        """\
There is an invisible character here, U+202E RIGHT-TO-LEFT OVERRIDE (line 1).
    1 2\\u202e
       ~~~~~^
What is seen would not be what is read. Delete it, or copy the numbers as plain text.
""",
        id="a direction override",
    ),
    pytest.param(
        "١ ٢\n٣ ٤",
        "char",
        """\
U+0661 ARABIC-INDIC DIGIT ONE cannot be part of a number (line 1).
    ١ ٢
    ^
Type numbers with the digits 0-9, a point and -.
""",
        id="digits of another script",
    ),
    pytest.param(
        "1е5 2\n3 4",
        "char",
        """\
U+0435 CYRILLIC SMALL LETTER IE cannot be part of a number (line 1).
    1е5 2
     ^
Type numbers with the digits 0-9, a point and -.
""",
        id="a look-alike letter",
    ),
    pytest.param(
        "[1 2 | 3 4; 5 6 | 7 8]",
        "char",
        """\
"|" (U+007C VERTICAL LINE) has no meaning inside brackets (line 1).
    [1 2 | 3 4; 5 6 | 7 8]
         ^
Separate rows with ; and cells with blanks or commas.
""",
        id="a bar in brackets",
    ),
    pytest.param(
        "1 2\x00\n3 4",
        "char",
        """\
There is an invisible character here, U+0000 NUL (line 1).
    1 2\\x00
       ~~~^
What is seen would not be what is read. Delete it, or copy the numbers as plain text.
""",
        id="a NUL",
    ),
    pytest.param(
        "\x1b[31m1\x1b[0m 2\n3 4",
        "char",
        """\
There is an invisible character here, U+001B ESCAPE, a terminal colour code (line 1).
    \\x1b[31m1\\x1b[0m 2
    ~~~^
What is seen would not be what is read. Delete it, or copy the numbers as plain text.
""",
        id="terminal colours",
    ),
    pytest.param(
        "New York 1 2\nis 3 4",
        "label",
        """\
"New York" is 2 words, and a label among blanks is one word (line 1).
    New York 1 2
    ~~~~~~~^
Put quotes around a label of several words, as in "New York" 1 2.
""",
        id="two words in front",
    ),
    pytest.param(
        "I x 2\nam 3 4 5",
        "label",
        """\
"I x" is 2 words, and a label among blanks is one word (line 1).
    I x 2
    ~~^
Put quotes around a label of several words, as in "New York" 1 2.
""",
        id="two words where a row would not fit",
    ),
    pytest.param(
        "I nan 0.5\nam nan 0.6",
        "nonfinite",
        """\
"nan" is not a finite number (line 1).
    I nan 0.5
      ~~^
Attention needs finite numbers: one NaN or infinity would spread through its whole row.
""",
        id="NaN behind a label",
    ),
    pytest.param(
        "I O.5 2\nam O.6 3",
        "number",
        """\
"O.5" is not a number (line 1).
    I O.5 2
      ~~^
It begins with a letter: type the digit 0 or 1.
""",
        id="a letter in place of a digit",
    ),
    pytest.param(
        "I - 2 3\nam - 4 5",
        "operator",
        """\
"-" stands alone before "2" (line 1).
    I - 2 3
      ^
Type 1 -2 for two numbers. To subtract or add, type the result: nothing is calculated here.
""",
        id="a sign behind a label",
    ),
    pytest.param(
        "a 3 4\n1.2.3 5 6",
        "number",
        """\
"1.2.3" is not a number (line 2).
    1.2.3 5 6
    ~~~~^
A number has one decimal point, like 1.5. If it is a label, put quotes around it: "1.2.3".
""",
        id="a wrong number in place of a label",
    ),
    pytest.param(
        "token d0 d1\nI 1 2\nam x 4",
        "name",
        """\
"x" is a name, not a number (line 3).
    am x 4
       ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a word behind a label, below names",
    ),
    pytest.param(
        "d0 d1\nNA\n3 4",
        "missing-cell",
        """\
"NA" stands where a number is due in row 1, cell 1 (line 2).
    NA
    ~^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a row of one word below names",
    ),
    pytest.param(
        "token d0 d1\nI\nam 3 4",
        "missing-cell",
        """\
Row 1 has no numbers (line 2).
    I
    ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="a label without numbers below names",
    ),
    pytest.param(
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | |\n| 3 | 4 | |",
        "missing-cell",
        """\
A number is missing in row 1, cell 3 (line 3).
    | 1 | 2 | |
             ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="an empty column with a name",
    ),
    pytest.param(
        "a,,b\n1,2",
        "missing-cell",
        """\
Column name 2 is missing (line 1).
    a,,b
      ^
Type one name for each column.
""",
        id="a column without a name in the middle",
    ),
    pytest.param(
        "my matrix\n1 2\n3 4",
        "ambiguous",
        """\
"my matrix" can be column names or a title (line 1).
    my matrix
    ~~~~~~~~^
Delete it if it is a title; names of columns stand right above the numbers.
""",
        id="a title",
    ),
    pytest.param(
        "d0 d1\n\n1 2\n3 4",
        "ambiguous",
        """\
"d0 d1" can be column names or a title (line 1).
    d0 d1
    ~~~~^
Delete it if it is a title; names of columns stand right above the numbers.
""",
        id="names set apart by a blank line",
    ),
    pytest.param(
        "I:1 2\nam 3 4",
        "label",
        """\
"I:1" can be a label and a number, or one label (line 1).
    I:1 2
    ~~^
Put a blank between label and number, or quotes around the label.
""",
        id="a label glued to a number",
    ),
    pytest.param(
        ",1,2\nam,3,4",
        "label",
        """\
Row 1 has no label (line 1).
    ,1,2
    ^
Type a word in front of its numbers.
""",
        id="a row without a label",
    ),
    pytest.param(
        '"a,1,2\nb,3,4',
        "string",
        """\
This quote is never closed (line 1).
    "a,1,2
    ^
Put quotes on both sides of the label, or leave them out.
""",
        id="a label whose quote is never closed",
    ),
    pytest.param(
        "| - 1 | 2 |\n| 3 | 4 |",
        "operator",
        """\
"-" stands alone before "1" (line 1).
    | - 1 | 2 |
      ^
Type 1 -2 for two numbers. To subtract or add, type the result: nothing is calculated here.
""",
        id="a sign apart from its number",
    ),
    pytest.param(
        "[[1, 2,,], [3, 4]]",
        "missing-cell",
        """\
A number is missing after this comma of row 1 (line 1).
    [[1, 2,,], [3, 4]]
           ^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="two commas at the end of a row",
    ),
    pytest.param(
        "[[1 2, 3], [4, 5, 6]]",
        "ambiguous",
        """\
"1 2" can be 2 cells without a comma, or one with a blank in it (line 1).
    [[1 2, 3], [4, 5, 6]]
      ~~^
Put a comma between any two cells.
""",
        id="blanks among commas in a list of lists",
    ),
    pytest.param(
        "1 000, 2\n3 000, 4",
        "ambiguous",
        """\
"1 000" can be one number, 1000, or several, 1 and 000 (line 1).
    1 000, 2
    ~~~~^
Type 1000 for one number, or a comma between any two cells.
""",
        id="a blank that can group thousands",
    ),
    pytest.param(
        "```1 2\n3 4\n```",
        "ambiguous",
        """\
This line can be a fence around the matrix, or the matrix itself (line 1).
    ```1 2
    ~~~~~^
Put ``` on a line of its own; behind the first may stand the name of a language.
""",
        id="numbers behind a fence",
    ),
    pytest.param(
        "1 2; 3 4]",
        "bracket",
        """\
This "]" closes nothing (line 1).
    1 2; 3 4]
            ^
Delete it, or type the bracket that it should close.
""",
        id="a closing bracket without its opening one",
    ),
    pytest.param(
        "-[[1, 2], [3, 4]]",
        "expression",
        """\
"-" stands before the matrix, and nothing is calculated here (line 1).
    -[[1, 2], [3, 4]]
    ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a sign before a list",
    ),
    pytest.param(
        "X.shape = (2, 2)",
        "expression",
        """\
"X.shape" is the size of a matrix, not its numbers (line 1).
    X.shape = (2, 2)
    ~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a size",
    ),
    pytest.param(
        "np.array([[1, 2]], ndmin=3)",
        "ndim",
        """\
ndmin=3 asks for more than two dimensions (line 1).
    np.array([[1, 2]], ndmin=3)
                             ^
Leave it out: a matrix is one list of rows.
""",
        id="a third dimension asked for",
    ),
    pytest.param(
        "a 1 2\n# b 3 4\nc 5 6",
        "ambiguous",
        """\
This can be a comment, or the row of the token "b" (line 2).
    # b 3 4
    ^
Delete the line if it is a comment, or the # if it is a row.
""",
        id="a row that can be switched off",
    ),
    pytest.param(
        "I # 1 2\nam 3 4",
        "ambiguous",
        """\
This can be a comment, or the row of the token "#" (line 1).
    I # 1 2
      ^
Put quotes around "#" if it is a token, or delete the line if it is a comment.
""",
        id="a sign that can be a comment or a token",
    ),
    pytest.param(
        "#: 1 2\n%: 3 4",
        "ambiguous",
        """\
This can be a comment, or the row of the token "#" (line 1).
    #: 1 2
    ^
Put quotes around "#" if it is a token, or delete the line if it is a comment.
""",
        id="comment signs before a colon",
    ),
    pytest.param(
        "\ud800 1 2\nb 3 4",
        "char",
        """\
There is an invisible character here, U+D800 half of a surrogate pair (line 1).
    \\ud800 1 2
    ~~~~~^
What is seen would not be what is read. Delete it, or copy the numbers as plain text.
""",
        id="half a surrogate pair",
    ),
    pytest.param(
        "1·5 2·5\n3 4",
        "char",
        """\
U+00B7 MIDDLE DOT cannot be part of a number (line 1).
    1·5 2·5
     ^
Type numbers with the digits 0-9, a point and -.
""",
        id="a middle dot",
    ),
    pytest.param(
        "[[1、2]、[3、4]]",
        "char",
        """\
U+3001 IDEOGRAPHIC COMMA cannot be part of a number (line 1).
    [[1、2]、[3、4]]
       ~^
Type numbers with the digits 0-9, a point and -.
""",
        id="an ideographic comma",
    ),
    pytest.param(
        "1 2\n-----\n3 4",
        "missing-cell",
        """\
"-----" stands where a number is due in row 2, cell 1 (line 2).
    -----
    ~~~~^
Every cell needs a number: type 0 if you mean zero, or leave out the whole row.
""",
        id="dashes between rows",
    ),
    pytest.param(
        "A = 1 2\nam 3 4",
        "ambiguous",
        """\
"A" can be the name of the matrix, or the label of its first row (line 1).
    A = 1 2
    ^
Leave out the name and the =, or type a = behind every label.
""",
        id="a name that can be a label",
    ),
    pytest.param(
        "I;1 2\n3 4",
        "ambiguous",
        """\
The semicolon can end a row, giving 3 rows like "I", or separate columns, giving 2 rows like "I 1 2" (line 1).
    I;1 2
     ^
Separate cells with spaces, write decimals with a point, and put every row on its own line.
""",
        id="a semicolon in one line only",
    ),
    pytest.param(
        "# 12\nplay 3 4",
        "ambiguous",
        """\
This can be a comment, or the row of the token "#" (line 1).
    # 12
    ^
Put quotes around "#" if it is a token, or delete the line if it is a comment.
""",
        id="a comment of numbers",
    ),
    pytest.param(
        '["a", 2]',
        "string",
        """\
'"a"' is text in quotes, not a number (line 1).
    ["a", 2]
     ~~^
Leave out the quotes.
""",
        id="text in double quotes",
    ),
    pytest.param(
        "1 2\n" * 1_000_000,
        "too-large",
        """\
Attention over 1,000,000 tokens needs about 14.6 TiB of memory, and the limit is 1 GiB.
Every token looks at every token: type fewer rows. 8,191 are the most that fit.
""",
        id="too many rows",
    ),
    pytest.param(
        "1 " * 20_000,
        "too-large",
        """\
Attention over 1 token with 20,000 features needs about 4.5 GiB of memory, and the limit is 1 GiB.
Every feature meets every feature in the weights: type fewer numbers in a row.
""",
        id="too many columns",
    ),
    pytest.param(
        "1 " * 3_000_000,
        "too-large",
        """\
The text has 6,000,000 characters in 1 line, and the limit is 4,194,304.
Type fewer rows, or fewer numbers in a row.
""",
        id="too much text",
    ),
    pytest.param(
        "1 " * 200 + "x " + "2 " * 200,
        "name",
        """\
"x" is a name, not a number (line 1).
    … 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 x 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2…
                                        ^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a mistake far to the right",
    ),
    pytest.param(
        "[[1, 2]] 中文字",
        "multiple",
        """\
A second statement or matrix begins here, and a cell holds one matrix (line 1).
    [[1, 2]] 中文字
             ~~~~~^
Delete it, or put it in a cell of its own.
""",
        id="wide characters before the mistake",
    ),
    pytest.param(
        "x" * 300,
        "name",
        """\
"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is not a number (line 1).
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a long word",
    ),
    pytest.param(
        "d0 1.5 | 2.5\nd1 3 | 4",
        "ambiguous",
        """\
"d0 1.5" can be a label, or a label and the number 1.5 (line 1).
    d0 1.5 | 2.5
    ~~~~~^
Put quotes around a label that holds a number, as in "layer 2" 0.5, or separate the number from it.
""",
        id="a number inside a label",
    ),
    pytest.param(
        "I 1 2; am: 3 4",
        "ambiguous",
        """\
"I 1 2; am" can be a label, or a label and the number 1 (line 1).
    I 1 2; am: 3 4
    ~~~~~~~~^
Put quotes around a label that holds a number, as in "layer 2" 0.5, or separate the number from it.
""",
        id="a row inside a label",
    ),
    pytest.param(
        "GPT-2 1\nT5-3 4",
        "ambiguous",
        """\
"GPT-2" can be a label, or a label and the number 2 (line 1).
    GPT-2 1
    ~~~~^
Put quotes around a label that holds a number, as in "layer 2" 0.5, or separate the number from it.
""",
        id="numbers in all names",
    ),
    pytest.param(
        "a 1 2; # 3 4",
        "ambiguous",
        """\
"# 3 4" can be a comment, or cells of the matrix (line 1).
    a 1 2; # 3 4
           ~~~~^
Delete it if it is a comment, or the sign before it if these are cells.
""",
        id="a comment that can be cells",
    ),
    pytest.param(
        "I 1 2; ##ing 3 4; x 5 6",
        "ambiguous",
        """\
"##ing 3 4; x 5 6" can be a comment, or cells of the matrix (line 1).
    I 1 2; ##ing 3 4; x 5 6
           ~~~~~~~~~~~~~~~^
Delete it if it is a comment, or the sign before it if these are cells.
""",
        id="a comment that can be rows",
    ),
    pytest.param(
        "\\begin{bmatrix} 1 & 2 % 3\n\\\\ 3 & 4 \\end{bmatrix}",
        "ambiguous",
        """\
"% 3" can be a comment, or cells of the matrix (line 1).
    \\begin{bmatrix} 1 & 2 % 3
                          ~~^
Delete it if it is a comment, or the sign before it if these are cells.
""",
        id="a comment inside a LaTeX row",
    ),
    pytest.param(
        "1.5 (2.5)\n3 4",
        "ambiguous",
        """\
"(2.5)" can be 2.5, or -2.5 as accountants write it (line 1).
    1.5 (2.5)
        ~~~~^
Type 2.5 or -2.5, without brackets.
""",
        id="a number in brackets",
    ),
    pytest.param(
        "1.5 & (2.5) \\\\ 3 & 4",
        "ambiguous",
        """\
"(2.5)" can be 2.5, or -2.5 as accountants write it (line 1).
    1.5 & (2.5) \\\\ 3 & 4
          ~~~~^
Type 2.5 or -2.5, without brackets.
""",
        id="a number in brackets in LaTeX",
    ),
    pytest.param(
        "1,5, 2,5\n3,5, 4,5",
        "decimal-comma",
        """\
"2,5" can be 2.5 with a decimal comma, or the numbers 2 and 5 (line 1).
    1,5, 2,5
         ~~^
Type 2.5 for one number, or 2 5 for several.
""",
        id="commas with and without a blank",
    ),
    pytest.param(
        "1,5; 2,5; 3,5",
        "decimal-comma",
        """\
"1,5" can be 1.5 with a decimal comma, or the numbers 1 and 5 (line 1).
    1,5; 2,5; 3,5
    ~~^
Type 1.5 for one number, or 1 5 for several.
""",
        id="decimal commas on one line",
    ),
    pytest.param(
        "1,234\n5,678\n9,012",
        "decimal-comma",
        """\
"9,012" can be 9.012 with a decimal comma, 9012 with thousands marks, or the numbers 9 and 012 (line 3).
    9,012
    ~~~~^
Type 9.012 or 9012 for one number, or 9 012 for several.
""",
        id="a column of thousands",
    ),
    pytest.param(
        "we: 1,000\nam: 2,000",
        "decimal-comma",
        """\
"1,000" can be 1.000 with a decimal comma, 1000 with thousands marks, or the numbers 1 and 000 (line 1).
    we: 1,000
        ~~~~^
Type 1.000 or 1000 for one number, or 1 000 for several.
""",
        id="thousands behind a label",
    ),
    pytest.param(
        "1 000\t2 000\n3 000\t4 000",
        "ambiguous",
        """\
"1 000" can be one number, 1000, or several, 1 and 000 (line 1).
    1 000 2 000
    ~~~~^
Type 1000 for one number, or a comma between any two cells.
""",
        id="thousands grouped by blanks",
    ),
    pytest.param(
        "1 234\t5 678\n9 876\t5 432",
        "ambiguous",
        """\
"1 234" can be one number, 1234, or several, 1 and 234 (line 1).
    1 234 5 678
    ~~~~^
Type 1234 for one number, or a comma between any two cells.
""",
        id="thousands grouped by blanks between tabs",
    ),
    pytest.param(
        "0. 25, 0. 75\n0. 5, 0. 1",
        "ambiguous",
        """\
"0. 25, 0. 75" can hold decimals that are cut by a blank, or two numbers for each (line 1).
    0. 25, 0. 75
    ~~~~~~~~~~~^
Type a decimal without a blank, as in 0.25, and put the same separator between any two numbers.
""",
        id="decimals cut by a blank",
    ),
    pytest.param(
        "0, 25 0, 75\n0, 5 0, 1",
        "ambiguous",
        """\
"0, 25 0, 75" can hold decimals that are cut by a blank, or two numbers for each (line 1).
    0, 25 0, 75
    ~~~~~~~~~~^
Type a decimal without a blank, as in 0.25, and put the same separator between any two numbers.
""",
        id="decimals cut by a comma and a blank",
    ),
    pytest.param(
        "1 0, 2 0\n3 0, 4 0",
        "ambiguous",
        """\
"1 0, 2 0" can be one row, or the rows 1 0 and 2 0 (line 1).
    1 0, 2 0
    ~~~~~~~^
Put the same separator between any two numbers, and every row on a line of its own.
""",
        id="groups of numbers",
    ),
    pytest.param(
        "token,2019,2020\nwe,1,2",
        "ambiguous",
        """\
The first row, "token,2019,2020", can be a heading above 1 row, or the first of 2 rows (line 1).
    token,2019,2020
    ~~~~~~~~~~~~~~^
Delete it if it is a heading; names of columns are no numbers, as in y2019. If it is a row, type the matrix as [[1, 2], [3, 4]].
""",
        id="years above a table",
    ),
    pytest.param(
        "3 2\nI 1 2\nam 3 4\nIndian 5 6",
        "ambiguous",
        """\
The first row, "3 2", can be a heading above 3 rows, or the first of 4 rows (line 1).
    3 2
    ~~^
Delete it if it is a heading; names of columns are no numbers, as in y2019. If it is a row, type the matrix as [[1, 2], [3, 4]].
""",
        id="a size above the rows",
    ),
    pytest.param(
        "scale 1000\n1.5\n2.5",
        "ambiguous",
        """\
The first row, "scale 1000", can be a heading above 2 rows, or the first of 3 rows (line 1).
    scale 1000
    ~~~~~~~~~^
Delete it if it is a heading; names of columns are no numbers, as in y2019. If it is a row, type the matrix as [[1, 2], [3, 4]].
""",
        id="a caption with a number",
    ),
    pytest.param(
        "     1\t1.5 2.5\n     2\t3 4",
        "ambiguous",
        """\
"1", "2" … can be the numbers of the lines, or the first column (line 1).
    1 1.5 2.5
    ^
Delete them if they count the lines; separate all cells in the same way if they are numbers of the matrix.
""",
        id="line numbers",
    ),
    pytest.param(
        "#,a,b\n1,0.5,0.6\n2,0.7,0.8",
        "ambiguous",
        """\
This line can be a comment, or begin with a cell "#" (line 1).
    #,a,b
    ^
Put quotes around "#" if it is a cell, or delete the line if it is a comment.
""",
        id="a comment sign as the name of a column",
    ),
    pytest.param(
        "# a b\n1 0.5 0.6\n2 0.7 0.8",
        "ambiguous",
        """\
This can be a comment, or the names of 3 columns, the first of which counts the rows (line 1).
    # a b
    ~~~~^
Delete the line if it is a comment, or the first column if it counts the rows.
""",
        id="names in a comment",
    ),
    pytest.param(
        "No.,a,b\n1,0.5,0.6\n2,0.7,0.8",
        "ambiguous",
        """\
The first column, named "No.", can be labels or numbers (line 2).
    1,0.5,0.6
    ^
Put quotes around the labels, or give the column of numbers another name.
""",
        id="a column that counts the rows",
    ),
    pytest.param(
        "dims    a   b\n0     1.5  20\n1    13.0  44",
        "ambiguous",
        """\
The first column, below "dims", can be labels or numbers (line 2).
    0     1.5  20
    ^
Put quotes around the labels, or give the column of numbers another name.
""",
        id="a pandas print with a name for all columns",
    ),
    pytest.param(
        "a  0    1.5\nb  1    2.5\ndtype: float64",
        "ambiguous",
        """\
This Series has an index of several levels (line 1).
    a  0    1.5
    ~~~~~~~~~~^
Use %attention EXPRESSION, or paste X.to_numpy().tolist().
""",
        id="a Series with two levels",
    ),
    pytest.param(
        "(1), (2)\n(3), (4)",
        "ambiguous",
        """\
These brackets can be 4 rows, or the cells of 2 (line 1).
    (1), (2)
    ~~~~~~~^
Put brackets around each row and around all rows, like [[1, 2], [3, 4]].
""",
        id="brackets in lines",
    ),
    pytest.param(
        "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4",
        "ambiguous",
        """\
A Matrix Market file lists columns, or places and values, and not rows (line 1).
    %%MatrixMarket matrix array real general
    ~~~~~~~~~~~~~^
Read it with scipy.io.mmread, and use %attention EXPRESSION.
""",
        id="a Matrix Market file",
    ),
    pytest.param(
        "\\begin{bmatrix} 1_2 & 3 \\\\ 4 & 5 \\end{bmatrix}",
        "latex",
        """\
"1_2" is a number with an index below (line 1).
    \\begin{bmatrix} 1_2 & 3 \\\\ 4 & 5 \\end{bmatrix}
                    ~~^
Type plain numbers between & and \\\\.
""",
        id="an index in LaTeX",
    ),
    pytest.param(
        "\\begin{tabular}{r@{.}l} 1 & 5 \\\\ 2 & 5 \\end{tabular}",
        "latex",
        """\
"@{.}" writes something between the columns, so that two cells can be one number (line 1).
    \\begin{tabular}{r@{.}l} 1 & 5 \\\\ 2 & 5 \\end{tabular}
                     ~~~^
Type whole numbers in the cells, and columns such as {rr}.
""",
        id="decimals in two LaTeX columns",
    ),
    pytest.param(
        "x = [1, 2]\nx = [3, 4]",
        "label",
        """\
"x" stands before two rows, and a program would keep only one (line 2).
    x = [3, 4]
    ^
Type the rows on lines of their own: name, then numbers.
""",
        id="one name for two rows",
    ),
    pytest.param(
        " 1 | 2\n 3 | 4\n(3 rows)",
        "ragged",
        """\
"(3 rows)" promises 3 rows, but there are 2 and 2 (line 3).
    (3 rows)
    ~~~~~~~^
Copy the whole print.
""",
        id="a size below the rows",
    ),
    pytest.param(
        "[[1, 2], [3, 4]]\ntorch.Size([3, 2])",
        "ragged",
        """\
"torch.Size([3, 2])" promises 3 rows and 2 columns, but there are 2 and 2 (line 2).
    torch.Size([3, 2])
    ~~~~~~~~~~~~~~~~~^
Copy the whole print.
""",
        id="a size below a list",
    ),
    pytest.param(
        '{"columns": ["a"], "data": [[1, 2], [3, 4]]}',
        "label",
        """\
"columns" has 1 name, but 2 are due (line 1).
    {"columns": ["a"], "data": [[1, 2], [3, 4]]}
                ~~~~^
Type one name in quotes for each row, and for each column.
""",
        id="names that do not fit the columns",
    ),
    pytest.param(
        "1.0e+03 *\n\n 1 2\n 3 4",
        "expression",
        """\
"1.0e+03 *" stands above the matrix and would change every number, and nothing is calculated here (line 1).
    1.0e+03 *
    ~~~~~~~~^
In MATLAB and Octave, print it after: format long g
""",
        id="a factor above a print",
    ),
    pytest.param(
        "we: -[2, 3]\nam: -[4, 5]",
        "expression",
        """\
"-[2" is an expression, not a number (line 1).
    we: -[2, 3]
        ~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a sign before brackets",
    ),
    pytest.param(
        "0,np.float64(1.5)\n1,np.float64(nan)",
        "call",
        """\
"np.float64" is a function call, and functions are never called here (line 2).
    1,np.float64(nan)
      ~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a scalar that is no number",
    ),
    pytest.param(
        '{"a": [[1, 2]], "b": [[3, 4]]}',
        "type",
        """\
The values of this dictionary are not rows (line 1).
    {"a": [[1, 2]], "b": [[3, 4]]}
    ^
Type the rows in square brackets: [[1, 2], [3, 4]].
""",
        id="a dictionary of two matrices",
    ),
    pytest.param(
        "1 2\n* 3 4",
        "operator",
        """\
"*" is an operator, not a number (line 2).
    * 3 4
    ^
Nothing is calculated here: type the result as a number.
""",
        id="an operator",
    ),
    pytest.param(
        "3×2 Matrix{Int64}:\n 1 2\n 3 4",
        "ragged",
        """\
"3×2 Matrix{Int64}:" promises 3 rows and 2 columns, but there are 2 and 2 (line 1).
    3×2 Matrix{Int64}:
    ~~~~~~~~~~~~~~~~~^
Copy the whole print.
""",
        id="a Julia print that is not whole",
    ),
    pytest.param(
        "1,234\t5,678\n2,345\t6,789",
        "decimal-comma",
        """\
"1,234" can be 1.234 with a decimal comma, 1234 with thousands marks, or the numbers 1 and 234 (line 1).
    1,234 5,678
    ~~~~^
Type 1.234 or 1234 for one number, or 1 234 for several.
""",
        id="a comma with two readings in a spreadsheet",
    ),
    pytest.param(
        "I 1,0.5,2\nam 2,3,4",
        "ambiguous",
        """\
"I 1" can be a label, or a label and a number (line 1).
    I 1,0.5,2
    ~~^
Put quotes around the label, and the same separator between any two cells.
""",
        id="a label that ends in a number",
    ),
    pytest.param(
        "1 2\n%%masked_attention\n3 4",
        "multiple",
        """\
A second cell begins here, and a cell holds one matrix (line 2).
    %%masked_attention
    ~~~~~~~~~~~~~~~~~^
Put it in a cell of its own.
""",
        id="a second cell",
    ),
    pytest.param(
        '"a" 1.5 | 2.5\n"b" 3 | 4',
        "ambiguous",
        """\
'"a" 1.5' can be a label, or a label and cells (line 1).
    "a" 1.5 | 2.5
    ~~~~~~^
Put the same separator between any two cells.
""",
        id="a number behind a label in quotes",
    ),
    pytest.param(
        "> I: [1, 2]; am: [3, 4]",
        "label",
        """\
"> I" is not plainly a label (line 1).
    > I: [1, 2]; am: [3, 4]
    ~~^
Put quotes around the label, or leave out the >.
""",
        id="the mark of a quotation before a label",
    ),
    pytest.param(
        "X = I,1.16,0.23\nam,0.57,1.36",
        "label",
        """\
"X = I" is not plainly a label (line 1).
    X = I,1.16,0.23
    ~~~~^
Put quotes around the label, or leave out the =.
""",
        id="an assignment before a label",
    ),
    pytest.param(
        "[ 0.12573022 -0.13210486  0.64042265  0.10490012 -0.53566937  0.36159505\n"
        "  1.30400005  0.94708096 -0.70373524 -1.26542147 -0.62327446  0.04132598]",
        "ambiguous",
        """\
These 2 lines can be 2 rows, or one row that a print has wrapped (line 1).
    [ 0.12573022 -0.13210486  0.64042265  0.10490012 -0.53566937  0.36159505
      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^
Put every row in brackets, like [[1, 2], [3, 4]], or ; between the rows.
""",
        id="a vector that a print has wrapped",
    ),
    pytest.param(
        "tf.constant(5, shape=[2, 2])",
        "call",
        """\
A shape would repeat this number, and functions are never called here (line 1).
    tf.constant(5, shape=[2, 2])
                ~~~~~~~~~~~~~~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="a number that a shape would repeat",
    ),
    pytest.param(
        '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]',
        "type",
        """\
A dictionary of cells is no row (line 1).
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
     ~~~~~~~~~~~~~~~^
Type the row in square brackets.
""",
        id="dictionaries of cells",
    ),
    pytest.param(
        "0    1.5\n      ... \n9    2.5\nName: x, Length: 10, dtype: float64",
        "truncated",
        """\
This print was shortened: rows are left out here (line 2).
    ...
    ~~^
Print it in full with torch.set_printoptions(profile='full') or np.set_printoptions(threshold=np.inf), paste X.tolist(), or use %attention EXPRESSION.
""",
        id="a Series that was shortened",
    ),
    pytest.param(
        "0    1.5\n1    2.5\nName: x, Length: 5, dtype: float64",
        "ragged",
        """\
"Name: x, Length: 5, dtype: float64" promises 5 rows, but there are 2 and 1 (line 3).
    Name: x, Length: 5, dtype: float64
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^
Copy the whole print.
""",
        id="a Series with a length",
    ),
    pytest.param(
        "     a    b  \\\n0  1.0  2.0   \n1  3.0  4.0   \n\n     c  \n0  5.0  \n1  6.0  ",
        "truncated",
        """\
This print is cut into groups of columns (line 1).
    a    b  \\
            ^
Print it wider, or paste it as a list of rows.
""",
        id="a pandas print in groups of columns",
    ),
    pytest.param(
        "pd.DataFrame([[1, 2], [3, 4]], columns=['a', 5, 'b'])",
        "label",
        """\
"columns" is not a list of 2 names in quotes (line 1).
    pd.DataFrame([[1, 2], [3, 4]], columns=['a', 5, 'b'])
                                           ~~~~~~~~~~~~^
Type one name in quotes for each row, and for each column.
""",
        id="names of a DataFrame that do not fit",
    ),
    pytest.param(
        "+---+---+\n| 5 | 6 |\n+===+===+\n| 1 | 2 |\n+---+---+\n| 3 | 4 |\n+---+---+",
        "ambiguous",
        """\
The first row, "5 | 6", can be column names above 2 rows, or the first of 3 rows (line 2).
    | 5 | 6 |
      ~~~~^
Give the columns names that are not numbers, or leave out the line below the first row.
""",
        id="numbers above a double rule",
    ),
    pytest.param(
        "layer 1 1.5 2\nlayer 2 3 4",
        "ambiguous",
        """\
"layer" can be a label, or a label and a number (line 1).
    layer 1 1.5 2
    ~~~~^
Put quotes around the label, and the same separator between any two cells.
""",
        id="a counter behind a label",
    ),
    pytest.param(
        "0,1,2\n0.4,0.5,0.6\n1.25,0.5,0.1",
        "ambiguous",
        """\
The first row, "0,1,2", can be a heading above 2 rows, or the first of 3 rows (line 1).
    0,1,2
    ~~~~^
Delete it if it is a heading; names of columns are no numbers, as in y2019. If it is a row, type the matrix as [[1, 2], [3, 4]].
""",
        id="numbered columns above decimals",
    ),
    pytest.param(
        "1.5 e3\n2.5 e4",
        "name",
        """\
"e3" is a name, not a number (line 1).
    1.5 e3
        ~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="exponents that are set apart",
    ),
    pytest.param(
        "10 GB\n200 MB",
        "name",
        """\
"GB" is a name, not a number (line 1).
    10 GB
       ~^
The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have.
""",
        id="units behind numbers",
    ),
]


@pytest.mark.parametrize(("text", "code", "message"), MISTAKES)
def test_every_mistake_says_what_is_wrong_where_and_what_to_type(text: str, code: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        parse_matrix(text)
    assert str(caught.value) + "\n" == message
    assert caught.value.code == code
    assert caught.value.__cause__ is None


REFUSED = [
    # a word in the place of the first number is no second word of the label
    ("I nan 1 2\nam inf 3 4", "nonfinite"),
    ('"I" nan 2\n"am" nan 3', "nonfinite"),
    ("I NA 0.5\nam NA 0.6", "missing-cell"),
    ("I ? 2\nam ? 3", "missing-cell"),
    ("I -- 2\nam -- 3", "missing-cell"),
    ("a - 1\nb 2", "operator"),
    ("I 1.2.3 4\nam 5", "number"),
    ("I 0x 3\nam 0y 4", "number"),
    ("I $5 2\nam $6 3", "number"),
    ("I 1/2 3\nam 1/3 4", "expression"),
    ("I sqrt(2) 3\nam sqrt(3) 4", "call"),
    ("I 1+2j 2\nam 1-2j 3", "complex"),
    ("I ½ 2\nam ⅓ 3", "char"),
    ("I —2 3\nam —4 5", "char"),
    ("I ... 2\nam ... 3", "truncated"),
    ("I True 2\nam False 3", "bool"),
    ("I x 2\nam y 4", "label"),
    # what begins as a number does is no label
    ("x 3 4\n1e 5 6", "number"),
    ("x 3 4\n--1 5 6", "number"),
    ("x 3 4\n$5 5 6", "number"),
    ("x 3 4\n① 5 6", "char"),
    ("I 1 2\n3-4 5 6", "expression"),
    ("the 1 2\n2.5 3 4", "name"),
    ("C# 1 2\n100% 3 4", "number"),
    # a row below names is no name of an index
    ("d0 d1\nO.5\n3 4", "number"),
    ("d0,d1\n1.2.3\n3,4", "number"),
    ('d0 d1\n"1"\n3 4', "string"),
    ("d0 d1\nI\nam 3 4", "missing-cell"),
    # names never shift
    ("a\tb\tc\n1\t2\t\n3\t4\t", "missing-cell"),
    # rows are not comments
    ("##ing 0.1 x\nplay 0.3 0.4", "name"),
    ("##ing,0.1,a0.2\nplay,0.3,0.4", "name"),
    ("play 0.3 0.4\n##ing 0.1 0%.2", "number"),
    ("#tag 1 2\nfoo 3", "ambiguous"),
    ("#tag 1 2\nfoo 3 4", "ambiguous"),
    ("C# $1 2\n# 3 4", "number"),
    # the first row is not names, and a title is not either
    ("a:1 x\nb:3 8", "name"),
    ("I: x y\nam: 3 4", "name"),
    ("Diagonal Matrix\n\n   1   0\n   0   1\n", "ambiguous"),
    # holes
    ("[1 2,,; 3 4,,]", "missing-cell"),
    ('{"a": [1,2,,], "b": [3,4]}', "missing-cell"),
    (",d\n,d1\nI,1,2\nam,3,4", "label"),
    # signs and brackets
    ("- [1, 2]\n- [3, 4]", "expression"),
    ("[ - 1 2; 3 4]", "operator"),
    ("- 1 | 2\n3 | 4", "operator"),
    ("]" * 1000, "bracket"),
    ("[[f'{1}', 2]]", "string"),
    ("1 2 i\n3 4 i", "name"),
    ("1‚5 2\n3 4", "char"),
    ("```python 1 2\n3 4\n```", "ambiguous"),
    ("```\n1 2\n``` 3 4", "ambiguous"),
    ("Matrix(2, 2, [1, 2, 3, 4])", "call"),
    ("'ll 3; 4\n's 1 2", "ambiguous"),
    ("I 1\t2\nam 3\t4", "ambiguous"),
    ("Layer 1;2\nLayer 2;3", "ambiguous"),
    ("I: 1.5 2=\nam: -3 4", "number"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_what_is_not_plainly_a_matrix_is_refused(text: str, code: str) -> None:
    with pytest.raises(MatrixError) as caught:
        parse_matrix(text)
    assert caught.value.code == code


def test_every_code_has_a_mistake_above() -> None:
    assert {parameter.values[1] for parameter in MISTAKES} == set(CODES)


def test_a_single_row_may_have_an_empty_label():
    for text in ('"": 1.16 0.23', '"" 1.16 0.23'):
        assert parse_matrix(text).labels == ("",)
        assert parse_matrix(text).shape == (1, 2)
