"""The explorer where people meet it: a real JupyterLab, a real Notebook 7, a real browser, and what is left when one of them is missing."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from attn_magic.attention import attend
from attn_magic.exports.csv import to_csv
from attn_magic.exports.latex import stage_to_latex
from attn_magic.exports.markdown import stage_to_markdown
from attn_magic.exports.torch_script import to_code
from attn_magic.notation import format_number
from attn_magic.views.preview import preview

from . import lab
from .browser import find_chromium, read_axe
from .traces import INDIAN

DATA = Path(__file__).parent / "data"
LOAD = "%load_ext attn_magic"
CELL = "%%attention\nI 1.16 0.23\nam 0.57 1.36\nIndian 4.41 -2.16"
SCORE = "query Indian, key I, 0.4842"
TABLES = "Attention, step by step"  # the heading of the inert output
WIDGETS = "len(__import__('ipywidgets').widgets.widget._instances)"
PAYLOADS = json.loads((DATA / "label_payloads.json").read_text(encoding="utf-8"))["payloads"]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Any]:
    find_chromium()
    with lab.jupyter_server(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="module")
def browser(server) -> Iterator[Any]:
    with lab.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def shared_desk(server, browser) -> Iterator[Any]:
    """One JupyterLab with a running kernel, for all tests that only need a fresh cell."""
    with lab.desk(browser, server) as desk:
        desk.open(server.write("shared.ipynb", LOAD, "", ""))
        desk.run()
        yield desk


@pytest.fixture
def desk(shared_desk) -> Iterator[Any]:
    """That JupyterLab with two empty cells; nothing may complain or reach for another server."""
    shared_desk.page.mouse.move(0, 0)
    shared_desk.run_cell("", -2)
    shared_desk.run_cell("", -1)
    shared_desk.watch.complaints.clear()
    yield shared_desk
    assert shared_desk.watch.foreign == []
    assert shared_desk.watch.complaints == []


@pytest.fixture
def page(desk) -> Any:
    """The page with an explorer of the default example."""
    desk.run_cell(CELL)
    grid(desk.page, "Output").wait_for()
    return desk.page


def grid(page: Any, title: str) -> Any:
    return page.get_by_role("grid", name=title, exact=True)


def cell(page: Any, name: str) -> Any:
    return page.get_by_role("gridcell", name=name, exact=True)


def choose(page: Any, group: str, choice: str) -> None:
    page.get_by_role("group", name=group, exact=True).get_by_role("radio", name=choice, exact=True).check()


def reach(page: Any, title: str) -> Any:
    """The grid of a stage further down, which is drawn when it is scrolled to."""
    found = page.locator("figure").filter(has=page.get_by_text(title, exact=True))
    found.evaluate("figure => figure.scrollIntoView({ block: 'center' })")
    grid(page, title).wait_for()
    return grid(page, title)


def panel(page: Any) -> Any:
    return page.get_by_role("region", name="Where this number comes from")


def numbers(page: Any, title: str) -> list[str]:
    return grid(page, title).get_by_role("gridcell").all_inner_texts()


def shown(values: Any) -> list[str]:
    """A tensor's numbers as a page writes them."""
    return [format_number(value) for value in values.flatten().tolist()]


def wait_for_numbers(page: Any, title: str, expected: list[str]) -> None:
    for _ in range(100):
        if numbers(page, title) == expected:
            return
        page.wait_for_timeout(50)
    assert numbers(page, title) == expected


def marked(page: Any, title: str) -> list[str]:
    """The cells of a stage over which a mark is drawn."""
    found: list[str] = grid(page, title).evaluate(
        """grid => {
            const marks = [...grid.parentElement.children].filter(child => child !== grid).flatMap(layer => [...layer.querySelectorAll('*')]);
            const boxes = marks.map(mark => mark.getBoundingClientRect());
            const covers = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
            return [...grid.querySelectorAll('[role=gridcell]')].filter(cell => {
                const own = cell.getBoundingClientRect();
                return boxes.some(box => covers(box, (own.left + own.right) / 2, (own.top + own.bottom) / 2));
            }).map(cell => cell.getAttribute('aria-label'));
        }"""
    )
    return found


