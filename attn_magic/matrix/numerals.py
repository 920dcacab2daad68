"""One cell: the number it is, or what is wrong with it.

A number is what Python's `float` makes of its decimal digits, rounded once more to float32: bit for bit what `torch.tensor` holds.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from attn_magic.matrix.body import name_character
from attn_magic.matrix.mistake import quote
from attn_magic.notices import Notice

DECIMAL = r"(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eEdD][-+]?[0-9]+)?"
INTEGER = r"0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB][01]+(?:_[01]+)*|0[oO][0-7]+(?:_[0-7]+)*"
_NUMERAL = re.compile(rf"([-+]?)(?:(?P<decimal>{DECIMAL})|(?P<integer>{INTEGER}))")
_DETACHED_SIGN = re.compile(r"([-+])[ \t]+(?=[0-9.])")
_SCALAR = re.compile(
    r"(?:np|numpy|jnp|torch)\.(?P<kind>float|float_|float16|bfloat16|float32|float64|double|single|u?int[0-9]*|intc|longlong)\((?P<inner>[^()]*)\)"
)
_WRAPPED = re.compile(r"(?:(?:torch\.)?tensor|(?:np\.)?array)?\((?P<inner>[^()]*)\)")

_EXACT_INTEGERS = 2**24  # float32 holds every whole number up to here
_WHOLE = re.compile(r"(?P<whole>[-+]?[0-9][0-9_]*)(?:\.0*)?")
_NOT_ZERO = re.compile(r"[-+]?[0._]*[1-9]")

DATA = "The text is data and is never run. Type the numbers themselves, or use %attention EXPRESSION for a value you already have."
EXAMPLE = "Type one row of numbers for each token, for example:\n    I       1.16  0.23\n    am      0.57  1.36\n    Indian  4.41 -2.16"
MISSING = "Every cell needs a number: type 0 if you mean zero, or leave out the whole row."
_NONFINITE_ADVICE = "Attention needs finite numbers: one NaN or infinity would spread through its whole row."
_CALCULATE = "Nothing is calculated here: type the result as a number."

_SAMPLE = 200  # characters of a cell that are looked at to say what is wrong with it
_MISSING_WORDS = {"none", "null", "na", "n/a", "#n/a", "<na>", "nil", "nat", "missing", "-", "--", "---", "–", "—", "?", ".", "_"}
_NONFINITE = re.compile(
    r"[-+]?(?:(?:np|numpy|math|torch|jnp|cmath|float)\.)?(?:nan|inf|infinity|infty|∞|1\.\#(?:inf|ind|qnan)\w*|ninf|pinf)"
    r"|[-+]?float\(\s*['\"][-+]?(?:nan|inf|infinity)['\"]\s*\)(?P<call>)",
    re.IGNORECASE,
)
_BOOLEAN = re.compile(r"(?:np\.|numpy\.)?(?:true|false)_?|np\.bool_?\(.*", re.IGNORECASE)
_STRING = re.compile(r"[bBrRuUfF]{0,2}['\"]|np\.str_\(")
_COMPLEX = re.compile(rf"[-+]?(?:(?:{DECIMAL})(?:[ ]?[-+][ ]?|[ ]))?(?:{DECIMAL})[ ]?\*?[ijIJ]|[-+]?(?:{DECIMAL})?[-+][ijIJ]|np\.complex[0-9]*\(.*")
_CALL = re.compile(r"[^\W\d][\w.]*[ ]?\(")
_NAME = re.compile(r"[-+]?(?P<name>[^\W\d_][\w.]*|_[\w.]*)")
_DETACHED = re.compile(rf"(?:{DECIMAL})[ \t]*(?P<sign>[-+])[ \t]")
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+(?:[.,' ][0-9]+)*[,'][0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?")
_OPERATION = re.compile(rf"[-+(]*(?:{DECIMAL})[) ]*(?:[-+*/^:@×·]|\*\*)")
_ELLIPSIS = re.compile(r"\.\.\.|[…⋯⋮⋱]")
_TWO_NUMERALS = re.compile(rf"[-+]?(?:{DECIMAL})[ \t]+[-+]?(?:{DECIMAL})")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell; `start` and `end` count characters inside the cell."""

    code: str
    headline: str
    advice: str
    start: int
    end: int


