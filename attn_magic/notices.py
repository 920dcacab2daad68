"""What a reader should know about their input although nothing is wrong with it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One thing to say: `code` names its kind, `text` is a sentence in the reader's words."""

    code: str
    text: str