def keep_picture(page: Any, name: str) -> None:
    """A screenshot for people to look at, where they ask for it."""
    folder = os.environ.get("ATTN_MAGIC_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


# Looking


def test_pointing_at_a_number_shows_where_it_comes_from(page):
    cell(page, SCORE).hover()
    panel(page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()
    assert "1.116378 × −0.1469 + −2.133583 × −0.303827 = 0.4842" in panel(page).inner_text()
    assert marked(page, "Query") == ["query Indian, d_k dim 1, 1.1164", "query Indian, d_k dim 2, −2.1336"]
    assert marked(page, "Key") == ["key I, d_k dim 1, −0.1469", "key I, d_k dim 2, −0.3038"]
    assert marked(page, "Value") == []
    keep_picture(page, "hover")


def test_every_number_is_the_one_that_torch_computed(page):
    trace = attend(INDIAN, tokens="I am Indian")
    for stage in trace:
        assert numbers(page, stage.title) == shown(stage.value)


def test_pointing_asks_the_kernel_nothing(page):
    sent: list[str] = []
    page.on("websocket", lambda socket: sent.append("a new connection"))
    page.evaluate(
        """() => { window.sent = 0; const send = WebSocket.prototype.send; window.restore = () => { WebSocket.prototype.send = send; };
            WebSocket.prototype.send = function (...data) { window.sent += 1; return send.apply(this, data); }; }"""
    )
    for name in (SCORE, "query am, key I, −0.4022", "query I, d_k dim 1, 0.7621"):
        cell(page, name).hover()
    page.wait_for_timeout(300)
    assert page.evaluate("() => { window.restore(); return window.sent; }") == 0
    assert sent == []


def test_the_tables_give_way_to_the_explorer(page):
    assert page.get_by_text(TABLES).count() == 1
    assert not page.get_by_text(TABLES).is_visible()


def test_a_tour_with_the_keyboard(desk, page):
    grid(page, "Scores").get_by_role("gridcell").first.focus()
    before = page.evaluate("() => { const n = window.jupyterapp.shell.currentWidget.content; return [n.widgets.length, n.activeCellIndex]; }")
    walk = [("ArrowDown", "query am, key I"), ("ArrowRight", "query am, key am"), ("End", "query am, key Indian"), ("Home", "query am, key I")]
    for key, place in [*walk, ("PageDown", "query Indian, key I"), ("PageUp", "query I, key I")]:
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED).startswith(place)
        assert place in panel(page).inner_text()
    for key in ("b", "x", "0", "0"):
        page.keyboard.press(key)
    assert page.evaluate("() => { const n = window.jupyterapp.shell.currentWidget.content; return [n.widgets.length, n.activeCellIndex]; }") == before
    page.keyboard.press("Enter")
    cell(page, "query I, d_k dim 1, 0.7621").hover()
    assert "query I, key I" in panel(page).inner_text()  # it is pinned
    page.keyboard.press("Escape")


FOCUSED = """() => {
    let element = document.activeElement;
    while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element.getAttribute('aria-label') ?? element.outerHTML;
}"""


def test_saving_works_while_the_focus_is_in_the_explorer(desk, page):
    grid(page, "Scores").get_by_role("gridcell").first.focus()
    path = desk.server.folder / "shared.ipynb"
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(50):
        if path.stat().st_mtime_ns != before:
            return
        page.wait_for_timeout(100)
    pytest.fail("The notebook was not saved.")


BARE = """() => {
    let cell = document.activeElement;
    while (cell.shadowRoot?.activeElement) cell = cell.shadowRoot.activeElement;
    const [box, around] = [cell.getBoundingClientRect(), cell.getRootNode().host.closest('.jp-WindowedPanel-outer').getBoundingClientRect()];
    const root = cell.getRootNode();
    const corners = [[box.left + 3, box.top + 3], [box.right - 3, box.bottom - 3]];
    return around.top <= box.top && box.bottom <= around.bottom && corners.every(([x, y]) => root.elementFromPoint(x, y) === cell);
}"""


def test_the_explanation_never_covers_the_cell_that_it_explains(page):
    """However low the window: the keyboard's cell is brought where it can be seen, and so is a clicked one."""
    page.set_viewport_size({"width": 1400, "height": 620})
    for title in ("Query", "Scores", "Output"):
        page.locator(".attn-magic-live").evaluate("view => view.scrollIntoView()")
        grid(page, title).get_by_role("gridcell").first.evaluate("cell => cell.focus({ preventScroll: true })")
        for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Control+Home", "Enter"):
            page.keyboard.press(key)
            assert page.evaluate(BARE), (title, key)
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1400, "height": 1600})


def test_an_output_that_scrolls_is_as_high_as_the_window(server, browser):
    """Notebook 7 lets tall outputs scroll in a box of 24em."""
    path = server.write("scrolls.ipynb", LOAD, CELL)
    with lab.desk(browser, server) as desk:
        desk.page.set_viewport_size({"width": 1400, "height": 700})
        desk.open(path, "notebook")
        desk.run()
        grid(desk.page, "Output").wait_for()
        desk.page.locator(".jp-mod-outputsScrolled").wait_for()
        assert desk.page.locator(".jp-OutputArea").last.evaluate("area => area.clientHeight") > 600
        cell(desk.page, SCORE).click()
        desk.page.keyboard.press("Control+End")
        assert desk.page.evaluate(BARE.replace(".jp-WindowedPanel-outer", ".jp-OutputArea"))
        keep_picture(desk.page, "notebook-scrolls")
    server.stop_kernels(path)


def test_steps_reveal_the_stages(page):
    grid(page, "Scores").get_by_role("gridcell").first.focus()
    assert page.get_by_text("step 11 of 11").is_visible()
    for _ in range(3):
        page.keyboard.press("[")
    page.get_by_text("step 8 of 11").wait_for()
    page.keyboard.press("]")
    page.get_by_text("step 9 of 11").wait_for()
    keep_picture(page, "step")


