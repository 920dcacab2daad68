"""The documents tell the truth: their code runs, and nothing that exists is missing from them."""

import contextlib
import io
import re
import subprocess
from array import array
from pathlib import Path

import pytest

import attn_magic
from attn_magic.attention import attend
from attn_magic.options import MAGICS, OPTIONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """The README saves files."""
    monkeypatch.chdir(tmp_path)


def test_readme_python_runs_and_prints_what_it_says():
    namespace: dict[str, object] = {}
    outputs = dict(re.findall(r"^```python\n((?:(?!^```).*\n)*)```\n\n```text\n((?:(?!^```).*\n)*)```$", README, flags=re.MULTILINE))
    assert len(outputs) == 1
    for language, code in BLOCKS:
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(code, "README.md", "exec"), namespace)
            if code in outputs:
                assert printed.getvalue() == outputs[code]


def test_readme_python_comments_are_what_the_expression_gives():
    namespace: dict[str, object] = {}
    checked = 0
    for language, code in BLOCKS:
        if language != "python":
            continue
        exec(code, namespace)
        for expression, comment in re.findall(r"^(\S.*?)\s+# ('[^']*')", code, flags=re.MULTILINE):
            assert re.fullmatch(re.escape(comment).replace("…", ".*"), repr(eval(expression, namespace)))
            checked += 1
    assert checked == 2


def test_readme_error_is_the_one_a_reader_gets():
    shown = next(output for language, output in BLOCKS if output.startswith("Row 2 has"))
    with pytest.raises(attn_magic.MatrixError) as caught:
        attn_magic.parse_matrix("[[1, 2, 3], [4, 5]]")
    assert shown == f"{caught.value}\n"


@pytest.mark.parametrize("flag", [flag for option in OPTIONS for flag in option.flags])
def test_every_option_is_in_the_readme_and_in_the_help(flag):
    table = README[README.index("## Options") : README.index("## What you can paste")]
    assert re.search(rf"`{re.escape(flag)}[ `]", table)


@pytest.mark.parametrize("choice", [choice for option in OPTIONS for choice in option.choices])
def test_every_value_of_an_option_is_in_the_readme(choice):
    table = README[README.index("## Options") : README.index("## What you can paste")]
    assert re.search(rf"[ |`\\]{re.escape(choice)}[|`\\]", table)


@pytest.mark.parametrize("name", [stage.name for stage in attend([[1.0, 2.0]], mask="causal", temperature=2)])
def test_every_stage_is_in_the_readme(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("magic", MAGICS)
def test_every_magic_is_in_the_readme(magic):
    assert f"%%{magic}" in README


def test_all_is_what_can_be_imported():
    for name in attn_magic.__all__:
        assert getattr(attn_magic, name).__doc__, name
    assert sorted(attn_magic.__all__) == attn_magic.__all__
    assert set(attn_magic.__all__) <= set(dir(attn_magic))


def test_the_changelog_knows_this_version():
    assert f"## [{attn_magic.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_top_level_holds_what_a_newcomer_expects():
    tracked = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:  # an unpacked archive has no history to ask
        return
    assert {name.split("/")[0] for name in tracked.stdout.splitlines()} == {
        *("attn_magic", "tests", "pyproject.toml", "README.md", "demo.ipynb"),
        *("docs", "CHANGELOG.md", "LICENSE", "constraints.txt", ".gitignore", ".ci"),
    }


def test_every_direct_dependency_is_pinned():
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tables = re.findall(r"^(?:dependencies|lab|test) = \[(.*?)\]", project, flags=re.MULTILINE | re.DOTALL)
    direct = set(re.findall(r'"([\w-]+)', "".join(tables)))
    assert len(tables) == 3
    assert direct <= pinned


PASTING = (ROOT / "docs" / "pasting.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```text\n((?:(?!^```).*\n)*?)```\n\n(Read|Refused): ([^\n]*)$", PASTING, flags=re.MULTILINE)


@pytest.mark.parametrize(("body", "outcome", "said"), EXAMPLES, ids=lambda text: text[:30])
def test_what_can_be_pasted_is_read_or_refused_as_the_page_says(body, outcome, said):
    try:
        matrix = attn_magic.parse_matrix(body.removesuffix("\n"))
    except attn_magic.MatrixError as error:
        first = re.sub(r" \(line [0-9]+\)\.$", ".", str(error).partition("\n")[0])
        assert (outcome, said) == ("Refused", first)
        return
    rows, _, rest = said.partition("]]")
    parts = [f"{what} {', '.join(words)}" for what, words in (("tokens", matrix.labels), ("columns", matrix.columns)) if words]
    assert outcome == "Read"
    assert [array("f", map(float, row.split(","))) for row in rows.strip("[").split("], [")] == [array("f", row) for row in matrix.values]
    assert rest == "".join(f"; {part}" for part in parts) + "".join(f". {notice.text.rstrip('.')}" for notice in matrix.notices) + "."


def test_every_block_of_the_page_is_an_example():
    assert len(EXAMPLES) == PASTING.count("```") / 2 > 40


def test_every_host_is_proven_by_a_test_that_exists():
    page = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    cells = [cell for row in re.findall(r"^\|(.*)\|$", page, flags=re.MULTILINE)[2:] for cell in row.split("|")[1:] if cell.strip()]
    for cell in cells:
        names = re.findall(r"`(test_\w+)`", cell)
        assert names, cell
        assert all(f"def {name}(" in tests for name in names), cell
    assert len(cells) > 15
