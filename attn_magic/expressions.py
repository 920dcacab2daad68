"""Arithmetic as data: small trees that can be written out and evaluated.

An expression is a number, a truth value, a name, or a tuple `(function, *arguments)`:

>>> softcap = ("*", "cap", ("tanh", ("/", "scores", "cap")))
>>> write(softcap)
'cap × tanh(scores / cap)'
>>> evaluate(softcap, {"cap": 5.0, "scores": 2.5})
2.3105857863000487

The functions are `+ - * / max` of any number of arguments, `sqrt`, `exp`, `tanh`, `("where", condition, if_true, if_false)`, and
`("more", count, subtotal)` for arguments that are summed up rather than written out.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from attn_magic.notation import Number, format_number, format_operand, read_number

Leaf: TypeAlias = str | Number | bool
Expression: TypeAlias = Leaf | tuple  # type: ignore[type-arg]  # recursive: (function, *Expression)

ARGUMENTS: dict[str, tuple[int, int | None]] = {  # how many each function takes: the fewest and the most, None for any number
    **dict.fromkeys(("+", "-", "*", "/", "max"), (1, None)),
    **dict.fromkeys(("sqrt", "exp", "tanh"), (1, 1)),
    "where": (3, 3),
    "more": (2, 2),
}

_SIGNS = {"+": " + ", "-": " − ", "*": " × ", "/": " / "}
_BINDING = {"where": 0, "+": 1, "-": 1, "*": 2, "/": 2}  # how tightly a function holds its arguments; calls hold tightest
_TIGHTEST = 3
_MAX_DIGITS = 12  # decimals at which a float32 between 0.001 and 1 is written exactly enough


def names(expression: Expression) -> tuple[str, ...]:
    """The names in `expression`, in order of appearance, each once.

    >>> names(("*", "cap", ("tanh", ("/", "scores", "cap"))))
    ('cap', 'scores')
    """
    if isinstance(expression, tuple):
        return tuple(dict.fromkeys(name for argument in expression[1:] for name in names(argument)))
    return (expression,) if isinstance(expression, str) else ()


def substitute(expression: Expression, values: Mapping[str, Leaf]) -> Expression:
    """`expression` with the names that `values` knows replaced.

    >>> substitute(("/", "scores", ("sqrt", "d_k")), {"d_k": 2})
    ('/', 'scores', ('sqrt', 2))
    """
    if isinstance(expression, tuple):
        return (expression[0], *(substitute(argument, values) for argument in expression[1:]))
    return values.get(expression, expression) if isinstance(expression, str) else expression


def write(expression: Expression, leaf: Callable[[Leaf], str] = str) -> str:
    """`expression` as a person writes it, each leaf by way of `leaf`.

    >>> write(("/", ("+", 1, 2), ("sqrt", "d_k")))
    '(1 + 2) / √d_k'
    """
    if not isinstance(expression, tuple):
        return leaf(expression)
    function, *arguments = expression
    if function in _SIGNS:
        return _SIGNS[function].join(_write_argument(argument, function, place, leaf) for place, argument in enumerate(arguments))
    if function == "where":
        condition, if_true, if_false = (write(argument, leaf) for argument in arguments)
        return f"{if_true} if {condition} else {if_false}"
    if function == "more":
        count, subtotal = arguments
        return f"({count} more: {leaf(subtotal)})"
    inner = ", ".join(write(argument, leaf) for argument in arguments)
    if function == "sqrt":
        return f"√({inner})" if isinstance(arguments[0], tuple) else f"√{inner}"
    return f"e^({inner})" if function == "exp" else f"{function}({inner})"


def _write_argument(argument: Expression, function: str, place: int, leaf: Callable[[Leaf], str]) -> str:
    text = write(argument, leaf)
    binding = _BINDING.get(argument[0], _TIGHTEST) if isinstance(argument, tuple) else _TIGHTEST
    needs_more = function in "-/" and place > 0  # a − (b − c) is not a − b − c
    loose = binding < _BINDING[function] or (needs_more and binding == _BINDING[function])
    negative = function == "-" and place > 0 and text.startswith("−")
    return f"({text})" if loose or negative else text


def format_constant(value: Number | bool) -> str:
    """A number as somebody wrote it into an equation: all of its digits and none more, where Python's `repr` has them.

    >>> format_constant(0.5), format_constant(-2.0), format_constant(1e-05)
    ('0.5', '−2', '1e−05')
    """
    if isinstance(value, bool) or not value or not math.isfinite(value):
        return str(value) if isinstance(value, bool) else format_number(value)
    return repr(float(value)).removesuffix(".0").replace("-", "−")


def evaluate(expression: Expression, values: Mapping[str, Leaf] | None = None) -> Number:
    """What `expression` comes to, in float64; NaN or ∞ where arithmetic ends there, never an exception of it."""
    if not isinstance(expression, tuple):
        return float(values[expression] if isinstance(expression, str) and values is not None else expression)
    function, *arguments = expression
    numbers = [evaluate(argument, values) for argument in arguments]
    try:
        return _apply(function, numbers)
    except OverflowError:
        return math.inf
    except (ZeroDivisionError, ValueError):
        return math.nan


def _apply(function: str, numbers: list[Number]) -> Number:
    match function:
        case "+":
            return sum(numbers)
        case "-":
            return numbers[0] - sum(numbers[1:])
        case "*":
            return math.prod(numbers)
        case "/":
            return numbers[0] / math.prod(numbers[1:])
        case "where":
            return numbers[1] if numbers[0] else numbers[2]
        case "more":
            return numbers[1]
        case "max":
            return math.nan if any(map(math.isnan, numbers)) else max(numbers)
        case _:
            return float(getattr(math, function)(*numbers))  # sqrt, exp, tanh


def fold(function: str, arguments: list[Expression], most: int | None) -> Expression:
    """`function` of `arguments`, of which at most `most` are written out and the others summed up.

    >>> write(fold("+", [1, 2, 3, 4, 5], most=3))
    '1 + 2 + (2 more: 7.0) + 5'
    """
    if most is None or len(arguments) <= max(most, 2):
        return (function, *arguments)
    first = max(most, 2) - 1
    hidden = arguments[first:-1]
    return (function, *arguments[:first], ("more", len(hidden), evaluate((function, *hidden))), arguments[-1])


def equate(expression: Expression, value: Number, precision: int) -> str:
    """`expression = value` with the numbers written out, true as shown.

    The value has `precision` decimals. The operands have two more, or as many as it takes until evaluating the text as it stands gives
    the value as it stands; where float32's own rounding forbids that, the sign is ≈.

    >>> equate(("+", ("*", 0.5, 0.25), ("*", 2.0, -1.0)), -1.875, 4)
    '0.5 × 0.25 + 2 × −1 = −1.8750'
    """
    shown = format_number(value, precision)
    for digits in range(precision + 2, max(precision + 3, _MAX_DIGITS) + 1):
        text, result = _write_and_evaluate(expression, digits)
        if format_number(result, precision) == shown:
            return f"{text} = {shown}"
    text, result = _write_and_evaluate(expression, precision + 2)
    if math.isinf(value) and math.isfinite(result):
        return f"{text} = {format_number(result, precision)}, too large for float32, so {shown}"
    return f"{text} ≈ {shown}"


def _write_and_evaluate(expression: Expression, digits: int) -> tuple[str, Number]:
    values: dict[str, Leaf] = {}  # of what is written

    def as_shown(part: Expression) -> Expression:
        if isinstance(part, tuple):
            skip = 2 if part[0] == "more" else 1  # a count is written as it is
            return (*part[:skip], *map(as_shown, part[skip:]))
        if isinstance(part, str | bool):
            values[str(part)] = part
            return str(part)
        text = format_operand(part, digits)
        values[text] = read_number(text)
        return text

    shown = as_shown(expression)
    return write(shown), evaluate(shown, values)
