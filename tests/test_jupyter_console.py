"""The magics in a real Jupyter Console, typed at on a pseudo-terminal: a kernel's client that opens a viewer for pictures."""

import os
import re
import subprocess
import sys

import pexpect
import pytest

from attn_magic import display
from tests.test_terminal import SECONDS, WIDTH, plain

EXAMPLE = "[[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]"


class Console:
    """Jupyter Console on a pseudo-terminal: what is typed, and what is then on the screen."""

    def __init__(self, folder):
        environment = {**os.environ, "IPYTHONDIR": str(folder), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        command = ["-m", "jupyter_console", "--ZMQTerminalInteractiveShell.image_handler=stream"]
        self.opened = folder / "opened"
        viewer = [sys.executable, "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", str(self.opened)]
        command += [f"--ZMQTerminalInteractiveShell.stream_image_handler={word}" for word in viewer]
        self.child = pexpect.spawn(sys.executable, command, env=environment, dimensions=(200, WIDTH), encoding="utf-8", timeout=SECONDS)
        self.number = 1
        self.wait_for_prompt()
        self.enter("%load_ext attn_magic")

    def wait_for_prompt(self):
        """What is on the screen before the next prompt."""
        escape = r"(?:\x1b\[[0-9;?]*[a-zA-Z])*"
        self.child.expect(rf"In {escape}\[{escape}{self.number}{escape}\]: ")
        return plain(self.child.before)

    def enter(self, line):
        self.child.send(f"{line}\r")
        self.number += 1
        return self.wait_for_prompt()

    def close(self):
        self.child.close(force=True)


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    console = Console(tmp_path_factory.mktemp("ipython"))
    yield console
    console.close()


def test_this_console_would_open_a_viewer_for_a_picture(console):
    console.enter("from IPython.display import Image, display; display(Image(b'\\x89PNG', format='png'))")
    assert console.opened.exists()
    console.opened.unlink()


def test_a_trace_is_text_and_opens_no_viewer(console):
    screen = console.enter(f"%attention {EXAMPLE}")
    assert any(re.search(r"Out\[.*\d+.*\]:", line) for line in screen)
    assert "token 3  3.4989  2.2427" in screen
    assert not console.opened.exists()
    assert not any("text/html" in line or "<table" in line for line in screen)


def test_another_view_needs_a_notebook_and_says_so(console):
    screen = console.enter(f"%attention --view figure {EXAMPLE}")
    assert screen.count("That view needs a notebook; this is the text.") == 1
    assert not console.opened.exists()


@pytest.mark.parametrize(
    ("command", "is_console"),
    [
        (["/venv/bin/python", "/venv/bin/jupyter-console"], True),
        (["python", "-m", "jupyter_console"], True),
        (["python.exe", "jupyter-console-script.py", "--existing"], True),
        (["jupyter-console.exe"], True),
        (["/venv/bin/python", "/venv/bin/jupyter-lab", "notes/jupyter-console.ipynb"], False),
        (["/venv/bin/python", "/venv/bin/jupyter-lab", "--no-browser", "jupyter-console"], False),
        (["/venv/bin/python", "-m", "nbconvert"], False),
        (["/venv/bin/jupyter-qtconsole"], False),
        ([""], False),
        ([], False),
    ],
)
def test_jupyter_console_is_known_by_its_name(monkeypatch, shell, command, is_console):
    monkeypatch.setattr(type(shell), "kernel", object(), raising=False)
    monkeypatch.setattr(display, "_parent_command", lambda: command)
    assert display.in_notebook(shell) is not is_console


def test_the_command_of_the_program_that_started_this_one_is_read():
    program = "from attn_magic.display import _parent_command; print(*_parent_command(), sep='\\n')"
    starts_it = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    answer = subprocess.run([sys.executable, "-c", starts_it, program], check=True, capture_output=True, text=True)
    assert answer.stdout.splitlines()[:3] == [sys.executable, "-c", starts_it]
