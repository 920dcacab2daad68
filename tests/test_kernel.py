"""The magics in a real kernel: what a notebook is sent, what a failed cell is, what is kept."""

import os
import time
from queue import Empty

import IPython
import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

EXAMPLE = "I       1.16  0.23\nam      0.57  1.36\nIndian  4.41 -2.16"
SECONDS = 60
NO_OUTPUTS = ("status", "execute_input", "comm_open", "comm_msg", "comm_close")


class Notebook:
    """A kernel, and what it answers to a cell: its reply, and every output."""

    def __init__(self, manager, client):
        self.manager = manager
        self.client = client

    def run(self, cell):
        outputs = []
        reply = self.client.execute_interactive(cell, output_hook=outputs.append, timeout=SECONDS)
        return reply["content"], [message for message in outputs if message["msg_type"] not in NO_OUTPUTS]

    def shown(self, cell):
        """The outputs of a cell that succeeds, each as its kind and what is in it."""
        reply, outputs = self.run(cell)
        assert reply["status"] == "ok", reply
        return [(output["msg_type"], output["content"].get("data") or output["content"].get("text")) for output in outputs]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython"))}
    manager, client = start_new_kernel(startup_timeout=SECONDS, env=environment)
    notebook = Notebook(manager, client)
    assert notebook.shown("%load_ext attn_magic") == []
    yield notebook
    client.stop_channels()
    manager.shutdown_kernel(now=True)


WIDGET = "application/vnd.jupyter.widget-view+json"


def test_a_cell_sends_an_inert_output_of_tables_picture_and_text_and_then_the_explorer(notebook):
    [(kind, data), (other_kind, live)] = notebook.shown(f"%%attention\n{EXAMPLE}")
    assert kind == other_kind == "display_data"
    assert sorted(data) == ["image/png", "text/html", "text/plain"]
    assert sorted(live) == [WIDGET, "text/html", "text/plain"]
    assert live["text/html"] == live["text/plain"] == ""
    assert "1.0100" in data["text/plain"]
    assert "\x1b" not in data["text/plain"]
    assert "<table" in data["text/html"]


def test_the_tables_become_an_explorer_only_beside_one_and_only_where_that_is_small(notebook):
    def scripts(cell):
        return notebook.shown(cell)[0][1]["text/html"].count("<script")

    assert scripts(f"%%attention\n{EXAMPLE}") == 1
    assert scripts(f"%%attention --view html\n{EXAMPLE}") == 0
    assert scripts("%attention [[1.0, 2.0]] * 80") == 1
    assert scripts("%attention [[1.0, 2.0]] * 200") == 0
    assert scripts("%attention [[1.0, 2.0]] * 1000") == 0


def test_the_trace_is_kept_in_underscore_and_out(notebook):
    reply, _ = notebook.run(f"%%attention\n{EXAMPLE}")
    number = reply["execution_count"]
    assert notebook.shown(f"assert Out[{number}] is _ and type(_).__name__ == 'AttentionTrace'") == []


def test_a_trace_shows_itself_again_wherever_it_is_displayed(notebook):
    def inert(cell):
        return notebook.shown(cell)[0]

    first = inert(f"%%attention -o story\n{EXAMPLE}")
    assert inert("story") == first
    assert inert("display(story)") == first
    [(kind, data)] = notebook.shown("[story]")
    assert kind == "execute_result"
    assert data["text/plain"].startswith("[<AttentionTrace of 3 × 2: ")


@pytest.mark.parametrize(
    ("view", "kinds"),
    [
        ("text", [["text/plain"]]),
        ("html", [["image/png", "text/html", "text/plain"]]),
        ("widget", [[WIDGET, "image/png", "text/plain"]]),
        ("figure", [["image/png", "text/plain"]]),
        ("auto", [["image/png", "text/html", "text/plain"], [WIDGET, "text/html", "text/plain"]]),
    ],
)
def test_view_says_what_is_sent(notebook, view, kinds):
    for cell in (f"%%attention -o story --view {view}\n{EXAMPLE}", "story"):
        assert [sorted(data) for _, data in notebook.shown(cell)] == kinds


def test_a_matrix_too_large_for_the_explorer_is_shown_as_tables_and_says_so(notebook):
    [(_, data)] = notebook.shown("%attention [[1.0, 2.0]] * 1000")
    sentence = "The explorer would have to hold 12.0 MB for all stages of 1,000 × 2; its limit is 8 MB."
    assert data["text/plain"].startswith(sentence)
    assert data["text/html"].startswith(f"<p>{sentence}")


