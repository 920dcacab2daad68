"""The house: who may import whom. CONTRIBUTING.md draws it; the files are held to that drawing."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "attn_magic"
DRAWN = re.search(r"^```layers\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)[1]
VIEWS = {"text", "html", "figure", "preview"}
PACKAGES = {"__init__", "views.__init__", "exports.__init__", "explorer.__init__", "matrix.__init__"}  # which hold no code to depend on
# `trace.explain(…)`, `trace.save(…)` and the like are asked of the record and answered above it, imported when they are asked.
CONVENIENCES = {"trace"}


def drawn(line: str) -> list[str]:
    """The modules and folders in one line of the drawing, without the words behind them."""
    return [name.removesuffix("/") for name in line.partition("  ")[0].split()]


LAYERS = [name for line in DRAWN.splitlines() for name in drawn(line)]


def modules():
    return {file.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): file for file in sorted(PACKAGE.rglob("*.py"))}


def room(module: str) -> str:
    return module.split(".")[0]


def imports(file: Path, *, also_in_functions: bool = True) -> set[str]:
    """The modules of the package that `file` imports when it runs; what is imported for type checkers only is not run."""
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not also_in_functions:
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            if isinstance(child, ast.ImportFrom) and child.module:
                assert child.level == 0, f"{file} imports by dots"
                found.update({f"{child.module}.{alias.name}" for alias in child.names} | {child.module})
            walk(child)

    walk(ast.parse(file.read_text(encoding="utf-8")))
    known = modules()
    return {name.removeprefix("attn_magic.") for name in found if name.removeprefix("attn_magic.") in known}


@pytest.mark.parametrize("module", [module for module in modules() if module != "__init__"])
def test_a_module_imports_only_what_stands_before_it(module):
    own = LAYERS.index(room(module))
    used = {room(name) for name in imports(modules()[module], also_in_functions=module not in CONVENIENCES)} - {"__init__", room(module)}
    assert {name for name in used if LAYERS.index(name) >= own} == set()


def test_the_drawing_holds_every_module_once_and_no_other():
    assert sorted(LAYERS) == sorted({room(module) for module in modules()} - {"__init__"})


def test_no_view_imports_another():
    for view in VIEWS:
        assert not {name for name in imports(modules()[f"views.{view}"]) if name in {f"views.{other}" for other in VIEWS - {view}}}


def test_no_file_imports_one_that_imports_it():
    graph = {module: imports(file, also_in_functions=module not in CONVENIENCES) - PACKAGES for module, file in modules().items()}
    assert list(TopologicalSorter(graph).static_order())


def test_what_reads_a_line_and_a_matrix_needs_no_torch():
    rooms = {name for line in DRAWN.splitlines() if re.search("without torch|none needs torch|everything says|IPython", line) for name in drawn(line)}
    wanted = [f"attn_magic.{module}".removesuffix(".__init__") for module in modules() if room(module) in rooms]
    program = f"import sys, {', '.join(wanted)}; print({{'torch', 'numpy', 'jaxtyping'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")


NAMED = re.findall(r"`((?:attn_magic|tests|docs)/[\w./]+\.\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("named", sorted(set(NAMED)))
def test_the_files_that_contributors_are_sent_to_exist(named):
    assert (ROOT / named).is_file()
