"""%%attention and %%masked_attention as a reader meets them in a cell."""

import dataclasses
import gc
import inspect
import os
import re
import subprocess
import sys
import threading
import time
import timeit
import types
import warnings
from pathlib import Path

import IPython
import numpy as np
import pytest
import torch
from IPython.core.error import UsageError

from attn_magic import attend, completion
from attn_magic.errors import MatrixError
from attn_magic.magic_line import help_text, read_line
from attn_magic.magics import AttentionMagics, split_semicolon, uncover_magic
from attn_magic.matrix import parse_matrix
from attn_magic.options import FLAGS, MAGICS, OPTIONS, Options, Request
from attn_magic.trace import AttentionTrace

EXAMPLE = "I       1.16  0.23\nam      0.57  1.36\nIndian  4.41 -2.16\n"
INDIAN = "[[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]"
OUTPUT = [[1.0100, 1.0641], [0.2040, 0.7057], [3.4989, 2.2427]]
CAUSAL_OUTPUT = [[0.6038, 0.7434], [-0.0062, 0.6072], [3.4989, 2.2427]]


def rounded(trace):
    return [[round(number, 4) for number in row] for row in trace.output.tolist()]


# --- A cell with a matrix --------------------------------------------------------------------------------------------------------


def test_a_cell_shows_attention_as_torch_computes_it(run):
    trace = run(f"%%attention\n{EXAMPLE}")
    assert rounded(trace) == OUTPUT
    assert trace.tokens == ("I", "am", "Indian")


def test_a_masked_cell_lets_a_token_see_only_what_came_before(run):
    trace = run(f"%%masked_attention\n{EXAMPLE}")
    assert rounded(trace) == CAUSAL_OUTPUT
    assert trace.options.mask == "causal"


@pytest.mark.parametrize(("magic", "mask", "output"), [("attention", "causal", CAUSAL_OUTPUT), ("masked_attention", "none", OUTPUT)])
def test_mask_works_on_both_magics(run, magic, mask, output):
    assert rounded(run(f"%%{magic} --mask {mask}\n{EXAMPLE}")) == output


def test_the_result_is_in_underscore_and_out(ip, run):
    trace = run(f"%%attention\n{EXAMPLE}")
    number = ip.execution_count - 1
    assert ip.user_ns["_"] is trace
    assert ip.user_ns["Out"][number] is trace


def test_the_result_is_shown_once_as_text(run, capsys):
    trace = run(f"%%attention\n{EXAMPLE}")
    assert capsys.readouterr().out.count(str(trace)) == 1


@pytest.mark.parametrize("end", [";", " ;  ", ";\n\n", ";  # shown no more", ";\n# shown no more\n"])
def test_a_final_semicolon_keeps_quiet(ip, run, capsys, end):
    assert run(f"%%attention\n1 2\n3 4{end}") is None
    assert capsys.readouterr().out == ""
    assert "_" not in ip.user_ns or not isinstance(ip.user_ns["_"], AttentionTrace)


@pytest.mark.parametrize("body", ["1 2;\n3 4;", "A = [1 2; 3 4];", "[1 2;\n 3 4;];", "1 2;\n3 4;  % MATLAB"])
def test_a_final_semicolon_belongs_to_no_row(ip, run, body):
    run(f"%%attention -o trace\n{body}")
    assert ip.user_ns["trace"].token_encodings.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("body", ["1 2;\n3 4", "1 2\n3 4  # old;", "1 2\n3 4\n# 5 6;"])
def test_any_other_semicolon_hides_nothing(run, body):
    assert run(f"%%attention\n{body}").token_encodings.tolist() == [[1, 2], [3, 4]]


def test_quiet_shows_nothing_and_returns_nothing(run, capsys):
    assert run(f"%%attention -q\n{EXAMPLE}") is None
    assert run(f"%%attention --quiet\n{EXAMPLE}") is None
    assert capsys.readouterr().out == ""


def test_out_assigns_and_still_shows(ip, run, capsys):
    trace = run(f"%%attention -o story\n{EXAMPLE}")
    assert ip.user_ns["story"] is trace
    assert "Attention weights" in capsys.readouterr().out