def is_numeral(text: str) -> bool:
    """Whether the text is one number as it stands: decimal, with Python's underscores, or 0x, 0b, 0o."""
    return _NUMERAL.fullmatch(text) is not None


def read_floats(cells: Sequence[str]) -> "array[float] | None":
    """The cells as float64, or None if one of them is not a number. Infinities stay, for `round_floats` to find."""
    try:
        if all(map(str.isascii, cells)):  # float() knows the digits of every script
            return array("d", map(float, cells))  # and "nan" and "inf", which `round_floats` refuses
    except ValueError:
        pass
    numbers = [read_numeral(cell) for cell in cells]
    return None if None in numbers else array("d", [number for number in numbers if number is not None])


def read_numeral(cell: str) -> float | None:
    """Grammar: numeral := sign? (decimal | 0x… | 0b… | 0o…) | sign blank numeral | "(" numeral ")" | "np.float64(" numeral ")"."""
    text = cell.strip()
    sign = _DETACHED_SIGN.match(text)
    if sign:
        text = sign[1] + text[sign.end() :]
    match = _NUMERAL.fullmatch(text)
    if match is None:
        wrapped = _SCALAR.fullmatch(text) or _WRAPPED.fullmatch(text)
        return read_numeral(wrapped["inner"]) if wrapped else None
    if match["decimal"]:
        return float(text.replace("d", "e").replace("D", "e"))
    try:
        return float(int(text, 0))
    except OverflowError:
        return inf


def round_floats(numbers: "array[float]") -> "array[float] | None":
    """The numbers rounded to float32, or None if one of them is NaN, infinite or too large."""
    rounded = array("f", numbers)
    return rounded if all(map(isfinite, rounded)) else None


def number_notices(cells: Sequence[str], rounded: "array[float]") -> list[Notice]:
    """What rounding to float32 changed visibly: whole numbers that are no longer exact, small numbers that became 0."""
    notices = []
    if max(rounded) >= _EXACT_INTEGERS or min(rounded) <= -_EXACT_INTEGERS:
        inexact = next((cell.strip() for cell, value in zip(cells, rounded, strict=True) if not _is_exact(cell.strip(), value)), None)
        if inexact:
            notices.append(
                Notice("precision", f"{quote(inexact)} is not exact in float32, which holds every whole number only up to {_EXACT_INTEGERS:,}.")
            )
    if 0.0 in rounded:
        lost = (cell.strip() for cell, value in zip(cells, rounded, strict=True) if value == 0 and len(cell) > 4)
        vanished = next((cell for cell in lost if _NOT_ZERO.match(cell)), None)
        if vanished:
            notices.append(Notice("underflow", f"{quote(vanished)} is too small for float32 and became 0."))
    return notices


def _is_exact(cell: str, value: float) -> bool:
    whole = _WHOLE.fullmatch(cell) if abs(value) >= _EXACT_INTEGERS else None
    return whole is None or int(whole["whole"]) == int(value)  # at most 39 digits: longer ones are beyond float32


def find_fault(cell: str) -> Fault:
    """Why this cell is not a finite float32."""
    indent = len(cell) - len(cell.lstrip())
    text = cell.strip()
    sample = text[:_SAMPLE]
    for look in _LOOKS:
        fault = look(text, sample)
        if fault:
            return Fault(fault.code, fault.headline, fault.advice, fault.start + indent, fault.end + indent)
    end = len(text)
    return Fault("number", f"{quote(text)} is not a number", "A number looks like 3, -0.5 or 1e-3.", indent, indent + end)


def _look_for_size(text: str, sample: str) -> Fault | None:
    number = read_numeral(text)
    if number is None:
        return None
    return Fault("overflow", f"{quote(text)} is too large: float32 ends at about 3.4e38", "Divide all numbers by the same factor.", 0, len(text))


