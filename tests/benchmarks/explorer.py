"""How long the kernel side of the explorer takes, what it sends, and what a thousand runs of one cell leave behind.

    python tests/benchmarks/explorer.py

Times are medians on a warm kernel. Next to each stands what could not be faster: for a whole cell a bare anywidget that carries the same
bytes, for an edit the attention alone.
"""

import base64
import contextlib
import gc
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anywidget
import comm
import ipywidgets
import torch
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Bytes, Unicode
from traitlets.config import Config

from attn_magic import attend, parse_matrix
from attn_magic.explorer.widget import Explorer, close_all
from attn_magic.views.html import to_html
from attn_magic.views.preview import preview
from attn_magic.views.text import to_text

CELL = "%%attention\nI 1.16 0.23\nam 0.57 1.36\nIndian 4.41 -2.16\n"
SOURCES = {"_esm", "_stylesheet"}  # the module, which is the same for every explorer
RUNS = 1000


@dataclass
class Line:
    """One row of the table."""

    what: str
    measured: float
    unit: str
    limit: float | None = None
    floor: float | None = None
    floor_name: str = ""

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"≤ {self.limit:g}"
        ratio = "" if not self.floor else f"{self.measured / self.floor:6.1f} × {self.floor_name} ({self.floor:.3g})"
        verdict = "" if self.limit is None else "ok" if self.measured <= self.limit else "TOO MUCH"
        return f"{self.what:<65} {self.measured:>10.4g} {self.unit:<9} {limit:<9} {verdict:<9} {ratio}"


@dataclass
class Wire:
    """Counts what would go to the browser."""

    messages: int = 0
    state: int = 0  # bytes
    outputs: int = 0  # bytes
    open: set[str] = field(default_factory=set)

    def count(self, data: Any, buffers: Any = ()) -> None:
        self.messages += 1
        state = data.get("state")
        lean = {**data, "state": {name: value for name, value in state.items() if name not in SOURCES}} if state else data
        self.state += len(json.dumps(lean)) + sum(map(len, buffers or ()))

    def create_comm(self, data: Any = None, buffers: Any = None, comm_id: str | None = None, **_: Any) -> Any:
        self.count(data or {}, buffers)
        name = comm_id or f"comm-{time.perf_counter_ns()}"
        self.open.add(name)
        return SimpleNamespace(
            comm_id=name,
            kernel="a kernel",
            on_msg=lambda callback: None,
            send=lambda data=None, buffers=None, **_: self.count(data, buffers),
            close=lambda: self.open.discard(name),
        )


class Publisher(DisplayPublisher):  # type: ignore[misc]
    """Counts outputs instead of showing them."""

    wire = Wire()

    def publish(self, data: Any, *args: Any, **settings: Any) -> None:
        """Count one output, its pictures as a message has them."""
        self.wire.messages += 1
        self.wire.outputs += len(json.dumps(data, default=lambda picture: base64.b64encode(picture).decode("ascii")))


class Carrier(anywidget.AnyWidget):
    """The least that could carry as many bytes: a widget that does nothing."""

    _esm = "export default { render() {} }"
    record = Unicode().tag(sync=True)
    values = Bytes().tag(sync=True)


def carry(explorer: Explorer) -> None:
    """Open and close a bare widget with what `explorer` carries."""
    carrier = Carrier(record=explorer.record, values=explorer.values)
    carrier.layout.close()
    carrier.close()