def test_out_and_quiet_assign_only(ip, run, capsys):
    assert run(f"%%attention -q --out=story\n{EXAMPLE}") is None
    assert rounded(ip.user_ns["story"]) == OUTPUT
    assert capsys.readouterr().out == ""


def test_tokens_replace_the_words_of_the_matrix(run):
    assert run(f'%%attention --tokens "we were Indian"\n{EXAMPLE}').tokens == ("we", "were", "Indian")


def test_every_option_reaches_the_trace(ip, run):
    trace = run(f"%%attention --seed -7 --mask causal --no-scale --col-dim 0 --weights identity --view text --precision 2\n{EXAMPLE}")
    assert trace.options == Options(seed=-7, mask="causal", scale=False, col_dim=0, weights="identity", view="text", precision=2)
    assert "scaled_scores" not in trace


def test_scale_takes_no_scale_back(run):
    assert "scaled_scores" in run(f"%%attention --no-scale --scale\n{EXAMPLE}")


def test_precision_is_what_the_text_shows(ip, run):
    trace = run(f"%%attention --precision 2\n{EXAMPLE}")
    text = ip.display_formatter.format(trace)[0]["text/plain"]
    assert "1.01" in text
    assert "1.0100" not in text


def test_a_trace_kept_for_later_shows_itself_as_it_was_asked_for(ip, run, capsys):
    run(f"%%attention -q -o first --precision 1\n{EXAMPLE}")
    run(f"%%attention -q -o second --precision 6\n{EXAMPLE}")
    run("first")
    assert "1.0100" not in capsys.readouterr().out
    second = run("second")
    assert f"{second.output[0, 0].item():.6f}" in capsys.readouterr().out


def test_weights_come_from_a_variable(ip, run):
    ip.user_ns["layer"] = {"W_q": torch.eye(2), "W_k": torch.eye(2), "W_v": 2 * torch.eye(2)}
    trace = run(f"%%attention --weights layer\n{EXAMPLE}")
    assert trace.value.tolist() == (2 * trace.token_encodings).tolist()


def test_weights_of_an_earlier_trace_can_be_used_again(run):
    run(f"%%attention -q -o first --seed 3\n{EXAMPLE}")
    again = run(f"%%attention --weights first --mask causal\n{EXAMPLE}")
    assert again.W_q.tolist() == run("first").W_q.tolist()


def test_comments_and_blank_lines_above_the_magic_just_work(run):
    assert rounded(run(f"# self-attention\n\n   # of a sentence\n%%attention\n{EXAMPLE}")) == OUTPUT


def test_a_comment_may_end_the_line(run):
    assert run(f"%%attention --seed 7  # as in class\n{EXAMPLE}").options.seed == 7


def test_nothing_on_the_line_is_expanded(ip, mistake):
    ip.user_ns["seed"] = 7
    assert mistake("%%attention --seed $seed\n1 2") == "--seed is '$seed', but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in --seed 42."
    assert mistake("%%attention --seed {print(99)}\n1 2") == (
        "--seed is '{print(99)}', but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in --seed 42."
    )


def test_the_body_is_never_evaluated(ip, mistake):
    mistake("%%attention\n__import__('os').system('true')")
    mistake("%%attention\n{print(99)} 1")


# --- A line with a matrix that is there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expression", [INDIAN, f"torch.tensor({INDIAN})", "X", "X[:, :]", "(-(-X))", "{'a': X}['a']", "X  # the sentence"])
def test_a_line_takes_any_expression(ip, run, expression):
    ip.user_ns.update(torch=torch, X=np.array([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]))
    assert rounded(run(f"%attention {expression}")) == OUTPUT


def test_options_come_before_the_expression(run):
    trace = run(f'%masked_attention --tokens "I am Indian" --seed=42 {INDIAN}')
    assert rounded(trace) == CAUSAL_OUTPUT
    assert trace.tokens == ("I", "am", "Indian")


def test_two_dashes_end_the_options(ip, run):
    ip.user_ns["X"] = torch.tensor([[1.0, 2.0]])
    assert run("%attention -- -X").token_encodings.tolist() == [[-1, -2]]


def test_the_result_can_be_assigned(ip, run):
    run(f"trace = %attention {INDIAN}")
    assert rounded(ip.user_ns["trace"]) == OUTPUT


