"""One stage of a trace as CSV: for spreadsheets, pandas, and to paste back into `%%attention`."""

import itertools
from collections.abc import Iterator

from attn_magic.exact import exact_rows
from attn_magic.excerpt import heads
from attn_magic.exports.magic_cell import quote_label
from attn_magic.origin import origin
from attn_magic.trace import AttentionTrace, Stage


def to_csv(trace: AttentionTrace, stage: str | None = None) -> str:
    r"""The stage called `stage`, or the matrix that the trace begins with, as RFC 4180 has it: labels in quotes, numbers exact and bare.

    The matrix can be pasted below `%%attention`, where it is the same bit for bit. A label that a spreadsheet would run as a formula
    begins with an apostrophe. The corner, above the labels, says what made the file. Save it as UTF-8.

    >>> from attn_magic import attend
    >>> to_csv(attend([[1.16, 0.23], [0.57, 1.36]], tokens=["I", "=am"])).partition("\r\n")[2]
    '"I",1.16,0.23\r\n"\'=am",0.57,1.36\r\n'

    Raises `TraceError`, with the closest name, for a stage that is not there.
    """
    chosen = trace.stages[0] if stage is None else trace[stage]
    return "".join(f"{','.join(record)}\r\n" for record in _records(trace, chosen))


def _records(trace: AttentionTrace, stage: Stage) -> Iterator[list[str]]:
    axes = stage.axes[:-1]  # of which every record has a label
    corner = " · ".join([axes[0].name, *(f"{name} {value}" for name, value in origin(trace).items())])
    yield [quote_label(name) for name in (corner, *(axis.name for axis in axes[1:]), *stage.columns.labels)]
    labels = itertools.product(*([quote_label(label) for label in axis.labels] for axis in axes))
    rows = itertools.chain.from_iterable(exact_rows(stage.window(slice(None), slice(None), head)) for head in heads(stage))
    for beginning, row in zip(labels, rows, strict=True):
        yield [*beginning, *row]
