"""How a trace reaches the reader: which view goes to which front end.

A notebook gets two outputs: an inert one and the explorer, which takes its place as long as it is alive. The inert one holds tables as HTML,
which become an explorer without a kernel where scripts run, a picture for paper, and the text. One bundle with all of them would not do:
JupyterLab shows an error, and not the tables, where a widget's kernel is gone. A terminal gets the text in its own width and colours.
Where one of these fails, the others stay, and a sentence says why it is missing. The trace itself knows nothing of all this. IPython is told
here, by the name of its type, so that loading the magics imports no torch.
"""

import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from attn_magic.errors import TraceError
from attn_magic.notation import format_error, format_label

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    import attn_magic.trace
    from attn_magic.explorer.widget import Explorer

_Made = TypeVar("_Made")

_TRACE = ("attn_magic.trace", "AttentionTrace")
_CONSOLE = re.compile(r"jupyter[-_]console(?:\.exe|-script\.py)?")
_MAX_SAVED_TWICE = 300_000  # bytes of record and numbers, 90 tokens or so, that an output holds beside the widget that has them


def start_showing(shell: "InteractiveShell") -> None:
    """Let every trace that is a cell's result, or is given to `display`, be shown by one of the views."""
    _formatter(shell).for_type_by_name(*_TRACE, partial(show_in_notebook if in_notebook(shell) else print_in_terminal, shell))


def stop_showing(shell: "InteractiveShell") -> None:
    """Let IPython show a trace as any other object, and close the explorers that are still open."""
    explorer = sys.modules.get("attn_magic.explorer.widget")
    if explorer is not None:
        explorer.close_all()
    _formatter(shell).pop(".".join(_TRACE), None)


def in_notebook(shell: "InteractiveShell") -> bool:
    """Whether a notebook or another client that shows more than text is at the other end, rather than a terminal or Jupyter Console."""
    return getattr(shell, "kernel", None) is not None and not _is_console(_parent_command())


def _is_console(command: Sequence[str]) -> bool:
    # Jupyter Console opens an image viewer for each picture and then prints no text. Its requests are those of any other client (a session,
    # no metadata, the user's name), so that the program which started the kernel is all there is to tell it by; `--existing` stays unknown.
    return any(_CONSOLE.fullmatch(Path(word).name) for word in command[:3])


