"""A trace as one piece of HTML that needs no script and no style sheet: tables to read wherever a notebook is shown.

Everything that matters is text in plain elements, so the page stays complete where styles, classes and ARIA are stripped (GitHub) or
filtered (an untrusted notebook), and a screen reader can walk it. Labels are somebody's data: they are escaped, isolated from the
direction of the text around them, and stand inside <code>, where the formula renderers of notebooks leave a $ alone.
"""

import base64
import math
import unicodedata
from html import escape

from attn_magic.excerpt import LEGEND, PAGE, Excerpt, Kind, Range, acts, color_range, left_out, legend, range_ends, read_excerpts
from attn_magic.explain import Explanation
from attn_magic.notation import count, format_label, format_number, shorten
from attn_magic.summary import describe_check, describe_options, describe_sizes
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.palette import heat, heat_picture

MAX_NARROW = 8  # columns; a wider table may have to scroll
MAX_SHORT = 12  # letters of a label that needs no care with its width
MAX_TOOLTIP = 1000  # letters

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
    places = PAGE.rows.places(Axis("token", trace.tokens))
    shown = " ".join("…" if place is None else _label(trace.tokens[place], _WRAPPED) for place in places)
    lines = [
        f"{count(len(trace.tokens), 'token')}: {shown}",
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
    excerpts = [read_excerpts(trace, stage, PAGE) for stage in stages]
    boxes = "".join(map(_boxes, excerpts))
    worked = "".join(_worked(explanation) for heads in excerpts for explanation in heads[0].explanations())
    # Open, because a closed one would be missing on paper; <details>, so that a teacher can put it away.
    details = f'<details open style="{_DETAILS}"><summary>Where the numbers come from</summary><ul>{worked}</ul></details>' if worked else ""
    return f'<h4 class="jp-toc-ignore" style="{_ACT}">{_text(title)}</h4><div style="{_SIDE_BY_SIDE}">{boxes}</div>{details}'


def _boxes(heads: list[Excerpt]) -> str:
    """One table for each head, or the one there is, with the same colours for the same numbers."""
    colors = color_range(heads)
    return "".join(_box(excerpt, colors) for excerpt in heads)


def _box(excerpt: Excerpt, colors: Range | None) -> str:
    """One table, in a box that scrolls when the page is narrower, and a picture of what it leaves out."""
    # A box that may scroll has to be reachable with the keyboard.
    wide = f' tabindex="0" role="region" aria-label="{_text(excerpt.stage.title)}"' if len(excerpt.stage.columns) > MAX_NARROW else ""
    return f'<div style="{_BOX}"{wide}>{_table(excerpt, colors)}{_legend(excerpt, colors)}</div>{_picture(excerpt, colors)}'


def _table(excerpt: Excerpt, colors: Range | None) -> str:
    row_sums, column_sums = _sums(excerpt)
    rows = []
    for label, cells, row_sum in zip(excerpt.row_labels, _cells(excerpt, colors), row_sums or [""] * len(excerpt.rows), strict=True):
        rows.append(_row(_label(label), [*excerpt.with_column_gap(cells, "<td>…</td>"), row_sum]))
    width = len(excerpt.with_column_gap(excerpt.columns, 0)) + bool(row_sums)
    rows = excerpt.with_row_gap(rows, _row("⋮", [f'<td colspan="{width}"></td>']))
    if column_sums:
        rows.append(_row("Σ column", [*excerpt.with_column_gap(column_sums, "<td>…</td>"), "<td></td>"]))
    return (
        f'<table cellpadding="4" style="{_TABLE}"><caption style="{_CAPTION}">{_caption(excerpt)}</caption>'
        f"<thead>{_head_row(excerpt, bool(row_sums))}</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _head_row(excerpt: Excerpt, has_sums: bool) -> str:
    stage = excerpt.stage
    labels = [f'<th scope="col">{_label(label)}</th>' for label in excerpt.column_labels]
    cells = excerpt.with_column_gap(labels, '<th scope="col">…</th>')
    if has_sums:
        cells.append('<th scope="col">Σ row</th>')
    corner = f"{_text(stage.rows.name)}\N{NO-BREAK SPACE}\\\N{NO-BREAK SPACE}{_text(stage.columns.name)}"
    return f"<tr><td>{corner}</td>{''.join(cells)}</tr>"


def _row(header: str, cells: list[str]) -> str:
    # The background stops notebooks from striping rows, and from tinting them under the pointer.
    return f'<tr style="background:none"><th scope="row">{header}</th>{"".join(cells)}</tr>'


def _cells(excerpt: Excerpt, colors: Range | None) -> list[list[str]]:
    precision = excerpt.trace.options.precision
    lines = zip(excerpt.values, excerpt.kinds, strict=True)
    return [[_cell(value, kind, colors, precision) for value, kind in zip(*line, strict=True)] for line in lines]


def _cell(value: float | bool, kind: Kind, colors: Range | None, precision: int) -> str:
    if isinstance(value, bool):
        return f'<td style="{_ALLOWED}">✓</td>' if value else f'<td style="{_HIDDEN}"><small>hidden</small></td>'
    number = format_number(value, precision)
    if kind == "hidden":
        return f'<td style="{_HIDDEN}">{number}\N{NO-BREAK SPACE}<small>hidden</small></td>'
    if kind == "not finite" or colors is None:
        return f'<td style="{_NOT_FINITE}"><strong>{number}</strong></td>'
    return f'<td style="{_heat_style(value, colors)}">{number}</td>'


def _heat_style(value: float, colors: Range) -> str:
    background, ink = heat(value, *colors)
    return f"background:{background};color:{ink}"


def _sums(excerpt: Excerpt) -> tuple[list[str], list[str]]:
    """Cells with the sums of a softmax: of its rows, and of its columns where it went over the rows."""
    precision = excerpt.trace.options.precision
    if excerpt.column_sums:
        return _sum_cells(excerpt.row_sums, precision), _sum_cells(excerpt.column_sums, precision, " <small>all hidden</small>")
    return _sum_cells(excerpt.row_sums, precision, " <small>nothing to attend to</small>"), []


def _sum_cells(sums: list[float], precision: int, if_zero: str = "") -> list[str]:
    return [f"<td>{format_number(total, precision)}{'' if total else if_zero}</td>" for total in sums]


def _caption(excerpt: Excerpt) -> str:
    stage = excerpt.stage
    shape = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(f"{size:,}" for size in stage.shape)
    head = "" if stage.heads is None else f" · {_label(excerpt.head_label)}"
    title = f"<strong>{_text(stage.title)}</strong>{head} · {_text(stage.symbol)} · {shape} · <code>{_text(stage.name)}</code>"
    return f"{title}<br><small>{_text(stage.meaning)}</small>"


def _legend(excerpt: Excerpt, colors: Range | None) -> str:
    """What colours, signs and bold numbers mean and what is left out, in words."""
    seen = legend([excerpt])
    if excerpt.stage.is_mask:
        notes = [f"✓ {LEGEND['allowed']}", *(["hidden: may not"] if "hidden" in seen else [])]
    else:
        precision = excerpt.trace.options.precision
        words: dict[Kind, str] = {"hidden": "hidden: by the mask", "not finite": f"bold: {LEGEND['not finite']}"}
        notes = [*([_describe_colors(colors, precision)] if colors else []), *(words[kind] for kind in seen)]
    lines = [" · ".join(notes), _describe_folding(excerpt)]
    return f'<p style="{_LEGEND}"><small>{"<br>".join(filter(None, lines))}</small></p>'


def _describe_colors(colors: Range, precision: int) -> str:
    swatches = [f'<span style="{_heat_style(end, colors)};padding:0 .4em">{format_number(end, precision)}</span>' for end in range_ends(colors)]
    return "Colour: " + " … ".join(swatches)


def _describe_folding(excerpt: Excerpt) -> str:
    shown = left_out(excerpt.stage, PAGE)
    return f"{shown} Σ is over all." if shown and excerpt.softmax else shown


def _picture(excerpt: Excerpt, colors: Range | None) -> str:
    """All of a stage that is too large for digits, as a small picture."""
    blocks = excerpt.overview
    if excerpt.stage.is_mask:
        blocks = [[value or -math.inf for value in row] for row in blocks]
        colors = (0.0 if "hidden" in legend([excerpt]) else 1.0), 1.0  # of the cells in the table
    if not blocks or colors is None:
        return ""
    source = base64.b64encode(heat_picture(blocks, *colors)).decode("ascii")
    coloring = "" if excerpt.stage.is_mask else ", each coloured by its number farthest from 0"
    grey = "; grey is hidden" if any(value == -math.inf for row in blocks for value in row) else ""
    words = f"All of <code>{_text(excerpt.stage.name)}</code> in {len(blocks)} × {len(blocks[0])} blocks{coloring}{grey}."
    image = f'<img alt="Picture of {_text(excerpt.stage.title)}" src="data:image/png;base64,{source}">'
    return f'<p style="{_PICTURE}">{image}<br><small>{words}</small></p>'


def _worked(explanation: Explanation) -> str:
    lines = [_code(line, _ARITHMETIC) for line in (explanation.formula, *explanation.lines)]
    return f'<li style="{_WORKED}">{"<br>".join([*lines, _words(explanation.sentence)])}</li>'


def _label(label: str, style: str = _LABEL) -> str:
    """One label, inert: whole up to 200 characters, and with its beginning as a tooltip where it is longer."""
    text = format_label(label[: MAX_TOOLTIP + 1])
    tooltip = f' title="{escape(shorten(text, MAX_TOOLTIP))}"' if len(text) > PAGE.letters else ""
    style = _SHORT_LABEL if len(text) <= MAX_SHORT else style
    return f'<code style="{style}"{tooltip}><bdi>{escape(shorten(text, PAGE.letters))}</bdi></code>'


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