def test_play_goes_on_by_itself_until_it_is_paused(page):
    page.get_by_role("button", name="Previous step [").click()
    page.get_by_role("button", name="Play (space)").click()
    page.get_by_role("button", name="Pause (space)").click()
    page.get_by_role("button", name="Play (space)").wait_for()


def test_two_explorers_in_one_notebook_are_two(desk, page):
    desk.run_cell("%attention --seed 7 [[1.5, 2.5], [3.5, -4.5]]", -2)
    second = page.locator(".attn-magic-live").nth(0)
    second.get_by_role("grid", name="Output").wait_for()
    first = page.locator(".attn-magic-live").nth(1)
    assert first.get_by_role("grid", name="Output").get_by_role("gridcell").all_inner_texts() == shown(attend(INDIAN).output)
    expected = shown(attend([[1.5, 2.5], [3.5, -4.5]], seed=7).output)
    assert second.get_by_role("grid", name="Output").get_by_role("gridcell").all_inner_texts() == expected
    first.get_by_role("gridcell", name=SCORE).hover()
    assert "scores[Indian, I]" in first.get_by_label("Where this number comes from").inner_text()
    assert "scores[" not in second.get_by_label("Where this number comes from").inner_text()


def test_a_dark_theme_is_followed(desk, page):
    def light() -> float:
        """How light the page behind a headline is, and how light its letters are."""
        red, green, blue = grid(page, "Scores").evaluate("grid => getComputedStyle(grid).color.match(/[0-9.]+/g).slice(0, 3).map(Number)")
        return float(red + green + blue) / 765

    assert light() < 0.5
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_timeout(300)
    assert light() > 0.5
    keep_picture(page, "dark")
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")