def median_ms(call: Callable[[], object], repeats: int = 30) -> float:
    """The median time of a call, in milliseconds, after a few that do not count."""
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def resident_mb() -> float:
    """The memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def make_notebook(wire: Wire) -> Callable[[], None]:
    """A shell with a kernel behind it, as a notebook has; the function runs the one cell once more."""
    comm.create_comm = wire.create_comm  # type: ignore[assignment]
    Publisher.wire = wire
    shell: Any = InteractiveShell.instance(display_pub_class=Publisher, config=Config({"HistoryManager": {"enabled": False}}))
    shell.kernel = "a kernel"
    shell.run_line_magic("load_ext", "attn_magic")
    runs = iter(range(sys.maxsize))

    def run() -> None:
        parent = {"header": {"msg_id": f"run {next(runs)}"}, "metadata": {"cellId": "a cell"}}
        shell.get_parent = lambda: parent
        with contextlib.redirect_stdout(io.StringIO()):  # IPython outside a kernel writes "Out[0]:"
            shell.run_cell(CELL, store_history=False).raise_error()

    return run


def measure_cell(run: Callable[[], None], wire: Wire) -> list[Line]:
    """One run of the default cell: its time, and what it sends."""
    run()
    wire.messages = wire.state = wire.outputs = 0
    run()
    messages, state, outputs = wire.messages, wire.state, wire.outputs
    explorer = Explorer(attend([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]], tokens="I am Indian"))
    alone, floor = median_ms(lambda: Explorer(explorer.trace).close()), median_ms(lambda: carry(explorer))
    trace, body = explorer.trace, CELL.partition("\n")[2]
    calls: dict[str, Callable[[], object]] = {
        "parsing and attend": lambda: attend(parse_matrix(body)),
        "the text": lambda: to_text(trace),
        "the tables": lambda: to_html(trace),
        "the picture": lambda: preview(trace),
    }
    parts = [Line(f"of it, {name}", median_ms(call), "ms") for name, call in calls.items()]
    explorer.close()
    return [
        Line("cell text to whole output, 3 × 2", median_ms(run), "ms", 15, floor, "bare anywidget"),
        Line("of it, the explorer", alone, "ms", None, floor, "bare anywidget"),
        Line("messages of it", messages, "", 20),
        *parts,
        Line("state of it, without the module", state / 1000, "kB", 25),
        Line("outputs of it: tables that can become an explorer, picture, text", outputs / 1000, "kB"),
    ]


def measure_edit(tokens: int, features: int, limit: float | None = None) -> Line:
    """One edited cell, from the message of the page to the answer."""
    x = torch.linspace(-1, 1, tokens * features).reshape(tokens, features)
    explorer = Explorer(attend(x))
    numbers = iter(range(sys.maxsize))

    def edit() -> None:
        cell = {"stage": "token_encodings", "row": 0, "column": 1, "head": None, "text": f"0.{next(numbers)}"}
        assert explorer.answer({"kind": "edit", "cells": [cell]})["ok"]  # type: ignore[index]

    line = Line(f"edit to answer, {tokens} × {features}", median_ms(edit), "ms", limit, median_ms(lambda: attend(x)), "attend")
    explorer.close()
    return line


def measure_size(tokens: int, features: int, **options: Any) -> Line:
    """What a large matrix sends."""
    explorer = Explorer(attend(torch.linspace(-1, 1, tokens * features).reshape(tokens, features), **options))
    size, floor = (len(explorer.record) + len(explorer.values)) / 1e6, sum(stage.value.nbytes for stage in explorer.trace) / 1e6
    explorer.close()
    return Line(f"sent for {tokens} × {features}{' causal' if options else ''}", size, "MB", 5, floor, "its tensors")


def measure_reruns(run: Callable[[], None], wire: Wire) -> list[Line]:
    """A thousand runs of one cell: what is there more than before."""
    for _ in range(100):
        run()
    gc.collect()
    before, resident = len(gc.get_objects()), resident_mb()
    for _ in range(RUNS):
        run()
    gc.collect()
    widgets = len(ipywidgets.widgets.widget._instances)
    return [
        Line(f"after {RUNS} runs of one cell: widgets", widgets, "", 2),
        Line("open comms", len(wire.open), "", 2),
        Line("explorer classes", len(Explorer.__subclasses__()), "", 0),
        Line("objects more than before", len(gc.get_objects()) - before, "", 100),
        Line("memory more than before", resident_mb() - resident, "MB", 1),
    ]


def main() -> None:
    """Print the table."""
    wire = Wire()
    run = make_notebook(wire)
    lines = [
        *measure_cell(run, wire),
        measure_edit(3, 2, 100),
        measure_edit(128, 64, 300),
        measure_edit(512, 64),
        measure_size(512, 64),
        measure_size(512, 64, mask="causal"),
        *measure_reruns(run, wire),
    ]
    print(*lines, sep="\n")
    close_all()


if __name__ == "__main__":
    main()
