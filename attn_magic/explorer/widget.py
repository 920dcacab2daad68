"""The live view of a trace: a widget that holds its record and numbers, and computes it anew when somebody tries something.

Everything that is drawn, pointed at and explained is `explorer.js` and what it imports, in the browser. What comes back from there is the
place that is looked at and wishes for changes; every number shown comes from `attend`.
"""

import hashlib
import operator
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import anywidget
import torch
from traitlets import Any as AnyTrait
from traitlets import Bytes, Instance, Int, TraitError, Unicode, default, validate

from attn_magic.errors import AttentionError, TraceError
from attn_magic.experiment import CHANGEABLE, EDITABLE, Change, Experiment, History, Refused, change, experiment_of
from attn_magic.explorer.bundle import module_text, stylesheet_text
from attn_magic.explorer.serialize import Abilities, refuse_too_long, serialize_record, serialize_values
from attn_magic.formats import copy_of
from attn_magic.notation import format_label
from attn_magic.trace import AttentionTrace, Stage

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Focus: TypeAlias = dict[str, Any]  # {"stage": name, "row": place, "column": place, "head": place or None}
Reply: TypeAlias = dict[str, Any]

_INTERRUPTED = "Interrupted before it was done: nothing has changed."

# The tables (.attn-magic) give way to the explorer in the next output once that is drawn (.attn-magic-live). Where it cannot be, because the
# kernel is gone and its state was not saved, JupyterLab would write an error there: that gives way to the tables. `:has` inside `:has` is
# invalid, so the first rule looks ahead with + instead. What other cells print has a type; a widget's output and that error have none.
BESIDE_AN_EXPLORER = (
    "<style>"
    ".jp-OutputArea-child:has(.attn-magic):has(+ .jp-OutputArea-child .attn-magic-live),"
    ".jp-OutputArea-child:has(.attn-magic) + .jp-OutputArea-child:not(:has(.attn-magic-live)):not(:has([data-mime-type]))"
    "{display:none}"
    "</style>"
)


