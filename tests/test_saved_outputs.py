"""A saved output where there is no kernel: an explorer wherever scripts run, however they are run, and tables wherever they do not.

The hosts are emulated here, each by the few lines with which it puts an output on its page; the real JupyterLab, Notebook 7 and nbconvert are
in test_lab.py.
"""

import base64
import gzip
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import bleach
import nbformat
import pytest
from markdown_it import MarkdownIt
from nbconvert import HTMLExporter, MarkdownExporter

from attn_magic import attend
from attn_magic.display import notebook_outputs
from attn_magic.trace import AttentionTrace

from . import lab
from .browser import find_chromium
from .kinds import KINDS
from .test_lab import TABLES, grid, shown
from .traces import INDIAN

TRACES = (attend(INDIAN, tokens="I am Indian"), attend([[1.5, 2.5], [3.5, -4.5]], seed=7))
SHELL: Any = SimpleNamespace(get_parent=lambda: {})
ADDRESS = "http://host.test/"


def saved(trace: AttentionTrace) -> str:
    """The HTML that a notebook keeps of `trace`."""
    html: str = notebook_outputs(SHELL, trace)[0]["text/html"]
    return html


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    find_chromium()
    with lab.chromium() as browser:
        yield browser


@pytest.fixture
def read(browser) -> Iterator[Any]:
    """Opens a page of this HTML, in a profile of its own."""
    contexts = []

    def read(html: str, **settings: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": 1400, "height": 1600}, **settings))
        contexts[-1].set_default_timeout(15_000)
        page = contexts[-1].new_page()
        page.route("**/*", lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=html))
        page.goto(ADDRESS)
        return page

    yield read
    for context in contexts:
        context.close()


def document(body: str = "", policy: str = "") -> str:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    return f"<!DOCTYPE html><html><head>{meta}</head><body>{body}</body></html>"


# How hosts run the scripts of HTML that they put into `element`.
IN_PLACE = """(element, scripts) => {
    for (const script of scripts) {
        const own = document.createElement('script');
        own.text = script.text;
        for (const { name, value } of script.attributes) own.setAttribute(name, value);
        script.replaceWith(own);
    }
}"""
AS_COPIES = """(element, scripts) => {
    for (const script of scripts) {
        const copy = document.createElement('script');
        copy.text = script.innerText;
        if (script.type) copy.setAttribute('type', script.type);
        element.appendChild(copy).parentNode.removeChild(copy);
    }
}"""
IN_THE_HEAD = """(element, scripts) => {
    for (const script of scripts) {
        const copy = document.createElement('script');
        copy.text = script.text;
        if (script.type) copy.setAttribute('type', script.type);
        document.head.appendChild(copy).parentNode.removeChild(copy);
    }
}"""
AS_FUNCTIONS = """(element, scripts) => {
    for (const script of scripts) if (!script.type) new Function(script.textContent)();
}"""
TWICE = f"(element, scripts) => {{ ({AS_COPIES})(element, scripts); ({IN_THE_HEAD})(element, scripts); }}"


def put(page: Any, html: str, run: str) -> None:
    """A host shows one output."""
    page.evaluate(
        f"""html => {{
            const element = document.createElement('div');
            element.innerHTML = html;
            document.body.append(element);
            ({run})(element, [...element.querySelectorAll('script')]);
        }}""",
        html,
    )


def assert_explored(page: Any, *traces: AttentionTrace) -> None:
    """Every output is one explorer, and each shows its own numbers in place of its tables."""
    outputs = page.locator(".attn-magic-output")
    assert outputs.count() == len(traces)
    for place, trace in enumerate(traces):
        output = outputs.nth(place)
        output.scroll_into_view_if_needed()
        grid(output, "Output").wait_for()
        assert grid(output, "Output").get_by_role("gridcell").all_inner_texts() == shown(trace.output)
        assert output.locator(".attn-magic-explorer").count() == 1
        assert not output.get_by_text(TABLES).is_visible()


