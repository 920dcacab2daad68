"""One HTML file with the explorer working in it: no kernel, no server, no network. Opens from a disk, in a sandboxed frame, in a book's page.

The explorer's own module runs unchanged, with a stand-in for the widget model; its text travels compressed and is admitted by its hash.
Readers without scripts find every stage as a table.
"""

import base64
import gzip
import hashlib
import math
from html import escape

from attn_magic.experiment import CHANGEABLE, EDITABLE, experiment_of
from attn_magic.notation import format_label, shorten
from attn_magic.trace import AttentionTrace
from attn_magic.views.cell import to_cell
from attn_magic.views.module import module_text, stylesheet_text
from attn_magic.views.origin import describe_origin
from attn_magic.views.page import to_html
from attn_magic.views.wire import NOTHING, Offer, refuse_too_long, story_of, values_of

MOST_TYPED = 2000  # numbers of a matrix that is shown to be copied
_MOST_TOKENS = 12  # in the title

_STYLE = """
body { margin: 0 auto; max-width: 110rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark }
h1 { margin: 0 0 .5rem; font-size: 1.5rem }
h2 { font-size: 1.2rem }
pre { overflow-x: auto }
footer { margin: 2rem 0 0; font-size: .875rem }
.live #tables { display: none }
@media print { .live #tables { display: block } .live #explorer { display: none } }
"""

# Unpacks the explorer's module and puts it on the page, where the policy knows its hash. Without any of this the tables stay.
_LOADER = """
const bytesOf = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
const unpack = (id) => new Response(new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
globalThis.attnMagicPage = { bytesOf, stylesheet: await unpack("stylesheet") };
const script = document.createElement("script");
script.type = "module";
script.textContent = await unpack("module");
document.head.append(script);
"""

# A stand-in for the widget model, as far as the explorer uses it. There is no kernel, which the explorer tells whoever asks for one.
_STAND_IN = """
{
  const { bytesOf, stylesheet } = globalThis.attnMagicPage;
  delete globalThis.attnMagicPage;
  const story = document.getElementById("story").textContent;
  const values = new DataView(bytesOf("values").buffer);
  const state = { story, values, _stylesheet: stylesheet, focus: null, step: JSON.parse(story).stages.length - 1 };
  const listeners = {};
  const model = {
    widget_manager: { kernel: null },
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const callback of listeners[`change:${name}`] ?? []) callback();
    },
    save_changes() {},
    send() {},
    on: (event, callback) => (listeners[event] ??= []).push(callback),
    off(event, callback) {
      listeners[event] = (listeners[event] ?? []).filter((one) => one !== callback);
    },
  };
  await render({ model, el: document.getElementById("explorer"), signal: new AbortController().signal });
  document.documentElement.classList.add("live");
}
"""


def to_page(trace: AttentionTrace) -> str:
    """The explorer of `trace` as one self-contained page.

    Raises `TraceError` where its numbers are more than a page should hold.
    """
    refuse_too_long(trace)
    story = story_of(trace, _offer(trace), mask_stage=next((stage.name for stage in trace if stage.is_mask), None))
    module = module_text() + _STAND_IN
    title = _title(trace)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(_LOADER, module)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{escape(describe_origin(trace))}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f'<div id="explorer"></div>\n<div id="tables">\n<h2>Every stage as a table</h2>\n{to_html(trace)}</div>\n</main>\n{_footer(trace)}'
        f"{_data('story', 'application/json', story)}{_data('values', 'text/plain', _base64(values_of(trace)))}"
        f"{_data('stylesheet', 'text/plain', _pack(stylesheet_text()))}{_data('module', 'text/plain', _pack(module))}"
        f'<script type="module">{_LOADER}</script>\n</body>\n</html>\n'
    )


def _offer(trace: AttentionTrace) -> Offer:
    """What a kernel could change: the page shows it too, and says what it would take."""
    return NOTHING if experiment_of(trace) is None else Offer(EDITABLE, True, CHANGEABLE)


def _title(trace: AttentionTrace) -> str:
    tokens = " ".join(format_label(token[:100]) for token in trace.tokens[:_MOST_TOKENS])
    return escape("Attention, step by step: " + shorten(tokens + (" …" if len(trace.tokens) > _MOST_TOKENS else ""), 60))


def _policy(*scripts: str) -> str:
    """Nothing is loaded from anywhere, and only these scripts run. Styles may stand in elements: the tables carry their own."""
    hashes = " ".join(f"'sha256-{_base64(hashlib.sha256(script.encode()).digest())}'" for script in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"


def _footer(trace: AttentionTrace) -> str:
    again = to_cell(trace) if math.prod(trace.stages[0].shape) <= MOST_TYPED else None
    where = "a notebook" if again is None else "run the lines below in a notebook, after %load_ext attn_magic"
    note = f"This page needs no Python to look, point and step. What computes anew needs torch: {where}."
    lines = "" if again is None else f'<pre tabindex="0" aria-label="The cell that makes this again">{escape(again)}</pre>'
    return f"<footer>\n<p>{note}</p>\n{lines}<p>{escape(describe_origin(trace))}</p>\n</footer>\n"


def _data(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>\n'


def _pack(text: str) -> str:
    return _base64(gzip.compress(text.encode(), 9, mtime=0))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
