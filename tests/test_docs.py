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
from attn_magic.formats import SAVED
from attn_magic.magics import AttentionMagics
from attn_magic.options import MAGICS, OPTIONS

ROOT = Path(__file__).parent.parent


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


README, USING = read("README.md"), read("docs/using.md")
DOCUMENTS = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
OPTIONS_TABLE = USING[USING.index("## Options") : USING.index("## Take it with you")]
INDIAN = [[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]


def blocks_of(path: str, language: str) -> list[str]:
    return [code for kind, code in re.findall(r"^```(\w*)\n(.*?)^```$", read(path), flags=re.MULTILINE | re.DOTALL) if kind == language]


WITH_PYTHON = [path for path in DOCUMENTS if blocks_of(path, "python")]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """The documents save files."""
    monkeypatch.chdir(tmp_path)


def test_there_is_python_in_the_readme_and_in_the_manual():
    assert {"README.md", "docs/using.md"} <= set(WITH_PYTHON)


@pytest.mark.parametrize("path", WITH_PYTHON)
def test_the_python_of_a_document_runs_and_prints_what_it_says(path):
    """From top to bottom, as a reader would; a block of text right behind one of Python is what that prints."""
    namespace: dict[str, object] = {}
    outputs = dict(re.findall(r"^```python\n((?:(?!^```).*\n)*)```\n\n```text\n((?:(?!^```).*\n)*)```$", read(path), flags=re.MULTILINE))
    assert len(outputs) == 1
    for code in blocks_of(path, "python"):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, path, "exec"), namespace)
        if code in outputs:
            assert printed.getvalue() == outputs[code]


def test_comments_in_python_are_what_the_expression_gives():
    checked = 0
    for path in WITH_PYTHON:
        namespace: dict[str, object] = {}
        for code in blocks_of(path, "python"):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, namespace)
            for expression, comment in re.findall(r"^(\S.*?)\s+# ('[^']*')", code, flags=re.MULTILINE):
                assert re.fullmatch(re.escape(comment).replace("…", ".*"), repr(eval(expression, namespace)))
                checked += 1
    assert checked == 3


@pytest.mark.parametrize("path", ["README.md", "docs/style.md"])
def test_the_error_is_the_one_a_reader_gets(path):
    shown = next(output for output in blocks_of(path, "text") if output.startswith("Row 2 has"))
    with pytest.raises(attn_magic.MatrixError) as caught:
        attn_magic.parse_matrix("[[1, 2, 3], [4, 5]]")
    assert shown == f"{caught.value}\n"


def test_the_text_of_the_readme_is_what_a_terminal_shows():
    shown = next(output for output in blocks_of("README.md", "text") if output.startswith("──"))
    assert shown in str(attend(INDIAN, tokens="I am Indian", mask="causal"))


@pytest.mark.parametrize("flag", [flag for option in OPTIONS for flag in option.flags])
def test_every_option_is_in_the_manual_and_in_the_help(flag):
    assert re.search(rf"`{re.escape(flag)}[ `]", OPTIONS_TABLE)
    for magic in MAGICS:
        assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", getattr(AttentionMagics, magic).__doc__)


@pytest.mark.parametrize("choice", [choice for option in OPTIONS if option.flags for choice in option.choices])
def test_every_value_of_an_option_is_in_the_manual(choice):
    assert re.search(rf"[ |`\\]{re.escape(choice)}[|`\\]", OPTIONS_TABLE)


@pytest.mark.parametrize("name", [stage.name for stage in attend([[1.0, 2.0]], mask="causal", temperature=2)])
def test_every_stage_is_in_the_manual(name):
    assert f"`{name}`" in USING


@pytest.mark.parametrize("magic", MAGICS)
def test_every_magic_is_in_the_readme(magic):
    assert f"%%{magic}" in README


@pytest.mark.parametrize("name", attn_magic.__all__)
def test_every_public_name_is_in_the_manual(name):
    names = USING[USING.index("| name | what it is |") : USING.index("## What is promised")]
    assert f"`{name}`" in names


def test_every_kind_of_file_is_in_the_manual():
    """What can be saved is asked of the error about an ending that is none."""
    with pytest.raises(attn_magic.SaveError, match="The known endings are ") as caught:
        attend(INDIAN).save("story.xyz")
    endings = re.findall(r"\.\w+(?=[,.])", str(caught.value).partition("The known endings are ")[2])
    assert len(endings) >= 10
    files = USING[USING.index("| ending |") : USING.index("A file is never replaced")]
    for place in (OPTIONS_TABLE, files):
        assert set(endings) <= set(re.findall(r"`(\.\w+)`", place))


@pytest.mark.parametrize("form", SAVED.values(), ids=lambda form: form.name)
def test_what_a_file_holds_is_said_in_the_words_of_the_table(form):
    [row] = [row for row in USING.splitlines() if re.match(rf"\|[^|]*`\{form.ending}`[^|]*\|", row)]
    assert form.meaning in row


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != "docs/pasting.md"])
def test_every_link_to_a_file_leads_somewhere(path):
    text = re.sub(r"^```.*?^```$", "", read(path), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for target in targets:
        assert ((ROOT / path).parent / target).is_file(), target


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "images").glob("*.png")), ids=lambda path: path.name)
def test_every_picture_is_small_and_shown(path):
    assert path.stat().st_size <= 150_000
    assert f"docs/images/{path.name}" in README


def test_all_is_what_can_be_imported():
    for name in attn_magic.__all__:
        assert getattr(attn_magic, name).__doc__, name
    assert sorted(attn_magic.__all__) == attn_magic.__all__
    assert set(attn_magic.__all__) <= set(dir(attn_magic))


def test_the_changelog_knows_this_version():
    assert f"## [{attn_magic.__version__}]" in read("CHANGELOG.md")


def test_the_top_level_holds_what_a_newcomer_expects():
    tracked = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:  # an unpacked archive has no history to ask
        return
    expected = {
        *("attn_magic", "tests", "pyproject.toml", "README.md", "demo.ipynb"),
        *("docs", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "constraints.txt", ".gitignore", ".ci"),
    }
    assert {name.split("/")[0] for name in tracked.stdout.splitlines()} == expected


def test_every_direct_dependency_is_pinned():
    pinned = set(re.findall(r"^([\w-]+)==", read("constraints.txt"), flags=re.MULTILINE))
    project = read("pyproject.toml")
    tables = re.findall(r"^(?:dependencies|lab|test) = \[(.*?)\]", project, flags=re.MULTILINE | re.DOTALL)
    direct = set(re.findall(r'"([\w-]+)', "".join(tables)))
    assert len(tables) == 3
    assert direct <= pinned


PASTING = read("docs/pasting.md")
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
    page = read("docs/hosts.md")
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    cells = [cell for row in re.findall(r"^\|(.*)\|$", page, flags=re.MULTILINE)[2:] for cell in row.split("|")[1:] if cell.strip()]
    for cell in cells:
        names = re.findall(r"`(test_\w+)`", cell)
        assert names, cell
        assert all(f"def {name}(" in tests for name in names), cell
    assert len(cells) > 15