def assert_tables(page: Any) -> None:
    page.wait_for_timeout(3500)
    assert page.get_by_text(TABLES).first.is_visible()
    assert page.locator(".attn-magic-explorer").count() == 0


def test_a_page_that_is_read_runs_scripts_in_place(read):
    assert_explored(read(document("".join(map(saved, TRACES)))), *TRACES)


@pytest.mark.parametrize(
    "run", [IN_PLACE, AS_COPIES, IN_THE_HEAD, AS_FUNCTIONS, TWICE], ids=["in place", "as copies", "in the head", "as functions", "twice"]
)
def test_outputs_that_are_put_on_a_page_find_themselves_however_their_scripts_are_run(read, run):
    page = read(document())
    for trace in (*TRACES, TRACES[0]):
        put(page, saved(trace), run)
    assert_explored(page, *TRACES, TRACES[0])


@pytest.mark.parametrize("run", [IN_PLACE, AS_COPIES, IN_THE_HEAD], ids=["in place", "as copies", "in the head"])
def test_a_policy_that_allows_inline_scripts_and_styles_is_enough(read, run):
    page = read(document(policy="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"))
    put(page, saved(TRACES[0]), run)
    assert_explored(page, TRACES[0])


@pytest.mark.parametrize("policy", ["script-src 'self'", "require-trusted-types-for 'script'"])
def test_under_a_policy_that_forbids_them_the_tables_stay(read, policy):
    assert_tables(read(document(saved(TRACES[0]), policy)))


def test_without_scripts_the_tables_stay(read):
    assert_tables(read(document(saved(TRACES[0])), java_script_enabled=False))


def test_an_output_that_was_cleaned_of_scripts_is_not_trusted_to_bring_one(read):
    """As where a host cleans what a stranger wrote, keeps its attributes, and runs the scripts of another output beside it."""
    evil = base64.b64encode(gzip.compress(b"globalThis.pwned = true;")).decode("ascii")
    cleaned = re.sub("<script>.*?</script>", "", saved(TRACES[1]), flags=re.DOTALL)
    cleaned = re.sub('data-module="[^"]*"', f'data-module="{evil}"', cleaned)
    page = read(document(cleaned))
    put(page, saved(TRACES[0]), AS_COPIES)
    first, second = (page.locator(".attn-magic-output").nth(place) for place in range(2))
    page.wait_for_timeout(3500)
    second.scroll_into_view_if_needed()
    grid(second, "Output").wait_for()
    assert first.get_by_text(TABLES).is_visible()
    assert page.evaluate("() => globalThis.pwned") is None


def test_the_classic_notebooks_box_that_scrolls_is_as_high_as_the_window(read):
    """It has 24em where an output is long; this is its own style."""
    box = "<style>div.output_scroll { height: 24em; overflow: auto }</style><div class='output output_scroll'>"
    page = read(document(f"{box}{saved(TRACES[0])}</div>"))
    grid(page, "Output").wait_for()
    assert page.locator(".output_scroll").evaluate("box => box.clientHeight") > 600


# The looks of its page


def theme(page: Any) -> str:
    """Dark or light letters on the explorer's own ground, as the reader sees them."""
    grid(page, "Output").wait_for()
    found: str = page.locator(".explorer").get_attribute("data-theme")
    return found


@pytest.mark.parametrize(("page", "expected"), [
    ("<body>", "dark"),
    ("<body style='background: white'>", "light"),
    ("<body style='background: #808080'>", "light"),
    ("<body style='background: #444'>", "dark"),
    ("<body style='background: oklch(0.95 0.01 90)'>", "light"),
    ("<html style='background: white'><body style='background: rgb(0 0 0 / 20%)'>", "light"),
    ("<body style='background: black'><div style='background: white'><div>", "light"),
    ("<html data-theme='auto' style='background: white'>", "light"),
    ("<html theme='light' style='background: black'>", "light"),
    ("<body data-theme='light' style='background: black'>", "light"),
    ("<body class='vscode-light' style='background: black'>", "light"),
])  # fmt: skip
def test_the_page_comes_before_the_operating_system(read, page, expected):
    """The operating system is dark, and each page says otherwise in a way of its own."""
    assert theme(read(f"<!DOCTYPE html>{page}{saved(TRACES[0])}", color_scheme="dark")) == expected


