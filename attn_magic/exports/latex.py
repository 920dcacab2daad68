r"""A trace as a LaTeX article that compiles as it stands, with pdflatex, lualatex or xelatex: labelled matrices and worked arithmetic.

Labels are somebody's data: nothing in them is ever a command. Letters that pdflatex's fonts lack become their code points in a box there;
lualatex and xelatex print them, with a font that has them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from attn_magic.exact import exact
from attn_magic.excerpt import LATEX, Excerpt, Limits, acts, excerpt_note, left_out, read_excerpts, worked_cell
from attn_magic.explain import Explanation
from attn_magic.exports.magic_cell import to_cell
from attn_magic.matrix.tex_text import write_text
from attn_magic.notation import INFINITY, MINUS, Number, format_label, format_number, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace, Stage

_ACCENTED = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")  # letters that pdflatex's standard font can print
_FORMULA = re.compile(r"[A-Za-z_ =/()ᵀ√]+")

_TO_MAKE_IT_AGAIN = "TeX stops above. To make this again in a notebook, after %load_ext attn_magic, paste what follows:"
_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage{geometry}
\usepackage{graphicx}
\geometry{margin=2cm}
\setlength{\parindent}{0pt}
% A matrix that is wider than the page is made smaller.
\newcommand{\fitted}[1]{\sbox0{$\displaystyle #1$}\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}"""


def to_latex(trace: AttentionTrace) -> str:
    """Every stage of `trace` as a matrix with its labels, and a worked cell for each act. Given numbers are exact, computed ones rounded."""
    return document(trace, "Attention, step by step", _blocks(trace))


def stage_to_latex(trace: AttentionTrace, stage: str) -> str:
    """The matrix of one stage alone, as a displayed formula for an article that uses amsmath. Raises `TraceError` for a stage that is not there.

    A comment above it says what is left out of a large one.
    """
    note = excerpt_note(trace[stage], LATEX)
    formulas = [f"\\[\n{_formula(excerpt)}\n\\]" for excerpt in read_excerpts(trace, trace[stage], LATEX)]
    return "\n".join([f"% {note}"] * bool(note) + formulas) + "\n"


def document(trace: AttentionTrace, title: str, blocks: Iterable[str]) -> str:
    """A whole article. A comment at its top says what made it; behind its end, where TeX reads no more, stands the cell that makes it again."""
    body = "\n\n".join(["\\begin{document}", f"\\section*{{{escape(title)}}}", *blocks, "\\end{document}"])
    again = to_cell(trace)
    end = f"\n\n{_TO_MAKE_IT_AGAIN}\n\n{again.rstrip()}" if again else ""
    return "\n".join([f"% {describe_origin(trace)}", _PREAMBLE, *_declare(body), body]) + end + "\n"


def escape(text: str) -> str:
    r"""`text` as LaTeX that prints exactly it.

    >>> escape("R&D_{x}"), escape("-->")
    ('R\\&D\\_\\{x\\}', '-{}-\\textgreater{}')
    """
    return write_text(format_label(text))


def matrix(excerpt: Excerpt, write: Callable[[Number | bool], str]) -> str:
    """The shown cells of a stage, each as `write` gives it, with their labels above and in front."""
    columns = excerpt.with_column_gap([_label(label, excerpt.limits) for label in excerpt.column_labels], r"\cdots")
    lines = [[_label(label, excerpt.limits), *map(write, values)] for label, values in zip(excerpt.row_labels, excerpt.values, strict=True)]
    lines = excerpt.with_row_gap(lines, [r"\vdots"] * (1 + len(excerpt.columns)))
    head = " & ".join(["", *columns]) + r" \\ \hline"
    body = [" & ".join([label, *excerpt.with_column_gap(cells, r"\cdots")]) + r" \\" for label, *cells in lines]
    return "\n".join([rf"\begin{{array}}{{l|{'r' * len(columns)}}}", head, *body, r"\end{array}"])


def _label(text: str, limits: Limits) -> str:
    r"""A label of a matrix, cut where it is very long."""
    return rf"\text{{{escape(shorten(format_label(text), limits.letters))}}}"


