"""How fast the explorer is where people meet it: a real JupyterLab in a real browser, with a real kernel behind it.

    python -m tests.benchmarks.browser

Times are milliseconds in the page, from the event to the end of the frame that shows its effect: script, style, layout and paint. Next to
each stands what could not be faster: a bare anywidget that carries the same bytes, or a frame in which nothing happens. On a machine that
has other work, too, the best of all times says what the page itself takes.
"""

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import lab

EXAMPLE = "%%attention\nI 1.16 0.23\nam 0.57 1.36\nIndian 4.41 -2.16"
BARE = """import anywidget, traitlets, torch, attn_magic
class Bare(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
        el.className = 'bare';
        el.textContent = model.get('record').length + model.get('values').byteLength;
    } }'''
    record = traitlets.Unicode().tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)
"""
FRAME = 16.7

# When the kernel's message with a widget to show arrives, and when the frame after its drawing has been painted.
WATCH_ARRIVAL = """() => {
    const known = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
    const heard = new TextDecoder();
    const listen = (event) => {
        const text = typeof event.data === 'string' ? event.data : heard.decode(event.data);
        if (text.includes('widget-view+json')) window.arrived = performance.now();
    };
    Object.defineProperty(WebSocket.prototype, 'onmessage', {
        ...known,
        set(callback) { known.set.call(this, callback && ((event) => (listen(event), callback.call(this, event)))); },
    });
}"""
WATCH_PAINT = """async (seen) => {
    delete window.arrived;
    const find = new Function(`return ${seen}`);
    const painted = new Promise((done) => {
        const look = () => {
            if (window.arrived === undefined || !find()) return requestAnimationFrame(look);
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - window.arrived);
            port2.postMessage(0);
        };
        requestAnimationFrame(look);
    });
    window.painted = painted;
}"""
EXPLORER_SEEN = "document.querySelector('.attn-magic-live > div')?.shadowRoot.querySelector('[role=gridcell]')"
BARE_SEEN = "document.querySelector('.bare')"

# The work of the frame in which the pointer moves, and of the frame after it; `idle` moves it where nothing is.
HOVER = """async ([title, count, idle]) => {
    const root = document.querySelector('.attn-magic-live > div').shadowRoot;
    const grid = root.querySelector(`[role=grid][aria-label="${title}"]`);
    grid.scrollIntoView({ block: 'center' });
    await new Promise((done) => setTimeout(done, 300));
    const area = grid.querySelector('canvas') ?? grid.querySelector('tbody');
    const times = [];
    for (let place = 0; place < count; place++) {
        const box = area.getBoundingClientRect();
        const [x, y] = [(0.9 * ((place * 7) % 31)) / 31, (0.9 * ((place * 11) % 29)) / 29];
        const at = { clientX: box.left + box.width * (0.05 + x), clientY: box.top + Math.min(box.height, 400) * (0.05 + y) };
        const target = root.elementFromPoint(at.clientX, at.clientY) ?? area;
        const frame = (act) => new Promise((done) => requestAnimationFrame(() => {
            const start = performance.now();
            act();
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - start);
            port2.postMessage(0);
        }));
        const first = await frame(() => idle || target.dispatchEvent(new PointerEvent('pointermove', { ...at, bubbles: true, composed: true })));
        times.push(Math.max(first, await frame(() => {})));
    }
    return times;
}"""

# From Enter in a cell to the frame in which every stage is new: the last thing drawn is that it can be undone.
WATCH_EDIT = """() => {
    const root = document.querySelector('.attn-magic-live > div').shadowRoot;
    const heard = new AbortController();
    window.edited = new Promise((done) => root.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter') return;
        heard.abort();
        const start = performance.now();
        const look = () => {
            if (root.querySelector('button.undo').ariaDisabled === 'true') return requestAnimationFrame(look);
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - start);
            port2.postMessage(0);
        };
        requestAnimationFrame(look);
    }, { capture: true, signal: heard.signal }));
}"""


@dataclass
class Line:
    """One row of the table."""

    what: str
    times: list[float]
    limit: float | None = None
    floor: float = 0.0
    unit: str = "ms"

    def __str__(self) -> str:
        middle, high = statistics.median(self.times), sorted(self.times)[int(0.95 * (len(self.times) - 1))]
        best = min(self.times)
        limit = "" if self.limit is None else f"≤ {self.limit:g}"
        verdict = "" if self.limit is None else "ok" if high <= self.limit else "median ok" if middle <= self.limit else "TOO MUCH"
        return f"{self.what:<55} {best:>8.1f} {middle:>8.1f} {high:>8.1f} {self.unit:<4} {limit:<7} {verdict:<10} {self.floor:>8.1f}"


