"""Python and the explorer's JavaScript write the same numbers, labels and explanations: one table of cases holds for both.

The tables are `tests/data/notation_cases.json` and `tests/data/explanation_cases.json`; `tests/explorer/explanation.test.mjs` reads them too.
After a change of wording or of the record, write them anew and look at the difference:

    python -m tests.test_shared_cases
"""

import base64
import json
import math
import struct
from pathlib import Path

import pytest
import torch

from attn_magic.attention import attend
from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.explorer.serialize import serialize_record, serialize_values
from attn_magic.expressions import equate, evaluate, fold, format_constant
from attn_magic.notation import format_label, format_number, format_operand, read_number, shorten
from attn_magic.options import Options
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.palette import heat

from .traces import INDIAN, cross_attention_with_softcap, grouped_queries, with_constants

DATA = Path(__file__).parent / "data"
NOTATION, EXPLANATIONS = DATA / "notation_cases.json", DATA / "explanation_cases.json"

TIES = [0.03125, -0.03125, 0.00005, 0.5, 1.5, 2.5, 0.125, 1.00005, 123456.03125, 2**-14, 3 * 2**-15]
SIZES = [0.0, -0.0, 1.0, -1.5, 0.00004, 1e-26, 999999.0, 999999.99999, 1e6, 1234567.0, 9999999999.0, 9.99996e9]
ENDS = [3.4e38, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
FLOATS32 = [struct.unpack("<f", bits.to_bytes(4, "little"))[0] for bits in range(0x00800001, 0x7F7FFFFF, 0x0123_4567)]
NUMBERS = [*TIES, *SIZES, *ENDS, *FLOATS32, -0.30382653, 4.409999847412109, -2.0, -100.0, 1e-9]
CONSTANTS = [0.5, 2, 2.0, -1, -0.7, 0.1, 1e-4, 1e-5, -1.5e-7, 1e16, 1e15, 123456789012345.0, 2**31, 1e-3, 100000, 0.25]
LABELS = json.loads((DATA / "label_payloads.json").read_text(encoding="utf-8"))["payloads"]
WORDS = ["", "am", "नमस्ते", "مرحبا", "👩‍🚀"]
INVISIBLE = ["\u200b", "\u200d", "a\x00b", "\x1b[31mred", "\u202eabc", "l1\r\nl2", "\ud800", "\U000e0041", "\ufeff", "\uffff", "\x7f\xad"]
ACCENTS = "a" + "\u0301" * 50
TO_SHORTEN = [("four", 4), ("fives", 4), ("ab👩‍🚀cd", 5), ("ab👩‍🚀cdef", 6), ("abe\u0301fgh", 4), (ACCENTS, 4), ("x" * 41, 40), ("👍🏽" * 30, 8)]
EQUATIONS = [
    (("+", ("*", 0.5, 0.25), ("*", 2.0, -1.0)), -1.875),
    (("/", 3.0, ("sqrt", 2)), 3 / math.sqrt(2)),
    (("/", 1.0, 0.0), math.nan),
    (("exp", ("-", 1000.0, -5.0)), math.inf),
    (("-", 1.0, ("-", 2.0, -3.0)), -4.0),
    (("*", 2.0, ("+", 1.0, 3.0)), 8.0),
    (("/", 8.0, ("*", 2.0, 2.0)), 2.0),
    (("where", False, 1.0, -math.inf), -math.inf),
    (("*", 1.5, ("tanh", ("/", 7.0, 1.5))), 1.5 * math.tanh(7 / 1.5)),
    (("max", 1.0, math.nan), math.nan),
    (("+", 1e5, 0.123456789), 100000.125),
    (("sqrt", ("+", 9.0, 16.0)), 5.0),
    (fold("+", [0.1 * count for count in range(20)], 4), evaluate(("+", *(0.1 * count for count in range(20))))),
]
HEATS = [
    *[(0.0, -2.0, 1.0), (1.0, 0.0, 1.0), (0.3, 0.0, 1.0), (-0.7, -2.0, 1.0), (0.9, -2.0, 1.0), (5.0, 5.0, 5.0), (-2.0, -2.0, 1.0)],
    *[(0.0, 0.0, 0.0), (-0.0, -0.0, -0.0), (0.0, -0.0, 0.0), (-5.0, -5.0, -5.0), (0.0, 0.0, 1e-30)],
]


def write_notation_cases() -> dict:
    """Numbers are written as texts, because JSON knows neither −0 nor ∞."""
    operands = [(value, precision, format_operand(value, precision)) for value in NUMBERS for precision in (0, 6, 12)]
    labels = [*(payload["label"] for payload in LABELS if len(payload.get("label", "")) in range(1, 300)), *WORDS, *INVISIBLE]
    return {
        "format_number": [[repr(value), precision, format_number(value, precision)] for value in NUMBERS for precision in (0, 2, 4)],
        "format_operand": [[repr(value), precision, text] for value, precision, text in operands],
        "format_constant": [[repr(float(value)), format_constant(value)] for value in [*CONSTANTS, *NUMBERS]],
        "read_number": [[text, repr(read_number(text))] for text in sorted({text for _, _, text in operands})],
        "format_label": [[label, format_label(label)] for label in dict.fromkeys(labels)],
        "shorten": [[text, most, shorten(text, most)] for text, most in TO_SHORTEN],
        "equate": [[_as_json(expression), repr(float(value)), equate(expression, value, 4)] for expression, value in EQUATIONS],
        "heat": [[*map(repr, numbers), *heat(*numbers)] for numbers in HEATS],
    }


def _as_json(expression):
    if isinstance(expression, tuple):
        return [expression[0], *map(_as_json, expression[1:])]
    return ["number", repr(expression)] if isinstance(expression, float) and not math.isfinite(expression) else expression


def make_traces() -> dict[str, AttentionTrace]:
    some_hidden = torch.tensor([[True, True, False], [False, False, False], [True, False, True]])
    wide = torch.randn(4, 11, generator=torch.Generator().manual_seed(1))
    return {
        "plain": attend(INDIAN, tokens="I am Indian"),
        "causal, tempered": attend(INDIAN, tokens="I am Indian", mask="causal", temperature=0.7),
        "a row with nothing to attend to": attend(INDIAN, tokens=["{column}", "\x1b[31m{row}", "x" * 100], mask=some_hidden),
        "softmax down the columns": attend(INDIAN, col_dim=0, scale=False),
        "long sums": attend(wide),
        "large": attend([[1e5, 12345.678], [-1e5, 3.0]]),
        "too large": attend([[2e38, 1.0], [1.0, 3.0]], weights="identity"),
        "two heads": cross_attention_with_softcap(),
        "grouped queries": grouped_queries(),
        "constants": with_constants(),
    }


def write_explanation_cases() -> dict:
    return {
        name: {**_write_record(trace), "cells": [_write_cell(trace, *cell) for cell in _cells_of(trace)]} for name, trace in make_traces().items()
    }


def _write_record(trace: AttentionTrace) -> dict:
    record = json.loads(serialize_record(trace))
    record["check"] = ""  # differs between machines in its last digit
    return {"record": record, "values": base64.b64encode(serialize_values(trace)).decode("ascii")}


def _cells_of(trace: AttentionTrace):
    for stage in trace:
        cells = torch.ones(stage.shape).nonzero().tolist()
        for *head, row, column in cells if len(cells) <= 9 else cells[:: len(cells) // 6]:
            yield stage.name, row, column, head[0] if head else None


def _write_cell(trace: AttentionTrace, stage: str, row: int, column: int, head: int | None) -> dict:
    explanation = trace.explain(stage, row, column, head)
    short = trace.explain(stage, row, column, head, max_terms=4)
    return {
        "place": [stage, row, column, head],
        "value": str(explanation.value),
        "formula": explanation.formula,
        "lines": list(explanation.lines),
        **({} if short.lines == explanation.lines else {"short": list(short.lines)}),
        "sentence": explanation.sentence,
        "terms": [[[source.stage, source.row, source.column, source.head] for source in term] for term in explanation.terms],
    }


def read_trace(record: dict, values: bytes) -> AttentionTrace:
    """The trace that a record and its numbers were made from, as far as they tell."""

    def axis(told):
        return told and Axis(told["name"], record["tokens"] if told["labels"] == "tokens" else told["labels"])

    stages = []
    for told in record["stages"]:
        value = _read_numbers(told, values).reshape(told["shape"])
        words = {key: told[key] for key in ("name", "title", "symbol", "act", "meaning", "sentence")}
        axes = {key: axis(told[key]) for key in ("rows", "columns", "heads")}
        stages.append(Stage(**words, **axes, value=value, equation=_read_equation(told["equation"])))
    options = Options(**record["options"], precision=record["precision"])
    return AttentionTrace(tuple(stages), tuple(record["tokens"]), options)


def _read_numbers(told: dict, values: bytes) -> torch.Tensor:
    count, offset = math.prod(told["shape"]), told["offset"]
    if told["mask"]:
        return torch.tensor([bool(values[offset + cell // 8] >> cell % 8 & 1) for cell in range(count)])
    return torch.frombuffer(bytearray(values), dtype=torch.float32, count=count, offset=offset)


def _read_equation(told):
    match told:
        case {"kind": "contraction"}:
            return Contraction(told["indices"], tuple(told["operands"]))
        case {"kind": "elementwise"}:
            return Elementwise(_read_expression(told["expression"]), told["constants"])
        case {"kind": "softmax"}:
            return Softmax(told["operand"], told["over"])


def _read_expression(told):
    match told:
        case ["number", text]:
            return float(text)
        case [name, *arguments]:
            return (name, *map(_read_expression, arguments))
    return told


def to_json(cases: dict) -> str:
    """One case a line, so that a difference can be read."""
    blocks = []
    for name, content in cases.items():
        if isinstance(content, list):
            blocks.append(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(case) for case in content) + "\n]")
        else:
            cells = ",\n".join(json.dumps(cell) for cell in content["cells"])
            head = f'"record": {json.dumps(content["record"])},\n"values": {json.dumps(content["values"])}'
            blocks.append(f'{json.dumps(name)}: {{\n{head},\n"cells": [\n{cells}\n]}}')
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def test_the_table_of_numbers_and_labels_is_what_python_writes_today():
    assert to_json(write_notation_cases()) == NOTATION.read_text(encoding="ascii"), "stale: python -m tests.test_shared_cases"


@pytest.mark.parametrize("name", make_traces())
def test_the_table_of_explanations_is_what_python_says_today(name):
    """The stored numbers are explained, not newly computed ones, whose last bits differ between machines."""
    case = json.loads(EXPLANATIONS.read_text(encoding="ascii"))[name]
    trace = read_trace(case["record"], base64.b64decode(case["values"]))
    told = _write_record(trace)
    assert told["values"] == case["values"]
    assert told["record"]["stages"] == case["record"]["stages"]
    assert told["record"].keys() == case["record"].keys(), "stale: python -m tests.test_shared_cases"
    for cell in case["cells"]:
        assert _write_cell(trace, *cell["place"]) == cell, "stale: python -m tests.test_shared_cases"


def test_the_table_of_explanations_has_every_trace():
    assert json.loads(EXPLANATIONS.read_text(encoding="ascii")).keys() == make_traces().keys()


if __name__ == "__main__":
    NOTATION.write_text(to_json(write_notation_cases()), encoding="ascii")
    EXPLANATIONS.write_text(to_json(write_explanation_cases()), encoding="ascii")
