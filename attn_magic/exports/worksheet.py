"""Attention by hand: a sheet of paper with empty cells to fill in, and its answer key with the full arithmetic, as a page and as LaTeX."""

import base64
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

from attn_magic.exact import exact
from attn_magic.excerpt import WORKSHEET, Excerpt, acts, left_out, read_excerpts, work_out
from attn_magic.explain import Explanation
from attn_magic.exports import latex
from attn_magic.exports.write import write_file
from attn_magic.notation import MINUS, Number, format_label, format_number, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace, Stage

_STYLE = """
@page { margin: 15mm }
* { box-sizing: border-box }
body { margin: 1.5em auto; max-width: 60em; padding: 0 1em; background: #fff; color: #111; font: 11pt/1.45 system-ui, sans-serif }
h1 { margin: 0 0 .4em; font-size: 1.5em }
h2 { margin: 1.2em 0 .5em; border-bottom: 1px solid #777; font-size: 1.15em; break-after: avoid }
.fields { display: flex; gap: 2em }
.fields span { flex: 1; border-bottom: 1px solid #111 }
.stages { display: flex; flex-wrap: wrap; gap: 1em 2.5em; align-items: flex-start }
.stage { max-width: 100%; overflow-x: auto; break-inside: avoid }
.stage p { max-width: 34em; margin: .3em 0 }
table { min-width: 18em; border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { max-width: 34em; padding: 0 0 .4em; text-align: left }
th, td { padding: .25em .5em; border: 1px solid #777; text-align: right }
th { background: #f0f0f0; font-weight: 600; overflow-wrap: anywhere; max-width: 10em }
td.blank { min-width: 5.5em; height: 2.2em }
td.answer { background: #e7f2e7; font-weight: 700 }
code { font-size: .92em; white-space: pre-wrap; overflow-wrap: anywhere }
li { margin: 0 0 .5em; break-inside: avoid }
footer { margin: 1.5em 0 0; font-size: .85em }
@media print {
  body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt }
  .stages { gap: .7em 1em }
  th, td { padding: .2em .35em }
  .stage { overflow: visible }
  table { min-width: 12em }
  caption { max-width: 15.5em }
  td.blank { height: 2.2em }
  td.answer { background: none }
}
"""


