"""All numbers of a trace for programs: NumPy's .npz and torch's .pt, neither of which needs pickle to be read."""

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attn_magic.equations import Contraction, Elementwise, Softmax
from attn_magic.excerpt import read_whole
from attn_magic.origin import origin
from attn_magic.trace import AttentionTrace, Stage

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can have


def to_npz(trace: AttentionTrace) -> bytes:
    """Every stage as an array under its own name, the tokens, and all else as JSON under "about".

    `numpy.load(path)` gives them; `numpy.load(path)["scores"]`, `json.loads(str(numpy.load(path)["about"]))`.
    """
    arrays: dict[str, NDArray[Any]] = {stage.name: _as_array(stage) for stage in trace}
    extra = {"tokens": np.array(trace.tokens, dtype=np.str_), "about": np.array(json.dumps(about(trace)))}
    arrays |= {_free(name, arrays): array for name, array in extra.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(_entry(f"{name}.npy"), _npy(array), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def to_pt(trace: AttentionTrace) -> bytes:
    """Every stage as a tensor under its own name, the tokens, and all else under "about": what `torch.load(path, weights_only=True)` gives."""
    content: dict[str, Any] = {stage.name: read_whole(stage).clone() for stage in trace}
    content |= {_free(name, content): value for name, value in (("tokens", list(trace.tokens)), ("about", about(trace)))}
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def about(trace: AttentionTrace) -> dict[str, Any]:
    """What the numbers are: what made them, the tokens, and the axes and the equation of each stage."""
    return {"made_by": origin(trace), "tokens": list(trace.tokens), "stages": {stage.name: _describe(stage) for stage in trace}}


def _describe(stage: Stage) -> dict[str, Any]:
    axes = [{"name": axis.name, "labels": list(axis.labels)} for axis in stage.axes]
    return {"title": stage.title, "symbol": stage.symbol, "act": stage.act, "axes": axes, "equation": _write_equation(stage)}


def _write_equation(stage: Stage) -> str | None:
    match stage.equation:
        case Contraction() as equation:
            return f'einsum("{equation.indices}", {", ".join(equation.operands)})'
        case Elementwise() as equation:
            return json.dumps({"expression": equation.expression, "constants": equation.constants})
        case Softmax() as equation:
            return f"softmax({equation.operand}) over {equation.over}"
        case _:
            return None


def _as_array(stage: Stage) -> NDArray[Any]:
    values = read_whole(stage)
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()  # NumPy has no bfloat16


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_DATE)
    entry.create_system = 3  # the same bytes on every system
    entry.external_attr = 0o644 << 16
    return entry


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array) if array.ndim else array, allow_pickle=False)
    return file.getvalue()