@pytest.mark.parametrize("end", [";", " ; ", ";  # shown no more"])
def test_a_final_semicolon_keeps_a_line_quiet(run, capsys, end):
    assert run(f"%attention {INDIAN}{end}") is None
    assert capsys.readouterr().out == ""


def test_a_semicolon_inside_text_is_no_end(ip, run):
    ip.user_ns["d"] = {"a;": [[1.0, 2.0]], "a;#": [[3.0, 4.0]]}
    assert run("%attention d['a;']").token_encodings.tolist() == [[1, 2]]
    assert run('%attention d["a;#"]').token_encodings.tolist() == [[3, 4]]


def test_the_matrix_is_not_changed(ip, run):
    x = ip.user_ns["x"] = torch.tensor([[1.16, 0.23], [0.57, 1.36]], dtype=torch.float64, requires_grad=True)
    before = x.clone()
    run("%attention x")
    assert torch.equal(x, before)
    assert x.grad is None


# --- Files ---------------------------------------------------------------------------------------------------------------------------


def test_save_writes_a_file_and_says_so(run, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trace = run("%%attention --save story.csv\nI 1.5 2\nam 3 4")
    assert capsys.readouterr().out.startswith("Saved story.csv\n")
    assert run("%%attention -q\n" + (tmp_path / "story.csv").read_text() + "\n") is None
    assert torch.equal(run(f"%%attention\n{(tmp_path / 'story.csv').read_text()}").token_encodings, trace.token_encodings)


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(run, mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.md").write_text("mine")
    assert mistake("%attention --save story.md [[1, 2]]") == (
        "There is a file 'story.md' already. Choose another name, or say that it may be replaced: overwrite=True, --overwrite."
    )
    assert (tmp_path / "story.md").read_text() == "mine"
    run("%attention -q --save story.md --overwrite [[1, 2]]")
    assert (tmp_path / "story.md").read_text() != "mine"


def test_a_line_saves_into_this_folder_only(mistake):
    assert mistake("%attention --save ../story.md [[1, 2]]") == (
        "The file cannot be called '../story.md': it leads out of this folder. In Python, trace.save(path) takes any path."
    )


# --- Help --------------------------------------------------------------------------------------------------------------------------


HELP = """Show self-attention of a matrix, stage by stage.

    %%attention
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16

Every line is one token. Words in front are optional, and so are brackets and
commas: lists, NumPy, PyTorch, MATLAB and CSV are read too.

    %attention [options] X

takes a matrix you already have: a tensor, an array, a DataFrame, a list, or any
expression that gives one. Either way the result is a trace to go on with:
_.output, _.scores, _.explain("scores", 2, 0).

  -o, --out NAME             keep the result in this variable, and still show
                             it
  -q, --quiet                show nothing; a final ; does the same
  --tokens "WORDS"           a word for each row, in place of the matrix's own
  --seed N                   what the weights are drawn with; default 42
  --mask none|causal         causal: a token sees only itself and what came
                             before; default none
  --scale                    divide the scores by √d_k, as is the default
  --no-scale                 leave that division out
  --col-dim 0|1              softmax down each column (0) or along each row
                             (1); default 1
  --weights NAME|identity    take W_q, W_k and W_v from this variable, or ones
                             on the diagonal
  --view auto|widget|html|figure|text
                             explorer in a notebook, text in a terminal, or one
                             of them; default auto
  --precision N              decimals shown, 0 to 10; default 4
  --save FILE                write a file, too: .html .tex .md .csv .png .svg
                             .pdf .gif .npz .pt
  --overwrite                let --save replace a file that is there
  -h, --help                 explain all this

%config AttentionMagics.seed = 7 changes a default; %config AttentionMagics
lists them.
"""


@pytest.mark.parametrize(
    "cell", ["%attention", "%attention -h", "%attention --help X", "%%attention -h", "%%attention --help\n1 2\n", "%attention  # what is it?"]
)
def test_help_is_printed(run, capsys, cell):
    assert run(cell) is None
    assert capsys.readouterr().out == HELP


def test_help_of_the_masked_magic_speaks_of_itself(run, capsys):
    run("%masked_attention")
    text = capsys.readouterr().out
    assert text.startswith("Show masked self-attention of a matrix, stage by stage: a token sees only itself and what came before.\n")
    assert "before; default causal" in text
    assert "%%masked_attention" in text


@pytest.mark.parametrize("magic", MAGICS)
def test_a_question_mark_shows_the_same_help(ip, run, capsys, magic):
    run(f"%{magic}?")
    assert help_text(magic) in capsys.readouterr().out


@pytest.mark.parametrize("magic", MAGICS)
def test_the_example_in_the_help_can_be_pasted(run, magic):
    example = help_text(magic).split("\n\n")[1]
    assert rounded(run(example)) == (OUTPUT if magic == "attention" else CAUSAL_OUTPUT)


def test_help_fits_into_80_columns():
    assert max(len(line) for magic in MAGICS for line in help_text(magic).partition("\n")[2].splitlines()) <= 80


def test_every_field_of_a_request_has_its_option():
    assert {option.name for option in OPTIONS} | {"expression"} == {field.name for field in dataclasses.fields(Request)}


def test_attend_begins_with_the_same_defaults():
    signature = inspect.signature(attend).parameters
    differing = {field.name for field in dataclasses.fields(Options) if field.name in signature and signature[field.name].default != field.default}
    assert differing == {"mask", "weights"}  # which are None there: neither has a name in Python


# --- Mistakes on the line ------------------------------------------------------------------------------------------------------------

ALL_FLAGS = (
    "The options are -o, --out, -q, --quiet, --tokens, --seed, --mask, --scale, --no-scale, --col-dim, --weights, --view, --precision, "
    "--save, --overwrite, -h, --help."
)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--sede 3", f"There is no option --sede. Did you mean --seed?\n{ALL_FLAGS}"),
        ("--sed 3", f"There is no option --sed. Did you mean --seed?\n{ALL_FLAGS}"),
        ("--no", f"There is no option --no. Did you mean --no-scale?\n{ALL_FLAGS}"),
        ("--frob", f"There is no option --frob.\n{ALL_FLAGS}"),
        ("-seed 3", f"There is no option -seed. Did you mean --seed?\n{ALL_FLAGS}"),
        ("—seed 3", f"There is no option —seed. Did you mean --seed?\n{ALL_FLAGS}"),
        ("--Seed=3", f"There is no option --Seed. Did you mean --seed?\n{ALL_FLAGS}"),
        ("--col_dim 0", f"There is no option --col_dim. Did you mean --col-dim?\n{ALL_FLAGS}"),
        ("-X", f"There is no option -X. To negate a matrix, put it in parentheses, as in (-X).\n{ALL_FLAGS}"),
        ("--seed", "--seed needs a value: --seed N"),
        ("--mask --seed 3", "--mask needs a value: --mask none|causal"),
        ("-o", "-o needs a value: -o NAME"),
        ("--tokens", '--tokens needs a value: --tokens "WORDS"'),
        ("--quiet=yes", "--quiet is a switch and takes no value, but 'yes' follows it."),
        ("--seed 1.5", "--seed is '1.5', but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in --seed 42."),
        ("--seed ٣", "--seed is '٣', but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in --seed 42."),
        (f"--seed {2**64}", "--seed is '18446744073709551616', but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in --seed 42."),
        ("--precision 11", "--precision is '11', but numbers are shown with 0 to 10 decimals, as in --precision 4."),
        ("--precision -1", "--precision is '-1', but numbers are shown with 0 to 10 decimals, as in --precision 4."),
        ("--mask casual", "--mask is 'casual', but it is one of none, causal. Did you mean causal?"),
        ("--mask Causal", "--mask is 'Causal', but it is one of none, causal. Did you mean causal?"),
        ("--col-dim 2", "--col-dim is '2', but it is one of 0, 1."),
        ("--view=picture", "--view is 'picture', but it is one of auto, widget, html, figure, text. Did you mean figure?"),
        ("-o 2x", "-o is '2x', which cannot be the name of a variable. Use letters, digits and _, as in -o trace."),
        ("-o lambda", "-o is 'lambda', which cannot be the name of a variable. Use letters, digits and _, as in -o trace."),
        ('-o ""', "-o is '', which cannot be the name of a variable. Use letters, digits and _, as in -o trace."),
        ("--out print", "--out is print, a name that Python or IPython uses itself. Choose another one, as in --out trace."),
        ("-o _", "-o is _, a name that Python or IPython uses itself. Choose another one, as in -o trace."),
        ("-o Out", "-o is Out, a name that Python or IPython uses itself. Choose another one, as in -o trace."),
        ("--weights a.b", "--weights is 'a.b', but it takes identity or the name of a variable that has W_q, W_k and W_v."),
        ('--tokens "I am', 'A quote is opened and not closed, or a backslash ends the line: "I am'),
        ("--view \x1b[31m", r"--view is '\x1b[31m', but it is one of auto, widget, html, figure, text."),
    ],
)
@pytest.mark.parametrize("cell", ["%attention {}", "%%attention {}\n1 2"])
def test_a_wrong_option_says_what_to_type_instead(mistake, cell, line, text):
    assert mistake(cell.format(line)) == text


