"""The explorer's files, joined for a browser that is given one text."""

import json
import re
import subprocess
from pathlib import Path

from attn_magic.explorer import bundle
from attn_magic.explorer.bundle import module_text, stylesheet_text
from tests.browser import find_node

FOLDER = Path(bundle.__file__).with_name("js")
LOADER, RESOLVE = FOLDER / "loader.js", FOLDER / "resolve.js"  # which are no parts of the module: one brings it, one hands it over
FILES = sorted(set(FOLDER.glob("*.js")) - {LOADER, RESOLVE})


def code(text: str) -> list[str]:
    """The lines that do something, read by another way than the package's: TypeScript's and ours are whole-line comments only."""
    lines, within = [], False
    for line in text.splitlines():
        stripped = line.strip()
        within = within or (stripped.startswith("/*") and (stripped.endswith("*/") or "*/" not in stripped))
        if not within and stripped and not stripped.startswith("//"):
            lines.append(stripped)
        within = within and not stripped.endswith("*/")
    return lines


def test_no_line_is_longer_than_120():
    """Prettier breaks code at that width, and neither comments nor long texts."""
    ours = [*FOLDER.glob("*.js"), FOLDER.parent / "explorer.css", *(Path(__file__).parent / "explorer").glob("*.mjs")]
    assert len(ours) > 15
    lines = [(file.name, number, line) for file in ours for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)]
    assert [(name, number) for name, number, line in lines if len(line) > 120] == []


def test_every_line_of_every_file_is_inside_but_for_comments_and_imports():
    joined = code(module_text("offline.js"))
    own = [line for file in FILES for line in code(re.sub(r"^import [^;]*;\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE))]
    assert sorted(joined) == sorted(own)


def test_no_comment_stands_on_lines_of_its_own():
    for text in (module_text("offline.js"), module_text(LOADER.name), stylesheet_text()):
        assert not re.findall(r"^\s*(?://|/\*.*\*/\s*$|\*)", text, flags=re.MULTILINE)


def test_the_widget_is_given_nothing_of_what_only_a_page_needs():
    assert "offlineHost" in module_text("offline.js")
    assert "offlineHost" not in module_text()


def test_no_text_spans_lines_whose_indentation_would_be_its_own():
    for file in FOLDER.glob("*.js"):
        assert not [line for line in code(file.read_text(encoding="utf-8")) if line.count("`") % 2], file.name
    assert not re.findall(r"^[ \t]", module_text("offline.js"), flags=re.MULTILINE)


def test_nothing_is_left_to_import():
    assert len(FILES) > 1
    for name in ("explorer.js", "offline.js"):
        assert not re.findall(r"^import\b|^export [{*]|\bimport\(", module_text(name), flags=re.MULTILINE)


def test_no_name_changes_on_its_way_into_another_file():
    for file in FILES:
        assert not re.findall(r"^import [^;]*\bas\b", file.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_a_file_comes_after_those_that_it_uses(monkeypatch):
    texts = {
        "explorer.js": 'import { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\nexport default { a, b };\n',
        "a.js": "export const a = 1;\n",
        "b.js": 'import { a } from "./a.js";\n\nexport const b = a + 1;\n',
    }
    monkeypatch.setattr(bundle, "_read", texts.__getitem__)
    assert module_text.__wrapped__() == "export const a = 1;\n\nexport const b = a + 1;\nexport default { a, b };\n"


def test_it_is_a_module_that_exports_what_its_files_export(tmp_path):
    """Above all: no two files declare the same name, and none is used that only its own file has under that name."""
    joined = tmp_path / "joined.mjs"
    joined.write_text(module_text("offline.js"), encoding="utf-8")
    script = (
        f"const joined = await import({json.dumps(joined.as_uri())});"
        "console.log(JSON.stringify([Object.keys(joined), typeof joined.default.render]));"
    )
    done = subprocess.run([find_node(), "--input-type=module", "--eval", script], capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    exported = {
        name for file in FILES for name in re.findall(r"^export (?:function|const|class) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    names, render = json.loads(done.stdout)
    assert (set(names), render) == (exported | {"default"}, "function")
