r"""LaTeX: an article that compiles as it stands, whatever the tokens are called."""

import re
import shutil
import subprocess

import pytest
import torch

import attn_magic
from attn_magic import TraceError, attend, parse_matrix
from attn_magic.exports.latex import escape, stage_to_latex, symbol, to_latex
from attn_magic.exports.worksheet import worksheet
from attn_magic.trace import AttentionTrace, Axis, Stage
from tests.kinds import KINDS
from tests.labels import EXPECTED, LABELS, in_batches
from tests.traces import INDIAN

MADE = f"attn_magic {attn_magic.__version__} with torch {torch.__version__.partition('+')[0]}"
COMMANDS = {  # all that may stand in a file
    *[
        "documentclass",
        "usepackage",
        "geometry",
        "setlength",
        "parindent",
        "newcommand",
        "fitted",
        "sbox",
        "wd",
        "linewidth",
        "resizebox",
        "usebox",
        "ifdim",
        "else",
        "fi",
        "displaystyle",
    ],
    *[
        "begin",
        "end",
        "section",
        "subsection",
        "textbf",
        "text",
        "hline",
        "cdots",
        "vdots",
        "infty",
        "small",
        "raggedright",
        "par",
        "ensuremath",
        "ifdefined",
        "directlua",
        "XeTeXrevision",
    ],
    *["DeclareUnicodeCharacter", "fbox", "tiny", "textbackslash", "textasciitilde", "textless", "textgreater", "textbar", "dots", "ldots"],
    *["times", "approx", "surd", "Sigma", "to", "top", "cdot", "sqrt", "mathrm", "mathbf", "underline", "hspace", "qquad", "setmainfont"],
}


def faults(text: str) -> list[str]:
    """Why this would not compile, as far as it can be told without TeX: braces, environments, commands that nobody wrote."""
    code = re.sub(r"(?<!\\)%.*", "", text.partition("\n\\end{document}\n")[0] + "\n\\end{document}\n" * ("documentclass" in text))
    plain = re.sub(r"\\(?:\\|[{}])", "", code)
    depth = [0]
    for brace in re.findall(r"[{}]", plain):
        depth.append(depth[-1] + (1 if brace == "{" else -1))
    found = ["braces"] if depth[-1] or min(depth) < 0 else []
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", code):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            found.append(f"environment {name}")
    found += [f"\\{name}" for name in re.findall(r"(?<!\\)(?:\\\\)*\\([A-Za-z]+)", code) if name not in COMMANDS]
    return found + stack