def violations(page: Any) -> Any:
    page.evaluate(read_axe())
    return page.evaluate("async () => (await axe.run('.attn-magic-live')).violations.map(v => [v.id, v.nodes.map(n => n.html)])")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing(desk, page, theme):
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {theme}")
    page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(theme == "Light").lower())
    cell(page, SCORE).hover()
    assert violations(page) == []
    choose(page, "Mask", "causal")
    grid(page, "Mask").wait_for()
    change(page, "token I, d_model dim 2, 0.2300", "one")
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="lines").check()
    page.get_by_role("button", name="Copy", exact=True).click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Previous step [").click()
    assert violations(page) == []
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")


def test_axe_finds_nothing_in_a_canvas_and_in_heads(desk):
    desk.run_cell(f"import sys; sys.path.insert(0, {str(lab.REPOSITORY)!r})\nfrom tests import traces\ntraces.cross_attention_with_softcap()")
    grid(desk.page, "Softcap").hover()
    assert violations(desk.page) == []
    desk.run_cell("import torch\n%attention --mask causal torch.linspace(-1, 1, 80).reshape(40, 2)")
    reach(desk.page, "Attention weights").hover()
    assert violations(desk.page) == []


# Trying things


def change(page: Any, name: str, text: str) -> None:
    cell(page, name).dblclick()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_an_edited_cell_is_computed_by_the_kernel(desk, page):
    change(page, "token I, d_model dim 2, 0.2300", "-1.5")
    edited = attend([[1.16, -1.5], *INDIAN[1:]], tokens="I am Indian")
    wait_for_numbers(page, "Output", shown(edited.output))
    assert numbers(page, "Scores") == shown(edited.scores)
    page.get_by_role("button", name="Undo").click()
    wait_for_numbers(page, "Output", shown(attend(INDIAN).output))
    page.get_by_role("button", name="Redo").click()
    wait_for_numbers(page, "Output", shown(edited.output))
    page.get_by_role("button", name="Back to what was typed").click()
    wait_for_numbers(page, "Output", shown(attend(INDIAN).output))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_ctrl_z_undoes_the_change_and_nothing_of_the_notebook(server, browser, app):
    """The notebook would bring a deleted cell back."""
    path = server.write(f"undo-{app}.ipynb", LOAD, CELL)
    with lab.desk(browser, server) as desk:
        desk.open(path, app)
        desk.run()
        desk.execute("notebook:insert-cell-below")
        desk.execute("notebook:delete-cell")
        grid(desk.page, "Output").wait_for()
        typed, edited = shown(attend(INDIAN).output), shown(attend([[1.16, -1.5], *INDIAN[1:]]).output)
        change(desk.page, "token I, d_model dim 2, 0.2300", "-1.5")
        wait_for_numbers(desk.page, "Output", edited)
        for key, expected in [("Control+z", typed), ("Control+y", edited), ("Control+z", typed), ("Control+Shift+z", edited)]:
            desk.page.keyboard.press(key)
            wait_for_numbers(desk.page, "Output", expected)
            assert desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == 2
            assert desk.page.evaluate(FOCUSED).startswith("token I, d_model dim 2")
    server.stop_kernels(path)


def test_the_focus_is_never_lost(page):
    """Neither where the last change is undone, nor where the stage is gone that had it, nor at the first step."""
    change(page, "token I, d_model dim 2, 0.2300", "-1.5")
    wait_for_numbers(page, "Output", shown(attend([[1.16, -1.5], *INDIAN[1:]]).output))
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    wait_for_numbers(page, "Output", shown(attend(INDIAN).output))
    assert page.evaluate(FOCUSED) == "Undo (Ctrl+Z)"
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert not page.get_by_role("status").filter(has_text="nothing to undo").is_visible()
    choose(page, "Mask", "causal")
    grid(page, "Mask").get_by_role("gridcell").first.focus()
    page.keyboard.press("Control+z")
    grid(page, "Mask").wait_for(state="detached")
    assert page.evaluate(FOCUSED) == "Play (space)"
    page.get_by_role("button", name="Previous step [").focus()
    for _ in range(12):
        page.keyboard.press("Enter")
    page.get_by_text("step 1 of 11").wait_for()
    assert page.evaluate(FOCUSED) == "Previous step ["


def test_what_is_no_number_is_refused_beside_the_cell(page):
    change(page, "token I, d_model dim 2, 0.2300", "one")
    page.get_by_role("alert").get_by_text('"one" is a name, not a number.').wait_for()
    keep_picture(page, "refused")
    page.keyboard.press("Escape")
    assert numbers(page, "Token encodings")[1] == "0.2300"


def test_options_are_computed_by_the_kernel(page):
    choose(page, "Mask", "causal")
    causal = attend(INDIAN, mask="causal")
    wait_for_numbers(page, "Output", shown(causal.output))
    choose(page, "Softmax over", "columns")
    wait_for_numbers(page, "Output", shown(attend(INDIAN, mask="causal", col_dim=0).output))
    page.get_by_role("textbox", name="Seed").fill("7")
    page.keyboard.press("Enter")
    wait_for_numbers(page, "Output", shown(attend(INDIAN, mask="causal", col_dim=0, seed=7).output))
    keep_picture(page, "causal")


def test_a_click_on_the_mask_hides_a_key_from_a_query(page):
    choose(page, "Mask", "causal")
    grid(page, "Mask").wait_for()
    grid(page, "Mask").get_by_role("gridcell").nth(3).click()
    allowed = [[True, False, False], [False, True, False], [True, True, True]]
    import torch

    wait_for_numbers(page, "Output", shown(attend(INDIAN, mask=torch.tensor(allowed)).output))


def test_a_mask_by_hand_begins_as_the_one_that_is_shown(page):
    choose(page, "Mask", "by hand")
    grid(page, "Mask").wait_for()
    assert numbers(page, "Mask") == ["✓"] * 9
    grid(page, "Mask").get_by_role("gridcell").nth(5).click()
    wait_for_numbers(page, "Mask", ["✓"] * 5 + ["⊘"] + ["✓"] * 3)
    assert page.evaluate(FOCUSED) == "query am, key Indian, hidden"
    page.keyboard.press("Enter")
    wait_for_numbers(page, "Mask", ["✓"] * 9)
    page.get_by_role("button", name="Undo").click()
    wait_for_numbers(page, "Mask", ["✓"] * 5 + ["⊘"] + ["✓"] * 3)
    page.get_by_role("button", name="Back to what was typed").click()
    wait_for_numbers(page, "Output", shown(attend(INDIAN).output))
    choose(page, "Mask", "by hand")
    wait_for_numbers(page, "Mask", ["✓"] * 9)


# Taking along


@pytest.fixture
def clipboard(page) -> Iterator[Any]:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield lambda: page.evaluate("() => navigator.clipboard.readText()")
    page.context.clear_permissions()


def copy(page: Any, way: str) -> None:
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name=f"Copy {way}", exact=True).click()


def status(page: Any, text: str) -> Any:
    return page.get_by_role("status").filter(has_text=text)


def test_the_whole_run_is_copied_as_pytorch(page, clipboard):
    copy(page, "as PyTorch")
    code = to_code(attend(INDIAN, tokens="I am Indian"))
    status(page, f"Copied {len(code.splitlines())} lines of PyTorch.").wait_for()
    assert clipboard() == code
    assert re.match("<button.*Copy", page.evaluate(FOCUSED))  # where it was before the menu


@pytest.mark.parametrize(("way", "write"), [("LaTeX", stage_to_latex), ("Markdown", stage_to_markdown), ("CSV", to_csv)])
def test_the_stage_in_focus_is_copied_as_text(page, clipboard, way, write):
    cell(page, SCORE).click()
    copy(page, f"the stage as {way}")
    status(page, f" of {way}: Scores.").wait_for()
    assert clipboard().replace("\r\n", "\n") == write(attend(INDIAN, tokens="I am Indian"), "scores").replace("\r\n", "\n")