@dataclass(frozen=True, repr=False)
class Worksheet:
    """A sheet of paper: `page` is a whole HTML file that prints well on A4 and Letter, `latex` a whole article."""

    page: str
    latex: str

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to `path`, as a page (.html) or as LaTeX (.tex)."""
        return write_file(path, {".html": self.page, ".tex": self.latex}, overwrite=overwrite)

    def __repr__(self) -> str:
        return '<Worksheet: .save("sheet.html") to print it, .save("sheet.tex") for LaTeX>'

    def _repr_html_(self) -> str:
        return f'<iframe title="Worksheet" sandbox srcdoc="{escape(self.page)}" style="width:100%;height:36em;border:1px solid #777"></iframe>'


def worksheet(trace: AttentionTrace, blank: str | Sequence[str] = ("attention_weights", "output"), key: bool = False) -> Worksheet:
    """A worksheet of `trace` in which the cells of the stages in `blank` are empty; with `key`, its answers and how they come about.

    Raises `TraceError`, with the closest name, for a stage that is not there.
    """
    sheet = _Sheet(trace, tuple(trace[name].name for name in ([blank] if isinstance(blank, str) else blank)), key)
    return Worksheet(_page(sheet), latex.document(trace, sheet.title, _latex_blocks(sheet)))


@dataclass(frozen=True)
class _Sheet:
    trace: AttentionTrace
    blank: tuple[str, ...]
    key: bool

    @property
    def title(self) -> str:
        return "Attention by hand: answers" if self.key else "Attention by hand"

    @property
    def task(self) -> str:
        names = [self.trace[name].title for name in self.blank]
        return f"Fill in: {', '.join(names)}. Numbers are rounded to {self.trace.options.precision} decimals; the last digit may differ from yours."

    def is_blank(self, stage: Stage) -> bool:
        return stage.name in self.blank

    def write(self, stage: Stage, value: Number | bool) -> str:
        """The number in a cell of `stage`, as short as it was given or else rounded."""
        if isinstance(value, bool):
            return "✓" if value else "·"
        rounded = format_number(value, self.trace.options.precision)
        return rounded if stage.equation is not None else min(exact(value).removesuffix(".0").replace("-", MINUS), rounded, key=len)

    def formula(self, stage: Stage) -> str:
        """How a cell of an empty stage is made, in symbols; empty where it was given."""
        return "" if stage.equation is None else work_out(self.trace, stage, WORKSHEET).formula

    def answers(self, stages: Sequence[Stage]) -> Iterator[Explanation]:
        """The arithmetic of every cell that was to be filled in."""
        for stage in stages:
            if self.key and self.is_blank(stage) and stage.equation is not None:
                for excerpt in read_excerpts(self.trace, stage, WORKSHEET):
                    for row, column in itertools.product(excerpt.rows, excerpt.columns):
                        yield self.trace.explain(stage.name, row, column, excerpt.head, max_terms=WORKSHEET.terms)


def _page(sheet: _Sheet) -> str:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "".join(_html_act(sheet, f"{place} {act}", stages) for place, (act, stages) in enumerate(acts(sheet.trace), start=1))
    fields = "" if sheet.key else '<p class="fields">Name: <span></span> Date: <span></span></p>'
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{sheet.title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{sheet.title}</h1>\n{fields}<p>{_text(sheet.task)}</p>\n{body}</main>\n"
        f"<footer>{_text(describe_origin(sheet.trace))}</footer>\n</body>\n</html>\n"
    )


def _html_act(sheet: _Sheet, title: str, stages: Sequence[Stage]) -> str:
    tables = "".join(_html_stage(sheet, excerpt) for stage in stages for excerpt in read_excerpts(sheet.trace, stage, WORKSHEET))
    worked = "".join(_html_answer(explanation) for explanation in sheet.answers(stages))
    answers = f"<h3>How the answers come about</h3>\n<ul>\n{worked}</ul>\n" if worked else ""
    return f'<section>\n<h2>{_text(title)}</h2>\n<div class="stages">\n{tables}</div>\n{answers}</section>\n'


def _html_stage(sheet: _Sheet, excerpt: Excerpt) -> str:
    stage = excerpt.stage
    title = _text(stage.title) + ("" if stage.heads is None else f" · {_text(excerpt.head_label)}")
    corner = f"<th>{_text(stage.rows.name)} / {_text(stage.columns.name)}</th>"
    names = excerpt.with_column_gap(_names(excerpt.column_labels), "⋮")
    lines = [
        [name, *(_html_cell(sheet, stage, value) for value in values)]
        for name, values in zip(_names(excerpt.row_labels), excerpt.values, strict=True)
    ]
    lines = excerpt.with_row_gap(lines, ["⋮", *["<td>⋮</td>"] * len(excerpt.columns)])
    rows = [f'<th scope="row">{name}</th>{"".join(excerpt.with_column_gap(cells, "<td>⋮</td>"))}' for name, *cells in lines]
    head = corner + "".join(f'<th scope="col">{name}</th>' for name in names)
    table = "\n".join(f"<tr>{line}</tr>" for line in (head, *rows))
    formula = sheet.formula(stage) if sheet.is_blank(stage) else ""
    how = f"<p>For example <code>{_text(formula)}</code></p>" if formula else ""
    legend = " ✓: may attend." if stage.is_mask else ""
    caption = f"<strong>{title}</strong> · {_text(stage.symbol)}<br>{_text(stage.meaning)}{legend} {left_out(stage, WORKSHEET)}"
    return f'<div class="stage"><table><caption>{caption}</caption>\n{table}\n</table>{how}</div>\n'


def _html_cell(sheet: _Sheet, stage: Stage, value: Number | bool) -> str:
    if not sheet.is_blank(stage):
        return f"<td>{sheet.write(stage, value)}</td>"
    return f'<td class="answer">{sheet.write(stage, value)}</td>' if sheet.key else '<td class="blank"></td>'


def _html_answer(explanation: Explanation) -> str:
    lines = "<br>".join(f"<code>{_text(line)}</code>" for line in (explanation.formula, *explanation.lines))
    return f"<li>{lines}</li>\n"


def _names(labels: Sequence[str]) -> list[str]:
    return [f"<bdi>{_text(shorten(label, WORKSHEET.letters))}</bdi>" for label in labels]


def _text(text: str) -> str:
    return escape(format_label(text))


def _latex_blocks(sheet: _Sheet) -> Iterator[str]:
    yield "" if sheet.key else r"Name: \underline{\hspace{6cm}}\qquad Date: \underline{\hspace{3cm}}"
    yield latex.escape(sheet.task)
    for place, (act, stages) in enumerate(acts(sheet.trace), start=1):
        yield rf"\subsection*{{{place} {latex.escape(act)}}}"
        for stage in stages:
            formula = sheet.formula(stage) if sheet.is_blank(stage) else ""
            yield latex.heading(stage, WORKSHEET, f"For example {formula}" if formula else "")
            for excerpt in read_excerpts(sheet.trace, stage, WORKSHEET):
                yield latex.display(_latex_matrix(sheet, excerpt))
        yield from map(latex.arithmetic, sheet.answers(stages))


def _latex_matrix(sheet: _Sheet, excerpt: Excerpt) -> str:
    is_blank = sheet.is_blank(excerpt.stage)

    def write(value: Number | bool) -> str:
        if is_blank and not sheet.key:
            return r"\underline{\hspace{4em}}"
        shown = sheet.write(excerpt.stage, value)
        text = {"✓": "1", "·": "0"}.get(shown) or latex.plain(shown)
        return rf"\mathbf{{{text}}}" if is_blank else text

    return latex.matrix(excerpt, write)