def compiles(text: str, folder) -> str:
    """The text of the printed pages; fails where pdflatex does."""
    assert faults(text) == []
    if shutil.which("pdflatex") is None:
        return ""
    (folder / "a.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "Missing character" not in ran.stdout
    if shutil.which("pdftotext") is None:
        return ""
    return subprocess.run(["pdftotext", "-layout", "a.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_matrix_with_its_labels_and_a_worked_cell(tmp_path):
    text = to_latex(attend(INDIAN, tokens=["I", "am", "R&D_1"], mask="causal"))
    assert text.startswith(
        f"% Made by {MADE}: seed=42, mask=causal, scale=True, col_dim=1, weights=seeded, temperature=1.0\n"
        "\\documentclass{article}\n\\usepackage{amsmath}\n"
    )
    assert text.endswith(
        "\n\\end{document}\n\nTeX stops above. To make this again in a notebook, after %load_ext attn_magic, paste what follows:\n\n"
        '%%attention --seed 42 --mask causal\n"token","dim 1","dim 2"\n"I",1.16,0.23\n"am",0.57,1.36\n"R&D_1",4.41,-2.16\n'
    )
    assert (
        "\\textbf{Masked scores}, $QK^{\\top}/\\sqrt{d_k}\\ \\mathrm{where}\\ M$. The scores that the mask lets through; a hidden cell becomes "
        "\\ensuremath{-}\\ensuremath{\\infty}, and e\\^{}\\ensuremath{-}\\ensuremath{\\infty} is 0. Rows: query, columns: key.\n\n"
        "\\[\n\\fitted{\n\\begin{array}{l|rrr}\n & \\text{I} & \\text{am} & \\text{R\\&D\\_1} \\\\ \\hline\n"
        "\\text{I} & -0.0700 & -\\infty & -\\infty \\\\\n\\text{am} & -0.2844 & 0.2883 & -\\infty \\\\\n"
        "\\text{R\\&D\\_1} & 0.3424 & -0.4725 & 2.8610 \\\\\n\\end{array}\n}\n\\]\n"
    ) in text
    assert (
        "Where one of these numbers comes from:\n\n{\\small\\raggedright\n"
        "scores[R\\&D\\_1, I] = \\ensuremath{\\Sigma}\\_k query[R\\&D\\_1, k] \\ensuremath{\\times} key[I, k]\\par\n"
        "= 1.116378 \\ensuremath{\\times} \\ensuremath{-}0.1469 + \\ensuremath{-}2.133583 "
        "\\ensuremath{\\times} \\ensuremath{-}0.303827 = 0.4842\\par\n"
        "How well does what R\\&D\\_1 asks for match what I offers?\\par\n}"
    ) in text
    printed = compiles(text, tmp_path)
    assert not printed or "Indian" not in printed


def test_one_stage_alone():
    assert stage_to_latex(attend(INDIAN, tokens="I am Indian"), "output") == (
        "\\[\n\\begin{array}{l|rr}\n & \\text{dim 1} & \\text{dim 2} \\\\ \\hline\n"
        "\\text{I} & 1.0100 & 1.0641 \\\\\n\\text{am} & 0.2040 & 0.7057 \\\\\n\\text{Indian} & 3.4989 & 2.2427 \\\\\n\\end{array}\n\\]\n"
    )
    with pytest.raises(TraceError, match="no stage 'skores'"):
        stage_to_latex(attend(INDIAN), "skores")


@pytest.mark.parametrize("kind", ["nothing to attend to", "not finite", "two heads", "strangely named", "65 tokens"])
def test_every_kind_compiles(kind, tmp_path):
    compiles(to_latex(KINDS[kind]()), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_balanced(kind):
    assert faults(to_latex(KINDS[kind]())) == []
    assert faults(worksheet(KINDS[kind](), blank=[KINDS[kind]().stages[-1].name], key=True).latex) == []


def all_labels() -> AttentionTrace:
    """Every label, sixteen to a stage, so that none is folded away."""
    names = list(LABELS.values())
    axis = Axis("d", ("x",))
    stages = [
        Stage(f"s{place}", "T", "T", "A", "M", torch.ones(len(part), 1), Axis("token", part), axis)
        for place in range(0, len(names), 16)
        if (part := tuple(names[place : place + 16]))
    ]
    return AttentionTrace(tuple(stages), tokens=tuple(names))


def test_every_label_compiles_and_no_command_runs(tmp_path):
    printed = compiles(to_latex(all_labels()), tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".aux", ".log", ".pdf", ".tex"] or not printed
    assert "root:" not in printed
    for seen in ("\\input{/etc/passwd}", "touch attn", "R&D", "100%", "C#", "<unk>", "-->", "{{7*7}}"):
        assert not printed or seen in printed.replace("“", '"')


def test_each_label_is_text():
    for labels in in_batches(16):
        assert faults(to_latex(attend(torch.eye(16, 2), tokens=labels))) == []
    for name, label in LABELS.items():
        allowed = EXPECTED[name].get("latex_escaped_any")
        assert allowed is None or escape(label) in allowed


def test_what_pdflatex_cannot_print_is_declared_for_it_alone():
    text = to_latex(attend(INDIAN, tokens=["中", "é", "Ġ"]))
    assert (
        "\\ifdefined\\directlua\\else\\ifdefined\\XeTeXrevision\\else\n"
        "\\DeclareUnicodeCharacter{0120}{\\fbox{\\tiny 0120}}% LATIN CAPITAL LETTER G WITH DOT ABOVE\n"
        "\\DeclareUnicodeCharacter{4E2D}{\\fbox{\\tiny 4E2D}}% CJK UNIFIED IDEOGRAPH-4E2D\n\\fi\\fi\n"
    ) in text
    assert "lualatex or xelatex" in text
    assert "Declare" not in to_latex(attend(INDIAN, tokens=["a", "é", "ß"]))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind]().module is not None])
def test_pasted_back_the_matrix_is_the_same_bit_for_bit(kind):
    """The cell behind the end, and the matrix itself where it is shown whole."""
    trace = KINDS[kind]()
    text = to_latex(trace)
    texts = [text.rpartition("\n%%attention")[2].partition("\n")[2]]
    if len(trace.tokens) <= 16 and trace.token_encodings.shape[1] <= 12:
        texts.append(re.search(r"\\begin\{array\}.*?\\end\{array\}", text, re.DOTALL)[0])
    for source in texts:
        assert torch.tensor(parse_matrix(source).values).view(torch.int32).equal(trace.token_encodings.view(torch.int32))


def test_pasted_back_the_matrix_has_its_tokens():
    text = to_latex(attend(INDIAN, tokens="I am Indian"))
    assert parse_matrix(re.search(r"\\begin\{array\}.*?\\end\{array\}", text, re.DOTALL)[0]).labels == ("I", "am", "Indian")


def test_large_matrices_are_folded_and_say_so(tmp_path):
    text = to_latex(attend(torch.randn(40, 20, generator=torch.Generator().manual_seed(1))))
    assert "Shown: 12 of 40 rows, 9 of 20 columns." in text
    assert "\\vdots & \\vdots" in text
    assert "\\cdots" in text
    compiles(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("QKᵀ/√d_k", "$QK^{\\top}/\\sqrt{d_k}$"),
        ("M", "$M$"),
        ("__proto__", "\\_\\_proto\\_\\_"),
        ("\\x", "\\textbackslash{}x"),
        ("a_b_c", "a\\_b\\_c"),
    ],
)
def test_a_symbol_is_a_formula_where_it_can_be_told(text, formula):
    assert symbol(text) == formula
