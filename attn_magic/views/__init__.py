"""How a trace reaches the reader: which view goes to which front end.

A notebook gets two outputs: an inert one and the explorer, which takes its place as long as it is alive. The inert one holds tables as HTML,
which become an explorer without a kernel where scripts run, a picture for paper, and the text. One bundle with all of them would not do:
JupyterLab shows an error, and not the tables, where a widget's kernel is gone. A terminal gets the text in its own width and colours.
The trace itself knows nothing of this. IPython is told here, by the name of its type, so that loading the magics imports no torch.
"""

import os
import random
import shutil
import sys
from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from attn_magic.errors import TraceError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    import attn_magic.trace
    from attn_magic.views.explorer import Explorer

_TRACE = ("attn_magic.trace", "AttentionTrace")
_MOST_SAVED_TWICE = 300_000  # bytes of story and numbers, 90 tokens or so, that an output holds beside the widget that has them


def start_showing(shell: "InteractiveShell") -> None:
    """Let every trace that is a cell's result, or is given to `display`, be shown by one of the views."""
    _formatter(shell).for_type_by_name(*_TRACE, partial(show_in_notebook if in_kernel(shell) else print_in_terminal, shell))


def stop_showing(shell: "InteractiveShell") -> None:
    """Let IPython show a trace as any other object, and close the explorers that are still open."""
    explorer = sys.modules.get("attn_magic.views.explorer")
    if explorer is not None:
        explorer.close_all()
    _formatter(shell).pop(".".join(_TRACE), None)


def in_kernel(shell: "InteractiveShell") -> bool:
    """Whether a notebook or another client is at the other end, rather than a terminal: what ipywidgets asks, too."""
    return getattr(shell, "kernel", None) is not None


def _formatter(shell: "InteractiveShell") -> Any:
    # In a terminal a formatter that displays by itself would leave an empty Out[n]: behind.
    display: Any = shell.display_formatter
    return display.ipython_display_formatter if in_kernel(shell) else display.formatters["text/plain"]


def show_in_notebook(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace") -> None:
    """Send all outputs; IPython calls this and then keeps the trace in `_` and `Out`, without a further output."""
    from IPython.display import publish_display_data

    for bundle in notebook_outputs(shell, trace):
        publish_display_data(bundle)  # type: ignore[no-untyped-call]


def notebook_outputs(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace") -> list[dict[str, Any]]:
    """What a notebook stores of `trace`: the inert output, then the explorer; or the one view that `--view` asked for."""
    view = trace.options.view
    if view == "text":
        return [{"text/plain": load_text_view()(trace)}]
    if view == "html":
        return [_inert_bundle(trace)]
    if view == "figure":
        from attn_magic.views.figure import picture

        return [{"image/png": picture(trace, "png"), "text/plain": load_text_view()(trace)}]
    from attn_magic.views.explorer import explore_in_cell

    try:
        explorer = explore_in_cell(trace, shell)
    except TraceError as error:
        return [_inert_bundle(trace, remark=str(error))]
    if view == "widget":
        return [explorer.output() | _sketch(trace)]
    # Without any HTML beside it MyST (thebe-core) says in the explorer's place that a widget is missing.
    return [_inert_bundle(trace, explorer), explorer.output() | {"text/html": ""}]


def _inert_bundle(trace: "attn_magic.trace.AttentionTrace", explorer: "Explorer | None" = None, remark: str = "") -> dict[str, Any]:
    """Tables, picture and text; with what the tables need to become the explorer again, where one is shown beside them and is not large."""
    from attn_magic.views.page import to_html

    html, text = to_html(trace), load_text_view()(trace)
    if explorer is not None:
        from attn_magic.views.explorer import BESIDE_AN_EXPLORER
        from attn_magic.views.still import named, upgradable

        story, values, name = explorer.story, explorer.values, explorer.tables
        is_small = len(story) + len(values) <= _MOST_SAVED_TWICE
        html = BESIDE_AN_EXPLORER + (upgradable(html, story, values, name) if is_small else named(html, name))
    if remark:
        html, text = f"<p>{escape(remark)}</p>{html}", f"{remark}\n\n{text}"
    return {"text/html": html, "text/plain": text, **_sketch(trace)}


def _sketch(trace: "attn_magic.trace.AttentionTrace") -> dict[str, bytes]:
    from attn_magic.views.sketch import sketch

    return {"image/png": sketch(trace)}


def print_in_terminal(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace", printer: Any, cycle: bool) -> None:
    """Write the text; IPython's pretty printer calls this. Inside a list or a dictionary a trace is one line."""
    if len(printer.stack) > 1:
        printer.text(repr(trace))
        return
    finest: Literal["truecolor", "256"] = "truecolor" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256"
    write = load_text_view()
    printer.text(write(trace, width=shutil.get_terminal_size().columns, color=_shows_colors(shell), color_system=finest))


def load_text_view() -> Callable[..., str]:
    """`to_text` of the text view; its first import leaves Python's random numbers as they were."""
    # rich draws one of Python's global random numbers when it is first imported: a reader who has called random.seed would notice.
    state = None if "rich.style" in sys.modules else random.getstate()
    try:
        from attn_magic.views.console import to_text
    finally:
        if state is not None:
            random.setstate(state)
    return to_text


def _shows_colors(shell: "InteractiveShell") -> bool:
    """Whether there is a terminal with colours and a reader who wants them (no-color.org, `%colors NoColor`)."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or str(getattr(shell, "colors", "")).lower() == "nocolor"
    return sys.stdout.isatty() and not unwanted
