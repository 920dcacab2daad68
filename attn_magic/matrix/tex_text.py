r"""Text in LaTeX: which signs are written as commands, and what a \text{…} says. One table for writing and reading: nothing is lost between them."""

import re

from attn_magic.notation import INFINITY, MINUS

SIGNS = {
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\^{}",
    "\\": r"\textbackslash{}",
    # The standard font has other signs in these places.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # The signs of formulas, which are no letters.
    MINUS: r"\ensuremath{-}",
    INFINITY: r"\ensuremath{\infty}",
    "×": r"\ensuremath{\times}",
    "≈": r"\ensuremath{\approx}",
    "√": r"\ensuremath{\surd}",
    "Σ": r"\ensuremath{\Sigma}",
    "→": r"\ensuremath{\to}",
    "ᵀ": r"\ensuremath{^{\top}}",
    "·": r"\ensuremath{\cdot}",
    "…": r"\dots{}",
}
_LIGATURE = re.compile(r"([-`',])(?=\1)|([?!])(?=`)")  # two signs that would be printed as one: a dash, a quotation mark
_POINTS = r"{\ldots}"

_READ = {command: sign for sign, command in SIGNS.items()} | {_POINTS: "...", r"\textasciicircum{}": "^", r"\ ": " ", "~": " ", "{": "", "}": ""}
_COMMAND = re.compile("|".join(map(re.escape, sorted(_READ, key=len, reverse=True))) + r"|(?P<unknown>\\)")


def write_text(text: str) -> str:
    r"""`text` as LaTeX that prints exactly it.

    >>> write_text("R&D_{x}"), write_text("-->")
    ('R\\&D\\_\\{x\\}', '-{}-\\textgreater{}')
    """
    escaped = "".join(SIGNS.get(character, character) for character in text)
    return _LIGATURE.sub(lambda sign: sign[0] + "{}", escaped).replace("...", _POINTS)


def read_text(tex: str) -> str | None:
    r"""What the inside of \text{…} says, or None where a command in it is none of these.

    >>> read_text(r"R\&D\_\{x\}"), read_text(r"\textbf{x}")
    ('R&D_{x}', None)
    """
    if any(match["unknown"] for match in _COMMAND.finditer(tex)):
        return None
    return _COMMAND.sub(lambda match: _READ[match[0]], tex)
