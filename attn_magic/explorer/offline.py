"""Tables that give way to the explorer where scripts run: without a kernel, a server or a network.

The explorer's module, the record and the numbers travel beside the tables, packed. A small script, loader.js, unpacks them when the tables
come into sight. Where anything of this is missing, the tables stay.

All of it is one line, which readers of Markdown take for one block of HTML. The packed data stand in attributes of an empty <i>, an element
that even the strictest sanitisers know: they drop its attributes, where of a script they would leave the text.
"""

import base64
import functools
import gzip
import hashlib

from attn_magic.explorer.bundle import module_text, stylesheet_text

# On paper the tables tell more.
_STYLE = (
    "<style>@media screen{.attn-magic-explored>.attn-magic-tables{display:none}}"
    "@media print{.attn-magic-explored>.attn-magic-explorer{display:none}}</style>"
)


def upgradable(tables: str, record: str, values: bytes, explorer: str = "") -> str:
    """`tables`, HTML without script, beside what the explorer of the same trace needs: its `record` and `values`, as `serialize` writes them.

    `explorer` is the name of the live one that they give way to.
    """
    parts = {"record": _pack(record.encode("ascii")), "values": _pack(values), **_packed()}
    data = "".join(f' data-{name}="{text}"' for name, text in parts.items())
    loader, _ = scripts()
    return named(f'{_STYLE}<div class="attn-magic-tables">{tables}</div><i hidden data-key="{_key()}"{data}></i><script>{loader}</script>', explorer)


def named(html: str, explorer: str) -> str:
    """`html` as an output that gives way to the live explorer of that name."""
    attribute = f' data-explorer="{explorer}"' if explorer else ""
    return f'<div class="attn-magic-output"{attribute}>{html}</div>'


@functools.cache
def scripts() -> tuple[str, str]:
    """The two scripts that run: the one beside the tables, and the explorer's module, which that one unpacks."""
    loader = " ".join(line.strip() for line in module_text("loader.js").splitlines())
    return loader.replace("KEY", _key()), module_text("resolve.js").replace('"KEY"', f'"{_key()}"')


@functools.cache
def _key() -> str:
    """What outputs of this version have in common: a page with outputs of several versions runs each of them."""
    return hashlib.sha256((module_text("loader.js") + module_text("resolve.js")).encode()).hexdigest()[:16]


@functools.cache
def _packed() -> dict[str, str]:
    return {"stylesheet": _pack(stylesheet_text().encode()), "module": _pack(scripts()[1].encode())}


def _pack(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