def display(formula: str) -> str:
    """`formula` on lines of its own, no wider than the page."""
    return f"\\[\n\\fitted{{\n{formula}\n}}\n\\]"


def number(value: Number | bool, precision: int | None) -> str:
    """A number in a formula: with `precision` decimals, or exact where that is None."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return plain(exact(value) if precision is None else format_number(value, precision))


def plain(text: str) -> str:
    """A number as `format_number` or `exact` wrote it, in a formula."""
    return text.replace(MINUS, "-").replace(INFINITY, "inf").replace("inf", r"\infty").replace("NaN", "nan").replace("nan", r"\text{NaN}")


def heading(stage: Stage, limits: Limits = LATEX, remark: str = "") -> str:
    """What a stage is called and what it means, in a paragraph."""
    legend = " 1: may attend, 0: hidden." if stage.is_mask else ""
    axes = f"Rows: {stage.rows.name}, columns: {stage.columns.name}."
    words = " ".join(filter(None, [stage.meaning + legend, axes, left_out(stage, limits), remark]))
    return rf"\textbf{{{escape(stage.title)}}}, {symbol(stage.symbol)}. {escape(words)}"


def symbol(text: str) -> str:
    r"""The symbol of a stage as a formula, or as text where it is none that can be told.

    >>> symbol("A = softmax(QKᵀ/√d_k)")
    '$A = \\mathrm{softmax}(QK^{\\top}/\\sqrt{d_k})$'
    """
    if not _FORMULA.fullmatch(text) or re.search(r"_(?!\w)|__|\w_\w+_", text):
        return escape(text)
    formula = re.sub(r"√([A-Za-z](?:_[A-Za-z])?)", r"\\sqrt{\1}", text).replace("√", r"\surd ").replace("ᵀ", r"^{\top}")
    formula = formula.replace(" where ", r"\ \mathrm{where}\ ")
    formula = re.sub(r"(?<![\\A-Za-z{])[a-z]{2,}", r"\\mathrm{\g<0>}", formula)
    return f"${formula}$"


def arithmetic(explanation: Explanation) -> str:
    """The arithmetic behind one cell, line by line."""
    lines = [explanation.formula, *explanation.lines, *filter(None, [explanation.sentence])]
    return "{\\small\\raggedright\n" + "\n".join(f"{escape(line)}\\par" for line in lines) + "\n}"


def _blocks(trace: AttentionTrace) -> Iterator[str]:
    yield escape(f"{describe_origin(trace)}.")
    for notice in trace.notices:
        yield escape(notice.text)
    for place, (act, stages) in enumerate(acts(trace), start=1):
        yield rf"\subsection*{{{place} {escape(act)}}}"
        for stage in stages:
            yield heading(stage)
            yield from _matrices(trace, stage)
        explanation = worked_cell(trace, stages, LATEX)
        if explanation is not None:
            yield "Where one of these numbers comes from:"
            yield arithmetic(explanation)
    yield escape(f"Check: {trace.check()}.")


def _matrices(trace: AttentionTrace, stage: Stage) -> Iterator[str]:
    for excerpt in read_excerpts(trace, stage, LATEX):
        if stage.heads is not None:
            yield escape(shorten(format_label(excerpt.head_label)))
        yield display(_formula(excerpt))


def _formula(excerpt: Excerpt) -> str:
    precision = None if excerpt.stage.equation is None else excerpt.trace.options.precision
    return matrix(excerpt, lambda value: number(value, precision))


def _declare(body: str) -> Iterator[str]:
    """What pdflatex should print for letters it does not know; the other engines print them as they are."""
    foreign = sorted({character for character in body if not character.isascii() and character not in _ACCENTED})
    if not foreign:
        return
    yield "% pdflatex prints the code points of letters that its fonts lack. For the letters themselves use lualatex or xelatex"
    yield r"% and a font that has them, as in \usepackage{fontspec}\setmainfont{Noto Sans}."
    yield r"\ifdefined\directlua\else\ifdefined\XeTeXrevision\else"
    for character in foreign:
        yield rf"\DeclareUnicodeCharacter{{{ord(character):04X}}}{{\fbox{{\tiny {ord(character):04X}}}}}% {unicodedata.name(character, '')}"
    yield r"\fi\fi"