class Explorer(anywidget.AnyWidget):
    """Every stage of a trace to look at, to step through and to try things on; it goes into `VBox`, `HBox` and `Tab` like any widget.

    `explorer.trace` is always the trace that is shown, also after somebody has edited it in the browser. `explorer.focus` is the cell that
    is pinned, None or a stage, row, column and head; `explorer.step` is the last stage that is revealed, counted from 0. Both can be set,
    and all three observed:

        explorer = trace.explorer()
        explorer.focus = ("scores", 2, 0)
        explorer.observe(print, "focus")
    """

    _anywidget_id = Unicode("attn_magic.explorer.widget.Explorer").tag(sync=True)
    _esm = Unicode().tag(sync=True)
    _stylesheet = Unicode().tag(sync=True)
    _tables = Unicode(read_only=True).tag(sync=True)
    record = Unicode(read_only=True).tag(sync=True)
    values = Bytes(read_only=True).tag(sync=True)
    focus = AnyTrait(None, allow_none=True).tag(sync=True)
    step = Int().tag(sync=True)
    trace = Instance(AttentionTrace, read_only=True)

    def __init__(self, trace: AttentionTrace, **settings: Any) -> None:
        refuse_too_long(trace)
        experiment = experiment_of(trace)
        self._lock = threading.RLock()
        self._latest: object = None
        self._revision = 0
        self._first_trace = trace
        self._history = None if experiment is None else History(experiment, experiment)
        self.set_trait("trace", trace)
        self.set_trait("record", self._serialize(trace, self._history))
        self.set_trait("values", serialize_values(trace))
        self.set_trait("step", len(trace) - 1)
        super().__init__(**settings)
        self.on_msg(_answer)

    def add_traits(self, **traits: Any) -> None:  # TraitType[Any, Any], which traitlets before 5.10 (Colab) cannot say
        """Add those traits that are not there yet."""
        # anywidget adds its own to every widget, for which traitlets makes a class each time: a third of the work, and the class stays a while.
        missing = {name: trait for name, trait in traits.items() if not self.has_trait(name)}
        if missing:
            super().add_traits(**missing)

    @default("_esm")
    def _module_text(self) -> str:
        return module_text()

    @default("_stylesheet")
    def _stylesheet_text(self) -> str:
        return stylesheet_text()

    @validate("focus")
    def _check_focus(self, proposal: Any) -> Focus | None:
        return read_focus(self.trace, proposal["value"])

    @validate("step")
    def _check_step(self, proposal: Any) -> int:
        step: int = proposal["value"]
        if not 0 <= step < len(self.trace):
            raise TraitError(f"The step is {step}, but this trace has {len(self.trace)} stages, counted from 0 to {len(self.trace) - 1}.")
        return step

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser sends; a place that is no longer there is answered with the one that holds."""
        try:
            super().set_state(sync_data)
        except TraitError:
            self.send_state(["focus", "step"])

    def close(self) -> None:
        """Take the explorer off every page; nothing of it stays behind."""
        if self.comm is not None:
            self.layout.close()
        super().close()

    @property
    def tables(self) -> str:
        """The name that an output with the tables bears, as `data-explorer`, so that they give way while this explorer is in sight.

        It is made of what they show, so that a cell that is run again stays the same to the byte. An explorer that nobody has asked for it
        has none: no tables are beside it, and others with the same numbers are not its own.
        """
        if not self._tables:
            self.set_trait("_tables", hashlib.sha256(self.record.encode() + self.values).hexdigest()[:16])
        return str(self._tables)

    def output(self) -> dict[str, Any]:
        """The explorer as an output of a notebook cell, without words: those are in the output before it."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}

    def answer(self, message: object) -> Reply | None:
        """Do what a message of the page asks for; what to tell the page: that it is done, or why not.

        None is for a message that another one of its kind has overtaken while it waited, such as the positions that a slider went through.
        """
        self._latest = message
        with self._lock:
            if message is not self._latest and _same_option(message, self._latest):
                return None
            # The page's messages come on a thread of their own, which knows nothing of the user's grad mode.
            with torch.inference_mode(mode=False), torch.no_grad():
                return self._try(message)

    def _try(self, message: object) -> Reply:
        try:
            match message:
                case {"kind": "hello"}:  # a page that asks whether a kernel is there
                    return _done()
                case {"kind": "copy", "what": str(what), "stage": str() | None as stage}:
                    return {**_done(), "copy": copy_of(self.trace, what, stage)}
            history, remark = self._go_on(message)
            trace = self._run(history.present)
            record, values = self._serialize(trace, history, self._revision + 1), serialize_values(trace)
        except AttentionError as error:
            return _refuse(str(error), error.cells if isinstance(error, Refused) else ())
        except Exception as error:
            self.log.exception("attn_magic could not answer %r", message)
            return _refuse(f"This could not be computed: {type(error).__name__}: {error}")
        self._show(history, trace, record, values)
        return _done(remark)

    def _go_on(self, message: object) -> tuple[History, str]:
        history = self._history
        if history is None:
            raise TraceError("This trace was put together by hand: how to compute it anew is not known.")
        match message:
            case {"kind": "undo" | "redo" | "reset" as kind}:
                return getattr(history, kind)(), ""
            case Mapping():
                changed: Change = change(history.present, self.trace, message)
                return history.go_on(changed.experiment), changed.remark
        raise TraceError("This request says nothing that can be done.")

    def _run(self, experiment: Experiment) -> AttentionTrace:
        if self._history is not None and experiment is self._history.present:
            return self.trace
        trace = self._first_trace if self._history is None or experiment is self._history.start else experiment.run()
        refuse_too_long(trace)
        return trace

    def _serialize(self, trace: AttentionTrace, history: History | None, revision: int = 0) -> str:
        if history is None:
            return serialize_record(trace)
        abilities = Abilities(EDITABLE, True, CHANGEABLE, bool(history.past), bool(history.future), history.present is not history.start)
        return serialize_record(trace, abilities, mask_stage="mask" if "mask" in trace else None, revision=revision)

    def _show(self, history: History, trace: AttentionTrace, record: str, values: bytes) -> None:
        """Everything at once, so that no view and no observer sees half of it."""
        step, focus = _keep_step(self.step, self.trace, trace), _keep_focus(self.focus, trace)
        self._history, self._revision = history, self._revision + 1
        with self.hold_sync(), self.hold_trait_notifications():
            self.set_trait("record", record)
            self.set_trait("values", values)
            self.set_trait("trace", trace)
            self.step, self.focus = step, focus


def _answer(explorer: Explorer, message: Any, buffers: Any) -> None:
    request = message.get("request") if isinstance(message, dict) else None
    try:
        reply = explorer.answer(message)
    except KeyboardInterrupt:
        explorer.send({"request": request, **_refuse(_INTERRUPTED)})
        raise
    if reply is None:
        return
    match reply.get("copy"):
        case bytes(copy):
            explorer.send({"request": request, **reply, "copy": None}, buffers=[copy])
        case str(copy):
            explorer.send({"request": request, **reply, "copy": _sendable(copy)})
        case _:
            explorer.send({"request": request, **reply})


