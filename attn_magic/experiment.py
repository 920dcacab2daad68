"""What if: a trace, changed a little and computed again by the same attention.

An experiment is what one run of `attend` was made from, and nothing that it computed; a change makes another experiment, so that every
earlier one can be gone back to. Changes come from a page, as data that somebody typed: whatever does not fit is refused in words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attn_magic.attention import SelfAttention, attend
from attn_magic.errors import InputError
from attn_magic.inputs import WEIGHT_NAMES, read_seed, read_temperature
from attn_magic.masks import GIVEN, NONE
from attn_magic.matrix import Matrix
from attn_magic.matrix.body import read_body
from attn_magic.matrix.mistake import Mistake
from attn_magic.matrix.numerals import DATA, find_fault, number_notices, read_floats, round_floats
from attn_magic.notation import Number, quote
from attn_magic.notices import Notice
from attn_magic.options import CONTROLS, Control, Options, arguments_of
from attn_magic.trace import AttentionTrace, Stage

EDITABLE = ("token_encodings", *WEIGHT_NAMES)
CHANGEABLE = tuple(CONTROLS)
MAX_STEPS = 100  # that can be undone
_MAX_CHARACTERS = 1000  # of one cell's text
_MAX_FAULTS = 20  # of one pasted block that are listed


class Refused(InputError):
    """A change that is not made. `cells` says why for each cell that is at fault: its stage, row and column, and a text."""

    def __init__(self, message: str, cells: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.cells = tuple(cells)


@dataclass(frozen=True, eq=False)
class Experiment:
    """All that `attend` needs to compute a trace once more.

    `weights` are None where they follow from the options: drawn with the seed, or the identity. `mask` is the reader's own; it is kept while
    another one, or none, is chosen.
    """

    x: Float[Tensor, "n d_model"]
    tokens: tuple[str, ...]
    columns: tuple[str, ...]
    notices: tuple[Notice, ...]
    options: Options
    weights: Mapping[str, Tensor] | None = None
    mask: Bool[Tensor, "n n"] | None = None

    def run(self) -> AttentionTrace:
        """The trace of this experiment, every stage computed anew."""
        options = self.options
        weights = "identity" if options.weights == "identity" else self.weights
        typed = Matrix(tuple(map(tuple, self.x.tolist())), self.tokens, self.columns, self.notices)
        trace = attend(typed, **arguments_of(options, weights, self.mask))
        return replace(trace, options=replace(trace.options, view=options.view, precision=options.precision))


def experiment_of(trace: AttentionTrace) -> Experiment | None:
    """The experiment that gives `trace`, or None where it did not come from `attend`: nobody knows how to compute it again."""
    if not isinstance(trace.module, SelfAttention) or [stage.name for stage in trace] != _stages_of_attention(trace.options):
        return None
    options, x = trace.options, trace["token_encodings"]
    return Experiment(
        x=x.value.clone(),
        tokens=trace.tokens,
        columns=tuple(x.columns.labels),
        notices=tuple(notice for notice in trace.notices if notice.code != "nonfinite"),  # that one is about results
        options=options,
        weights=_weights_of(trace) if options.weights == "given" else None,
        mask=trace["mask"].value.clone() if options.mask == GIVEN else None,
    )


def _stages_of_attention(options: Options) -> list[str]:
    scaled = ["scaled_scores"] if options.scale else []
    tempered = ["tempered_scores"] if options.temperature != 1 else []
    masked = [] if options.mask == NONE else ["mask", "masked_scores"]
    return [*EDITABLE, "query", "key", "value", "scores", *scaled, *tempered, *masked, "attention_weights", "output"]


def _weights_of(trace: AttentionTrace) -> dict[str, Tensor]:
    return {name: trace[name].value.clone() for name in WEIGHT_NAMES}


@dataclass(frozen=True)
class Change:
    """The experiment after a change, and what else the reader should know about it."""

    experiment: Experiment
    remark: str = ""


def change(experiment: Experiment, trace: AttentionTrace, wish: Mapping[str, Any]) -> Change:
    """What `wish`, one message of a page, makes of `experiment`, whose trace is `trace`.

    Edits of cells, {"kind": "edit", "cells": [{"stage", "row", "column", "text"}]}, are made all together or not at all. A cell of the mask is
    turned by {"kind": "toggle", "stage", "row", "column"}, an option set by {"kind": "option", "name", "value"}. Raises `InputError`, in a
    sentence for the reader, where that cannot be; nothing has changed then.
    """
    match wish:
        case {"kind": "edit", "cells": [_, *_] as cells}:
            return _edit(experiment, trace, [_read_cell(cell) for cell in cells])
        case {"kind": "toggle", "stage": str(stage), "row": int(row), "column": int(column)}:
            return _toggle(experiment, trace, stage, row, column)
        case {"kind": "option", "name": str(name), "value": value}:
            return _set_option(experiment, trace, name, value)
    raise InputError("This request says nothing that can be done.")


@dataclass(frozen=True)
class _Typed:
    """What was typed into one cell."""

    stage: str
    row: int
    column: int
    text: str


def _read_cell(cell: object) -> _Typed:
    match cell:
        case {"stage": str(stage), "row": int(row), "column": int(column), "text": str(text)}:
            return _Typed(stage, row, column, text)
    raise InputError("This request does not say which cell gets which text.")


def _edit(experiment: Experiment, trace: AttentionTrace, cells: list[_Typed]) -> Change:
    numbers, remarks, faults = [], [], []
    for cell in cells:
        try:
            number, remark = _read_typed(trace, cell)
        except InputError as error:
            faults.append({"stage": cell.stage, "row": cell.row, "column": cell.column, "text": str(error)})
        else:
            numbers.append(number)
            remarks.append(remark)
    if faults:
        _refuse(faults)
    edited = {stage: trace[stage].value.clone() for stage in {cell.stage for cell in cells}}
    for cell, number in zip(cells, numbers, strict=True):
        edited[cell.stage][cell.row, cell.column] = number
    if all(torch.equal(matrix, trace[stage].value) for stage, matrix in edited.items()):
        return Change(experiment)
    x = edited.pop("token_encodings", experiment.x)
    if edited:
        experiment = replace(experiment, weights=_weights_of(trace) | edited, options=replace(experiment.options, weights="given"))
    return Change(replace(experiment, x=x), " ".join(dict.fromkeys(filter(None, remarks))))


def _refuse(faults: list[dict[str, Any]]) -> NoReturn:
    others = len(faults) - 1
    more = f" {others} other cell{' is' if others == 1 else 's are'} refused, too." if others else ""
    raise Refused(f"{faults[0]['text']}{more}", faults[:_MAX_FAULTS])


def _read_typed(trace: AttentionTrace, cell: _Typed) -> tuple[float, str]:
    if cell.stage not in EDITABLE:
        raise InputError(f"{quote(cell.stage)} is computed: change what it is made from, {', '.join(EDITABLE)}.")
    _refuse_outside(trace[cell.stage], cell.row, cell.column)
    return read_number(cell.text)


def read_number(text: str) -> tuple[float, str]:
    """The number in `text`, by the rules of the matrix parser, and what float32 made of it where that shows.

    >>> read_number(" −1.5e3")
    (-1500.0, '')
    """
    if len(text) > _MAX_CHARACTERS:
        raise InputError(f"This text has {len(text):,} characters. A cell holds one number, like 3, -0.5 or 1e-3.")
    try:
        plain = read_body(text).plain.strip()
    except Mistake as mistake:
        raise InputError(f"{mistake.headline}. {mistake.advice}") from None
    numbers = read_floats([plain])
    rounded = None if numbers is None else round_floats(numbers)
    if rounded is None:
        fault = find_fault(plain)
        advice = "Type a number, like 3, -0.5 or 1e-3." if fault.advice == DATA else fault.advice  # which is about whole matrices
        raise InputError(f"{fault.headline}. {advice}")
    return rounded[0], " ".join(notice.text for notice in number_notices([plain], rounded))


def _toggle(experiment: Experiment, trace: AttentionTrace, name: str, row: int, column: int) -> Change:
    """Turn one cell of the mask. Without a mask, every query may attend to every key, and any query × key stage stands for it."""
    stage = trace[name]
    if (stage.rows.name, stage.columns.name) != ("query", "key"):
        raise InputError(f"{stage.name} is {stage.rows.name} × {stage.columns.name}, but a mask hides keys from queries.")
    _refuse_outside(stage, row, column)
    mask = _mask_of(trace)
    mask[row, column] = ~mask[row, column]
    return Change(replace(experiment, mask=mask, options=replace(experiment.options, mask="given")))


def _mask_of(trace: AttentionTrace) -> Bool[Tensor, "n n"]:
    n = len(trace.tokens)
    return trace["mask"].value.clone() if "mask" in trace else torch.ones(n, n, dtype=torch.bool, device="cpu")


def _set_option(experiment: Experiment, trace: AttentionTrace, name: str, value: object) -> Change:
    if name not in CONTROLS:
        raise InputError(f"There is no option {quote(name)} to change here, but {', '.join(CHANGEABLE)}.")
    chosen = _READERS[CONTROLS[name].kind](CONTROLS[name], value)
    options: Options = replace(experiment.options, **{name: chosen})
    if name == "seed":
        return _draw_weights(experiment, options)
    if name == "mask" and options.mask == GIVEN and experiment.mask is None:  # the reader's own begins as the one that is shown
        experiment = replace(experiment, mask=_mask_of(trace))
    return Change(experiment if options == experiment.options else replace(experiment, options=options))


def _draw_weights(experiment: Experiment, options: Options) -> Change:
    options, before, remark = replace(options, weights=Options.weights), experiment.options, ""
    if before.weights != options.weights:
        remark = f"New weights were drawn with seed {options.seed} in place of the {before.weights} ones. Undo brings those back."
    return Change(experiment if options == before else replace(experiment, options=options, weights=None), remark)


def _read_choice(control: Control, value: object) -> Any:
    for choice in control.choices:
        if type(value) is type(choice) and value == choice:
            return choice
    words = "; ".join(said for said, _ in control.choices.values())
    raise InputError(f"{control.subject} is {quote(value)}, but it is one of {words}.")


def _read_temperature(control: Control, value: object) -> Number:
    match value:
        case str():
            return read_temperature(read_number(value)[0])
        case bool():
            pass
        case int() | float():
            return read_temperature(value)
    raise InputError(f"The temperature is {quote(value)}, but it has to be a finite number above 0.")


def _read_seed(control: Control, value: object) -> int:
    """A seed, as a number or as the text that a field holds."""
    if isinstance(value, str) and re.fullmatch(r"\s*[-+−]?[0-9]{1,20}\s*", value):
        return read_seed(int(value.replace("−", "-")))
    if isinstance(value, int) and not isinstance(value, bool):
        return read_seed(value)
    raise InputError(f"The seed is {quote(value)}, but seeds are whole numbers from −2⁶³ to 2⁶⁴ − 1.")


_READERS: dict[str, Callable[[Control, object], Any]] = {  # by kind of control
    "choice": _read_choice,
    "temperature": _read_temperature,
    "seed": _read_seed,
}


def _refuse_outside(stage: Stage, row: int, column: int) -> None:
    for what, place, axis in (("row", row, stage.rows), ("column", column, stage.columns)):
        if not 0 <= place < len(axis):
            raise InputError(f"{stage.name} has {len(axis)} {what}{'' if len(axis) == 1 else 's'}, so there is no {what} {place + 1}.")


@dataclass(frozen=True, eq=False)
class History:
    """The experiments made so far: the one that is shown, those that lead to it, those that were undone, and the one it began with."""

    start: Experiment
    present: Experiment
    past: tuple[Experiment, ...] = ()
    future: tuple[Experiment, ...] = ()

    def go_on(self, experiment: Experiment) -> "History":
        """With `experiment` as the next step; what had been undone is forgotten."""
        if experiment is self.present:
            return self
        return History(self.start, experiment, (*self.past, self.present)[-MAX_STEPS:])

    def undo(self) -> "History":
        """One step back."""
        if not self.past:
            raise InputError("There is nothing to undo.")
        return History(self.start, self.past[-1], self.past[:-1], (self.present, *self.future))

    def redo(self) -> "History":
        """One step forward again."""
        if not self.future:
            raise InputError("There is nothing to redo.")
        return History(self.start, self.future[0], (*self.past, self.present), self.future[1:])

    def reset(self) -> "History":
        """At what was typed; a step like any other, so that it can be undone."""
        return self.go_on(self.start)
