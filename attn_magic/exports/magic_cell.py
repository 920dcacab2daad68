"""The notebook cell that makes a trace again: `%%attention`, its options, and the matrix, exact and complete."""

import re

from attn_magic.exact import exact, exact_rows
from attn_magic.masks import GIVEN
from attn_magic.notation import format_label
from attn_magic.options import LOOKS, OPTIONS, Options
from attn_magic.recipes import count_up
from attn_magic.trace import AttentionTrace, Stage

LIKE_NUMBERS = {"nan", "inf", "infinity", "none", "null", "na", "nil", "true", "false"}
_WIDEST = 40  # letters of a label in a column
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")  # what a spreadsheet takes for the beginning of one, or reading for one that is guarded


def to_cell(trace: AttentionTrace) -> str | None:
    """A cell that computes `trace` again, its matrix and tokens written so that nothing is lost; None for stages put together by hand.

    A mask or weights given in Python do not fit into a cell; a comment says so.
    """
    if trace.module is None:
        return None
    return "\n".join([*_lines(trace.options), *_table(trace.stages[0])]) + "\n"


def quote_label(label: str) -> str:
    r"""`label` in quotes, as CSV and a matrix cell have it.

    What a spreadsheet would run begins with an apostrophe, which reading takes away again; characters that would break the line or steer a
    terminal are shown as escapes.

    >>> quote_label("am"), quote_label('the "a" key'), quote_label("=1+1")
    ('"am"', '"the ""a"" key"', '"\'=1+1"')
    """
    shown = "\t".join(map(format_label, label.split("\t")))
    guard = "'" if _FORMULA.match(shown) else ""
    return '"' + guard + shown.replace('"', '""') + '"'


def _lines(options: Options) -> list[str]:
    """The magic with every option that is not as it is anyway, and with the seed; below it a comment for each that no line can hold."""
    words, comments = ["%%attention"], []
    for name, value in vars(options).items():
        if name in LOOKS or (value == getattr(Options, name) and name != "seed"):
            continue
        asked = next(filter(None, (option.ask_for(value) for option in OPTIONS if option.name == name)), ())
        words += asked
        if not asked:
            comments.append(f"# The {name} came from Python: attend(…, {name}={'…' if value == GIVEN else exact(value)}).")
    return [" ".join(words), *comments]


def _table(stage: Stage) -> list[str]:
    """The matrix in columns; or, where a label is no plain word or a column has a name, as CSV."""
    numbers = exact_rows(stage.window(slice(None), slice(None)))
    labels = () if tuple(stage.rows.labels) == count_up("token", len(stage.rows)) else stage.rows.labels
    is_plain = all(label.isalpha() and label.lower() not in LIKE_NUMBERS and len(label) < _WIDEST for label in labels)
    is_named = tuple(stage.columns.labels) != count_up("dim", len(stage.columns))
    if is_plain and not is_named:
        return _align([[label, *row] for label, row in zip(labels, numbers, strict=True)] if labels else numbers)
    header = [quote_label(name) for name in (*(["token"] if labels else []), *stage.columns.labels)]
    rows = [[quote_label(label), *row] for label, row in zip(labels, numbers, strict=True)] if labels else numbers
    return [",".join(row) for row in (header, *rows)]


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *others = widths
    return ["  ".join([row[0].ljust(first), *(text.rjust(width) for text, width in zip(row[1:], others, strict=True))]).rstrip() for row in rows]