@pytest.mark.parametrize("seed", [-(2**63), -1, 0, 2**64 - 1])
def test_every_seed_that_torch_takes_is_taken(run, seed):
    assert run(f"%attention --seed {seed} {INDIAN}").W_q.shape == (2, 2)


def test_names_with_an_underscore_may_be_assigned(ip, run):
    run(f"%attention -q -o _story {INDIAN}")
    assert rounded(ip.user_ns["_story"]) == OUTPUT


def test_weights_that_are_not_there(ip, mistake):
    ip.user_ns.update(layer={}, nothing=None)
    assert mistake("%attention --weights identiy [[1]]") == "--weights is identiy, but there is no such variable. Did you mean identity?"
    assert mistake("%attention --weights Layr [[1]]") == "--weights is Layr, but there is no such variable. Did you mean layer?"
    assert mistake("%attention --weights nothing [[1]]") == (
        "--weights is nothing, but that is None. It should have W_q, W_k and W_v, as a module or a dictionary."
    )
    assert mistake("%attention --weights layer [[1]]") == "The weights lack W_q. They need W_q, W_k and W_v, and hold nothing."


def test_too_few_tokens(mistake):
    text = "The matrix has 3 rows, so it needs 3 tokens, but 2 came: I am"
    assert mistake(f'%%attention --tokens "I am"\n{EXAMPLE}') == text


