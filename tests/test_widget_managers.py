"""The live explorer where other programs than Jupyter's bring its widget to a page.

html-manager is the real one, as in a page that `ipywidgets.embed` or nbconvert writes. The webview of VS Code is an emulation: its Jupyter
extension cannot be installed where tests run. What it does to an output is written down in few lines: how it runs scripts, to which keys it
listens, what its optional policy allows; widgets are brought by html-manager, with a kernel behind it, and by anywidget's own script.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anywidget
import comm
import ipywidgets
import pytest
from ipywidgets.embed import dependency_state, embed_data

from attn_magic import attend
from attn_magic.display import notebook_outputs
from attn_magic.explorer.widget import Explorer, close_all
from attn_magic.views.html import to_html

from . import lab
from .browser import find_chromium, find_npm
from .test_explorer import Wire
from .test_lab import FOCUSED, INDIAN, SCORE, TABLES, cell, change, grid, panel, shown, wait_for_numbers

WIDGET = "application/vnd.jupyter.widget-view+json"
TRACE = attend(INDIAN, tokens="I am Indian")
EDITED = attend([[1.16, -1.5], *INDIAN[1:]], tokens="I am Indian")
ADDRESS = "http://host.test/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    find_chromium()
    with lab.chromium() as browser:
        yield browser


@pytest.fixture
def read(browser) -> Iterator[Any]:
    """Opens a page of this HTML beside the scripts of html-manager and anywidget."""
    scripts = {
        "require.js": find_npm("requirejs/require.js", "requirejs"),
        "embed-amd.js": find_npm("@jupyter-widgets/html-manager/dist/embed-amd.js", "html-manager"),
        "anywidget.js": Path(anywidget.__file__).parent / "nbextension" / "index.js",
    }
    context = browser.new_context(viewport={"width": 1400, "height": 1600})
    context.set_default_timeout(15_000)

    def read(html: str) -> Any:
        def answer(route: Any) -> None:
            name = route.request.url.rpartition("/")[2]
            if name in scripts:
                route.fulfill(content_type="text/javascript", path=scripts[name], headers={"Access-Control-Allow-Origin": "*"})
            else:
                route.fulfill(content_type="text/html; charset=utf-8", body=html)

        page = context.new_page()
        page.route("**/*", answer)
        page.goto(ADDRESS)
        return page

    yield read
    context.close()


@dataclass
class Kernel(Wire):
    """The kernel's end of every widget."""

    comms: dict[str, Any] = field(default_factory=dict)

    def create_comm(self, **opening: Any) -> Any:
        link = super().create_comm(**opening)
        self.comms[link.comm_id] = link
        return link


@pytest.fixture
def wire(monkeypatch) -> Iterator[Kernel]:
    wire = Kernel()
    monkeypatch.setattr(comm, "create_comm", wire.create_comm)
    yield wire
    close_all()
    ipywidgets.Widget.close_all()


def outputs_of_a_cell() -> list[dict[str, Any]]:
    shell: Any = SimpleNamespace(get_parent=lambda: {})
    return notebook_outputs(shell, TRACE)


def wait_until_it_says_that_no_kernel_answers(page: Any) -> None:
    page.get_by_role("status").filter(has_text="start the kernel to recompute").wait_for()
    assert page.get_by_role("radio", name="causal").is_disabled()
    page.get_by_role("button", name="Copy", exact=True).click()
    assert page.get_by_role("button", name="Copy as PyTorch").is_disabled()


# A page of html-manager


