"""Labels that somebody could put into a matrix, from tests/data/label_payloads.json: every one is data, in every file."""

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "label_payloads.json"


def _text(payload: dict[str, Any]) -> str:
    return payload["label"] if "label" in payload else "".join(text * count for text, count in payload["label_parts"])


PAYLOADS = json.loads(_FILE.read_text(encoding="utf-8"))["payloads"]
LABELS = {payload["id"]: _text(payload) for payload in PAYLOADS}
EXPECTED = {payload["id"]: payload.get("expect", {}) for payload in PAYLOADS}
FAMILIES = {payload["id"]: payload["family"] for payload in PAYLOADS}
