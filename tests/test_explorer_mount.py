"""Explorers in Chromium with a host of the test's own: what they do when Python speaks, and that two in one page are two."""

import base64
import json
from typing import Any

import pytest

from attn_magic.explorer.bundle import module_text, stylesheet_text
from attn_magic.explorer.serialize import serialize_record, serialize_values
from tests.kinds import KINDS

UNPACK = "const unpack = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);"
# Mounts an explorer for each trace in an element of its own; `window.hosts` are their hosts, to be set and asked by a test.
MOUNT = """
window.hosts = TRACES.map(({ record, values, focus, step }) => {
    const state = { record, values: unpack(values), focus, step };
    const heard = {};
    const host = {
        live: false,
        get: (name) => state[name],
        set: (name, value) => void (state[name] = value),
        on: (name, callback) => void (heard[name] = callback),
        send() {},
        onMessage() {},
        say(name, value) { state[name] = value; heard[name](); },
    };
    const element = document.body.appendChild(document.createElement('div'));
    element.className = 'mounted';
    mount(shadowRootIn(element, STYLESHEET, new AbortController().signal), host, { signal: new AbortController().signal });
    return host;
});
"""


@pytest.fixture
def mounted(chromium, tmp_path):
    """Gives a page with an explorer for each (kind of trace, what its host holds), on which nothing may go wrong."""
    troubles: list[str] = []
    contexts = []

    def mounted(*wanted: tuple[str, dict[str, Any]], script: str = MOUNT):
        traces = [{**told(KINDS[kind]()), **state} for kind, state in wanted]
        data = f"const TRACES = {json.dumps(traces)}, STYLESHEET = {json.dumps(stylesheet_text())};"
        path = tmp_path / "mounted.html"
        text = "".join([module_text("offline.js"), UNPACK, data, script])
        path.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body><script type="module">{text}</script>', encoding="utf-8")
        contexts.append(chromium.new_context(viewport={"width": 1400, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path.as_uri())
        page.locator(".explorer").nth(len(wanted) - 1 if script is MOUNT else 0).wait_for()
        return page

    yield mounted
    for context in contexts:
        context.close()
    assert troubles == []


def told(trace) -> dict[str, Any]:
    values = base64.b64encode(serialize_values(trace)).decode("ascii")
    return {"record": serialize_record(trace), "values": values, "focus": None, "step": len(trace) - 1}


def focus(stage: str, row: int, column: int, head: int | None = None) -> dict[str, Any]:
    return {"stage": stage, "row": row, "column": column, "head": head}


def formula(explorer: Any) -> Any:
    return explorer.locator(".formula").inner_text()


def test_a_focus_from_python_selects_the_head_of_its_own_axis(mounted):
    """("key", 0, 0, 1) is about the second key head: the query head stays the fourth."""
    page = mounted(("grouped queries", {"focus": focus("scores", 0, 1, 3)}))
    head, kv_head = (page.get_by_role("combobox", name=name, exact=True) for name in ("head", "kv_head"))
    assert formula(page).startswith("scores[head 4, le, cat] = ")
    assert (head.input_value(), kv_head.input_value()) == ("head 4", "kv head 1")
    page.evaluate("(focus) => hosts[0].say('focus', focus)", focus("key", 0, 0, 1))
    page.get_by_text("key[kv head 2, the, dim 1] = ", exact=False).first.wait_for()
    assert (head.input_value(), kv_head.input_value()) == ("head 4", "kv head 2")
    assert page.locator("[data-stage=key] .mark.focus").count() == 1
    head.select_option(label="head 2")
    assert formula(page).startswith("key[kv head 2, the, dim 1] = ")
    page.wait_for_timeout(300)
    assert page.evaluate("hosts[0].get('focus')") == focus("key", 0, 0, 1)
    kv_head.select_option(label="kv head 1")
    assert formula(page).startswith("key[kv head 1, the, dim 1] = ")


def test_playing_and_filling_go_through_the_heads_that_are_shown(mounted):
    page = mounted(("grouped queries", {"focus": focus("value", 0, 1, 1), "step": 4}))
    page.get_by_role("combobox", name="head", exact=True).select_option(label="head 3")
    page.get_by_role("button", name="Play (space)").press("}")
    assert formula(page).startswith("scores[head 3, le, the] = ")
    assert page.get_by_role("combobox", name="kv_head", exact=True).input_value() == "kv head 2"


def test_two_explorers_of_one_module_share_nothing(mounted):
    page = mounted(("grouped queries", {}), ("two heads", {}), ("grouped queries", {"step": 5}))
    first, other, third = (page.locator(".explorer").nth(place) for place in range(3))
    before = [explorer.inner_text() for explorer in (other, third)]
    first.get_by_role("combobox", name="head", exact=True).select_option(label="head 4")
    first.get_by_role("radio", name="row", exact=True).check()
    first.get_by_role("radio", name="lines", exact=True).check()
    first.locator("[data-stage=query]").get_by_role("gridcell").first.click()
    first.get_by_role("button", name="Previous step [").click()
    page.wait_for_timeout(300)
    assert "step 7 of 8" in first.inner_text()
    assert formula(first).startswith("query[head 4, le, dim 1] = ")
    assert [explorer.inner_text() for explorer in (other, third)] == before
    assert [page.evaluate(f"[hosts[{place}].get('step'), hosts[{place}].get('focus')]") for place in (1, 2)] == [[9, None], [5, None]]
    other.get_by_role("combobox", name="Head", exact=True).select_option(label="head 2")
    other.locator("[data-stage=scores]").get_by_role("gridcell").first.click()
    assert formula(other).startswith("scores[head 2, le, the] = ")
    assert formula(first).startswith("query[head 4, le, dim 1] = ")
    assert third.locator(".mark, .is-pinned").count() == 0


# A second trace on the page of the first one: in the module's own scope, for which there is no button yet.
SECOND = """
const { signal } = new AbortController();
const [first, other] = TRACES.map(({ record, values }) => [record, unpack(values)]);
const state = { record: first[0], values: first[1], focus: null, step: 7 };
const page = createPage({ live: false, get: (name) => state[name], set() {}, on() {}, send() {}, onMessage() {} }, signal);
const second = createTrace(page, readRecord(...other), 9, null);
document.body.append(page.element);
page.element.append(second.acts);
draw(page.trace);
draw(second);
setHead(second, 'head', 1);
setFocus(second, { stage: 'scores', row: 0, column: 1, head: 1 }, { pin: true });
setRange(second, 'row');
setStep(second, 6);
fillBy(second, -1);
window.told = [page.trace, second].map((trace) => ({
    step: trace.step,
    filled: trace.filled,
    heads: [...trace.selected],
    focus: trace.focus?.stage ?? null,
    perRow: trace.perRow,
    marks: trace.acts.querySelectorAll('.mark').length > 0,
    later: trace.acts.querySelectorAll('.later').length > 0,
    caption: trace.views.get('scores').shape.textContent,
}));
"""


def test_two_traces_on_one_page_share_nothing_but_the_page(mounted):
    page = mounted(("grouped queries", {}), ("two heads", {}), script=SECOND)
    first, second = page.evaluate("told")
    assert first == {
        "step": 7,
        "filled": None,
        "heads": [],
        "focus": None,
        "perRow": False,
        "marks": False,
        "later": False,
        "caption": "3 × 4 · head 1",
    }
    assert second == {
        "step": 6,
        "filled": 11,
        "heads": [["head", 1]],
        "focus": "masked_scores",
        "perRow": True,
        "marks": True,
        "later": True,
        "caption": "3 × 4 · head 2",
    }