def _done(remark: str = "") -> Reply:
    return {"ok": True, "text": remark}


def _refuse(text: str, cells: tuple[dict[str, Any], ...] = ()) -> Reply:
    return {"ok": False, "text": _sendable(text), "cells": list(cells)}


def _sendable(text: str) -> str:
    # A lone surrogate in a user's text would make the message itself fail.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _same_option(message: object, latest: object) -> bool:
    match message, latest:
        case {"kind": "option", "name": name}, {"kind": "option", "name": other}:
            return bool(name == other)
    return False


def read_focus(trace: AttentionTrace, value: object) -> Focus | None:
    """A cell of `trace`, from ("scores", 2, 0), from ("scores", 2, 0, 1) where 1 is the head, or from a dictionary of these; None for none.

    Raises `TraitError` where `trace` has no such cell.
    """
    place: Any = tuple(map(value.get, ("stage", "row", "column", "head"))) if isinstance(value, Mapping) else value
    match place:
        case None:
            return None
        case (str(name), row, column):
            head = None
        case (str(name), row, column, head):
            pass
        case _:
            raise TraitError(f"The focus is {format_label(repr(value))}, but it is None or a stage, a row and a column, as in ('scores', 2, 0).")
    try:
        stage = trace[name]
        places = {"row": operator.index(row), "column": operator.index(column), "head": None if head is None else operator.index(head)}
    except (TraceError, TypeError) as error:
        raise TraitError(str(error)) from None
    _refuse_outside(stage, places)
    return {"stage": name, **places}


def _refuse_outside(stage: Stage, places: Mapping[str, int | None]) -> None:
    for what, axis in (("row", stage.rows), ("column", stage.columns), ("head", stage.heads)):
        place = places[what]
        if axis is None:
            if place is not None:
                raise TraitError(f"Stage {stage.name!r} has no heads: leave the head out.")
        elif place is None:
            raise TraitError(f"Stage {stage.name!r} has {len(axis)} heads: say which one, as in ({stage.name!r}, 0, 0, 1).")
        elif not 0 <= place < len(axis):
            raise TraitError(f"Stage {stage.name!r} has no {what} {place}: its {len(axis)} {what}s count from 0 to {len(axis) - 1}.")


def _keep_focus(focus: Focus | None, trace: AttentionTrace) -> Focus | None:
    """The same cell in the next trace, where it is still there."""
    try:
        return read_focus(trace, focus)
    except TraitError:
        return None


def _keep_step(step: int, before: AttentionTrace, after: AttentionTrace) -> int:
    """The last revealed stage in the next trace: the same one, or the last before it that is still there; the end stays the end."""
    if step == len(before) - 1:
        return len(after) - 1
    places = {stage.name: place for place, stage in enumerate(after)}
    return next((places[stage.name] for stage in reversed(before.stages[: step + 1]) if stage.name in places), 0)


@dataclass
class _Cell:
    """The explorers in the output of one notebook cell, and which run of the cell made them."""

    run: str
    explorers: list[Explorer] = field(default_factory=list)


MAX_NAMELESS = 8  # explorers that stay open where the front end does not say which cell runs
_cells: dict[str, _Cell] = {}


def explore_in_cell(trace: AttentionTrace, shell: "InteractiveShell") -> Explorer:
    """An explorer for the output of the cell that runs now. Those that an earlier run of the same cell made are closed: nobody sees them any more."""
    cell_id, run = _read_parent(shell)
    explorer = Explorer(trace)
    cell = _cells.setdefault(cell_id, _Cell(run))
    if cell_id and cell.run != run:
        _close(cell.explorers)
        cell.explorers, cell.run = [], run
    cell.explorers.append(explorer)
    if not cell_id:
        _close(cell.explorers[:-MAX_NAMELESS])
        del cell.explorers[:-MAX_NAMELESS]
    return explorer


def close_all() -> None:
    """Close every explorer that a cell has shown, as when the extension is unloaded."""
    while _cells:
        _close(_cells.popitem()[1].explorers)


def _close(explorers: list[Explorer]) -> None:
    for explorer in explorers:
        explorer.close()


def _read_parent(shell: "InteractiveShell") -> tuple[str, str]:
    """Which cell runs, as far as the front end says so, and which run of it this is."""
    parent: Any = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("metadata", {}).get("cellId", ""), parent.get("header", {}).get("msg_id", "")