# --- Mistakes with a cell ---------------------------------------------------------------------------------------------------------------


def test_a_mistake_in_the_matrix_is_told_in_its_own_words(mistake):
    with pytest.raises(MatrixError) as ragged:
        parse_matrix("1 2 3\n4 5")
    assert "^" in str(ragged.value)
    assert mistake("%%attention\n1 2 3\n4 5") == str(ragged.value)


@pytest.mark.parametrize("cell", ["%%attention", "%%attention\n", "%%attention --seed 7\n\n"])
def test_a_cell_without_a_matrix_says_so(mistake, cell):
    with pytest.raises(MatrixError) as empty:
        parse_matrix("\n")
    assert empty.value.code == "empty"
    assert mistake(cell) == str(empty.value)


BESIDE = "%%attention reads the matrix from the lines below, but beside it stands "


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("X", f"{BESIDE}X\nFor a matrix you already have, use one % and no lines below: %attention X"),
        ("X[0] --seed 3", f"{BESIDE}X[0]\nFor a matrix you already have, use one % and no lines below: %attention --seed 3 X[0]"),
        ("--tokens I am Indian", f'{BESIDE}am Indian\nSeveral words belong in straight quotes: --tokens "I am Indian"'),
        ("--tokens “I am Indian” --seed 3", f'{BESIDE}am Indian”\nSeveral words belong in straight quotes: --tokens "I am Indian"'),
    ],
)
def test_an_expression_beside_a_cell(mistake, line, text):
    assert mistake(f"%%attention {line}\n{EXAMPLE}") == text


def test_a_mistake_assigns_nothing(ip, mistake):
    mistake("%%attention -o story\n1 2 3\n4 5")
    mistake("%attention -o story X")
    assert "story" not in ip.user_ns


# --- Mistakes with an expression ------------------------------------------------------------------------------------------------------

