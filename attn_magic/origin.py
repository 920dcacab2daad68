"""What made a file: the version, and the options and the seed that make it once more. No dates, so that saving twice gives the same bytes."""

import torch

from attn_magic.notation import format_label
from attn_magic.options import LOOKS
from attn_magic.trace import AttentionTrace
from attn_magic.version import version


def origin(trace: AttentionTrace) -> dict[str, str]:
    """What made `trace`, by name: the versions of attn_magic and torch and, where `attend` ran, the options it was asked for."""
    made = {"attn_magic": version(), "torch": torch.__version__.partition("+")[0]}
    if trace.module is None:
        return made
    return made | {name: format_label(str(value)) for name, value in vars(trace.options).items() if name not in LOOKS}


def describe_origin(trace: AttentionTrace) -> str:
    """The same as one line of text.

    `Made by attn_magic 0.1.0 with torch 2.9.0: seed=42, mask=none, scale=True, col_dim=1, weights=seeded, temperature=1.0`
    """
    made = origin(trace)
    options = ", ".join(f"{name}={value}" for name, value in list(made.items())[2:])
    return f"Made by attn_magic {made['attn_magic']} with torch {made['torch']}: {options or 'stages put together by hand'}"
