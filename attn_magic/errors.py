"""Every error a reader can meet: what is wrong, where, what was seen, what to type instead.

All of them are `AttentionError`, so `except AttentionError` is enough in a script; the magics turn them into IPython's
`UsageError`, which fails the cell without a traceback. Programming mistakes stay ordinary tracebacks.
"""

import difflib
from collections.abc import Callable, Iterable


class AttentionError(ValueError):
    """A mistake the reader can mend; the text says how."""


class MatrixError(AttentionError):
    """The text is not plainly one matrix of numbers.

    `code` names the kind of mistake ("ragged", "missing-cell", "call", …; the list is `attn_magic.matrix.CODES`). `line`, `column` and
    `end_column` (1-based, inclusive) say where in the text; `row` and `cell` (1-based) say where in the matrix. Each is None where
    it does not apply.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        line: int | None = None,
        column: int | None = None,
        end_column: int | None = None,
        row: int | None = None,
        cell: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column
        self.end_column = end_column
        self.row = row
        self.cell = cell


class InputError(AttentionError):
    """A value given to `attend` does not fit: its shape, its kind, its numbers."""


class TraceError(AttentionError):
    """A stage or cell that this trace does not have, or stages that do not fit together."""


class OptionError(AttentionError):
    """A magic's line asks for something that does not exist or does not fit."""


class SaveError(AttentionError):
    """A file that cannot be written there, or not under that name; nothing that was there before has changed."""


def did_you_mean(text: str, known: Iterable[str], write: Callable[[str], str] = str) -> str:
    """A question to end an error with, where one of the `known` words is close to `text`; otherwise nothing.

    >>> did_you_mean("--sede", ["--seed", "--mask"]), did_you_mean("Scoers", ["scores"], repr), did_you_mean("x", ["scores"])
    (' Did you mean --seed?', " Did you mean 'scores'?", '')
    """
    lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(text.lower(), lower, n=1)
    return f" Did you mean {write(lower[close[0]])}?" if close else ""
