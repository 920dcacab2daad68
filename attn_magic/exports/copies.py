"""What the explorer's copy menu puts on the clipboard, written from the trace that is shown."""

from collections.abc import Callable

from attn_magic.errors import OptionError
from attn_magic.trace import AttentionTrace


def copy_of(trace: AttentionTrace, what: str, stage: str | None = None) -> str | bytes:
    """The whole run as "pytorch", or the stage called `stage` as "latex", "markdown", "csv", "svg" or, in bytes, "png".

    Raises `OptionError` for another kind and `TraceError` for a stage that is not there.
    """
    if what not in _WRITERS:
        raise OptionError(f"There is no copy as {what!r}, but as {', '.join(_WRITERS)}.")
    return _WRITERS[what](trace, trace.stages[0].name if stage is None else stage)


# Each imports what it needs when it is asked for: most explorers are never copied from, and matplotlib alone takes half a second.


def _pytorch(trace: AttentionTrace, stage: str) -> str:
    from attn_magic.exports.torch_script import to_code

    return to_code(trace)


def _latex(trace: AttentionTrace, stage: str) -> str:
    from attn_magic.exports.latex import stage_to_latex

    return stage_to_latex(trace, stage)


def _markdown(trace: AttentionTrace, stage: str) -> str:
    from attn_magic.exports.markdown import stage_to_markdown

    return stage_to_markdown(trace, stage)


def _csv(trace: AttentionTrace, stage: str) -> str:
    from attn_magic.exports.csv import to_csv

    return to_csv(trace, stage)


def _png(trace: AttentionTrace, stage: str) -> bytes:
    from attn_magic.views.figure import picture

    return picture(trace, "png", stages=[stage])


def _svg(trace: AttentionTrace, stage: str) -> str:
    from attn_magic.views.figure import picture

    return picture(trace, "svg", stages=[stage]).decode()


_WRITERS: dict[str, Callable[[AttentionTrace, str], str | bytes]] = {
    "pytorch": _pytorch,
    "latex": _latex,
    "markdown": _markdown,
    "csv": _csv,
    "png": _png,
    "svg": _svg,
}