def test_what_lies_behind_is_seen_through_shadow_roots(read):
    page = read(document("<section style='background: black'></section>"), color_scheme="dark")
    page.evaluate(
        """html => {
            const element = document.createElement('div');
            document.querySelector('section').append(element);
            element.attachShadow({ mode: 'open' }).innerHTML = '<p style="background: white"><slot></slot></p>';
            element.innerHTML = html;
            const script = document.createElement('script');
            script.text = element.querySelector('script').text;
            document.head.append(script);
        }""",
        saved(TRACES[0]),
    )
    assert theme(page) == "light"


def test_a_change_of_the_pages_theme_is_followed(read):
    page = read(document(saved(TRACES[0])))
    assert theme(page) == "light"
    page.evaluate("() => document.body.setAttribute('data-theme', 'dark')")
    page.locator(".explorer[data-theme=dark]").wait_for()
    page.evaluate("() => document.body.removeAttribute('data-theme')")
    page.locator(".explorer[data-theme=light]").wait_for()
    page.emulate_media(color_scheme="dark")
    page.locator(".explorer[data-theme=dark]").wait_for()


# Readers of Markdown, sanitisers


def a_notebook() -> nbformat.NotebookNode:
    """The two outputs of a cell as a notebook keeps them."""
    outputs = []
    for bundle in notebook_outputs(SHELL, TRACES[0]):
        data = {kind: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value for kind, value in bundle.items()}
        outputs.append(nbformat.v4.new_output("display_data", data))
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%%attention", outputs=outputs)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_of_markdown_takes_the_whole_output_for_one_block_of_html(kind):
    html = saved(KINDS[kind]())
    for around in ("", "Before it.\n\n", "    a cell\n\n"):
        blocks = MarkdownIt("commonmark").parse(f"{around}{html}\n\nAfter *it*.\n")
        assert [block.content.strip() for block in blocks if block.type == "html_block"] == [html]


def test_nbconvert_to_markdown_keeps_the_whole_output():
    text, _ = MarkdownExporter().from_notebook_node(a_notebook())
    blocks = [block.content.strip() for block in MarkdownIt("commonmark").parse(text) if block.type == "html_block"]
    assert saved(TRACES[0]) in blocks


def test_in_a_page_made_of_that_markdown_the_explorer_works(read):
    text, _ = MarkdownExporter().from_notebook_node(a_notebook())
    assert_explored(read(document(MarkdownIt("commonmark").render(text))), TRACES[0])


def left_by_bleach(html: str) -> str:
    """Its own few elements, everything else written out as text."""
    return str(bleach.clean(html))


def left_by_bleach_with_tables(html: str) -> str:
    """As people set it up for tables: what is not allowed is taken away, but for the text inside."""
    tags = {*bleach.ALLOWED_TAGS, "br", "caption", "details", "div", "h3", "h4", "p", "small", "table", "tbody", "td", "th", "thead", "tr"}
    return str(bleach.clean(html, tags=tags, strip=True))


def left_by_nbconvert(_: str) -> str:
    page, _ = HTMLExporter(sanitize_html=True).from_notebook_node(a_notebook())
    return str(page)


@pytest.mark.parametrize("clean", [left_by_bleach, left_by_bleach_with_tables, left_by_nbconvert])
def test_a_sanitiser_that_keeps_the_text_of_scripts_leaves_none_of_the_data(read, clean):
    left = clean(saved(TRACES[0]))
    assert "1.0100" in left
    text = read(document(left)).locator("body").inner_text()
    assert "1.0100" in text
    assert not re.findall(r"[A-Za-z0-9+/=]{60,}", text)