BELOW = "begin the cell with %%attention and write the matrix in the lines below it."


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--seed 3", f"%attention lacks a matrix. Name one after the options, as in %attention --seed 7 X, or {BELOW}"),
        (";", f"%attention lacks a matrix. Name one after the options, as in %attention --seed 7 X, or {BELOW}"),
        ("Y", f"There is no variable Y. Define it first, or {BELOW}"),
        ("encodngs", "There is no variable encodngs. Did you mean encodings?"),
        ("Encodings[0]", "There is no variable Encodings. Did you mean encodings?"),
        ("1 2; 3 4", f"1 2; 3 4 is no Python expression. For text such as 1 2; 3 4, {BELOW}"),
        (
            "--tokens I am encodings",
            f'am encodings is no Python expression. Several words belong in quotes: --tokens "I am Indian". For text such as 1 2; 3 4, {BELOW}',
        ),
        ("x = 3", f"x = 3 is no Python expression. For text such as 1 2; 3 4, {BELOW}"),
        ("1 / 0", "1 / 0 raised ZeroDivisionError: division by zero"),
        ("encodings['a']", "encodings['a'] raised TypeError: list indices must be integers or slices, not str"),
        ("stumble()", "stumble() raised NameError: name 'inner' is not defined"),
        ("encodings -q", "-q stands behind the matrix. Options come first: %attention -q encodings"),
        ("encodings --seed=3 -o y", "--seed stands behind the matrix. Options come first: %attention --seed=3 -o y encodings"),
        ("'1 2'", "The input is text. Turn it into a matrix first: attend(parse_matrix(text))."),
    ],
)
def test_a_wrong_expression_says_what_to_type_instead(ip, mistake, line, text):
    ip.run_cell("encodings = [[1.0, 2.0]]\ndef stumble(): return inner")
    assert mistake(f"%attention {line}") == text


def test_an_error_of_this_package_in_the_expression_speaks_for_itself(ip, mistake):
    ip.run_cell("from attn_magic import attend")
    assert mistake("%attention attend([[1, 2], [3]])") == (
        "Row 2 has 1 number, but row 1 has 2. Every row is one token, so all rows need the same length."
    )


def test_a_programming_mistake_stays_a_traceback(ip, monkeypatch):
    def stumble(*args: object, **options: object) -> None:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("attn_magic.attention.attend", stumble)
    assert isinstance(ip.run_cell("%attention [[1]]").error_in_exec, RuntimeError)


@pytest.mark.parametrize("cell", ["%attention stop()", "%attention --weights identity [stop()]"])
def test_an_interrupt_passes_through(ip, cell):
    def stop() -> None:
        raise KeyboardInterrupt

    ip.user_ns["stop"] = stop
    assert type(ip.run_cell(cell).error_in_exec) is KeyboardInterrupt


@pytest.mark.parametrize("place", ["attn_magic.matrix.parse_matrix", "attn_magic.attention.attend"])
def test_an_interrupt_while_computing_passes_through(ip, monkeypatch, place):
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, stop)
    assert type(ip.run_cell(f"%%attention -o story\n{EXAMPLE}").error_in_exec) is KeyboardInterrupt
    assert "story" not in ip.user_ns


# --- Reading a line and a semicolon --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("", {"expression": ""}),
        ("X[:, -1]", {"expression": "X[:, -1]"}),
        ("--seed -5 -q -o a 'b' + \"c\"", {"seed": -5, "quiet": True, "out": "a", "expression": "'b' + \"c\""}),
        ("--tokens='I am' X", {"tokens": "I am", "expression": "X"}),
        ('--tokens "don\'t \\"stop\\"" X', {"tokens": 'don\'t "stop"', "expression": "X"}),
        ("--tokens '#1 #2' # two", {"tokens": "#1 #2", "expression": ""}),
        ("--tokens a=b X == Y", {"tokens": "a=b", "expression": "X == Y"}),
        ("--seed 1 --seed 2", {"seed": 2, "expression": ""}),
        ("\t--seed\t1\tX", {"seed": 1, "expression": "X"}),
    ],
)
def test_a_line_is_options_and_then_an_expression(line, asked):
    assert read_line(line) == asked