def test_another_stage_is_copied_as_a_picture(page, clipboard):
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("combobox", name="Stage to copy").select_option(label="Attention weights")
    page.get_by_role("button", name="Copy the stage as PNG").click()
    status(page, "Copied Attention weights as PNG picture.").wait_for(timeout=60_000)  # matplotlib is new to this kernel, and its fonts
    size = page.evaluate("async () => (await (await navigator.clipboard.read())[0].getType('image/png')).size")
    assert size > 5000
    copy(page, "the stage as SVG")
    status(page, "Copied Output as SVG picture.").wait_for()
    assert clipboard().lstrip().startswith("<?xml")


def test_where_the_clipboard_is_out_of_reach_everything_is_offered_to_be_taken_by_hand(page):
    """As on a page that came over http, not https, from another machine."""
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    copy(page, "as PyTorch")
    status(page, "This page may not reach the clipboard: press Ctrl+C for the selected text, or save it as a file.").wait_for()
    code = to_code(attend(INDIAN, tokens="I am Indian"))
    assert page.get_by_role("textbox", name="PyTorch to copy").input_value() == code
    assert page.evaluate("() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; "
                         "return e.value.slice(e.selectionStart, e.selectionEnd); }") == code  # fmt: skip
    keep_picture(page, "copy-by-hand")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as attention.py").click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == code
    page.get_by_role("button", name="Copy the stage as PNG").click()
    assert page.get_by_role("img", name="output as a picture").evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 300
    page.evaluate("() => { delete navigator.clipboard; }")


def test_escape_leaves_the_copy_menu_and_nothing_else(page):
    cell(page, SCORE).click()
    opener = page.get_by_role("button", name="Copy", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    assert opener.get_attribute("aria-expanded") == "true"
    for _ in range(3):
        page.keyboard.press("Tab")
    assert "LaTeX" in page.evaluate(FOCUSED)
    page.keyboard.press("Escape")
    assert opener.get_attribute("aria-expanded") == "false"
    assert "aria-expanded" in page.evaluate(FOCUSED)
    assert "scores[Indian, I]" in panel(page).inner_text()  # it is pinned still
    page.keyboard.press("Enter")
    cell(page, "query am, key I, −0.4022").click()
    assert opener.get_attribute("aria-expanded") == "false"


def test_without_a_kernel_the_copy_menu_says_why_it_rests(server, browser):
    path = server.write("gone.ipynb", LOAD, CELL)
    with lab.desk(browser, server) as desk:
        desk.open(path)
        desk.run()
        grid(desk.page, "Output").wait_for()
        server.stop_kernels(path)
        desk.page.get_by_role("status").filter(has_text="To change numbers, start the kernel").wait_for()
        desk.page.get_by_role("button", name="Copy", exact=True).click()
        desk.page.get_by_text("Copies are written by Python: start the kernel and run the cell in a notebook.").wait_for()
        assert desk.page.get_by_role("button", name="Copy as PyTorch").is_disabled()


# Python and the page


def test_running_a_cell_again_leaves_one_explorer(desk, page):
    before = desk.run_cell(f"print({WIDGETS})", -2)
    for _ in range(3):
        desk.run_cell(CELL)
    grid(page, "Output").wait_for()
    assert page.locator(".attn-magic-live").count() == 1
    assert desk.run_cell(f"print({WIDGETS})", -2) == before


def test_focus_step_and_trace_are_shared_with_python(desk, page):
    desk.run_cell(f"from attn_magic import attend\nexplorer = attend({INDIAN}, tokens='I am Indian').explorer()\nexplorer")
    grid(page, "Output").wait_for()
    desk.run_cell("explorer.focus = ('scores', 2, 0); explorer.step = 7", -2)
    panel(page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()
    page.get_by_text("step 8 of 11").wait_for()
    page.get_by_role("button", name="Next step ]").click()
    cell(page, "query am, d_k dim 2, 0.7890").click()
    change(page, "token I, d_model dim 2, 0.2300", "-1.5")
    wait_for_numbers(page, "Query", shown(attend([[1.16, -1.5], *INDIAN[1:]]).query))
    page.wait_for_timeout(300)
    printed = desk.run_cell("print(explorer.focus['stage'], explorer.step, explorer.trace.token_encodings[0, 1].item())", -2)
    assert printed in ("query 8 -1.5\n", "token_encodings 8 -1.5\n")
    desk.run_cell("explorer.close()", -2)


def test_an_explorer_goes_into_a_box(desk, page):
    desk.run_cell(f"import ipywidgets, attn_magic\nipywidgets.VBox([ipywidgets.Label('Look:'), attn_magic.attend({INDIAN}).explorer()])")
    page.get_by_text("Look:", exact=True).wait_for()
    grid(page, "Output").wait_for()


def test_a_trace_made_by_hand_is_looked_at_with_a_choice_of_heads(desk, page):
    desk.run_cell(f"import sys; sys.path.insert(0, {str(lab.REPOSITORY)!r})\nfrom tests import traces\ntraces.cross_attention_with_softcap()")
    grid(page, "Softcap").wait_for()
    first = numbers(page, "Softcap")
    page.get_by_role("combobox", name="Head").select_option(label="head 2")
    page.wait_for_timeout(100)
    assert numbers(page, "Softcap") != first
    assert page.get_by_role("textbox", name="Seed").count() == 0


def test_labels_stay_in_sight_while_a_wide_stage_scrolls(desk):
    page = desk.page
    desk.run_cell("import torch\n%attention --mask causal torch.linspace(-1, 1, 64).reshape(32, 2)")
    frame = reach(page, "Masked scores").locator("xpath=ancestor::*[contains(@class, 'frame')]")
    frame.evaluate("frame => frame.scrollTo(200, 150)")
    page.wait_for_timeout(300)
    keep_picture(page, "scrolled-stage")
    offsets = frame.evaluate(
        """frame => {
            const box = frame.getBoundingClientRect();
            const place = (selector) => frame.querySelector(selector).getBoundingClientRect();
            const [row, column, corner] = [place('tbody tr:last-child .rowheader'), place('thead th:last-child'), place('.corner')];
            return [row.left - box.left, column.top - box.top, corner.left - box.left];
        }"""
    )
    assert [abs(offset) < 6 for offset in offsets] == [True] * 3


def test_hidden_cells_are_hatched_on_a_canvas(desk):
    """Nothing is painted where the mask hides, so that the hatching behind the canvas shows."""
    page = desk.page
    desk.run_cell("import torch\n%attention --mask causal torch.linspace(-1, 1, 80).reshape(40, 2)")
    for title in ("Mask", "Masked scores", "Attention weights"):
        canvas = reach(page, title).locator("canvas")
        alpha = canvas.evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 40, 40).data].filter((_, place) => place % 4 === 3)")
        assert [value > 0 for value in alpha] == [column <= row for row in range(40) for column in range(40)]
        assert "repeating-linear-gradient" in canvas.evaluate("canvas => getComputedStyle(canvas).backgroundImage")
    keep_picture(page, "hatched")


