"""What a reader should know about a result that is right: something was normalised, ignored, rounded or assumed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One sentence for the reader, and a `code` that names its kind for programs."""

    code: str
    text: str
