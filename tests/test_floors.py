"""Explorer, tables, picture and text stand on their own: where one of them fails, the others are shown and say so."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.utils.capture import capture_output
from traitlets import TraitError

from attn_magic.explorer import widget as explorer_module

EXAMPLE = "%%attention\nI       1.16  0.23\nam      0.57  1.36\nIndian  4.41 -2.16"
OUTPUT = "[0.2040, 0.7057]"  # of torch's own print
WIDGET = "application/vnd.jupyter.widget-view+json"
FLOORS = {
    "The explorer": "attn_magic.explorer.widget.explore_in_cell",
    "The explorer of a saved notebook": "attn_magic.explorer.offline.upgradable",
    "The tables": "attn_magic.views.html.to_html",
    "The picture": "attn_magic.views.preview.preview",
    "The text": "attn_magic.views.text.to_text",
}


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


FAILURES = [
    (ImportError("No module named 'anywidget'"), "ImportError: No module named 'anywidget'"),
    (TypeError("type 'TraitType' is not subscriptable"), "TypeError: type 'TraitType' is not subscriptable"),
    (TraitError("The 'step' trait expected an int"), "traitlets.traitlets.TraitError: The 'step' trait expected an int"),
    (OSError("libpng:\n\tno\x1b[31m such <b>file</b>"), "OSError: libpng: no\\x1b[31m such <b>file</b>"),
    (RecursionError(), "RecursionError"),
    (MemoryError("x" * 1000), "MemoryError: " + "x" * 286 + "…"),
    (Unspeakable(), "tests.test_floors.Unspeakable: <exception str() failed>"),
]


@pytest.fixture
def notebook(shell, monkeypatch) -> Iterator[Any]:
    """An IPython that takes itself for a notebook's kernel."""
    monkeypatch.setattr(type(shell), "kernel", object(), raising=False)
    assert shell.run_cell("%load_ext attn_magic").success
    yield shell
    explorer_module.close_all()


def show(notebook: Any, cell: str = EXAMPLE) -> list[dict[str, Any]]:
    """Everything that a cell which succeeds sends to a notebook."""
    with capture_output() as shown:
        notebook.run_cell(cell, store_history=True).raise_error()
    assert shown.stderr == ""
    return [output.data for output in shown.outputs]


def fail(monkeypatch: Any, floor: str, error: BaseException) -> None:
    def broken(*arguments: object, **settings: object) -> None:
        raise error

    monkeypatch.setattr(FLOORS[floor], broken)


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_without_an_explorer_there_are_tables_picture_and_text_and_a_sentence(notebook, monkeypatch, error, reason):
    fail(monkeypatch, "The explorer", error)
    [inert] = show(notebook)
    sentence = f"The explorer cannot be shown here: {reason}"
    assert sorted(inert) == ["image/png", "text/html", "text/plain"]
    assert inert["text/plain"].startswith(f"{sentence}\n\nAttention over 3 tokens: I, am, Indian")
    assert inert["text/html"].startswith(f"<p>{sentence.replace('<', '&lt;').replace('>', '&gt;')}</p><".replace("'", "&#x27;"))
    assert inert["text/html"].count("<table") > 5
    assert inert["text/html"].count("cannot be shown") == 1


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_without_tables_the_text_takes_their_place_before_the_explorer(notebook, monkeypatch, error, reason):
    fail(monkeypatch, "The tables", error)
    inert, live = show(notebook)
    assert inert["text/plain"].startswith(f"The tables cannot be shown here: {reason}\n\nAttention over 3 tokens: I, am, Indian")
    assert inert["text/html"].startswith("<pre>The tables cannot be shown here: ")
    assert "Indian  3.4989  2.2427" in inert["text/html"]
    assert "image/png" in inert
    assert WIDGET in live


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_without_a_picture_all_else_is_there(notebook, monkeypatch, error, reason):
    fail(monkeypatch, "The picture", error)
    inert, live = show(notebook)
    assert sorted(inert) == ["text/html", "text/plain"]
    assert inert["text/plain"].startswith(f"The picture cannot be shown here: {reason}\n\nAttention over 3 tokens: I, am, Indian")
    assert inert["text/html"].startswith("<p>The picture cannot be shown here: ")
    assert inert["text/html"].count("<script") == 1
    assert WIDGET in live


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_without_the_text_torch_prints_the_stages(notebook, monkeypatch, error, reason):
    fail(monkeypatch, "The text", error)
    inert, live = show(notebook)
    assert inert["text/plain"].startswith(f"The text cannot be shown here: {reason}\n\ntoken_encodings\ntensor([[ 1.1600,")
    assert OUTPUT in inert["text/plain"]
    assert inert["text/html"].count("<table") > 5
    assert WIDGET in live


