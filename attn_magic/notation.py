"""How a number and a label are written, everywhere the same.

`format_number` rounds exact ties away from zero, as JavaScript's `toFixed` does, so that a page and Python print the same
digits (Python's own format would print 0.03125 as 0.0312, a browser as 0.0313).
"""

import math
import traceback
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TypeAlias

Number: TypeAlias = float | int  # both by name: a run-time type check does not take an int for a float

MINUS = "−"
INFINITY = "∞"
PRECISION = 4

_EXACT = Context(prec=1100)  # a float64 has at most 1074 decimals, a product of ten and it no more digits
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)
_FIXED_UP_TO = 1e6  # larger numbers are written as 1.2346e+06: their decimals say nothing
ZERO_WIDTH_JOINER = "\u200d"
_WITHIN_WORDS = "\u200c" + ZERO_WIDTH_JOINER  # ZWNJ and ZWJ join letters and emoji; hiding them would change the word
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode categories: controls, format, surrogates, line and paragraph separators


def round_decimal(value: Number | Decimal, precision: int) -> Decimal:
    """`value` rounded to `precision` decimals, ties away from zero, exactly.

    >>> round_decimal(0.03125, 4)
    Decimal('0.0313')
    """
    return Decimal(value).quantize(Decimal((0, (1,), -precision)), context=_ROUNDING)


def format_number(value: Number, precision: int = PRECISION) -> str:
    """`value` with `precision` decimals, or in powers of ten where decimals would hide it or drown it.

    An exact zero is written without decimals, so that it cannot be taken for a number too small to show.

    >>> format_number(-0.30382653), format_number(1e-26), format_number(0.0), format_number(float("-inf"))
    ('−0.3038', '1.0000e−26', '0', '−∞')
    """
    if math.isnan(value):
        return "NaN"
    sign = MINUS if value < 0 else ""
    if math.isinf(value):
        return sign + INFINITY
    if value == 0:
        return "0"
    size = abs(value)
    if size < _FIXED_UP_TO:
        rounded = round_decimal(size, precision)
        if rounded:
            return sign + f"{rounded:f}"
    mantissa, exponent = _round_to_powers_of_ten(Decimal(size), precision)
    return f"{sign}{mantissa}e{MINUS if exponent < 0 else '+'}{abs(exponent):02d}"


def _round_to_powers_of_ten(size: Decimal, precision: int) -> tuple[Decimal, int]:
    exponent = size.adjusted()
    mantissa = round_decimal(size.scaleb(-exponent, context=_EXACT), precision)
    if mantissa >= 10:  # 9.99996 became 10.0000
        return round_decimal(mantissa / 10, precision), exponent + 1
    return mantissa, exponent


def format_operand(value: Number, precision: int) -> str:
    """`value` inside a line of arithmetic: as `format_number`, without the zeros that end it.

    >>> format_operand(4.409999847412109, 6), format_operand(-2.0, 6), format_operand(1e-8, 6)
    ('4.41', '−2', '1e−08')
    """
    number, mark, exponent = format_number(value, precision).partition("e")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number + mark + exponent


def read_number(text: str) -> float:
    """The number that `format_number` or `format_operand` wrote, as far as it was written.

    >>> read_number("−1.2346e−08")
    -1.2346e-08
    """
    return float(text.replace(MINUS, "-").replace(INFINITY, "inf"))


def format_label(label: str) -> str:
    r"""`label` as it is shown: printable text unchanged, invisible characters as escapes.

    Control characters, direction overrides and other invisible characters could hide or reorder what is on screen or steer a
    terminal; they are shown as an escape. Joiners between letters (emoji, Indic and Persian words) belong to the word and stay.

    >>> format_label("am"), format_label("\x1b[31m"), format_label("\u202eabc")
    ('am', '\\x1b[31m', '\\u202eabc')
    """
    if label.isprintable():
        return label
    return "".join(_format_character(label, position) for position in range(len(label)))


def _format_character(label: str, position: int) -> str:
    character = label[position]
    if character in _WITHIN_WORDS and 0 < position < len(label) - 1:
        return character
    code = ord(character)
    if unicodedata.category(character) in _INVISIBLE or code & 0xFFFE == 0xFFFE:  # …FFFE and …FFFF are no characters
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def count(number: int, noun: str) -> str:
    """A number of things in words.

    >>> count(1, "row"), count(1000, "row")
    ('1 row', '1,000 rows')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def shorten(text: str, most: int = 40) -> str:
    """`text` in at most `most` characters, cut between characters as a reader sees them and ended with ….

    >>> shorten("a very long token", 8)
    'a very …'
    """
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and (_continues(text[end]) or text[end - 1] == ZERO_WIDTH_JOINER):
        end -= 1
    return text[:end] + "…"


def quote(value: object, most: int = 60) -> str:
    r"""A value as an error quotes it: as Python writes it, printable and in at most `most` characters.

    >>> quote(["a", "\x1b"]), quote("a very long text", 8)
    ("['a', '\\x1b']", "'a very…")
    """
    return shorten(format_label(repr(value)), most)


def format_error(error: BaseException) -> str:
    r"""Another program's error in one line of at most 300 characters.

    >>> format_error(OSError("libcudart.so.13:\n  no such file"))
    'OSError: libcudart.so.13: no such file'
    """
    return shorten(format_label(" ".join("".join(traceback.format_exception_only(error)).split())), 300)


def _continues(character: str) -> bool:
    """Whether `character` is drawn on the one before it: an accent, a joiner, an emoji's variant or skin tone."""
    return unicodedata.category(character) in ("Mn", "Me", "Mc") or character in _WITHIN_WORDS or "\U0001f3fb" <= character <= "\U0001f3ff"
