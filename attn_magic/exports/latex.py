r"""A trace as a LaTeX article that compiles as it stands, with pdflatex, lualatex or xelatex: labelled matrices and worked arithmetic.

Labels are somebody's data: nothing in them is ever a command. Letters that pdflatex's fonts lack become their code points in a box there;
lualatex and xelatex print them, with a font that has them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from attn_magic.exact import exact
from attn_magic.excerpt import DOCUMENT, Limits, acts, cell, excerpt_note, head_label, left_out, shown_heads, worked_cell
from attn_magic.explain import Explanation
from attn_magic.exports.magic_cell import to_cell
from attn_magic.matrix.tex_text import write_text
from attn_magic.notation import INFINITY, MINUS, Number, format_label, format_number, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace, Axis, Stage

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
    note = excerpt_note(trace[stage], DOCUMENT)
    formulas = [f"\\[\n{formula}\n\\]" for formula in _formulas(trace, trace[stage])]
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


def label(text: str) -> str:
    r"""A label of a matrix, cut where it is very long."""
    return rf"\text{{{escape(shorten(format_label(text), DOCUMENT.letters))}}}"


def matrix(stage: Stage, write: Callable[[int, int], str], limits: Limits = DOCUMENT) -> str:
    """The shown cells of `stage`, each as `write` gives it, with their labels above and in front."""
    rows, columns = limits.rows.places(stage.rows), limits.columns.places(stage.columns)
    lines = [" & ".join(["", *(_name(stage.columns, column, r"\cdots") for column in columns)]) + r" \\ \hline"]
    for row in rows:
        cells = [r"\cdots" if column is None else r"\vdots" if row is None else write(row, column) for column in columns]
        lines.append(" & ".join([_name(stage.rows, row, r"\vdots"), *cells]) + r" \\")
    return "\n".join([rf"\begin{{array}}{{l|{'r' * len(columns)}}}", *lines, r"\end{array}"])


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


def heading(stage: Stage, limits: Limits = DOCUMENT, remark: str = "") -> str:
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
        explanation = worked_cell(trace, stages, DOCUMENT)
        if explanation is not None:
            yield "Where one of these numbers comes from:"
            yield arithmetic(explanation)
    yield escape(f"Check: {trace.check()}.")


def _matrices(trace: AttentionTrace, stage: Stage) -> Iterator[str]:
    for head, formula in zip(shown_heads(stage, DOCUMENT), _formulas(trace, stage), strict=True):
        name = head_label(stage, head)
        if name is not None:
            yield escape(shorten(format_label(name)))
        yield display(formula)


def _formulas(trace: AttentionTrace, stage: Stage) -> Iterator[str]:
    """The matrix of each head."""
    precision = None if stage.equation is None else trace.options.precision
    for head in shown_heads(stage, DOCUMENT):
        yield matrix(stage, lambda row, column, head=head: number(cell(stage, row, column, head), precision))  # type: ignore[misc]


def _name(axis: Axis, place: int | None, gap: str) -> str:
    return gap if place is None else label(axis.labels[place])


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