def _look_for_hole(text: str, sample: str) -> Fault | None:
    if text.strip("-") and text.lower() not in _MISSING_WORDS:
        return None
    seen = f"{quote(text)} stands where a number is due" if text else "A number is missing"
    named = f" ({name_character(text)})" if len(text) == 1 and not text.isascii() else ""
    return Fault("missing-cell", seen + named, MISSING, 0, len(text))


def _look_for_infinity(text: str, sample: str) -> Fault | None:
    match = _NONFINITE.fullmatch(sample)
    if not match:
        return None
    end = len(text) if match["call"] is None else text.index("(")
    return Fault("nonfinite", f"{quote(text)} is not a finite number", _NONFINITE_ADVICE, 0, end)


def _look_for_ellipsis(text: str, sample: str) -> Fault | None:
    match = _ELLIPSIS.search(sample)
    if not match or (match[0] == "..." and any(map(str.isalpha, sample))):
        return None
    return Fault("truncated", f"This print was shortened: {quote(match[0])} stands for numbers that are not here", TRUNCATED, *match.span())


TRUNCATED = (
    "Print it in full with torch.set_printoptions(profile='full') or np.set_printoptions(threshold=np.inf), paste X.tolist(), "
    "or use %attention EXPRESSION."
)


def _look_for_word(text: str, sample: str) -> Fault | None:
    if _BOOLEAN.fullmatch(sample):
        return Fault("bool", f"{quote(text)} is a truth value, not a number", "Type 1 or 0 if you mean numbers.", 0, len(text))
    if sample.startswith(("[", "{")):
        return Fault("ndim", "There is a bracket inside a cell", "A matrix is one list of rows, like [[1, 2], [3, 4]].", 0, len(text))
    if _STRING.match(sample):
        code = "expression" if "*" in sample[-20:] else "string"
        return Fault(code, f"{quote(text)} is text in quotes, not a number", "Leave out the quotes.", 0, len(text))
    return None


def _look_for_complex(text: str, sample: str) -> Fault | None:
    if not _COMPLEX.fullmatch(sample.removeprefix("(").removesuffix(")")):
        return None
    return Fault("complex", f"{quote(text)} is a complex number", "Attention here works on real numbers.", 0, len(text))


def _look_for_character(text: str, sample: str) -> Fault | None:
    """A character that only looks like part of a number; words of any script are names."""
    if text.isascii() or not (any(map(str.isnumeric, sample)) or not any(map(str.isalpha, sample))):
        return None
    position = next(index for index, character in enumerate(text) if not character.isascii())
    character = text[position]
    if character == "×" and position:
        return None
    return Fault(
        "char", f"{name_character(character)} cannot be part of a number", "Type numbers with the digits 0-9, a point and -.", position, position + 1
    )


def _look_for_bracket(text: str, sample: str) -> Fault | None:
    """A closing bracket without its opening one."""
    opened = 0
    for position, character in enumerate(sample):
        opened += (character in "[({") - (character in "])}")
        if opened < 0:
            advice = "Delete it, or type the bracket that it should close."
            return Fault("bracket", f"This {quote(character)} closes nothing", advice, position, position + 1)
    return None


def _look_for_call(text: str, sample: str) -> Fault | None:
    call = _CALL.match(sample)
    if call:
        name = call[0].removesuffix("(").rstrip()
        return Fault("call", f"{quote(name)} is a function call, and functions are never called here", DATA, 0, len(name))
    if re.match(r"[-+]?\s*[(\[]", sample):
        return Fault("expression", f"{quote(text)} is an expression, not a number", DATA, 0, len(text))
    return None


def _look_for_name(text: str, sample: str) -> Fault | None:
    name = _NAME.match(sample)
    if not name:
        return None
    if len(text) <= _SAMPLE and name.end() == len(text):
        return Fault("name", f"{quote(text)} is a name, not a number", DATA, 0, len(text))
    if re.match(r"\s+(?:for|if|in|and|or|is|not)\s|\s*(?:[*/^]|[-+]\s*[\w.])", sample[name.end() :]):
        return Fault("expression", f"{quote(text)} is an expression, and nothing is calculated here", DATA, 0, len(text))
    if re.match(r"\s*[\[(]", sample[name.end() :]):
        return Fault("name", f"{quote(name[0])} is a name, not a number", DATA, 0, name.end())
    return Fault("name", f"{quote(text)} is not a number", DATA, 0, len(text))


