"""A trace as one piece of HTML that needs no script and no style sheet: tables to read wherever a notebook is shown.

Everything that matters is text in plain elements, so the page stays complete where styles, classes and ARIA are stripped (GitHub) or
filtered (an untrusted notebook), and a screen reader can walk it. Labels are somebody's data: they are escaped, isolated from the
direction of the text around them, and stand inside <code>, where the formula renderers of notebooks leave a $ alone.
"""

import base64
import itertools
import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

import torch
from jaxtyping import Shaped
from torch import Tensor

from attn_magic.excerpt import acts
from attn_magic.explain import Explanation
from attn_magic.notation import Number, count, format_label, format_number, shorten
from attn_magic.summary import describe_check, describe_options, describe_sizes
from attn_magic.trace import AttentionTrace, Axis, Softmax, Stage
from attn_magic.views.palette import heat, heat_picture

WHOLE = 16  # rows or columns up to which an axis is shown whole; of a longer one
FIRST, LAST = 8, 4  # the first and the last few. 13 stages of 16 × 16 cells are 260 kB.
MOST_CELLS = 512  # shown with digits in all heads of a stage together
MOST_HEADS = 8
WIDE = 8  # columns above which a table may have to scroll
SHORT = 12  # letters of a label that needs no care with its width
MOST_LETTERS = 200  # of a label; its beginning stands in the tooltip when there are more
MOST_TOOLTIP = 1000
MOST_TERMS = 6
BLOCKS = 64  # rows and columns of the picture of a stage that is too large to show whole

_Scale: TypeAlias = tuple[float, float] | None

_LEFT_TO_RIGHT_MARK = "\u200e"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}  # bidirectional classes of Unicode: Hebrew and other letters, Arabic letters, Arabic digits
_JOINED = {*_RIGHT_TO_LEFT, "NSM", "BN"}  # and what is drawn on or between them

# JupyterLab's sanitizer drops `font: inherit`, `color: inherit` and `print-color-adjust`; nothing below depends on them.
_ROOT = "line-height:1.45;-webkit-print-color-adjust:exact;print-color-adjust:exact"
_WORDS = "font-family:inherit;background:none;padding:0"
_WRAPPED = f"{_WORDS};white-space:pre-wrap;overflow-wrap:break-word"
_SHORT_LABEL = f"{_WORDS};white-space:pre"
_LABEL = f"{_WRAPPED};display:inline-block;max-width:12em"
_ARITHMETIC = "background:none;padding:0;white-space:pre-wrap;overflow-wrap:break-word"
_ACT = "page-break-after:avoid;margin:1.2em 0 .6em;border-bottom:1px solid rgba(128,128,128,.5)"
_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:1em 2em"
_BOX = "max-width:100%;overflow-x:auto;page-break-inside:avoid"
_TABLE = "min-width:20em;margin:0;border-collapse:separate;border-spacing:1px;text-align:right"
_CAPTION = "text-align:left;padding:0 0 .3em"
_LEGEND = "margin:.3em 0 0"
_PICTURE = "max-width:14em;margin:0;align-self:center;page-break-inside:avoid"
_DETAILS = "margin:.8em 0"
_WORKED = "margin:0 0 .6em"
_HIDDEN = "background:#ececec;color:#5f5f5f"
_ALLOWED = "background:#c6dbef;color:#000000"
_NOT_FINITE = "background:#b3261e;color:#ffffff"


def to_html(trace: AttentionTrace) -> str:
    """Every stage of `trace` as accessible tables with their heat, and the arithmetic behind one number of each computed stage.

    The fragment is one <div class="attn-magic">. It has no script, no style sheet and no ids, loads nothing, and stays below about
    300 kB: of long axes it shows the first and last few, and says so.
    """
    parts = [
        _header(trace),
        _notices(trace),
        *(_act(trace, f"{number} {act}", stages) for number, (act, stages) in enumerate(acts(trace), start=1)),
        _hint(trace.stages[-1]),
    ]
    # The classes keep MathJax and tables of contents out where they are not stripped; <code> does the former where they are.
    return f'<div class="attn-magic tex2jax_ignore mathjax_ignore" dir="ltr" style="{_ROOT}">{"".join(parts)}</div>'