def test_512_tokens_are_drawn_and_explained(desk):
    page = desk.page
    desk.run_cell("import torch\n%attention torch.linspace(-1, 1, 512 * 64).reshape(512, 64)")
    reach(page, "Attention weights").hover()
    panel(page).get_by_text(re.compile(r"attention_weights\[token \d+, token \d+\] = ")).wait_for()
    keep_picture(page, "512")


LABELS = [payload["label"] if "label" in payload else "".join(text * times for text, times in payload["label_parts"]) for payload in PAYLOADS]
IN_SHADOW = "view => view.querySelector('div').shadowRoot.querySelectorAll('script, img, iframe, object, a, form, base').length"


@pytest.mark.parametrize("start", range(0, len(LABELS), 54))
def test_labels_are_inert(desk, start):
    labels = json.dumps(LABELS[start : start + 54])
    desk.run_cell(f"import attn_magic, json\nlabels = json.loads({labels!r})", -2)
    desk.run_cell("trace = attn_magic.attend([[float(place % 7), 1] for place in range(len(labels))], tokens=labels)\ntrace")
    for title in ("Query", "Scores", "Attention weights", "Output"):
        reach(desk.page, title).hover()
    assert desk.page.evaluate("() => window.__attn_pwned") is None
    assert desk.page.locator(".attn-magic-live").evaluate(IN_SHADOW) == 0
    assert desk.page.locator("iframe:visible, .attn-magic script, .attn-magic iframe").count() == 0


def test_the_demo_runs(server, browser):
    notebook = nbformat.read(lab.REPOSITORY / "demo.ipynb", as_version=4)
    nbformat.write(notebook, server.folder / "demo.ipynb")
    with lab.desk(browser, server) as desk:
        desk.open(server.folder / "demo.ipynb")
        desk.run()
        desk.page.locator(".attn-magic-live").first.wait_for()
        assert desk.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        assert (desk.watch.foreign, desk.watch.complaints) == ([], [])


# The floors


@pytest.fixture(scope="module")
def saved(server, browser) -> dict[str, Any]:
    """A notebook as it was saved after it ran in JupyterLab, with the state of its widgets."""
    path = server.write("saved.ipynb", LOAD, CELL, "print('and on')")
    with lab.desk(browser, server) as desk:
        desk.open(path)
        desk.run()
        grid(desk.page, "Output").wait_for()
        desk.save()
    server.stop_kernels(path)
    return json.loads(path.read_text(encoding="utf-8"))


# These come with any notebook in Notebook 7; and where a widget's state is gone, the widget manager says so on the console as well.
OWN_COMPLAINTS = re.compile("reading 'schema'|filebrowser:open-path|woff2|favicon|widget model not found")


def complaints(desk: Any) -> list[str]:
    return [text for text in desk.watch.complaints if not OWN_COMPLAINTS.search(text)]


def visible(page: Any) -> tuple[bool, bool]:
    """Whether the tables are seen, and whether the explorer is."""
    return page.get_by_text(TABLES).first.is_visible(), grid(page, "Output").first.is_visible()


