"""What a user has, as the tensors attention needs: matrices, tokens, masks and weights of any make, or a clear refusal.

Every reader copies: what is done to the user's own object later does not reach a trace.
"""

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor, nn

from attn_magic.errors import InputError
from attn_magic.limits import find_excess
from attn_magic.masks import MASKS
from attn_magic.matrix import Matrix
from attn_magic.notation import Number, count, format_label, quote, shorten
from attn_magic.notices import Notice
from attn_magic.options import SEEDS

Array: TypeAlias = NDArray[Any]

WEIGHT_NAMES = ("W_q", "W_k", "W_v")
_BEYOND_FLOATS = 2**1024
_EXACT_INTEGERS = 2**24  # every integer up to here is a float32


@dataclass(frozen=True)
class Encodings:
    """Token encodings as read: tokens × d_model in float32, and what came with them."""

    values: Float[Tensor, "n d_model"]
    tokens: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    notices: tuple[Notice, ...] = ()


def read_encodings(x: object) -> Encodings:
    """Token encodings from a `Matrix`, tensor, array, DataFrame (its index become tokens) or nested list.

    Raises `InputError` for anything but a finite real matrix; a single row of numbers is read as one token, with a notice.
    """
    if isinstance(x, Matrix):
        values = torch.tensor(x.values, dtype=torch.float32, device="cpu")
        partial = any(notice.code == "partial-labels" for notice in x.notices)
        return Encodings(values, _name_all(x.labels) if partial else x.labels, x.columns, x.notices)
    if isinstance(x, str):
        raise InputError("The input is text. Turn it into a matrix first: attend(parse_matrix(text)).")
    tokens, columns = _frame_labels(x)
    array = _read_array(x)
    values, notices = _as_float32(array.reshape(1, -1) if array.ndim == 1 else array)
    if array.ndim == 1:
        notices = (Notice("one-dim", f"A single list of {len(array)} numbers was read as one token with {len(array)} features."), *notices)
    return Encodings(values, tokens, columns, notices)