def _look_for_comma(text: str, sample: str) -> Fault | None:
    return Fault("decimal-comma", *explain_comma(sample), 0, len(text)) if _DECIMAL_COMMA.fullmatch(sample) else None


def explain_comma(seen: str) -> tuple[str, str]:
    """All that "1,234" can mean, as a headline, and what to type for each, as advice."""
    cells = re.split("[,' ]", seen)
    readings = {}
    if seen.count(",") == 1 and "'" not in seen and seen.find(".") < seen.find(","):
        readings[seen.replace(".", "").replace(",", ".")] = "with a decimal comma"
    if all(len(group.split(".")[0]) >= 2 for group in cells[1:]) and len(cells[0]) <= 4 and "." not in "".join(cells[:-1]):
        readings["".join(cells)] = "with thousands marks"
    described = [f"{number} {how}" for number, how in readings.items()]
    headline = (
        f"{quote(seen)} can be {', '.join(described)}, or the numbers {' and '.join(cells)}"
        if described
        else f"{quote(seen)} is not plainly one number or several"
    )
    return headline, f"Type {' or '.join(readings)} for one number, or {' '.join(cells)} for several." if readings else f"Type {' '.join(cells)}."


def _look_for_operation(text: str, sample: str) -> Fault | None:
    detached = _DETACHED.match(sample)
    if detached:
        return Fault("operator", f'"{detached["sign"]}" stands alone between two numbers', OPERATOR, *detached.span("sign"))
    if text in "+*/=^" or not _OPERATION.match(sample) or re.search(r"[eE][-+]$", sample):
        if not text or text[0] not in "+*/=^" or len(text) > 2:
            return None
        return Fault("operator", f"{quote(text)} is an operator, not a number", _CALCULATE, 0, len(text))
    return Fault("expression", f"{quote(text)} is an expression, not a number", _CALCULATE, 0, len(text))


OPERATOR = "Type 1 -2 for two numbers. To subtract or add, type the result: nothing is calculated here."


def _look_for_pair(text: str, sample: str) -> Fault | None:
    if not _TWO_NUMERALS.match(sample):
        return None
    return Fault(
        "number", f"{quote(text)} is more than one number in one cell", "Put a separator between all cells, the same everywhere.", 0, len(text)
    )


def _look_for_typo(text: str, sample: str) -> Fault | None:
    """Advice for what people type most: two points or signs, an unfinished exponent, a unit, a percent sign."""
    advice = None
    if sample.startswith(("--", "++", "+-", "-+")):
        advice = "A number has one sign, like -1."
    elif re.match(r"[-+]?[0-9.]+[eEdD][-+]?$", sample):
        advice = "An exponent has digits, like 1e-3."
    elif re.match(r"[-+]?[lIoO]\.[0-9]", sample):
        advice = "It begins with a letter: type the digit 0 or 1."
    elif "%" in sample:
        advice = "Type 0.05 for 5 %."
    elif re.match(r"[-+]?[0-9.]*\.[0-9]*\.", sample):
        advice = "A number has one decimal point, like 1.5."
    elif re.match(r"[-+]?[0-9.]+[a-zA-Zµ°]+$", sample) or re.match(r"[-+]?[$€£¥][0-9]", sample):
        advice = "Leave out units and suffixes; a number looks like 3, -0.5 or 1e-3."
    return Fault("number", f"{quote(text)} is not a number", advice, 0, len(text)) if advice else None


_LOOKS = (
    _look_for_size,
    _look_for_hole,
    _look_for_infinity,
    _look_for_ellipsis,
    _look_for_word,
    _look_for_bracket,
    _look_for_complex,
    _look_for_character,
    _look_for_typo,
    _look_for_comma,
    _look_for_operation,
    _look_for_call,
    _look_for_name,
    _look_for_pair,
)