@pytest.mark.parametrize("cell", [f"%%attention\n{EXAMPLE};", f"%%attention -q\n{EXAMPLE}", "%attention [[1, 2]];"])
def test_quiet_cells_show_nothing(notebook, cell):
    assert notebook.shown(cell) == []


def test_a_comment_above_the_magic_just_works(notebook):
    assert len(notebook.shown(f"# attention\n\n%%masked_attention\n{EXAMPLE}")) == 2


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("%attention --mask casual [[1]]", "--mask is 'casual', but it is one of none, causal. Did you mean causal?"),
        ("%%attention\n1 2 3\n4 5", "Row 2 has 2 numbers, but row 1 has 3"),
        ("%attention 1 / 0", "1 / 0 raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_mistake_fails_the_cell_in_words(notebook, cell, text):
    reply, outputs = notebook.run(cell)
    assert reply["status"] == "error"
    assert reply["ename"] == "UsageError"
    assert reply["evalue"].startswith(text)
    printed = "".join(output["content"]["text"] for output in outputs if output["msg_type"] == "stream")
    assert printed == f"UsageError: {reply['evalue']}\n"


def test_a_question_mark_opens_the_help(notebook):
    reply, _ = notebook.run("%attention?")
    [page] = reply["payload"]
    assert "--tokens" in page["data"]["text/plain"]


def test_tab_completes_options(notebook):
    cell = "%%attention --ma"
    matches = notebook.client.complete(cell, reply=True, timeout=SECONDS)["content"]["matches"]
    assert ("--mask" in matches) == (IPython.version_info >= (8, 6))


def test_an_interrupt_stops_the_cell(notebook):
    notebook.shown("import time\ndef slow():\n    print('begun', flush=True)\n    time.sleep(60)")
    message = notebook.client.execute("%attention slow()")
    while notebook.client.get_iopub_msg(timeout=SECONDS)["msg_type"] != "stream":
        pass
    time.sleep(0.1)
    notebook.manager.interrupt_kernel()
    reply = notebook.client.get_shell_msg(timeout=SECONDS)
    assert reply["parent_header"]["msg_id"] == message
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    drain(notebook.client)
    assert len(notebook.shown("%attention [[1, 2]]")) == 2


def drain(client):
    try:
        while client.get_iopub_msg(timeout=1):
            pass
    except Empty:
        pass


def test_nothing_is_left_in_the_namespace(notebook):
    notebook.shown("%reset -f")
    notebook.shown(f"%%attention\n{EXAMPLE}")
    [(_, text)] = notebook.shown("print([name for name in globals() if 'att' in name.lower()])")
    assert text == "[]\n"


def test_an_explorer_is_closed_when_the_extension_is_unloaded(notebook):
    known = "widget._instances if hasattr(widget, '_instances') else widget.Widget.widgets"  # the second is ipywidgets 7
    count = f"from ipywidgets.widgets import widget; print(len({known}))"
    notebook.shown(f"%%attention\n{EXAMPLE}")
    notebook.shown("%unload_ext attn_magic")
    [(_, text)] = notebook.shown(count)
    notebook.shown("%load_ext attn_magic")
    assert text == "0\n"


def test_after_a_reload_a_trace_is_still_shown_once(notebook):
    notebook.shown("%reload_ext attn_magic")
    assert len(notebook.shown(f"%%attention\n{EXAMPLE}")) == 2


def test_after_unloading_a_trace_is_an_ordinary_object(notebook):
    notebook.shown("%attention -q -o story [[1, 2]]")
    notebook.shown("%unload_ext attn_magic")
    [(kind, data)] = notebook.shown("story")
    notebook.shown("%load_ext attn_magic")
    assert kind == "execute_result"
    assert data["text/plain"].startswith("<AttentionTrace of 1 × 2: ")


def test_a_notebook_stops_at_the_cell_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = ["%load_ext attn_magic", f"%%attention\n{EXAMPLE}", "%%attention\n1 2 3\n4 5", "print('never')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(CellExecutionError, match="Row 2 has 2 numbers"):
        NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert len(notebook.cells[1].outputs) == 2
    assert notebook.cells[3].execution_count is None
