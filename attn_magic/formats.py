"""What a trace can be saved and copied as: one table that saving, the help, the explorer's copy menu and the documents all read.

A new format is one new row and the module that writes it. That module is imported when something is written: most traces never are, and
matplotlib alone takes half a second.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from attn_magic.errors import OptionError

if TYPE_CHECKING:
    import attn_magic.trace

Content: TypeAlias = str | bytes
Write: TypeAlias = Callable[..., Content]  # of a trace, or of a trace and the name of a stage


def _later(home: str, *settings: object) -> Write:
    """The function at `home`, imported when it is called, with `settings` after what it is given."""
    module, _, function = f"attn_magic.{home}".rpartition(".")

    def write(*given: object, **options: object) -> Content:
        content: Content = getattr(import_module(module), function)(*given, *settings, **options)
        return content

    return write


class Format(NamedTuple):
    """One thing that a trace, or one of its stages, can become.

    `label` is what people call it, `ending` how its files end, `meaning` what a file holds. `whole(trace)` writes a trace and
    `stage(trace, name)` one stage of it; None where there is no such file or copy. `copy_of_whole` is for a trace that is copied whole
    and not saved. A slow `whole` takes `progress`, to be called with how much is done, of how much.
    """

    name: str
    label: str
    ending: str
    meaning: str
    whole: Write | None = None
    stage: Write | None = None
    copy_of_whole: Write | None = None
    is_slow: bool = False


FORMATS = (
    Format("pytorch", "PyTorch", ".py", "a script in plain torch", copy_of_whole=_later("exports.torch_script.to_code")),
    Format("page", "page", ".html", "one page with the explorer in it", _later("explorer.page.to_page")),
    Format("latex", "LaTeX", ".tex", "every stage to read", _later("exports.latex.to_latex"), _later("exports.latex.stage_to_latex")),
    Format(
        "markdown", "Markdown", ".md", "every stage to read", _later("exports.markdown.to_markdown"), _later("exports.markdown.stage_to_markdown")
    ),
    Format("csv", "CSV", ".csv", "the matrix", _later("exports.csv.to_csv"), _later("exports.csv.to_csv")),
    Format("png", "PNG", ".png", "a picture of every stage", _later("views.figure.picture", "png"), _later("views.figure.stage_picture", "png")),
    Format("svg", "SVG", ".svg", "a picture of every stage", _later("views.figure.picture", "svg"), _later("views.figure.stage_picture", "svg")),
    Format("pdf", "PDF", ".pdf", "a picture of every stage", _later("views.figure.picture", "pdf")),
    Format("gif", "GIF", ".gif", "the stages, one after the other", _later("exports.gif.to_gif"), is_slow=True),
    Format("npz", "NumPy", ".npz", "every stage as an array or a tensor", _later("exports.arrays.to_npz")),
    Format("pt", "torch", ".pt", "every stage as an array or a tensor", _later("exports.arrays.to_pt")),
)
SAVED = {form.ending: form for form in FORMATS if form.whole}
COPIED = {form.name: form for form in FORMATS if form.stage or form.copy_of_whole}


def copy_of(trace: "attn_magic.trace.AttentionTrace", name: str, stage: str | None = None) -> Content:
    """What the explorer's menu copies: the whole run, as "pytorch", or the stage called `stage`; a picture comes as bytes.

    Raises `OptionError` for another format and `TraceError` for a stage that is not there.
    """
    form = COPIED.get(name)
    if form is None:
        raise OptionError(f"There is no copy as {name!r}, but as {', '.join(COPIED)}.")
    if form.copy_of_whole:
        return form.copy_of_whole(trace)
    assert form.stage is not None
    return form.stage(trace, trace.stages[0].name if stage is None else stage)
