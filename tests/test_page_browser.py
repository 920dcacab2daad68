"""The self-contained page and the worksheet in Chromium, from a disk: no server, no kernel, no network."""

from pathlib import Path

import pytest

from attn_magic import attend
from attn_magic.explorer.page import to_page
from attn_magic.exports.worksheet import worksheet
from attn_magic.exports.write import save
from attn_magic.notation import format_number
from tests.browser import read_axe
from tests.kinds import KINDS
from tests.labels import LABELS
from tests.traces import INDIAN, grouped_queries

CONTRAST_AND_ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def open_file(chromium):
    """Opens a file and gives the page, on which nothing may have gone wrong and nothing been asked of a network."""
    pages = []

    def open_file(path: Path, javascript: bool = True, **options):
        context = chromium.new_context(java_script_enabled=javascript, **options)
        page = context.new_page()
        troubles: list[str] = []
        page.on(
            "console",
            lambda message: troubles.append(message.text) if message.type in ("error", "warning") and "sandboxed" not in message.text else None,
        )
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(("file:", "data:", "about:")) else None)
        page.goto(path.as_uri())
        pages.append((context, page, troubles))
        return page

    yield open_file
    for context, page, troubles in pages:
        requested = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        context.close()
        assert troubles == []
        assert requested == []


def ready(page):
    page.wait_for_selector(".attn-magic-explored", state="attached", timeout=15_000)
    return page


