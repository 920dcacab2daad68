"""Tables that give way to the explorer where scripts run: without a kernel, a server or a network.

The explorer's module, the story and the numbers travel beside the tables, packed. A small script unpacks them when the tables come into
sight; the module goes into a script element of its own, because that is the one way that every page with scripts allows. Where anything
of this is missing, the tables stay.
"""

import base64
import functools
import gzip
import hashlib

from attn_magic.views.module import module_text, stylesheet_text

# What runs while a page is read has the page to itself. In a notebook's program the live explorer may still be on its way: it comes first.
_LOADER = """
(() => {
  const box = document.currentScript.parentElement;
  const rest = document.readyState === "loading" ? 0 : 3000;
  const textOf = (part) => box.querySelector(`:scope > [data-part=${part}]`).textContent;
  const bytesOf = (part) => Uint8Array.from(atob(textOf(part)), (letter) => letter.charCodeAt(0));
  const unpack = (part) => new Response(new Blob([bytesOf(part)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const shelf = (globalThis[Symbol.for("KEY")] ??= {});
  const run = (text) =>
    new Promise((resolve) => {
      shelf.resolve = resolve;
      const script = document.createElement("script");
      script.type = "module";
      script.textContent = text;
      document.head.append(script);
    });
  const open = async () => {
    const explore = await (shelf.explore ??= unpack("module").then(run));
    const place = document.createElement("div");
    place.className = "attn-magic-explorer";
    box.append(place);
    explore(place, { story: textOf("story"), values: new DataView(bytesOf("values").buffer), stylesheet: await unpack("stylesheet") });
    box.classList.add("attn-magic-explored");
  };
  const isLive = () => box.closest(".jp-OutputArea-child")?.nextElementSibling?.querySelector(".attn-magic-live");
  let timer = 0;
  const sight = new IntersectionObserver((entries) => {
    clearTimeout(timer);
    if (!entries.at(-1).isIntersecting) return;
    timer = setTimeout(() => {
      if (isLive()) return;
      sight.disconnect();
      open();
    }, rest);
  });
  if (globalThis.DecompressionStream) sight.observe(box);
})();
"""
# On paper the tables tell more.
_STYLE = (
    "<style>@media screen{.attn-magic-explored>.attn-magic-tables{display:none}}"
    "@media print{.attn-magic-explored>.attn-magic-explorer{display:none}}</style>"
)


def upgradable(tables: str, story: str, values: bytes, explorer: str = "") -> str:
    """`tables`, HTML without script, beside what the explorer of the same trace needs: its `story` and `values`, as `wire` writes them.

    `explorer` is the name of the live one that they give way to.
    """
    parts = {"story": story, "values": _base64(values), **_packed()}
    data = "".join(f'<script type="text/plain" data-part="{name}">{text}</script>' for name, text in parts.items())
    loader, _ = scripts()
    return named(f'{_STYLE}<div class="attn-magic-tables">{tables}</div>{data}<script>{loader}</script>', explorer)


def named(html: str, explorer: str) -> str:
    """`html` as an output that gives way to the live explorer of that name."""
    attribute = f' data-explorer="{explorer}"' if explorer else ""
    return f'<div class="attn-magic-output"{attribute}>{html}</div>'


@functools.cache
def scripts() -> tuple[str, str]:
    """The two scripts that run: the one beside the tables, and the explorer's module, which that one unpacks."""
    module = module_text("still.js")
    key = f"attn_magic {hashlib.sha256(module.encode()).hexdigest()[:16]}"  # pages with outputs of several versions run each of them
    return _LOADER.replace("KEY", key), f'{module}globalThis[Symbol.for("{key}")].resolve(explore);\n'


@functools.cache
def _packed() -> dict[str, str]:
    return {name: _base64(gzip.compress(text.encode(), 9, mtime=0)) for name, text in (("stylesheet", stylesheet_text()), ("module", scripts()[1]))}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