def _hint(stage: Stage) -> str:
    place = "row, column" if stage.heads is None else "row, column, head"
    call = f'trace.explain("{stage.name}", {place})'
    return f"<p>Where any other number comes from, in this stage or another: {_code(call, _ARITHMETIC)}, counted from 0.</p>"


def _header(trace: AttentionTrace) -> str:
    tokens = Axis("token", trace.tokens)
    shown = " ".join(_with_gap([_label(trace.tokens[place], _WRAPPED) for place in _places(tokens)], tokens, "…"))
    lines = [
        f"{count(len(tokens), 'token')}: {shown}",
        _text(f"Sizes: {describe_sizes(trace)}."),
        _text(f"Options: {describe_options(trace)}."),
        _text(f"Check: {describe_check(trace)}."),
    ]
    return f'<h3 class="jp-toc-ignore" style="margin:.2em 0 .4em">Attention, step by step</h3><p>{"<br>".join(lines)}</p>'


def _notices(trace: AttentionTrace) -> str:
    if not trace.notices:
        return ""
    items = "".join(f"<li>{_words(notice.text)}</li>" for notice in trace.notices)
    return f"<p><strong>Good to know</strong></p><ul>{items}</ul>"


def _act(trace: AttentionTrace, title: str, stages: list[Stage]) -> str:
    excerpts = [[_read_excerpt(trace, stage, head) for head in _heads(stage)] for stage in stages]
    boxes = "".join(_boxes(heads, trace.options.precision) for heads in excerpts)
    worked = "".join(_worked(explanation) for heads in excerpts for explanation in _explanations(trace, heads[0]))
    # Open, because a closed one would be missing on paper; <details>, so that a teacher can put it away.
    details = f'<details open style="{_DETAILS}"><summary>Where the numbers come from</summary><ul>{worked}</ul></details>' if worked else ""
    return f'<h4 class="jp-toc-ignore" style="{_ACT}">{_text(title)}</h4><div style="{_SIDE_BY_SIDE}">{boxes}</div>{details}'


def _heads(stage: Stage) -> Sequence[int | None]:
    """The heads that are shown."""
    if stage.heads is None:
        return [None]
    fit = MOST_CELLS // (len(_places(stage.rows)) * len(_places(stage.columns)))
    return range(min(len(stage.heads), MOST_HEADS, max(1, fit)))


@dataclass(frozen=True)
class _Excerpt:
    """What is shown of one stage, in one head: all of it, or the first and last few rows and columns and a coarse view of the rest."""

    stage: Stage
    head: int | None
    rows: list[int]
    columns: list[int]
    values: list[list[float]] | list[list[bool]]
    hidden: list[list[bool]]
    overview: list[list[float]] | None

    def cells(self) -> Iterator[tuple[Number | bool, bool]]:
        """Every value, and whether a mask hides it."""
        return zip(itertools.chain(*self.values), itertools.chain(*self.hidden), strict=True)


def _boxes(heads: list[_Excerpt], precision: int) -> str:
    """One table for each head, or the one there is, with the same colours for the same numbers."""
    scale = _scale(heads)
    return "".join(_box(excerpt, scale, precision) for excerpt in heads)


def _box(excerpt: _Excerpt, scale: _Scale, precision: int) -> str:
    """One table, in a box that scrolls when the page is narrower, and a picture of what it leaves out."""
    # A box that may scroll has to be reachable with the keyboard.
    wide = f' tabindex="0" role="region" aria-label="{_text(excerpt.stage.title)}"' if len(excerpt.stage.columns) > WIDE else ""
    return f'<div style="{_BOX}"{wide}>{_table(excerpt, scale, precision)}{_legend(excerpt, scale, precision)}</div>{_picture(excerpt, scale)}'


