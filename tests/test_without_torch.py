"""Where torch is missing or broken, as in a browser's Python: all but the computing works, and one sentence says what to do."""

import json
import subprocess
import sys

import pytest

EXAMPLE = "%%attention\nI       1.16  0.23\nam      0.57  1.36"
MISSING = "torch computes every stage: type %pip install torch (or take the smaller CPU build from pytorch.org), then run this again."
IN_A_BROWSER = "torch computes every stage, and there is none for Python in a browser: open this notebook where Python runs on a computer."
BROKEN = (
    "torch computes every stage, and the one installed here cannot be imported ({}): "
    "mend it with %pip install --force-reinstall torch and restart the kernel."
)
NOT_FOUND = 'ModuleNotFoundError("No module named \'torch\'", name="torch")'
PROGRAM = """
import contextlib, io, json, sys

class WithoutTorch:
    \"\"\"The first of all that look for a module: there is no torch.\"\"\"

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise {error}

sys.meta_path.insert(0, WithoutTorch())
from IPython.core.interactiveshell import InteractiveShell

if {in_kernel}:
    InteractiveShell.kernel = object()
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.run_cell("%load_ext attn_magic").raise_error()
sys.platform = {platform!r}
answers = []
for cell in {cells!r}:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        error = shell.run_cell(cell).error_in_exec
    answers.append([type(error).__name__, str(error), out.getvalue(), err.getvalue()])
print(json.dumps(answers))
"""


def answers(*cells, error=NOT_FOUND, in_kernel=False, platform=sys.platform):
    """What each cell ends with where importing torch raises `error`: the error's type and text, what is printed, what stands in red."""
    program = PROGRAM.format(error=error, cells=cells, in_kernel=in_kernel, platform=platform)
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize("in_kernel", [False, True])
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NOT_FOUND, MISSING),
        (
            'OSError("libcudart.so.13: cannot open shared object file")',
            BROKEN.format("OSError: libcudart.so.13: cannot open shared object file"),
        ),
        ('ImportError("DLL load failed\\n while importing _C")', BROKEN.format("ImportError: DLL load failed while importing _C")),
        (
            'ModuleNotFoundError("No module named \'filelock\'", name="filelock")',
            BROKEN.format("ModuleNotFoundError: No module named 'filelock'"),
        ),
        ('RuntimeError("already has a docstring")', BROKEN.format("RuntimeError: already has a docstring")),
    ],
)
def test_a_cell_says_in_one_sentence_what_to_do(error, sentence, in_kernel):
    cells = (EXAMPLE, EXAMPLE.replace("attention", "masked_attention"), "%attention [[1, 2]]", EXAMPLE)
    expected = ["UsageError", sentence, "", f"UsageError: {sentence}\n"]
    assert answers(*cells, error=error, in_kernel=in_kernel) == [expected] * 4


def test_in_a_browser_it_is_not_said_to_install_what_cannot_be_installed():
    [(_, sentence, _, _)] = answers(EXAMPLE, platform="emscripten")
    assert sentence == IN_A_BROWSER


def test_everything_but_the_computing_works():
    cells = (
        "from attn_magic import parse_matrix; print(parse_matrix('I 1 2; am 3 4').labels)",
        "%attention -h",
        "%attention",
        "%%attention\n1 2 3\n4 5",
        "%attention --sede 3",
        "%config AttentionMagics.seed = 7",
        "%reload_ext attn_magic",
        "%unload_ext attn_magic",
    )
    parsed, help_, short, ragged, typo, config, reloaded, unloaded = answers(*cells)
    assert parsed == ["NoneType", "None", "('I', 'am')\n", ""]
    assert help_[2].startswith("Show self-attention of a matrix, stage by stage.\n")
    assert help_ == short
    assert ragged[1].startswith("Row 2 has 2 numbers, but row 1 has 3")
    assert typo[1].startswith("There is no option --sede. Did you mean --seed?")
    assert config == reloaded == unloaded == ["NoneType", "None", "", ""]