def violations(page) -> list[str]:
    page.evaluate(read_axe())
    found = page.evaluate("(tags) => axe.run({runOnly: {type: 'tag', values: tags}})", CONTRAST_AND_ALL)["violations"]
    return [f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']][:3]}" for violation in found]


@pytest.fixture
def lesson(tmp_path) -> Path:
    return save(attend(INDIAN, tokens="I am Indian", mask="causal"), tmp_path / "lesson.html")


def test_the_explorer_works_from_a_disk(open_file, lesson):
    """Pointing, stepping and keys: everything but computing anew."""
    page = ready(open_file(lesson))
    assert not page.locator(".attn-magic-tables").is_visible()
    cell = page.get_by_role("grid", name="Scores").first.get_by_role("gridcell").nth(6)
    assert "0.4842" in cell.inner_text()
    cell.hover()
    page.locator(".explorer").get_by_text("1.116378").first.wait_for()
    assert "How well does what Indian asks for match what I offers?" in page.locator(".explorer").inner_text()
    assert "step 13 of 13" in page.locator(".explorer").inner_text()
    page.keyboard.press("[")
    cell.click()
    page.keyboard.press("[")
    page.get_by_text("step 12 of 13").wait_for()


def test_what_needs_torch_says_so(open_file, lesson):
    page = ready(open_file(lesson))
    assert "start the kernel to recompute" in page.locator(".explorer").inner_text()
    assert "What computes anew needs torch" in page.locator("footer").inner_text()
    assert page.locator(".explorer :disabled, .explorer [aria-disabled=true]").count() > 3


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_trace_opens(open_file, kind, tmp_path):
    trace = KINDS[kind]()
    page = ready(open_file(save(trace, tmp_path / "a.html")))
    assert f"of {len(trace)}" in page.locator(".explorer").inner_text()


def digits(stage) -> list[str]:
    """The numbers of one head, as the page writes them."""
    return [format_number(value) for row in stage.tolist() for value in row]


def test_query_heads_and_key_heads_are_chosen_apart(open_file, tmp_path):
    """Four query heads over two key heads: every stage shows its own, and each explanation is about the heads that are shown."""
    trace = grouped_queries()
    page = ready(open_file(save(trace, tmp_path / "a.html")))

    def cells(title):
        return page.get_by_role("grid", name=title, exact=True).first.get_by_role("gridcell")

    def explained():
        return page.locator(".explorer .arithmetic").inner_text().replace("\n", " ")

    page.get_by_role("combobox", name="head", exact=True).select_option(label="head 4")
    assert cells("Scores").all_inner_texts() == digits(trace.scores[3])
    assert cells("Key").all_inner_texts() == digits(trace.key[0])
    page.get_by_role("combobox", name="kv_head", exact=True).select_option(label="kv head 2")
    assert cells("Scores").all_inner_texts() == digits(trace.scores[3])
    assert cells("Key").all_inner_texts() == digits(trace.key[1])

    cells("Scores").nth(5).click()
    assert page.locator(".explorer .formula").inner_text().startswith("scores[head 4, chat, cat] = ")
    assert page.locator("[data-stage=query] .mark.operand-0").count() == 1
    assert page.locator("[data-stage=key] .mark.operand-1").count() == 1
    assert page.locator("[data-stage=groups] .mark.operand-2").count() == 1

    # Back to a number of the other key head, which is shown then; the query head stays.
    of_first_key_head = f"{float(trace.key[0, 1, 0]):.6f}".rstrip("0").replace("-", "−")
    page.locator(".arithmetic").get_by_role("button", name=of_first_key_head, exact=True).click()
    assert page.locator(".explorer .formula").inner_text().startswith("key[kv head 1, cat, dim 1] = ")
    assert cells("Key").all_inner_texts() == digits(trace.key[0])
    assert cells("Scores").all_inner_texts() == digits(trace.scores[3])
    page.keyboard.press("Backspace")
    assert page.locator(".explorer .formula").inner_text().startswith("scores[head 4, chat, cat] = ")
    page.keyboard.press("Escape")

    cells("Value").nth(3).hover()
    assert page.locator(".explorer .formula").inner_text().startswith("value[kv head 1, cat, dim 1] = ")
    cells("Output").nth(0).click()
    page.keyboard.press("ArrowRight")
    assert page.locator(".explorer .formula").inner_text().startswith("output[head 4, le, dim 2] = ")


def test_one_axis_of_heads_has_one_choice(open_file, tmp_path):
    page = ready(open_file(save(KINDS["two heads"](), tmp_path / "a.html")))
    assert page.locator(".explorer .heads").all_inner_texts() == ["Head \nhead 1\nhead 2"]
    assert page.get_by_role("combobox", name="Head", exact=True).count() == 1


def test_without_scripts_there_are_tables(open_file, lesson):
    page = open_file(lesson, javascript=False)
    assert page.locator(".attn-magic-tables table").first.is_visible()
    assert "0.4842" in page.locator(".attn-magic-tables").inner_text()


@pytest.mark.parametrize("sandbox", ["allow-scripts", "", "allow-scripts allow-same-origin"])
def test_it_opens_in_a_sandboxed_frame(open_file, lesson, sandbox):
    """Where scripts are allowed the explorer is there, elsewhere the tables."""
    frame = lesson.with_name("frame.html")
    frame.write_text(f'<!DOCTYPE html><iframe sandbox="{sandbox}" src="lesson.html" style="width:1200px;height:900px"></iframe>', encoding="utf-8")
    context = open_file(frame) if sandbox else None
    if context is None:
        page = open_file(frame, javascript=False)
        assert "0.4842" in page.frame_locator("iframe").locator(".attn-magic-tables").inner_text()
        return
    inside = context.frame_locator("iframe")
    inside.locator(".attn-magic-explored").wait_for(state="attached", timeout=15_000)
    assert "step 13 of 13" in inside.locator(".explorer").inner_text()


def test_its_policy_lets_no_other_script_run(chromium, lesson):
    page = chromium.new_page()
    page.goto(lesson.as_uri())
    ready(page).evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran=1>')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran ?? 0") == 0
    page.close()


def test_labels_are_data_here_too(open_file, tmp_path):
    """All of them in one page, pointed at one by one: none runs, none adds an element of its own."""
    labels = [label for label in LABELS.values() if len(label) <= 200][:60]
    trace = attend([[1.0, place / 7] for place in range(len(labels))], tokens=labels)
    page = ready(open_file(save(trace, tmp_path / "a.html")))
    assert page.evaluate("window.__attn_pwned") is None
    assert page.evaluate("document.querySelectorAll('iframe, object, embed, base, form, link, svg, math, img[onerror]').length") == 0


def test_nothing_is_in_the_way_of_a_screen_reader(open_file, lesson):
    assert violations(ready(open_file(lesson))) == []


def test_nothing_is_in_its_way_where_several_heads_are_chosen(open_file, tmp_path):
    assert violations(ready(open_file(save(grouped_queries(), tmp_path / "a.html")))) == []


def test_the_tables_alone_are_in_nobodys_way(open_file, lesson):
    text = lesson.read_text(encoding="utf-8").replace("<script>", '<script type="text/plain">')
    lesson.write_text(text, encoding="utf-8")
    assert violations(open_file(lesson)) == []


@pytest.mark.parametrize("key", [False, True])
def test_the_worksheet_is_readable_and_fits_on_paper(open_file, tmp_path, key):
    sheet = worksheet(attend(INDIAN, tokens="I am Indian", mask="causal"), key=key)
    page = open_file(sheet.save(tmp_path / "sheet.html"))
    assert violations(page) == []
    for paper, width in (("A4", 794), ("Letter", 816)):
        page.emulate_media(media="print")
        page.set_viewport_size({"width": width - 114, "height": 900})  # without the margins of 15 mm
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), paper
        assert page.pdf(format=paper).startswith(b"%PDF")


def test_a_large_page_opens(open_file, tmp_path):
    import torch

    trace = attend(torch.randn(128, 16, generator=torch.Generator().manual_seed(0)))
    path = tmp_path / "a.html"
    path.write_text(to_page(trace), encoding="utf-8")
    assert "of 11" in ready(open_file(path)).locator(".explorer").inner_text()