def _read_excerpt(trace: AttentionTrace, stage: Stage, head: int | None) -> _Excerpt:
    folded = _is_folded(stage.rows) or _is_folded(stage.columns)
    return _Excerpt(
        stage=stage,
        head=head,
        rows=_places(stage.rows),
        columns=_places(stage.columns),
        values=_read(stage, lambda rows, columns: stage.window(rows, columns, head)).tolist(),
        hidden=_read(stage, lambda rows, columns: trace.hidden(stage, rows, columns, head)).tolist(),
        overview=stage.overview(BLOCKS, BLOCKS, head).tolist() if folded else None,
    )


def _scale(excerpts: list[_Excerpt]) -> _Scale:
    """The lowest and the highest number to colour, if there is any: over all heads, without hidden cells, NaN and infinities."""
    shown = [float(value) for excerpt in excerpts for value, is_hidden in excerpt.cells() if not is_hidden and math.isfinite(value)]
    blocks = [value for excerpt in excerpts for row in excerpt.overview or [] for value in row if math.isfinite(value)]
    if not shown:
        return None
    # A hidden block of weights is 0 in an overview, so that there only a number below 0 tells something about the lowest one.
    return min([*shown, *(value for value in blocks if value < 0)]), max([*shown, *blocks])


def _read(stage: Stage, window: Callable[[slice, slice], Tensor]) -> Shaped[Tensor, "rows columns"]:
    return torch.cat([torch.cat([window(rows, columns) for columns in _slices(stage.columns)], dim=1) for rows in _slices(stage.rows)])


def _is_folded(axis: Axis) -> bool:
    return len(axis) > WHOLE


def _slices(axis: Axis) -> list[slice]:
    size = len(axis)
    return [slice(0, FIRST), slice(size - LAST, size)] if _is_folded(axis) else [slice(0, size)]


def _places(axis: Axis) -> list[int]:
    return [place for part in _slices(axis) for place in range(part.start, part.stop)]


def _with_gap(shown: list[str], axis: Axis, gap: str) -> list[str]:
    """`shown`, one for each place of `axis` that is shown, with `gap` where the others would be."""
    return [*shown[:FIRST], gap, *shown[FIRST:]] if _is_folded(axis) else shown