@pytest.mark.parametrize(
    ("text", "without", "silenced"),
    [
        ("", "", False),
        (";", " ", True),
        ("1 2;;", "1 2; ", True),
        ("1 2;\n# a; b\n", "1 2 \n# a; b\n", True),
        ("1 2 # a;", "1 2 # a;", False),
        ("'a;' 1", "'a;' 1", False),
        ("'#' 1;", "'#' 1 ", True),
        ("1;\r\n2;\r\n", "1;\r\n2 \r\n", True),
    ],
)
def test_only_the_semicolon_that_ends_the_code_is_taken(text, without, silenced):
    assert split_semicolon(text, "#%") == (without, silenced)


def test_a_long_line_is_read_in_no_time():
    line = "--tokens '" + "word " * 20_000 + "' " + "X" * 20_000
    started = time.perf_counter()
    assert len(read_line(line)["expression"]) == 20_000
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "cell",
    [
        'text = """\n%%attention\n1 2\n"""',
        "x = 1\n%%attention\n1 2",
        "# a comment\nx = 1",
        "%%time\n%%attention\n1 2",
        "# above\n%%time\npass",
        "# above\n%%attentions\n1 2",
        "%attention X",
        "# above\n  %%attention\n1 2",
        "",
        "\n\n",
        "# nothing else",
    ],
)
def test_no_other_cell_is_touched(cell):
    lines = cell.splitlines(keepends=True)
    assert uncover_magic(list(lines)) == lines


def test_other_cell_magics_run_as_ever(ip, run, capsys):
    run("%%capture inside\n%attention -h")
    assert ip.user_ns["inside"].stdout == HELP


# --- Completion ------------------------------------------------------------------------------------------------------------------------

KNOWS_MATCHERS = IPython.version_info >= (8, 6)  # Colab's 7.34 does not: there TAB stays as it is


def complete(ip, cell):
    """The words that TAB offers at the end of `cell`, as a kernel asks for them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython calls its own completer provisional
        found = list(ip.Completer.completions(cell, len(cell)))
    return [cell[: completion.start] + completion.text for completion in found] if KNOWS_MATCHERS else []


@pytest.mark.parametrize(
    ("cell", "offered"),
    [
        ("%%attention --ma", ["%%attention --mask"]),
        ("%attention --s", ["%attention --seed", "%attention --scale", "%attention --save"]),
        ("%%attention --mask ", ["%%attention --mask none", "%%attention --mask causal"]),
        ("%%attention --mask=c", ["%%attention --mask=causal"]),
        ("%%masked_attention --seed 7 --view h", ["%%masked_attention --seed 7 --view html"]),
        ("%attention --col-dim ", ["%attention --col-dim 0", "%attention --col-dim 1"]),
        ("%attention --weights ", ["%attention --weights identity", "%attention --weights layer"]),
        ("%attention -o la", ["%attention -o layer"]),
        ("%attention la", ["%attention layer"]),
        ("%attention --seed 3 la", ["%attention --seed 3 layer"]),
        ("%attention ", [*(f"%attention {flag}" for flag in FLAGS), "%attention layer"]),
        ("%%attention ", [f"%%attention {flag}" for flag in FLAGS]),
        ('%%attention --tokens "I am" --no', ['%%attention --tokens "I am" --no-scale']),
        ("# above\n%%attention --prec", ["# above\n%%attention --precision"]),
    ],
)
def test_tab_completes_options_and_their_values(ip, cell, offered):
    ip.run_cell("layer = {}")
    assert complete(ip, cell) == (offered if KNOWS_MATCHERS else [])


@pytest.mark.parametrize("cell", ["la", "%attention layer + la", "%attention X -", "x = 1\nla", "%timeit --m"])
def test_tab_elsewhere_is_not_ours(ip, cell):
    ip.run_cell("layer = {}")
    assert completion.complete(cell.splitlines()[-1], ["layer"])[1] == []


def test_tab_never_fails_and_never_waits(ip):
    ip.user_ns.update({f"name{number}": number for number in range(10_000)})
    matchers = [matcher for matcher in ip.Completer.custom_matchers if "Attention" in getattr(matcher, "matcher_identifier", "")]
    assert len(matchers) == KNOWS_MATCHERS
    for matcher in matchers:
        context = types.SimpleNamespace(text_until_cursor="%attention -o name")
        fastest = min(timeit.repeat(lambda: matcher(context), number=1, repeat=20))  # noqa: B023  # the others waited for other programs
        floor = min(timeit.repeat(lambda: sorted(name for name in ip.user_ns if name.startswith("name")), number=1, repeat=20))
        assert fastest < 20 * floor
        assert matcher(types.SimpleNamespace())["completions"] == []


# --- Settings ----------------------------------------------------------------------------------------------------------------------------


def test_config_changes_the_defaults(run):
    run("%config AttentionMagics.seed = 7")
    run("%config AttentionMagics.scale = False")
    run("%config AttentionMagics.col_dim = 0")
    run("%config AttentionMagics.view = 'text'")
    run("%config AttentionMagics.precision = 2")
    assert run(f"%attention {INDIAN}").options == Options(seed=7, scale=False, col_dim=0, view="text", precision=2)
    assert run(f"%attention --seed 42 --scale {INDIAN}").options == Options(col_dim=0, view="text", precision=2)


def test_config_explains_every_setting_in_the_words_of_the_option(run, capsys):
    run("%config AttentionMagics")
    text = capsys.readouterr().out
    names = AttentionMagics.class_trait_names(config=True)
    assert sorted(names) == ["col_dim", "precision", "scale", "seed", "view"]
    for name in names:
        assert f"AttentionMagics.{name}=" in text
        assert FLAGS[f"--{name.replace('_', '-')}"].meaning in " ".join(text.split())


# --- Manners ---------------------------------------------------------------------------------------------------------------------------


def desk(ip):
    """Everything of the reader's that we could have touched."""
    return {
        "torch random state": torch.get_rng_state().tolist(),
        "numpy random state": np.random.get_state()[1].tolist(),
        "default dtype": torch.get_default_dtype(),
        "grad mode": torch.is_grad_enabled(),
        "torch threads": torch.get_num_threads(),
        "torch print options": vars(torch._tensor_str.PRINT_OPTS).copy(),
        "numpy print options": np.get_printoptions(),
        "warnings filters": list(warnings.filters),
        "threads": threading.enumerate(),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "working directory": Path.cwd(),
        "pyplot": "matplotlib.pyplot" in sys.modules,
        "names": sorted(name for name in ip.user_ns if not re.fullmatch(r"_+|_i+|_i?\d+", name)),
    }