def _name_all(labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Labels in which the rows that were typed without one are counted."""
    return labels and tuple(label or f"token {place}" for place, label in enumerate(labels, start=1))


def _frame_labels(x: Any) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The row and column names of a DataFrame, where it has more than counted them."""
    if not (hasattr(x, "index") and hasattr(x, "columns") and hasattr(x, "to_numpy")):
        return None, None
    named = (None if all(isinstance(name, int) for name in axis) else tuple(str(name) for name in axis) for axis in (x.index, x.columns))
    tokens, columns = named
    return tokens, columns


def _read_array(x: Any) -> Array:
    array = _as_array(x)
    if array.dtype.kind not in "iuf":
        raise InputError(f"The input holds {_kind(array)}, but token encodings are real numbers.{_mask_hint(array)}")
    if array.ndim == 0:
        raise InputError("The input is a single number. Token encodings are a matrix with one row per token, such as [[1.16, 0.23], [0.57, 1.36]].")
    if array.ndim > 2:
        raise InputError(f"The input is {array.ndim}-D ({_shape(array)}), but one matrix is needed, one row per token. Pick one, as in x[0].")
    if array.size == 0:
        raise InputError(f"The input is empty ({_shape(array)}). Token encodings need at least one row and one column.")
    return array


def _as_array(x: Any) -> Array:
    if isinstance(x, Tensor):
        return _tensor_as_array(x.detach().to("cpu"))
    if hasattr(x, "__array__"):
        _refuse_masked_cells(x)
        array = np.asarray(x)
        return _read_rows(array.tolist()) if array.dtype.kind == "O" and array.ndim else array
    if isinstance(x, list | tuple):
        return _read_rows(x)
    raise InputError(f"The input is of type {type(x).__name__}. It should be a matrix: a tensor, an array, a DataFrame or a list of rows.")


def _refuse_masked_cells(x: object) -> None:
    """A masked cell still has a number behind its mask, which its owner does not want to be used."""
    if not isinstance(x, np.ma.MaskedArray):
        return
    places = np.argwhere(np.ma.getmaskarray(x))
    if len(places):
        where = ", ".join(f"{axis} {place + 1}" for axis, place in zip(("row", "column"), places[0], strict=False))
        hidden = count(len(places), "cell")
        raise InputError(f"This masked array hides {hidden}, the first in {where or 'its only place'}. Fill them, as in x.filled(0).")


def _tensor_as_array(x: Tensor) -> Array:
    dense = x.to_dense() if x.layout != torch.strided else x
    plain = dense.double() if dense.is_floating_point() else dense.resolve_conj()  # numpy has no bfloat16
    return np.asarray(plain.resolve_neg().numpy())


def _read_rows(rows: Any) -> Array:
    """A nested list as an array, or which of its rows or cells is wrong."""
    rows = _plain(rows)
    _refuse_uneven(rows)
    cells = _named_cells(rows)
    all_truth_values = all(isinstance(cell, bool) for _, cell in cells)
    for where, cell in cells:
        if not isinstance(cell, list | numbers.Number) or (isinstance(cell, bool) and not all_truth_values):
            raise InputError(f"{where} is {quote(cell, 80)}, which is no number.")
        if isinstance(cell, int) and abs(cell) >= _BEYOND_FLOATS:
            raise InputError(f"{where} is too large a whole number for any kind of float.")
    try:
        array = np.array(rows)
        return array.astype(np.float64) if array.dtype.kind == "O" else array
    except (ValueError, TypeError):
        raise InputError("The list is nested unevenly. Token encodings are a list of rows, each a list of as many numbers.") from None


def _plain(value: Any) -> Any:
    """`value` with the tensors and arrays inside it as lists and numbers."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _nested(rows: list[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], list)


def _named_cells(rows: list[Any]) -> list[tuple[str, Any]]:
    if _nested(rows):
        return [(f"Row {i}, cell {j}", cell) for i, row in enumerate(rows, start=1) for j, cell in enumerate(row, start=1)]
    return [(f"Cell {j}", cell) for j, cell in enumerate(rows, start=1)]


def _refuse_uneven(rows: list[Any]) -> None:
    if not _nested(rows):
        return
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, list):
            raise InputError(f"Row {place} is {quote(row, 80)}, but row 1 is a row of {count(len(rows[0]), 'number')}.")
        if len(row) != len(rows[0]):
            wanted = "Every row is one token, so all rows need the same length."
            raise InputError(f"Row {place} has {count(len(row), 'number')}, but row 1 has {len(rows[0])}. {wanted}")


def _as_float32(array: Array) -> tuple[Float[Tensor, "n d_model"], tuple[Notice, ...]]:
    excess = find_excess(*array.shape)
    if excess:
        raise InputError(f"{excess}. Take part of it, as in x[:512] for the first 512 tokens.")
    wide = array.astype(np.float64)
    for place in np.argwhere(~np.isfinite(wide)):
        row, column = place.tolist()
        raise InputError(f"Row {row + 1}, cell {column + 1} is {wide[row, column]}. Softmax would spread it: every number has to be finite.")
    with np.errstate(over="ignore"):
        single = wide.astype(np.float32)
    for place in np.argwhere(np.isinf(single)):
        row, column = place.tolist()
        raise InputError(f"Row {row + 1}, cell {column + 1} is {wide[row, column]:g}, beyond the largest float32 number, 3.4e+38.")
    values = torch.tensor(wide, dtype=torch.float32, device="cpu")
    return values, tuple(_rounding_notices(array, values.numpy()))


def _rounding_notices(array: Array, values: Array) -> list[Notice]:
    notices = []
    if array.dtype.kind in "iu" and (np.abs(array.astype(np.float64)) > _EXACT_INTEGERS).any() and (values.astype(np.float64) != array).any():
        notices.append(Notice("precision", "Some whole numbers are too long for float32 and were rounded to about 7 digits."))
    if ((values == 0) & (array != 0)).any():
        notices.append(Notice("underflow", "Some numbers are too small for float32 and were rounded to 0."))
    return notices


def read_seed(seed: int) -> int:
    """A seed that torch's generators take."""
    if seed not in SEEDS:
        raise InputError(f"The seed is {seed}, but seeds go from −2⁶³ to 2⁶⁴ − 1.")
    return seed


def read_temperature(temperature: Number) -> Number:
    """A temperature that scores can be divided by."""
    if not 0 < temperature < float("inf"):
        raise InputError(f"The temperature is {temperature}, but it has to be a finite number above 0.")
    return temperature


def read_tokens(tokens: str | Iterable[object] | None, n: int) -> tuple[str, ...] | None:
    """One token for each of `n` rows, as they come, or from a text whose words they are."""
    if tokens is None:
        return None
    words = tuple(tokens.split()) if isinstance(tokens, str) else tuple(str(token) for token in tokens)
    if len(words) != n:
        shown = shorten(" ".join(format_label(word) for word in words), 80)
        raise InputError(f"The matrix has {count(n, 'row')}, so it needs {count(n, 'token')}, but {len(words)} came: {shown or 'no word at all'}")
    return words


def read_mask(mask: object, n: int) -> Bool[Tensor, "n n"] | None:
    """The mask that `attend` was given: None, a name in `MASKS`, or a matrix of truth values that are True where a query may attend to a key."""
    if mask is None:
        return None
    if isinstance(mask, str):
        if mask in MASKS:
            return MASKS[mask].make(n, n)
        raise InputError(f"There is no mask {format_label(mask)!r}. A mask is None, {', '.join(map(repr, MASKS))} or a matrix of True and False.")
    array = _as_array(mask)
    if array.dtype.kind != "b":
        raise InputError(
            f"The mask holds {_kind(array)}, but True and False are needed; True means that this query (row) may attend to this key (column). "
            "If it is additive, with 0 where attending is allowed and −∞ elsewhere, pass mask == 0."
        )
    if array.shape != (n, n):
        raise InputError(f"The mask is {_shape(array)}, but {count(n, 'token')} need {n} × {n}: one row per query, one column per key.")
    return torch.tensor(array, dtype=torch.bool, device="cpu")


def read_weights(weights: object, d_model: int) -> dict[str, Float[Tensor, "out in"]]:
    """`W_q`, `W_k` and `W_v` in torch's orientation, out × in, from "identity", a module that has them, or a mapping.

    Raises `InputError` where one is missing, has a bias, or does not fit: all take `d_model` features in, `W_q` and `W_k` give equally many.
    """
    if isinstance(weights, str):
        if weights == "identity":
            return {name: torch.eye(d_model, dtype=torch.float32, device="cpu") for name in WEIGHT_NAMES}
        raise InputError(f"There are no weights {format_label(weights)!r}. Weights are 'identity', a module or a mapping that has W_q, W_k and W_v.")
    found = {name: _find_weight(weights, name) for name in WEIGHT_NAMES}
    read = {name: _read_weight(name, weight, d_model) for name, weight in found.items()}
    if len(read["W_q"]) != len(read["W_k"]):
        raise InputError(
            f"W_q gives {len(read['W_q'])} numbers per token and W_k gives {len(read['W_k'])}, "
            "but a query and a key are compared number by number: both need d_k rows."
        )
    return read


def _find_weight(weights: Any, name: str) -> Any:
    if isinstance(weights, Mapping):
        for key in (name, f"{name}.weight"):  # the second is how a state_dict calls it
            if key in weights:
                return weights[key]
        keys = ", ".join(shorten(format_label(str(key))) for key in list(weights)[:10]) or "nothing"
        raise InputError(f"The weights lack {name}. They need W_q, W_k and W_v, and hold {keys}.")
    if not hasattr(weights, name):
        raise InputError(f"The weights lack {name}: an object of type {type(weights).__name__} should have W_q, W_k and W_v.")
    return getattr(weights, name)


def _read_weight(name: str, weight: Any, d_model: int) -> Float[Tensor, "out in"]:
    if isinstance(weight, nn.Module):
        if getattr(weight, "bias", None) is not None:
            raise InputError(f"{name} has a bias, which this attention leaves out. Use nn.Linear(..., bias=False), or pass {name}.weight alone.")
        weight = getattr(weight, "weight", None)
    if weight is None:
        raise InputError(f"{name} has no weight matrix.")
    try:
        array = _read_array(weight)
        values, _ = _as_float32(array.reshape(1, -1) if array.ndim == 1 else array)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if array.ndim == 1:
        raise InputError(f"{name} is a single row of {count(len(array), 'number')}, but a matrix is needed, out × in.")
    if values.shape[1] != d_model:
        turned = f" Its transpose would fit: {name}.T." if values.shape[0] == d_model else ""
        raise InputError(
            f"{name} is {_shape(values)}, but tokens have {count(d_model, 'feature')}. "
            f"Weights are out × in, as nn.Linear stores them (used as X Wᵀ), so {name} needs {count(d_model, 'column')}.{turned}"
        )
    return values


def _kind(array: Array) -> str:
    kinds = {"b": "truth values", "c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "times", "O": "Python objects"}
    return kinds.get(array.dtype.kind, "numbers")


def _mask_hint(array: Array) -> str:
    return " A mask goes into mask=…" if array.dtype.kind == "b" else ""


def _shape(array: Tensor | Array) -> str:
    return " × ".join(str(size) for size in array.shape) or "a single value"
