"""What a marimo notebook shows of a trace: the explorer, or the tables where it is too large for one."""

from html import escape

from IPython.display import HTML

from attn_magic.errors import TraceError
from attn_magic.trace import AttentionTrace
from attn_magic.views.html import to_html


def to_marimo(trace: AttentionTrace) -> object:
    """An object that marimo shows in place of `trace`; it asks for it by the trace's `_display_`."""
    try:
        return trace.explorer()
    except TraceError as error:
        return HTML(f"<p>{escape(str(error))}</p>{to_html(trace)}")  # type: ignore[no-untyped-call]
