"""Labels that somebody could put into a matrix, from tests/data/label_payloads.json: every one is data, in every file."""

import json
from pathlib import Path
from typing import Any

import torch

from attn_magic.trace import AttentionTrace, Axis, Stage

_FILE = Path(__file__).parent / "data" / "label_payloads.json"


def _text(payload: dict[str, Any]) -> str:
    return payload["label"] if "label" in payload else "".join(text * count for text, count in payload["label_parts"])


PAYLOADS = json.loads(_FILE.read_text(encoding="utf-8"))["payloads"]
LABELS = {payload["id"]: _text(payload) for payload in PAYLOADS}
EXPECTED = {payload["id"]: payload.get("expect", {}) for payload in PAYLOADS}
FAMILIES = {payload["id"]: payload["family"] for payload in PAYLOADS}


def in_batches(size: int) -> list[list[str]]:
    """All labels, so many at a time that one matrix shows them all; the last batch is filled up with the first labels."""
    labels = list(LABELS.values())
    labels += labels[: -len(labels) % size]
    return [labels[start : start + size] for start in range(0, len(labels), size)]


def column(labels: list[str]) -> AttentionTrace:
    """A column of numbers with these labels, and nothing else."""
    values = torch.arange(1.0, len(labels) + 1)[:, None] * torch.tensor([0.5, -0.1])
    stage = Stage("token_encodings", "Token encodings", "X", "Project", "A test.", values, Axis("token", labels), Axis("d", ("dim 1", "dim 2")))
    return AttentionTrace((stage,), tuple(labels))
