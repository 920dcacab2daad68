"""A trace as Markdown that reads the same on GitHub, in a notebook and as plain text: headings, tables, worked arithmetic.

Numbers that were given are written exactly, computed ones rounded. Labels are somebody's data: wherever Markdown, HTML or a formula
renderer could see something in them, they are written as character references.
"""

import re
from collections.abc import Iterator

from attn_magic.exact import exact
from attn_magic.excerpt import MARKDOWN, Excerpt, acts, excerpt_note, left_out, read_excerpts, worked_cell
from attn_magic.explain import Explanation
from attn_magic.exports.magic_cell import LIKE_NUMBERS, to_cell
from attn_magic.matrix.words import are_enumerated, find_loose_number
from attn_magic.notation import Number, format_label, format_number, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace, Stage

# Everything that Markdown, HTML, a formula renderer, a template engine or GitHub (@names, #numbers, :emoji:, addresses) could see something in.
_ACTIVE = re.compile(r"[\\`*<>&|$\[\]{}~^#@]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=www)\.|^[-+=]|(?<=^[0-9])[.)]|(?<=^[0-9]{2})[.)]", re.IGNORECASE)


def to_markdown(trace: AttentionTrace) -> str:
    """Every stage of `trace` as a table, a worked cell for each act, and the `%%attention` cell that makes it again."""
    return "\n\n".join(_blocks(trace)) + "\n"


def stage_to_markdown(trace: AttentionTrace, stage: str) -> str:
    """The table of one stage alone, or one for each head, to be put into a text or pasted back. Raises `TraceError` for a stage that is not there.

    A line below it says what is left out of a large one.
    """
    note = excerpt_note(trace[stage], MARKDOWN)
    return "\n\n".join([*_tables(trace, trace[stage]), *([f"*{note}*"] if note else [])]) + "\n"


def escape(text: str) -> str:
    """`text` as Markdown that shows exactly it, in a paragraph, a heading or a table.

    >>> escape("R&D|x"), escape("the snake_case of W_q.")
    ('R&#38;D&#124;x', 'the snake_case of W_q.')
    """
    return _ACTIVE.sub(_refer, format_label(text))


def _refer(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"


def _blocks(trace: AttentionTrace) -> Iterator[str]:
    yield "# Attention, step by step"
    yield escape(describe_origin(trace)) + "."
    again = to_cell(trace)
    if again is not None:
        yield "To make it again in a notebook, after `%load_ext attn_magic`:"
        yield _fence(again.rstrip("\n"))
    if trace.notices:
        yield "\n".join(f"- {escape(notice.text)}" for notice in trace.notices)
    for number, (act, stages) in enumerate(acts(trace), start=1):
        yield f"## {number} {escape(act)}"
        for stage in stages:
            yield from _stage(trace, stage)
        explanation = worked_cell(trace, stages, MARKDOWN)
        if explanation is not None:
            yield from _worked(explanation)
    yield escape(f"Check: {trace.check()}.")


def _stage(trace: AttentionTrace, stage: Stage) -> Iterator[str]:
    sizes = " × ".join(f"{size:,}" for size in stage.shape)
    yield f"### {escape(stage.title)}: {escape(stage.symbol)}"
    legend = " ✓: may attend, ·: hidden." if stage.is_mask else ""
    yield f"{escape(stage.meaning)}{legend} {sizes}, called {escape(stage.name)}. {left_out(stage, MARKDOWN)}".rstrip()
    yield from _tables(trace, stage)


def _tables(trace: AttentionTrace, stage: Stage) -> Iterator[str]:
    """One for each head that is shown."""
    for excerpt in read_excerpts(trace, stage, MARKDOWN):
        if stage.heads is not None:
            yield f"**{_label(excerpt.head_label)}**"
        yield "\n".join(_table(excerpt))


def _table(excerpt: Excerpt) -> Iterator[str]:
    stage, precision = excerpt.stage, excerpt.trace.options.precision
    columns = excerpt.with_column_gap([_label(label) for label in excerpt.column_labels], "⋮")
    yield _row([f"{escape(stage.rows.name)} / {escape(stage.columns.name)}", *columns])
    yield _row([":--", *("--:" for _ in columns)])
    counted = are_enumerated(stage.rows.labels)
    labels = [_label(label, is_plain=counted) for label in excerpt.row_labels]
    numbers = [[_number(value, None if stage.equation is None else precision) for value in values] for values in excerpt.values]
    lines = [_row([label, *excerpt.with_column_gap(cells, "⋮")]) for label, cells in zip(labels, numbers, strict=True)]
    yield from excerpt.with_row_gap(lines, _row(["⋮"] * (1 + len(columns))))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _label(label: str, is_plain: bool = True) -> str:
    """One label. In <code>, where notebooks look for no formulas, unless it is plain words; with a number among them, only if `is_plain`.

    What could be a number begins with a character reference: pasted back, a column of such labels would be one of numbers.
    """
    text = shorten(format_label(label[: MARKDOWN.letters + 1]), MARKDOWN.letters)
    if text.lower() in LIKE_NUMBERS or (text and not text[0].isalpha() and any(map(str.isnumeric, text))):
        return f"<code>&#{ord(text[0])};{_ACTIVE.sub(_refer, text[1:])}</code>"
    are_words = re.fullmatch(r"[^\W_]+(?: [^\W_]+)*", text) and (is_plain or not find_loose_number(text))
    return text if are_words else f"<code>{escape(text)}</code>"


def _number(value: Number | bool, precision: int | None) -> str:
    """With `precision` decimals, or exact where that is None."""
    if isinstance(value, bool):
        return "✓" if value else "·"
    return exact(value) if precision is None else format_number(value, precision)


def _worked(explanation: Explanation) -> Iterator[str]:
    yield "Where one of these numbers comes from:"
    yield _fence("\n".join([explanation.formula, *(f"  {line}" for line in explanation.lines)]), "text")
    if explanation.sentence:
        yield escape(explanation.sentence)


def _fence(text: str, language: str = "") -> str:
    """`text` as a block of code; the fence is longer than any in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