def _table(excerpt: _Excerpt, scale: _Scale, precision: int) -> str:
    stage = excerpt.stage
    row_sums, column_sums = _sums(excerpt, precision)
    rows = []
    for index, place in enumerate(excerpt.rows):
        cells = zip(excerpt.values[index], excerpt.hidden[index], strict=True)
        row = _with_gap([_cell(value, is_hidden, scale, precision) for value, is_hidden in cells], stage.columns, "<td>…</td>")
        rows.append(_row(_label(stage.rows.labels[place]), [*row, *row_sums[index : index + 1]]))
    width = len(excerpt.columns) + _is_folded(stage.columns) + bool(row_sums)
    rows = _with_gap(rows, stage.rows, _row("⋮", [f'<td colspan="{width}"></td>']))
    if column_sums:
        rows.append(_row("Σ column", [*_with_gap(column_sums, stage.columns, "<td>…</td>"), "<td></td>"]))
    return (
        f'<table cellpadding="4" style="{_TABLE}"><caption style="{_CAPTION}">{_caption(excerpt)}</caption>'
        f"<thead>{_head_row(excerpt, bool(row_sums))}</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _head_row(excerpt: _Excerpt, has_sums: bool) -> str:
    stage = excerpt.stage
    labels = [f'<th scope="col">{_label(stage.columns.labels[place])}</th>' for place in excerpt.columns]
    cells = _with_gap(labels, stage.columns, '<th scope="col">…</th>')
    if has_sums:
        cells.append('<th scope="col">Σ row</th>')
    corner = f"{_text(stage.rows.name)}\N{NO-BREAK SPACE}\\\N{NO-BREAK SPACE}{_text(stage.columns.name)}"
    return f"<tr><td>{corner}</td>{''.join(cells)}</tr>"


def _row(header: str, cells: list[str]) -> str:
    # The background stops notebooks from striping rows, and from tinting them under the pointer.
    return f'<tr style="background:none"><th scope="row">{header}</th>{"".join(cells)}</tr>'


def _cell(value: Number | bool, is_hidden: bool, scale: _Scale, precision: int) -> str:
    if isinstance(value, bool):
        return f'<td style="{_ALLOWED}">✓</td>' if value else f'<td style="{_HIDDEN}"><small>hidden</small></td>'
    number = format_number(value, precision)
    if is_hidden:
        return f'<td style="{_HIDDEN}">{number}\N{NO-BREAK SPACE}<small>hidden</small></td>'
    if scale is None or not math.isfinite(value):
        return f'<td style="{_NOT_FINITE}"><strong>{number}</strong></td>'
    return f'<td style="{_heat_style(value, scale)}">{number}</td>'


def _heat_style(value: float, scale: tuple[float, float]) -> str:
    background, ink = heat(value, *scale)
    return f"background:{background};color:{ink}"


def _sums(excerpt: _Excerpt, precision: int) -> tuple[list[str], list[str]]:
    """Cells with the sums of a softmax: of its rows, and of its columns where it went over the rows."""
    stage, head, equation = excerpt.stage, excerpt.head, excerpt.stage.equation
    if not isinstance(equation, Softmax):
        return [], []
    along_rows = [stage.window(rows, slice(None), head).double().sum(dim=1) for rows in _slices(stage.rows)]
    if equation.over == "columns":
        return _sum_cells(along_rows, precision, " <small>nothing to attend to</small>"), []
    down_columns = [stage.window(slice(None), columns, head).double().sum(dim=0) for columns in _slices(stage.columns)]
    return _sum_cells(along_rows, precision), _sum_cells(down_columns, precision, " <small>all hidden</small>")


def _sum_cells(sums: list[Tensor], precision: int, if_zero: str = "") -> list[str]:
    return [f"<td>{format_number(total, precision)}{'' if total else if_zero}</td>" for total in torch.cat(sums).tolist()]


def _caption(excerpt: _Excerpt) -> str:
    stage = excerpt.stage
    shape = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(f"{size:,}" for size in stage.shape)
    head = "" if stage.heads is None or excerpt.head is None else f" · {_label(stage.heads.labels[excerpt.head])}"
    title = f"<strong>{_text(stage.title)}</strong>{head} · {_text(stage.symbol)} · {shape} · <code>{_text(stage.name)}</code>"
    return f"{title}<br><small>{_text(stage.meaning)}</small>"


def _legend(excerpt: _Excerpt, scale: _Scale, precision: int) -> str:
    """What colours, signs and bold numbers mean and what is left out, in words."""
    cells = list(excerpt.cells())
    if excerpt.stage.is_mask:
        notes = ["✓ may attend", "hidden: may not" if not all(value for value, _ in cells) else ""]
    else:
        notes = [
            _describe_scale(scale, precision) if scale else "",
            "hidden: by the mask" if any(is_hidden for _, is_hidden in cells) else "",
            "bold: not a finite number" if any(not is_hidden and not math.isfinite(value) for value, is_hidden in cells) else "",
        ]
    lines = [" · ".join(filter(None, notes)), _describe_folding(excerpt.stage)]
    return f'<p style="{_LEGEND}"><small>{"<br>".join(filter(None, lines))}</small></p>'


def _describe_scale(scale: tuple[float, float], precision: int) -> str:
    low, high = scale
    ends = [low, high] if low >= 0 else [-max(-low, high), 0.0, max(-low, high)]
    swatches = [f'<span style="{_heat_style(end, scale)};padding:0 .4em">{format_number(end, precision)}</span>' for end in dict.fromkeys(ends)]
    return "Colour: " + " … ".join(swatches)


def _describe_folding(stage: Stage) -> str:
    parts = [f"{len(_places(axis))} of {len(axis):,} {noun}" for axis, noun in ((stage.rows, "rows"), (stage.columns, "columns")) if _is_folded(axis)]
    if stage.heads is not None and len(_heads(stage)) < len(stage.heads):
        parts.append(f"{len(_heads(stage))} of {len(stage.heads):,} heads")
    sums = " Σ is over all." if isinstance(stage.equation, Softmax) else ""
    return f"Shown: {', '.join(parts)}.{sums}" if parts else ""


def _picture(excerpt: _Excerpt, scale: _Scale) -> str:
    """All of a stage that is too large for digits, as a small picture."""
    if excerpt.overview is None or scale is None:
        return ""
    blocks = excerpt.overview
    if excerpt.stage.is_mask:
        blocks = [[value or -math.inf for value in row] for row in blocks]
    source = base64.b64encode(heat_picture(blocks, *scale)).decode("ascii")
    color = "" if excerpt.stage.is_mask else ", each coloured by its number farthest from 0"
    grey = "; grey is hidden" if any(value == -math.inf for row in blocks for value in row) else ""
    words = f"All of <code>{_text(excerpt.stage.name)}</code> in {len(blocks)} × {len(blocks[0])} blocks{color}{grey}."
    image = f'<img alt="Picture of {_text(excerpt.stage.title)}" src="data:image/png;base64,{source}">'
    return f'<p style="{_PICTURE}">{image}<br><small>{words}</small></p>'


def _explanations(trace: AttentionTrace, excerpt: _Excerpt) -> Iterator[Explanation]:
    """The arithmetic of one cell of a computed stage, and of one that a mask hides, where there is one."""
    stage = excerpt.stage
    if stage.equation is None:
        return
    places = itertools.product(excerpt.rows, excerpt.columns)
    cells = [(*place, is_hidden) for place, (_, is_hidden) in zip(places, excerpt.cells(), strict=True)]
    visible = [(-row, column) for row, column, is_hidden in cells if not is_hidden]
    covered = [(row, column) for row, column, is_hidden in cells if is_hidden]
    if visible:
        row, column = min(visible)  # in the last row that has one: the last token sees most
        yield trace.explain(stage.name, -row, column, excerpt.head, max_terms=MOST_TERMS)
    if covered:
        yield trace.explain(stage.name, *covered[0], excerpt.head, max_terms=MOST_TERMS)


def _worked(explanation: Explanation) -> str:
    lines = [_code(line, _ARITHMETIC) for line in (explanation.formula, *explanation.lines)]
    return f'<li style="{_WORKED}">{"<br>".join([*lines, _words(explanation.sentence)])}</li>'


def _label(label: str, style: str = _LABEL) -> str:
    """One label, inert: whole up to 200 characters, and with its beginning as a tooltip where it is longer."""
    text = format_label(label[: MOST_TOOLTIP + 1])
    tooltip = f' title="{escape(shorten(text, MOST_TOOLTIP))}"' if len(text) > MOST_LETTERS else ""
    style = _SHORT_LABEL if len(text) <= SHORT else style
    return f'<code style="{style}"{tooltip}><bdi>{escape(shorten(text, MOST_LETTERS))}</bdi></code>'


def _words(text: str) -> str:
    """A sentence that may quote labels, in <code> so that nothing in it becomes a formula."""
    return _code(text, _WORDS)


def _code(text: str, style: str = _WORDS) -> str:
    return f'<code style="{style}">{_text(text)}</code>'


def _text(text: str) -> str:
    """`text` as inert HTML. A mark ends every right-to-left word, lest it draw the numbers and brackets after it to its other side."""
    return escape(_end_right_to_left(format_label(text)))


def _end_right_to_left(text: str) -> str:
    if _RIGHT_TO_LEFT.isdisjoint(map(unicodedata.bidirectional, text)):
        return text
    characters = []
    within = False
    for character in text:
        direction = unicodedata.bidirectional(character)
        if within and direction not in _JOINED:
            characters.append(_LEFT_TO_RIGHT_MARK)
        within = direction in _RIGHT_TO_LEFT or (within and direction in _JOINED)
        characters.append(character)
    return "".join(characters)