@dataclass
class Socket:
    """What comes through the page's connections to the kernel."""

    frames: int = 0
    bytes: int = 0

    def listen(self, page: Any) -> None:
        """Count from now on."""

        def count(payload: str | bytes) -> None:
            self.frames += 1
            self.bytes += len(payload)

        page.on("websocket", lambda socket: socket.on("framereceived", count))


def open_desk(browser: Any, server: lab.Server, name: str) -> Any:
    """A page with a running kernel and an empty cell."""
    return lab.desk(browser, server), server.write(f"{name}.ipynb", f"%load_ext attn_magic\n{BARE}", "")


def run_and_wait(desk: lab.Desk, source: str, seen: str) -> float:
    """How long after the message the output was painted."""
    desk.run_cell("")
    desk.page.evaluate(WATCH_PAINT, seen)
    desk.run_cell(source)
    return float(desk.page.evaluate("() => window.painted"))


def measure_paint(browser: Any, server: lab.Server) -> Iterator[Line]:
    """The first explorer of a page, and later ones."""
    example = "trace = attn_magic.attend([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]); one = trace.explorer()"
    bare = f"{example}; Bare(record=one.record, values=one.values)"
    cold: list[float] = []
    cold_floor: list[float] = []
    for turn in range(6):
        context, path = open_desk(browser, server, f"paint-{turn}")
        with context as desk:
            desk.page.add_init_script(f"({WATCH_ARRIVAL})()")
            desk.open(path)
            desk.run()
            is_bare = turn % 2 == 0
            (cold_floor if is_bare else cold).append(run_and_wait(desk, bare if is_bare else EXAMPLE, BARE_SEEN if is_bare else EXPLORER_SEEN))
            if turn == 5:
                warm = [run_and_wait(desk, EXAMPLE, EXPLORER_SEEN) for _ in range(12)]
                floor = [run_and_wait(desk, bare, BARE_SEEN) for _ in range(12)]
        server.stop_kernels(path)
    yield Line("message to first paint, 3 × 2, first in its page", cold, 100, statistics.median(cold_floor))
    yield Line("message to first paint, 3 × 2, later", warm, 100, statistics.median(floor))


def measure_rest(browser: Any, server: lab.Server) -> Iterator[Line]:
    """Pointing, changing, and what comes through the socket."""
    context, path = open_desk(browser, server, "rest")
    socket = Socket()
    with context as desk:
        socket.listen(desk.page)
        desk.open(path)
        desk.run()
        desk.run_cell(EXAMPLE)
        desk.page.wait_for_timeout(1000)
        socket.frames = socket.bytes = 0
        desk.run_cell(EXAMPLE)
        desk.page.wait_for_timeout(1000)
        yield Line("frames of one run of the cell, with status and tables", [socket.frames], unit="")
        yield Line("kilobytes of it, with the module", [socket.bytes / 1000], unit="kB")
        for tokens, features in ((3, 2), (32, 16), (128, 64), (512, 64)):
            desk.run_cell(EXAMPLE if tokens == 3 else f"%attention torch.linspace(-1, 1, {tokens * features}).reshape({tokens}, {features})")
            desk.page.wait_for_timeout(1500)
            for title in ("Scores", "Attention weights"):
                hover = [desk.page.evaluate(HOVER, [title, 60, idle]) for idle in (True, False)]
                yield Line(f"pointing at {title}, {tokens} tokens", hover[1], FRAME, statistics.median(hover[0]))
            if tokens in (3, 128):
                yield Line(f"edit to all stages, {tokens} × {features}", measure_edits(desk), 100 if tokens == 3 else 300)


def measure_edits(desk: lab.Desk) -> list[float]:
    """Ten edits of one cell, each undone."""
    times = []
    cell = desk.page.get_by_role("grid", name="Token encodings", exact=True).get_by_role("gridcell").first
    cell.scroll_into_view_if_needed()
    for place in range(10):
        desk.page.evaluate(WATCH_EDIT)
        cell.focus()
        desk.page.keyboard.press("F2")
        desk.page.keyboard.type(f"0.{place + 1}")
        desk.page.keyboard.press("Enter")
        times.append(float(desk.page.evaluate("() => window.edited")))
        desk.page.get_by_role("button", name="Undo").click()
        desk.page.wait_for_function(
            "() => document.querySelector('.attn-magic-live > div').shadowRoot.querySelector('button.undo').ariaDisabled === 'true'"
        )
    return times


def main() -> None:
    """Print the table."""
    print(f"{'':<55} {'best':>8} {'median':>8} {'p95':>8} {'':<4} {'limit':<7} {'':<10} {'floor':>8}")
    with tempfile.TemporaryDirectory() as folder, lab.jupyter_server(Path(folder)) as server, lab.chromium() as browser:
        for measure in (measure_paint, measure_rest):
            for line in measure(browser, server):
                print(line, flush=True)


if __name__ == "__main__":
    main()