def test_without_what_makes_tables_an_explorer_again_there_are_tables(notebook, monkeypatch):
    fail(monkeypatch, "The explorer of a saved notebook", ValueError("out of luck"))
    inert, live = show(notebook)
    assert inert["text/html"].startswith("<p>The explorer of a saved notebook cannot be shown here: ValueError: out of luck</p>")
    assert inert["text/html"].count("<table") > 5
    assert "<script" not in inert["text/html"]
    assert WIDGET in live


def test_where_everything_fails_the_numbers_are_still_there(notebook, monkeypatch):
    for floor in FLOORS:
        fail(monkeypatch, floor, OSError("nothing works"))
    [inert] = show(notebook)
    assert sorted(inert) == ["text/html", "text/plain"]
    floors = ("The explorer", "The picture", "The tables", "The text")
    assert inert["text/plain"].startswith(
        "".join(f"{floor} cannot be shown here: OSError: nothing works\n\n" for floor in floors) + "token_encodings\n"
    )
    assert OUTPUT in inert["text/plain"]
    assert OUTPUT in inert["text/html"]


@pytest.mark.parametrize("view", ["text", "figure", "html", "widget"])
def test_a_view_that_was_asked_for_and_fails_leaves_the_numbers(notebook, monkeypatch, view):
    for floor in FLOORS:
        fail(monkeypatch, floor, OSError("nothing works"))
    monkeypatch.setattr("attn_magic.views.figure.picture", None)
    [output] = show(notebook, EXAMPLE.replace("%%attention", f"%%attention --view {view}"))
    assert "image/png" not in output
    assert OUTPUT in output["text/plain"]
    names = {"text": "The text", "figure": "The figure", "html": "The picture", "widget": "The explorer"}
    assert output["text/plain"].startswith(f"{names[view]} cannot be shown here: ")


@pytest.mark.parametrize("module", ["explorer.widget", "views.html", "views.preview", "views.text"])
def test_a_view_that_cannot_even_be_imported_takes_no_other_with_it(notebook, monkeypatch, module):
    monkeypatch.setitem(sys.modules, f"attn_magic.{module}", None)
    inert, *live = show(notebook)
    assert f"cannot be shown here: ModuleNotFoundError: import of attn_magic.{module} halted" in inert["text/plain"]
    assert ("Indian" in inert["text/plain"]) == (module != "views.text")
    assert ("image/png" in inert) == (module != "views.preview")
    assert ("<table" in inert["text/html"]) == (module != "views.html")
    assert len(live) == (module != "explorer.widget")


@pytest.mark.parametrize("missing", ["anywidget", "ipywidgets", "PIL", "rich"])
def test_a_package_that_is_not_installed_leaves_the_rest(missing):
    program = f"""
import sys
from unittest.mock import Mock

sys.modules[{missing!r}] = None  # what Python itself does for a name that must not be imported
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

InteractiveShell.kernel = Mock()
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.run_cell("%load_ext attn_magic").raise_error()
with capture_output() as shown:
    shell.run_cell({EXAMPLE!r}).raise_error()
print([sorted(output.data) for output in shown.outputs])
print(shown.outputs[0].data["text/plain"])
"""
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, encoding="utf-8")
    kinds, remark = answer.stdout.splitlines()[:2]
    floor = {"anywidget": "The explorer", "ipywidgets": "The explorer", "PIL": "The picture", "rich": "The text"}[missing]
    picture = [] if missing == "PIL" else ["image/png"]
    live = [] if floor == "The explorer" else [[WIDGET, "text/html", "text/plain"]]
    assert kinds == str([[*picture, "text/html", "text/plain"], *live])
    assert remark.startswith(f"{floor} cannot be shown here: ModuleNotFoundError: ")
    assert OUTPUT in answer.stdout or "Indian  3.4989  2.2427" in answer.stdout


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("floor", FLOORS)
def test_an_interrupt_still_interrupts(notebook, monkeypatch, floor, interrupt):
    fail(monkeypatch, floor, interrupt())
    with capture_output() as shown:
        answer = notebook.run_cell(EXAMPLE, store_history=True)
    assert type(answer.error_in_exec) is interrupt
    assert shown.outputs == []


def test_a_terminal_shows_the_numbers_where_its_text_fails(ip, monkeypatch):
    fail(monkeypatch, "The text", OSError("no colours"))
    with capture_output() as shown:
        ip.run_cell(EXAMPLE, store_history=True).raise_error()
    assert "The text cannot be shown here: OSError: no colours\n\ntoken_encodings\ntensor([[ 1.1600," in shown.stdout
    assert OUTPUT in shown.stdout
    assert shown.stderr == ""