def wait_until_visible(page: Any, expected: tuple[bool, bool]) -> None:
    for _ in range(200):
        if visible(page) == expected:
            return
        page.wait_for_timeout(50)
    assert visible(page) == expected


def change_notebook(server: Any, saved: dict[str, Any], name: str, *, state: bool, trusted: bool, language: str = "python") -> Path:
    """A copy of the saved notebook, with or without the state of its widgets and the user's trust."""
    notebook = json.loads(json.dumps(saved))
    notebook["metadata"]["test"] = name  # or the signature of the saved one would hold for this one, too
    notebook["metadata"]["language_info"] = {"name": language}
    notebook["metadata"]["kernelspec"] |= {"language": language} | ({} if language == "python" else {"name": language, "display_name": language})
    if not state:
        del notebook["metadata"]["widgets"]
    path: Path = server.folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    if trusted:
        server.trust(path)
    return path


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_with_a_kernel_the_explorer_is_live(server, browser, app):
    path = server.write(f"live-{app}.ipynb", LOAD, CELL, "print('and on')")
    with lab.desk(browser, server) as desk:
        desk.open(path, app)
        desk.run()
        wait_until_visible(desk.page, (False, True))
        change(desk.page, "token I, d_model dim 2, 0.2300", "-1.5")
        wait_for_numbers(desk.page, "Output", shown(attend([[1.16, -1.5], *INDIAN[1:]]).output))
        desk.page.get_by_text("and on").last.wait_for()  # what other cells print is not hidden
        keep_picture(desk.page, f"live-{app}")
        assert (desk.watch.foreign, complaints(desk)) == ([], [])
    server.stop_kernels(path)


def test_the_tables_rest_where_no_style_says_so_and_come_back_when_the_explorer_is_closed(desk):
    """Not every notebook's page is built as Jupyter's."""
    desk.run_cell(f"{CELL}\n", -2)
    grid(desk.page, "Output").wait_for()
    desk.page.evaluate("() => document.querySelectorAll('.jp-RenderedHTML > style').forEach(style => style.remove())")
    assert desk.page.locator(".attn-magic-output").is_hidden()
    desk.run_cell("from attn_magic.explorer.widget import close_all\nclose_all()", -1)
    desk.page.locator(".attn-magic-output").wait_for()


def test_of_two_cells_with_the_same_numbers_each_hides_its_own_tables(desk):
    """Their tables have the same name; without Jupyter's classes that is all there is to go by."""
    tables, explorers = desk.page.locator(".attn-magic-output"), desk.page.locator(".attn-magic-live")

    def wait_for_tables(*expected: bool) -> None:
        desk.page.evaluate("() => document.querySelectorAll('.jp-RenderedHTML > style').forEach(style => style.remove())")
        for _ in range(200):
            if tables.count() == 2 and [tables.nth(place).is_visible() for place in range(2)] == list(expected):
                break
            desk.page.wait_for_timeout(50)
        assert [tables.nth(place).is_visible() for place in range(2)] == list(expected)

    desk.run_cell(CELL, -1)
    desk.run_cell(CELL, -2)
    explorers.nth(1).wait_for()
    wait_for_tables(False, False)
    assert tables.nth(0).get_attribute("data-explorer") == tables.nth(1).get_attribute("data-explorer")
    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.at(-2).outputArea.widgets[1].dispose()")
    wait_for_tables(True, False)
    desk.run_cell(CELL, -1)
    explorers.nth(0).wait_for()
    wait_for_tables(True, False)