def test_in_a_page_without_a_kernel_what_cannot_work_rests_and_says_why(read, wire):
    explorer = Explorer(TRACE)
    data = embed_data(views=[explorer], state=dependency_state([explorer], drop_defaults=False))
    page = read(
        '<!DOCTYPE html><html><head><script src="/require.js"></script><script src="/embed-amd.js"></script></head><body>'
        f'<script type="application/vnd.jupyter.widget-state+json">{json.dumps(data["manager_state"])}</script>'
        f'<script type="{WIDGET}">{json.dumps(data["view_specs"][0])}</script></body></html>'
    )
    grid(page, "Output").wait_for()
    wait_until_it_says_that_no_kernel_answers(page)
    cell(page, SCORE).hover()
    panel(page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()


def test_marimo_is_given_the_explorer_of_a_trace_or_the_tables_of_one_that_is_too_large(wire):
    """It shows what `_display_` returns; HTML without a script stands in its page as it is."""
    displayed = TRACE._display_()
    assert isinstance(displayed, Explorer)
    assert displayed.trace is TRACE
    large = attend([[1.0, 2.0]] * 1000)
    html = large._display_()._repr_html_()
    assert html.startswith("<p>The explorer would have to hold 12.0 MB for all stages of 1,000 × 2; its limit is 8 MB.")
    assert html.endswith(to_html(large))
    assert "<script" not in html


# The webview of VS Code, emulated

WEBVIEW = """<!DOCTYPE html><html><head>%s</head>
<body class="vscode-dark" style="--vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4; background: transparent">
<script src="/require.js"></script><script src="/embed-amd.js"></script>
<div id="container"></div>
<script>
const forwarded = [];
window.addEventListener("keydown", (event) => {
    forwarded.push([event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", event.key].filter(Boolean).join("+"));
});

function outputElement() {
    const element = document.createElement("div");
    const container = Object.assign(document.createElement("div"), { className: "output_container" });
    container.append(element);
    document.getElementById("container").append(container);
    return element;
}

function showHtml(html) {
    const element = outputElement();
    element.innerHTML = html;
    for (const script of [...element.getElementsByTagName("script")]) {
        const copy = document.createElement("script");
        copy.text = script.innerText;
        for (const name of ["type", "src", "nonce", "async"]) if (script.getAttribute(name)) copy.setAttribute(name, script.getAttribute(name));
        element.appendChild(copy).parentNode.removeChild(copy);
    }
}

const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

async function openManager(withKernel, told) {
    const load = (names) => new Promise((resolve, reject) => require(names, (...modules) => resolve(modules), reject));
    const [{ HTMLManager }] = await load(["@jupyter-widgets/html-manager"]);
    class Manager extends HTMLManager {
        constructor() { super({ loader: (name) => load([name]).then(([module]) => module) }); }
    }
    if (withKernel) Object.defineProperty(Manager.prototype, "kernel", { get: () => ({ status: "idle", connectionStatus: "connected" }) });
    const manager = window.manager = new Manager();
    const heard = {};
    const hear = (messages) => {
        for (const { comm_id, data, buffers } of messages) heard[comm_id]({ content: { comm_id, data }, buffers: buffers.map(bytes) });
    };
    for (const message of told) {
        const { comm_id, target_name, data, metadata, buffers } = message;
        if (!target_name) {
            hear([message]);
            continue;
        }
        const link = {
            comm_id, target_name, open() {}, close() {}, on_close() {},
            on_msg: (callback) => void (heard[comm_id] = callback),
            send(data, callbacks) {
                window.toKernel(comm_id, JSON.stringify(data)).then((messages) => {
                    hear(messages);
                    callbacks?.iopub?.status?.({ content: { execution_state: "idle" } });
                });
                return "";
            },
        };
        await manager.handle_comm_open(link, { content: { comm_id, data }, metadata, buffers: buffers.map(bytes) });
    }
}

async function showWidget(id) {
    const element = outputElement();
    try {
        const view = await manager.create_view(await manager.get_model(id), {});
        await manager.display_view(view, element);
    } catch (error) {
        element.textContent = String(error);
    }
}
</script></body></html>"""
# With `notebook.experimental.enableCsp`.
POLICY = (
    f"default-src 'none'; script-src {ADDRESS} 'unsafe-inline' 'unsafe-eval'; style-src {ADDRESS} 'unsafe-inline'; "
    f"img-src {ADDRESS} https: http: data:; font-src {ADDRESS} https:; connect-src https:; child-src https: data: blob:;"
)


def packed(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages of the kernel as JSON."""
    return [
        {**message, "buffers": [base64.b64encode(bytes(buffer)).decode("ascii") for buffer in message.get("buffers") or ()]} for message in messages
    ]


def open_webview(read: Any, policy: str = "") -> Any:
    return read(WEBVIEW % (f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""))


def run_cell(page: Any, wire: Kernel, kernel: bool = True) -> None:
    """The page shows the outputs of a cell, and every message of the explorer goes to Python and back."""
    html, live = outputs_of_a_cell()
    told = packed(wire.messages)

    def to_kernel(comm_id: str, text: str) -> list[dict[str, Any]]:
        before = len(wire.messages)
        wire.comms[comm_id].callback({"content": {"data": json.loads(text)}, "buffers": []})
        return packed(wire.messages[before:])

    page.expose_function("toKernel", to_kernel)
    page.evaluate("html => showHtml(html)", html["text/html"])
    page.evaluate("([kernel, told]) => openManager(kernel, told)", [kernel, told])
    page.evaluate("id => showWidget(id)", live[WIDGET]["model_id"])


@pytest.mark.parametrize("kernel", [True, False], ids=["vscode", "a manager that knows of no kernels, as Colab's"])
def test_the_explorer_is_live_in_a_webview(read, wire, kernel):
    page = open_webview(read)
    run_cell(page, wire, kernel)
    grid(page, "Output").wait_for()
    assert not page.get_by_text(TABLES).is_visible()
    assert page.locator(".explorer").get_attribute("data-theme") == "dark"
    page.wait_for_timeout(3500)  # the saved one does not come as well
    assert page.locator(".explorer").count() == 1
    change(page, "token I, d_model dim 2, 0.2300", "-1.5")
    wait_for_numbers(page, "Output", shown(EDITED.output))
    page.keyboard.press("Control+z")
    wait_for_numbers(page, "Output", shown(TRACE.output))


def test_the_webview_is_told_of_no_key_that_is_meant_for_the_explorer(read, wire):
    """It runs cells, adds them and walks through them for every key that it hears of."""
    page = open_webview(read)
    run_cell(page, wire)
    grid(page, "Scores").get_by_role("gridcell").first.focus()
    for key in ("ArrowDown", "b", "Alt+ArrowDown", "Shift+Enter", "Enter", "[", "Backspace", "Control+End", "Control+z", "Control+y", " ", " "):
        page.keyboard.press(key)
    page.get_by_role("textbox", name="Seed").focus()
    for key in ("1", "ArrowLeft", "Control+z"):
        page.keyboard.press(key)
    own = [key for key in page.evaluate("() => forwarded") if key not in ("Ctrl+Control", "Alt+Alt", "Shift+Shift")]
    assert own == []


def test_the_webview_hears_what_leads_out_of_the_explorer_and_what_is_its_own(read, wire):
    page = open_webview(read)
    run_cell(page, wire)
    grid(page, "Scores").get_by_role("gridcell").first.focus()
    for key in ("Control+s", "Control+Enter", "Escape", "Tab", "Shift+Tab"):
        page.keyboard.press(key)
    heard = [key for key in page.evaluate("() => forwarded") if key not in ("Ctrl+Control", "Shift+Shift")]
    assert heard == ["Ctrl+s", "Ctrl+Enter", "Escape", "Tab", "Shift+Tab"]
    assert page.evaluate(FOCUSED).startswith("query ")


@pytest.mark.parametrize("policy", ["", POLICY], ids=["", "with its policy"])
def test_a_notebook_that_is_opened_again_in_a_webview_has_its_explorer(read, policy):
    page = open_webview(read, policy)
    for _ in range(2):
        page.evaluate("html => showHtml(html)", outputs_of_a_cell()[0]["text/html"])
    for place in range(2):
        output = page.locator(".attn-magic-output").nth(place)
        output.scroll_into_view_if_needed()
        grid(output, "Output").wait_for()
        assert output.locator(".explorer").get_attribute("data-theme") == "dark"
    cell(output, SCORE).hover()
    panel(output).get_by_text("How well does what Indian asks for match what I offers?").wait_for()


def test_where_the_policy_keeps_anywidget_out_the_saved_explorer_is_shown(read, wire):
    """It loads every widget from a `blob:`."""
    page = open_webview(read, POLICY)
    run_cell(page, wire)
    grid(page, "Output").wait_for()
    assert not page.get_by_text(TABLES).is_visible()
    assert page.locator(".attn-magic-live").count() == 1
    assert page.locator(".attn-magic-explorer .attn-magic-live, .attn-magic-explorer.attn-magic-live").count() == 1