def test_the_desk_is_left_as_it_was_found(ip, run, capsys):
    run(f"%attention {INDIAN}")  # imports what is needed
    before = desk(ip)
    run(f'%%masked_attention --seed 3 --tokens "we were Indian" --precision 2 --view html\n{EXAMPLE}')
    run(f"%attention --weights identity {INDIAN}")
    ip.run_cell("%attention nowhere")
    assert desk(ip) == before


def test_the_first_run_leaves_the_random_numbers_alone_too():
    """In a Python of its own: modules are imported once, and the type checker of this test run draws random numbers itself."""
    program = """
import random
from IPython.core.interactiveshell import InteractiveShell

ip = InteractiveShell.instance()
ip.history_manager.enabled = False
before = random.getstate()
for cell in ("%load_ext attn_magic", "%%attention\\nI 1 2\\nam 3 4", "%attention nowhere"):
    ip.run_cell(cell)
assert random.getstate() == before
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_out_is_the_only_name_that_appears(ip, run):
    before = desk(ip)["names"]
    run(f"%%attention -q -o story\n{EXAMPLE}")
    assert desk(ip)["names"] == sorted([*before, "story"])


def test_no_warning_is_printed(ip, run, recwarn, capsys):
    run(f"%%attention\n{EXAMPLE}")
    run(f"%attention {INDIAN}")
    assert capsys.readouterr().err == ""
    assert not recwarn.list


def test_a_thousand_runs_grow_nothing(ip):
    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    def repeat(times: int) -> None:
        for number in range(times):
            trace = ip.run_cell_magic("attention", "-o story", "1 2\n3 4")
            with pytest.raises(UsageError):
                ip.run_cell_magic("attention", "", "1 2\n3")
            if number % 20 == 0:  # the text takes most of the time
                ip.display_formatter.format(trace)

    repeat(41)
    before = objects()
    repeat(1000)
    assert objects() - before < 100