def test_an_explorer_without_tables_of_its_own_hides_no_others(desk):
    desk.run_cell(f"{CELL.replace('%%attention', '%%attention -o trace')}", -2)
    desk.page.evaluate("() => document.querySelectorAll('.jp-RenderedHTML > style').forEach(style => style.remove())")
    desk.run_cell("from attn_magic.explorer.widget import close_all\nclose_all()", -1)
    desk.page.locator(".attn-magic-output").wait_for()
    desk.run_cell("trace.explorer()", -1)
    grid(desk.page, "Output").wait_for()
    desk.page.wait_for_timeout(300)
    assert desk.page.locator(".attn-magic-output").is_visible()


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("state", [True, False], ids=["state", "no-state"])
def test_reopened_after_its_kernel_is_gone(server, browser, saved, app, trusted, state):
    """With the user's trust it is the explorer, which says what it cannot do; otherwise the tables, and no error beside them."""
    path = change_notebook(
        server, saved, f"again-{app}-{'trusted' if trusted else 'untrusted'}-{'state' if state else 'none'}", state=state, trusted=trusted
    )
    with lab.desk(browser, server) as desk:
        desk.open(path, app)
        if trusted and not state:
            wait_for_complaint(desk, "widget model not found")
        wait_until_visible(desk.page, (not trusted, trusted))
        if trusted:
            cell(desk.page, SCORE).hover()
            panel(desk.page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()
            change(desk.page, "token I, d_model dim 2, 0.2300", "-1.5")
            desk.page.get_by_text(re.compile("start the kernel to recompute", re.IGNORECASE)).first.wait_for()
        assert not desk.page.get_by_text(re.compile("Error displaying widget|Loading widget|model not found")).is_visible()
        desk.page.get_by_text("and on").last.wait_for()  # what other cells print is not hidden
        keep_picture(desk.page, path.stem)
        assert (desk.watch.foreign, complaints(desk)) == ([], [])
    server.stop_kernels(path)


def wait_for_complaint(desk: Any, text: str) -> None:
    for _ in range(200):
        if any(text in complaint for complaint in desk.watch.complaints):
            return
        desk.page.wait_for_timeout(50)
    pytest.fail(f"{text!r} was never said.")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_without_a_kernel_the_saved_output_becomes_an_explorer(server, browser, saved, app):
    """The widget manager says "Loading widget…" for ever then."""
    path = change_notebook(server, saved, f"no-kernel-{app}", state=True, trusted=True, language="klingon")
    with lab.desk(browser, server) as desk:
        desk.open(path, app)
        desk.page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
        wait_until_visible(desk.page, (False, True))
        cell(desk.page, SCORE).hover()
        panel(desk.page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()
        desk.page.wait_for_timeout(500)
        assert not desk.page.get_by_text("Loading widget").is_visible()
        assert (desk.watch.foreign, complaints(desk)) == ([], [])


@pytest.fixture(scope="module")
def converted(server, saved) -> dict[str, Path]:
    """What nbconvert makes of the saved notebook, as it is and run anew."""
    path = server.folder / "convert.ipynb"
    path.write_text(json.dumps(saved), encoding="utf-8")
    for name, options in {"plain": ["--to=html"], "executed": ["--to=html", "--execute"], "paper": ["--to=latex"]}.items():
        command = [sys.executable, "-m", "nbconvert", str(path), f"--output={name}", *options]
        subprocess.run(command, env=server.environment, check=True, capture_output=True, timeout=120)
    return {"plain": server.folder / "plain.html", "executed": server.folder / "executed.html", "paper": server.folder / "paper.tex"}


@pytest.mark.parametrize("name", ["plain", "executed"])
def test_a_converted_page_is_complete_offline_without_scripts(server, browser, converted, name):
    with lab.desk(browser, server, java_script_enabled=False, offline=True) as desk:
        desk.page.goto(converted[name].as_uri())
        assert desk.page.get_by_text(TABLES).is_visible()
        table = desk.page.get_by_role("table").filter(has_text="Output")
        assert table.get_by_text("1.0100", exact=True).is_visible()
        assert desk.page.get_by_text("How well does what Indian asks for match what").first.is_visible()
        keep_picture(desk.page, f"converted-{name}-no-scripts")


@pytest.mark.parametrize("name", ["plain", "executed"])
def test_in_a_converted_page_the_explorer_works_offline(server, browser, converted, name):
    with lab.desk(browser, server, offline=True) as desk:
        desk.page.goto(converted[name].as_uri())
        grid(desk.page, "Output").wait_for()
        assert not desk.page.get_by_text(TABLES).is_visible()
        cell(desk.page, SCORE).hover()
        panel(desk.page).get_by_text("How well does what Indian asks for match what I offers?").wait_for()
        desk.page.get_by_text(re.compile("start the kernel to recompute", re.IGNORECASE)).first.wait_for()
        desk.page.emulate_media(media="print")
        assert visible(desk.page) == (True, False)  # on paper the tables tell more
        keep_picture(desk.page, f"converted-{name}")


def test_a_paper_holds_a_picture_of_every_attention_cell(converted):
    text = converted["paper"].read_text(encoding="utf-8")
    pictures = re.findall(r"\\adjustimage\{.*\}\{([^{}]*\.png)\}", text)
    assert len(pictures) == 1
    picture = converted["paper"].parent / pictures[0]
    assert picture.read_bytes() == preview(attend(INDIAN, tokens="I am Indian"))


@pytest.mark.parametrize(
    ("view", "expected"), [("auto", (False, True)), ("widget", (False, True)), ("html", (True, False)), ("text", (False, False))]
)
def test_a_view_can_be_picked_by_hand(desk, view, expected):
    desk.run_cell(CELL.replace("%%attention", f"%%attention --view {view}"))
    if expected[1]:
        reach(desk.page, "Output")
    tables = desk.page.get_by_text(TABLES)
    assert tables.count() == (0 if view in ("widget", "text") else 1)
    assert (tables.is_visible() if tables.count() else False, grid(desk.page, "Output").is_visible()) == expected
    assert desk.page.locator(".jp-RenderedText pre").get_by_text("1.0100").count() == (view == "text")


def test_a_matrix_too_large_for_the_explorer_is_shown_as_tables(desk):
    desk.run_cell("%attention [[1.0, 2.0]] * 1000")
    desk.page.get_by_text("The explorer would have to hold 12.0 MB for all stages of 1,000 × 2; its limit is 8 MB.").wait_for()
    assert desk.page.get_by_text(TABLES).is_visible()
