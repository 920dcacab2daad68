"""One HTML file with the explorer working in it: no kernel, no server, no network. Opens from a disk, in a sandboxed frame, in a book's page.

Readers without scripts find every stage as a table; the scripts that make an explorer of it are admitted by their hashes, and no others.
"""

import base64
import hashlib
import math
from html import escape

from attn_magic.experiment import CHANGEABLE, EDITABLE, experiment_of
from attn_magic.explorer.offline import scripts, upgradable
from attn_magic.explorer.serialize import NO_ABILITIES, Abilities, refuse_too_long, serialize_record, serialize_values
from attn_magic.exports.magic_cell import to_cell
from attn_magic.notation import format_label, shorten
from attn_magic.origin import describe_origin
from attn_magic.trace import AttentionTrace
from attn_magic.views.html import to_html

MAX_TYPED = 2000  # numbers of a matrix that is shown to be copied
_MAX_TOKENS = 12  # in the title

_STYLE = """
body { margin: 0 auto; max-width: 110rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark }
h1 { margin: 0 0 .5rem; font-size: 1.5rem }
h2 { font-size: 1.2rem }
pre { overflow-x: auto }
footer { margin: 2rem 0 0; font-size: .875rem }
"""


def to_page(trace: AttentionTrace) -> str:
    """The explorer of `trace` as one self-contained page.

    Raises `TraceError` where its numbers are more than a page should hold.
    """
    refuse_too_long(trace)
    record = serialize_record(trace, _abilities(trace), mask_stage=next((stage.name for stage in trace if stage.is_mask), None))
    tables = f"<h2>Every stage as a table</h2>\n{to_html(trace)}"
    title = _title(trace)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(*scripts())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{escape(describe_origin(trace))}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f"{upgradable(tables, record, serialize_values(trace))}\n</main>\n{_footer(trace)}</body>\n</html>\n"
    )


def _abilities(trace: AttentionTrace) -> Abilities:
    """What a kernel could change: the page shows it too, and says what it would take."""
    return NO_ABILITIES if experiment_of(trace) is None else Abilities(EDITABLE, True, CHANGEABLE)


def _title(trace: AttentionTrace) -> str:
    tokens = " ".join(format_label(token[:100]) for token in trace.tokens[:_MAX_TOKENS])
    return escape("Attention, step by step: " + shorten(tokens + (" …" if len(trace.tokens) > _MAX_TOKENS else ""), 60))


def _policy(*scripts: str) -> str:
    """Nothing is loaded from anywhere, and only these scripts run. Styles may stand in elements: the tables carry their own."""
    hashes = " ".join(f"'sha256-{_base64(hashlib.sha256(script.encode()).digest())}'" for script in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"


def _footer(trace: AttentionTrace) -> str:
    again = to_cell(trace) if math.prod(trace.stages[0].shape) <= MAX_TYPED else None
    where = "a notebook" if again is None else "run the lines below in a notebook, after %load_ext attn_magic"
    note = f"This page needs no Python to look, point and step. What computes anew needs torch: {where}."
    lines = "" if again is None else f'<pre tabindex="0" aria-label="The cell that makes this again">{escape(again)}</pre>'
    return f"<footer>\n<p>{note}</p>\n{lines}<p>{escape(describe_origin(trace))}</p>\n</footer>\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