def _parent_command() -> Sequence[str]:
    """The command line of the program that started this one, as far as the system tells."""
    try:
        return Path(f"/proc/{os.getppid()}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:  # no Linux
        pass
    try:
        psutil: Any = import_module("psutil")  # many ipykernels bring it, not all
        command: list[str] = psutil.Process(os.getppid()).cmdline()
    except Exception:
        return ()
    return command


def _formatter(shell: "InteractiveShell") -> Any:
    # In a terminal a formatter that displays by itself would leave an empty Out[n]: behind.
    display: Any = shell.display_formatter
    return display.ipython_display_formatter if in_notebook(shell) else display.formatters["text/plain"]


def show_in_notebook(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace") -> None:
    """Send all outputs; IPython calls this and then keeps the trace in `_` and `Out`, without a further output."""
    from IPython.display import publish_display_data

    for bundle in notebook_outputs(shell, trace):
        publish_display_data(bundle)  # type: ignore[no-untyped-call]


def notebook_outputs(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace") -> list[dict[str, Any]]:
    """What a notebook stores of `trace`: the inert output, then the explorer; or the one view that `--view` asked for."""
    view = trace.options.view
    remarks: list[str] = []
    if view == "html":
        return [_inert_bundle(trace, remarks)]
    if view in ("text", "figure"):
        picture = _attempt("The figure", lambda: _figure(trace), remarks) if view == "figure" else None
        return [(picture or {}) | {"text/plain": _text(trace, remarks)}]
    opened = _attempt("The explorer", lambda: _explorer(trace, shell), remarks)
    if opened is None:
        return [_inert_bundle(trace, remarks)]
    explorer, live = opened
    if view == "widget":
        return [live | (_attempt("The picture", lambda: _preview(trace), remarks) or {})]
    # Without any HTML beside it MyST (thebe-core) says in the explorer's place that a widget is missing.
    return [_inert_bundle(trace, remarks, explorer), live | {"text/html": ""}]


def _attempt(what: str, make: Callable[[], _Made], remarks: list[str]) -> _Made | None:
    """What `make` gives; where that fails, None and a sentence more in `remarks`. So no view takes another one with it."""
    try:
        return make()
    except TraceError as error:  # a sentence for the reader already, as that a trace is too large
        remarks.append(str(error))
    except Exception as error:
        remarks.append(f"{what} cannot be shown here: {format_error(error)}")
    return None


def _inert_bundle(trace: "attn_magic.trace.AttentionTrace", remarks: list[str], explorer: "Explorer | None" = None) -> dict[str, Any]:
    """Tables, picture and text, with what there is to remark on them; beside an explorer, the tables can become one again."""
    picture = _attempt("The picture", lambda: _preview(trace), remarks) or {}
    tables = _attempt("The tables", lambda: _tables(trace), remarks)
    if tables is None:
        text = _text(trace, remarks)
        return {"text/html": f"<pre>{escape(text)}</pre>", "text/plain": text, **picture}
    upgradable = _attempt("The explorer of a saved notebook", lambda: _beside(tables, explorer), remarks) if explorer else None
    text = _text(trace, remarks)
    return {"text/html": "".join(f"<p>{escape(remark)}</p>" for remark in remarks) + (upgradable or tables), "text/plain": text, **picture}


def _explorer(trace: "attn_magic.trace.AttentionTrace", shell: "InteractiveShell") -> "tuple[Explorer, dict[str, Any]]":
    from attn_magic.explorer.widget import explore_in_cell

    explorer = explore_in_cell(trace, shell)
    return explorer, explorer.output()


def _tables(trace: "attn_magic.trace.AttentionTrace") -> str:
    from attn_magic.views.html import to_html

    return to_html(trace)


def _beside(html: str, explorer: "Explorer") -> str:
    """The tables with what they need to become the explorer again, where that is not large."""
    from attn_magic.explorer.offline import named, upgradable
    from attn_magic.explorer.widget import BESIDE_AN_EXPLORER

    record, values, name = explorer.record, explorer.values, explorer.tables
    is_small = len(record) + len(values) <= _MAX_SAVED_TWICE
    return BESIDE_AN_EXPLORER + (upgradable(html, record, values, name) if is_small else named(html, name))


def _text(trace: "attn_magic.trace.AttentionTrace", remarks: list[str], **settings: Any) -> str:
    """The text view after the remarks; where it fails, every stage as torch prints it, which needs nothing else."""
    text = _attempt("The text", lambda: load_text_view()(trace, **settings), remarks)
    if text is None:
        text = "\n\n".join(f"{format_label(stage.name)}\n{stage.value}" for stage in trace)
    return "".join(f"{remark}\n\n" for remark in remarks) + text


def _figure(trace: "attn_magic.trace.AttentionTrace") -> dict[str, bytes]:
    from attn_magic.views.figure import picture

    return {"image/png": picture(trace, "png")}


def _preview(trace: "attn_magic.trace.AttentionTrace") -> dict[str, bytes]:
    from attn_magic.views.preview import preview

    return {"image/png": preview(trace)}


def print_in_terminal(shell: "InteractiveShell", trace: "attn_magic.trace.AttentionTrace", printer: Any, cycle: bool) -> None:
    """Write the text; IPython's pretty printer calls this. Inside a list or a dictionary a trace is one line."""
    if len(printer.stack) > 1:
        printer.text(repr(trace))
        return
    finest: Literal["truecolor", "256"] = "truecolor" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256"
    width = shutil.get_terminal_size().columns
    printer.text(_text(trace, [], width=width, color=_shows_colors(shell), color_system=finest))


def load_text_view() -> Callable[..., str]:
    """`to_text` of the text view; its first import leaves Python's random numbers as they were."""
    # rich draws one of Python's global random numbers when it is first imported: a reader who has called random.seed would notice.
    state = None if "rich.style" in sys.modules else random.getstate()
    try:
        from attn_magic.views.text import to_text
    finally:
        if state is not None:
            random.setstate(state)
    return to_text


def _shows_colors(shell: "InteractiveShell") -> bool:
    """Whether there is a terminal with colours and a reader who wants them (no-color.org, `%colors NoColor`)."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or str(getattr(shell, "colors", "")).lower() == "nocolor"
    return sys.stdout.isatty() and not unwanted
