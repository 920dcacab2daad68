"""The magics in a real IPython terminal, typed at on a pseudo-terminal."""

import os
import re
import sys

import IPython
import pexpect
import pytest

WIDTH = 100
SECONDS = 60
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>()][A-Z0-9]?)")
COLORS = re.compile(r"\x1b\[[0-9;]*48;[25];")
EXAMPLE = ["I       1.16  0.23", "am      0.57  1.36", "Indian  4.41 -2.16"]


class Terminal:
    """IPython on a pseudo-terminal: what is typed, and what is then on the screen."""

    def __init__(self, folder, **environment):
        self.child = pexpect.spawn(
            sys.executable,
            [
                "-m",
                "IPython",
                "--no-banner",
                "--no-confirm-exit",
                "--HistoryManager.enabled=False",
                "--TerminalInteractiveShell.autosuggestions_provider=None",
            ],
            env={**os.environ, "IPYTHONDIR": str(folder), "TERM": "xterm-256color", "PAGER": "cat", "PROMPT_TOOLKIT_NO_CPR": "1", **environment},
            dimensions=(200, WIDTH),
            encoding="utf-8",
            timeout=SECONDS,
        )
        self.number = 1
        self.wait_for_prompt()
        self.enter("%load_ext attn_magic")

    def wait_for_prompt(self):
        """What is on the screen before the next prompt."""
        color = r"(?:\x1b\[[0-9;]*m)*"
        self.child.expect(rf"In {color}\[{color}{self.number}{color}\]: ")
        return self.child.before

    def enter(self, *lines, ends=1):
        """Type a cell, line by line, and Enter as often as it `ends` with; what is then on the screen."""
        self.child.send("\r".join(lines) + "\r" * ends)
        self.number += 1
        return self.wait_for_prompt()

    def close(self):
        self.child.close(force=True)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    terminal = Terminal(tmp_path_factory.mktemp("ipython"))
    yield terminal
    terminal.close()


def plain(output):
    return [line.rstrip() for line in ESCAPES.sub("", output).replace("\r", "").split("\n")]


def test_the_example_can_be_typed(terminal):
    output = terminal.enter("%%attention", *EXAMPLE, ends=3)
    screen = plain(output)
    assert any(re.search(r"Out\[.*\d+.*\]:", line) for line in screen)
    assert any("Indian  3.4989  2.2427" in line for line in screen)
    assert COLORS.search(output)


def test_the_text_is_as_wide_as_the_terminal(terminal):
    screen = plain(terminal.enter("%attention [[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]"))
    rules = [line for line in screen if line.startswith("── ")]
    assert rules
    assert {len(line) for line in rules} == {WIDTH}


def test_a_mistake_is_one_readable_text(terminal):
    output = terminal.enter("%attention --sede 3 [[1]]")
    assert "UsageError: There is no option --sede. Did you mean --seed?" in plain(output)
    assert "Traceback" not in output


def test_a_mistake_in_the_matrix_is_underlined(terminal):
    screen = plain(terminal.enter("%%attention", "1 2 3", "4 5", ends=3))
    assert any(line.startswith("UsageError: Row 2 has 2 numbers, but row 1 has 3") for line in screen)
    assert any(line.endswith("^") for line in screen)


def test_a_question_mark_explains(terminal):
    screen = plain(terminal.enter("%attention?"))
    assert "    Indian  4.41 -2.16" in screen
    assert any("--tokens" in line for line in screen)


def test_html_needs_a_notebook_and_says_so(terminal):
    screen = plain(terminal.enter("%attention --view html [[1, 2]]"))
    assert screen.count("That view needs a notebook; this is the text.") == 1
    assert any("Attention weights" in line for line in screen)


def test_quiet_shows_nothing_and_keeps_the_trace(terminal):
    assert "Attention weights" not in terminal.enter("%attention -q -o story [[1, 2]];")
    assert any("Attention weights" in line for line in plain(terminal.enter("story")))


def test_inside_a_list_a_trace_is_one_line(terminal):
    terminal.enter("%attention -q -o story [[1, 2]]")
    assert any("[<AttentionTrace of 1 × 2: " in line for line in plain(terminal.enter("[story]")))


def test_a_pasted_cell_may_begin_with_a_comment(terminal):
    pasted = "\n".join(["# self-attention", "%%attention", *EXAMPLE])
    screen = plain(terminal.enter(f"\x1b[200~{pasted}\x1b[201~", ends=3))
    assert any("Indian  3.4989  2.2427" in line for line in screen)


@pytest.mark.parametrize("variable", ["NO_COLOR='1'", "TERM='dumb'"])
def test_colors_stay_away_where_they_are_not_wanted(terminal, variable):
    name, value = variable.split("=")
    terminal.enter(f"import os; before = os.environ.get('{name}'); os.environ['{name}'] = {value}")
    output = terminal.enter("%attention [[1, 2]]")
    terminal.enter(f"os.environ.pop('{name}') if before is None else os.environ.update({name}=before);")
    assert "\r\nAttention weights  1 × 1\r\n" in output
    assert not COLORS.search(output)


def test_tab_completes_an_option(terminal):
    terminal.child.send("%attention --prec\t")
    if IPython.version_info >= (8, 6):  # before, TAB stays as it is
        terminal.child.expect_exact("ision")
        terminal.child.send(" 2 [[1, 2]]\r")
    else:
        terminal.child.send("ision 2 [[1, 2]]\r")
    terminal.number += 1
    assert any("1.00   2.00" in line for line in plain(terminal.wait_for_prompt()))
