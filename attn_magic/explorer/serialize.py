"""A trace as a page can hold it: one text about its stages, the record, and one run of bytes with all their numbers.

Numbers travel as bytes because JSON would take three times as much and knows neither NaN nor −∞. The text is ASCII, and `<`, `>` and `&`
are escaped, so that it stays inert wherever it is put: a widget's state, a script element, a saved notebook.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from attn_magic.equations import Contraction, Elementwise, Equation, Softmax
from attn_magic.errors import TraceError
from attn_magic.expressions import Expression
from attn_magic.formats import COPIED
from attn_magic.notation import Number
from attn_magic.options import CONTROLS, LOOKS, Options
from attn_magic.trace import AttentionTrace, Axis, Stage

MAX_BYTES = 8_000_000  # of one trace's record and numbers; 512 tokens × 64 features with a mask and a temperature take 6.0 million
_MARKUP = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_EXACT_IN_JAVASCRIPT = 2**53


@dataclass(frozen=True)
class Abilities:
    """What the reader of a page may change: cells of the stages in `edit`, cells of the mask, some of the options; and where to go back to."""

    edit: tuple[str, ...] = ()
    mask: bool = False
    options: tuple[str, ...] = ()
    undo: bool = False
    redo: bool = False
    reset: bool = False


NO_ABILITIES = Abilities()


def serialize_record(trace: AttentionTrace, can: Abilities = NO_ABILITIES, *, mask_stage: str | None = None, revision: int = 0) -> str:
    """The record of `trace` as JSON: its tokens, options and notices, and for each stage its axes, its words, its equation and where its numbers are.

    `can` is what somebody behind the page is able to recompute, `mask_stage` the stage whose cells are clicked to hide and show keys, and
    `revision` counts, so that two records with the same words but other numbers are not the same text.
    """
    found = trace.first_nonfinite()
    stages, offset = [], 0
    for stage in trace:
        stages.append(_serialize_stage(stage, trace.tokens, offset))
        offset += _size(stage)
    record = {
        "revision": revision,
        "precision": trace.options.precision,
        "tokens": list(trace.tokens),
        "options": _serialize_options(trace.options),
        "notices": [{"code": notice.code, "text": notice.text} for notice in trace.notices],
        "check": str(trace.check()),
        "nonfinite": None if found is None else {"stage": found[0].name, "place": list(found[1])},
        "can": {**asdict(can), "options": [_serialize_control(name) for name in can.options]},
        "copies": _COPIES,
        "maskStage": mask_stage,
        "stages": stages,
    }
    return json.dumps(record, allow_nan=False, separators=(",", ":")).translate(_MARKUP)


def serialize_values(trace: AttentionTrace) -> bytes:
    """The numbers of all stages, one after another, row by row and head by head: float32, little-endian.

    A mask is one bit for each cell, eight to a byte and the first in the lowest place; what is left of its last byte is 0.
    """
    return b"".join(map(_read, trace))


def refuse_too_long(trace: AttentionTrace) -> None:
    """Raise `TraceError` where the numbers and labels of `trace` are more than a page should hold, before any of them is read."""
    size = sum(_size(stage) for stage in trace) + sum(map(len, trace.tokens))
    if size > MAX_BYTES:
        rows, columns = trace.stages[0].shape[-2:]
        raise TraceError(
            f"The explorer would have to hold {size / 1e6:,.1f} MB for all stages of {rows:,} × {columns:,}; its limit is {MAX_BYTES / 1e6:.0f} MB. "
            "Take part of the matrix, as in x[:512] for the first 512 tokens."
        )


def _serialize_stage(stage: Stage, tokens: tuple[str, ...], offset: int) -> dict[str, Any]:
    return {
        "name": stage.name,
        "title": stage.title,
        "symbol": stage.symbol,
        "act": stage.act,
        "meaning": stage.meaning,
        "sentence": stage.sentence,
        "rows": _serialize_axis(stage.rows, tokens),
        "columns": _serialize_axis(stage.columns, tokens),
        "heads": None if stage.heads is None else _serialize_axis(stage.heads, tokens),
        "mask": stage.is_mask,
        "shape": list(stage.shape),
        "offset": offset,
        "equation": _serialize_equation(stage.equation),
    }


def _serialize_axis(axis: Axis, tokens: Sequence[str]) -> dict[str, Any]:
    # Most axes are the tokens again: their labels are written once.
    return {"name": axis.name, "labels": "tokens" if tuple(axis.labels) == tokens else list(axis.labels)}


def _serialize_equation(equation: Equation | None) -> dict[str, Any] | None:
    match equation:
        case None:
            return None
        case Contraction():
            return {"kind": "contraction", "indices": equation.indices, "operands": list(equation.operands)}
        case Elementwise():
            constants = {name: _serialize_number(value) for name, value in equation.constants.items()}
            return {"kind": "elementwise", "expression": _serialize_expression(equation.expression), "constants": constants}
        case Softmax():
            return {"kind": "softmax", "operand": equation.operand, "over": equation.over}


def _serialize_expression(expression: Expression) -> Any:
    if isinstance(expression, tuple):
        return [expression[0], *(_serialize_expression(argument) for argument in expression[1:])]
    return expression if isinstance(expression, str | bool) else _serialize_number(expression)


def _serialize_number(value: Number) -> Any:
    """A JSON number, or ["number", "-inf"] for what JSON has no number for."""
    return value if math.isfinite(value) else ["number", str(float(value))]


def _serialize_options(options: Options) -> dict[str, Any]:
    return {name: _serialize_option(value) for name, value in vars(options).items() if name not in LOOKS}


def _serialize_control(name: str) -> dict[str, Any]:
    control = CONTROLS[name]
    choices = [[value, label] for value, (_, label) in control.choices.items()]
    return {"name": name, "label": control.label, "kind": control.kind, "choices": choices}


_COPIES = [{"name": form.name, "label": form.label, "ending": form.ending, "ofStage": form.stage is not None} for form in COPIED.values()]


def _serialize_option(value: Any) -> Any:
    if isinstance(value, float):
        return _serialize_number(value)
    # JavaScript rounds longer whole numbers; as a text they stay what they are.
    return str(value) if isinstance(value, int) and abs(value) >= _EXACT_IN_JAVASCRIPT else value


def _size(stage: Stage) -> int:
    cells = math.prod(stage.shape)
    return -(-cells // 8) if stage.is_mask else 4 * cells


def _read(stage: Stage) -> bytes:
    heads = [stage.window(slice(None), slice(None), head).detach() for head in (range(len(stage.heads)) if stage.heads else [None])]
    if stage.is_mask:
        return np.packbits(np.stack([head.to("cpu").numpy() for head in heads]), bitorder="little").tobytes()
    return b"".join(head.to(device="cpu", dtype=torch.float32).contiguous().numpy().astype("<f4", copy=False).tobytes() for head in heads)
