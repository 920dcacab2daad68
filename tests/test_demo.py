"""The committed demo is what its code gives, and can be read where script and style are stripped.

`python -m tests.test_demo` runs it again and writes it.
"""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

DEMO = Path(__file__).parent.parent / "demo.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"


def join_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """What is printed one after another, as one output: a kernel on a busy machine sends it in pieces."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def test_pieces_of_what_is_printed_are_one_output():
    pieces = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"))]
    assert [output.text for output in join_streams(pieces)] == ["ab", "c"]


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """`notebook` executed from the top, as it is committed: without what only a running kernel, a script or a printer can show."""
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=False).execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.outputs = [output for output in cell.get("outputs", []) if WIDGET not in output.get("data", {})] if cell.cell_type == "code" else None
        if cell.outputs:
            cell.outputs = join_streams(cell.outputs)
        for output in cell.outputs or []:
            if "text/html" in output.get("data", {}):
                output.data.pop("image/png", None)
                tables = re.search(r'<div class="attn-magic-tables">(.*?)</div><i hidden', output.data["text/html"], flags=re.DOTALL)
                output.data["text/html"] = tables[1] if tables else output.data["text/html"]
        if cell.cell_type != "code":
            del cell["outputs"]
    return notebook


def read() -> nbformat.NotebookNode:
    return nbformat.read(DEMO, as_version=4)


@pytest.fixture(scope="module")
def executed():
    return run(read())


def test_the_demo_is_what_its_code_gives(executed):
    """But for the last bit of torch's own function, in which processors differ."""
    for before, after in zip(read().cells, executed.cells, strict=True):
        was, now = (
            re.sub(r"agrees with torch to \d\.\de-\d\d", "agrees", json.dumps(cell.get("outputs"), sort_keys=True)) for cell in (before, after)
        )
        assert was == now, before.source


def test_every_attention_cell_shows_tables_and_text(executed):
    cells = [cell for cell in executed.cells if re.match(r"%%(masked_)?attention", cell.source)]
    assert len(cells) >= 3
    for cell in cells:
        [output] = cell.outputs
        assert {"text/plain", "text/html"} <= set(output.data)


def test_the_demo_needs_neither_script_nor_style_nor_network():
    text = DEMO.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<style" not in text
    assert not re.search(r"(src|href)=", text)
    assert "widgets" not in read().metadata


def test_the_demo_tells_both_halves_of_the_story():
    words = " ".join(cell.source for cell in read().cells if cell.cell_type == "markdown").lower()
    for subject in ("self-attention", "masked", "encoder-only", "decoder-only"):
        assert subject in words


if __name__ == "__main__":
    nbformat.write(run(read()), DEMO)
    sys.exit(0)
