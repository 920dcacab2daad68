"""Twice the text takes the parser no more than three times as long: every regular expression is timed on what is worst for it, and so is the whole.

Measured over four times the text: linear is 4, quadratic 16, and above 9 is too steep. Only what takes more than its share is looked at
again, at lengths that are well above noise, three times over.
"""

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import attn_magic
from attn_magic.errors import MatrixError
from attn_magic.matrix import parse_matrix
from tests.baits import USES, Bait, baits, steep_growth

ONCE = {"match", "fullmatch", "search"}
ALL_OVER = {"finditer", "findall", "sub", "subn", "split"}  # these go through the whole text
OUR_OWN_TEXTS = {"explorer.bundle"}  # reads the explorer's files and nothing that a user wrote
LOCAL_NAMES = {"mark": ",", "cell": {"fence": "```"}, "separator": ";"}  # examples of what is put into a pattern; for other names it is "a"


@dataclass
class Pattern:
    """A regular expression of the package, where it stands, and the ways it is used."""

    place: str
    pattern: "re.Pattern[str]"
    uses: set[str] = field(default_factory=set)


def short_name(module: ModuleType) -> str:
    return module.__name__.removeprefix("attn_magic.")


MODULES = [importlib.import_module(found.name) for found in pkgutil.walk_packages(attn_magic.__path__, "attn_magic.")]
READERS = [module for module in MODULES if short_name(module) not in OUR_OWN_TEXTS]


def patterns() -> dict[str, list[Pattern]]:
    """Every regular expression by its module: those in its globals, and those written where they are used."""
    found: dict[str, list[Pattern]] = {}
    shared: dict[int, Pattern] = {}  # the same object under several names is one pattern with the uses of all
    for module in READERS:
        tree = ast.parse(inspect.getsource(module))
        uses = uses_of_names(tree)
        for name, value in vars(module).items():
            for place, pattern in compiled(value, f"{short_name(module)}.{name}"):
                if id(pattern) not in shared:
                    shared[id(pattern)] = Pattern(place, pattern)
                    found.setdefault(short_name(module), []).append(shared[id(pattern)])
                shared[id(pattern)].uses |= uses.get(name, set())
        found.setdefault(short_name(module), []).extend(patterns_in_functions(module, tree))
    return {name: some for name, some in found.items() if some}


def compiled(value: Any, place: str) -> Iterator[tuple[str, "re.Pattern[str]"]]:
    """The regular expressions in this value, and in the containers and classes of ours that it is made of."""
    if isinstance(value, re.Pattern):
        yield place, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from compiled(one, f"{place}[{key!r}]")
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from compiled(one, f"{place}[{number}]")
    elif isinstance(value, type) and value.__module__.startswith("attn_magic"):
        for name, one in vars(value).items():
            yield from compiled(one, f"{place}.{name}")


def uses_of_names(tree: ast.Module) -> dict[str, set[str]]:
    """How each global in capitals is used: NAME.match(…), NAME[…].match(…), or as the local name or parameter that it becomes is.

    A name that goes where this cannot follow may be used in every way.
    """
    uses = methods_of_names(tree)
    calls: dict[str, list[ast.Call]] = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            calls.setdefault(call.func.id, []).append(call)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        by_locals = methods_of_names(function)
        for local, value in locals_and_values(function, calls.get(function.name, [])):
            for name in handed_on(value):
                uses.setdefault(name, set()).update(by_locals.get(local, ()))
    for name in handed_on(tree):
        uses[name] = uses.get(name) or ONCE | ALL_OVER
    return uses


def methods_of_names(tree: ast.AST) -> dict[str, set[str]]:
    methods: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ONCE | ALL_OVER:
            owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            if isinstance(owner, ast.Name):
                methods.setdefault(owner.id, set()).add(node.attr)
    return methods


def locals_and_values(function: ast.FunctionDef, calls: list[ast.Call]) -> Iterator[tuple[str, ast.expr]]:
    """The local names of a function, each with an expression that it is assigned, runs over, or is called with."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.For | ast.comprehension | ast.NamedExpr):
            value = node.value if isinstance(node, ast.Assign | ast.NamedExpr) else node.iter
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((name.id, value) for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
    for call in calls:
        yield from zip((parameter.arg for parameter in function.args.args), call.args, strict=False)
        yield from ((word.arg, word.value) for word in call.keywords if word.arg)


def handed_on(tree: ast.AST) -> set[str]:
    """The names in capitals that are read here without being used at once."""
    owners = {node.value.value if isinstance(node.value, ast.Subscript) else node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in owners)
    return {name.id for name in names if name.id.isupper()}


def patterns_in_functions(module: ModuleType, tree: ast.Module) -> Iterator[Pattern]:
    """re.match("…", text) and re.compile("…").match(text), wherever they stand in a function."""
    methods = {node.value: node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda))
    for call in dict.fromkeys(node for function in functions for node in ast.walk(function)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "re":
            if call.func.attr not in ONCE | ALL_OVER | {"compile"}:
                continue
            flags = [word.value for word in call.keywords if word.arg == "flags"] + (call.args[1:2] if call.func.attr == "compile" else [])
            text, flag = (evaluate(node, module) for node in (call.args[0], flags[0] if flags else ast.Constant(0)))
            use = methods.get(call, "") if call.func.attr == "compile" else call.func.attr
            yield Pattern(f"{short_name(module)}, line {call.lineno}", re.compile(text, flag), {use} & (ONCE | ALL_OVER) or ONCE | ALL_OVER)


def evaluate(node: ast.expr, module: ModuleType) -> Any:
    expression = ast.fix_missing_locations(ast.Expression(node))
    names = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)} - set(vars(module)) - set(dir(builtins))
    return eval(compile(expression, module.__name__, "eval"), {**vars(module), **dict.fromkeys(names, "a"), **LOCAL_NAMES})


PATTERNS = patterns()


def steep_uses(pattern: Pattern) -> Iterator[str]:
    """One line for each use of the pattern that takes more than its share, with the bait and the times."""
    for use in sorted(pattern.uses & ONCE | ({"finditer"} if pattern.uses & ALL_OVER else set())):
        growths = (steep_growth(lambda text, use=use: USES[use](pattern.pattern, text), bait, 0.002, 4096) for bait in baits(pattern.pattern))
        growth = next(filter(None, growths), None)
        if growth:
            yield f"{pattern.place} {pattern.pattern.pattern!r} .{use} on {growth}"


@pytest.mark.parametrize("module", PATTERNS)
def test_every_pattern_of_a_module_takes_linear_time(module: str) -> None:
    steep = [line for pattern in PATTERNS[module] for line in steep_uses(pattern)]
    assert not steep, "\n".join(steep)


def test_no_pattern_is_overlooked_by_the_linear_time_test() -> None:
    """Whatever re.compile, re.match, … makes in a source is one of the patterns that are timed, in one way or more."""
    assert all(pattern.uses for some in PATTERNS.values() for pattern in some)
    known = {pattern.pattern.pattern for some in PATTERNS.values() for pattern in some}
    for module in READERS:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            assert not isinstance(node, ast.ImportFrom) or node.module != "re"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{use}" for use in ONCE | ALL_OVER | {"compile"}}:
                assert evaluate(node.args[0], module) in known, ast.unparse(node)


STEEP = {
    "a word with a letter in it": (r"[\[(<{][^\s,;]*[^\W\d_][^\s,;]*[\])>}]:?", "match"),
    "blanks on both sides of nothing": (r"%%attention\s*(?:--seed 42)?\s*", "fullmatch"),
    "a repeat of repeats": (r"(?:[A-Za-z]{1,20}'?|\s)*:?", "fullmatch"),
    "words from every letter on": (r"[A-Za-z]+\s+[A-Za-z]+", "search"),
    "behind three blanks and a sign": (r"=   [-+][0-9.]*[0-9]*x", "match"),
    "three runs": (r"a*a*a*b", "match"),
    "in an alternative": (r"x|y|z(?:[^a]|b)(?:c| *,? *)d", "match"),
    "what is between two marks": (r"/\*.*?\*/", "finditer"),
}


@pytest.mark.parametrize(("pattern", "use"), STEEP.values(), ids=STEEP)
def test_a_pattern_that_is_not_read_in_linear_time_is_caught(pattern: str, use: str) -> None:
    assert list(steep_uses(Pattern("here", re.compile(pattern, re.DOTALL), {use})))


OPENINGS = ["", "[", "(", "{", "[[", "[[1, ", "\\begin{bmatrix}", "| ", '"', "'", "a ", "1 ", "a: ", "x = ", "np.array(", "tensor([", "# ", "a,1\n"]
OPENINGS += ["1 2\n", "$", "```\n", "<", '{"data": "', "%{\n"]
PIECES = [
    *"a1[]{}&|%-=:<>.\t \n_…−é\u200be+*$`\\\"'9",
    "a1",
    "a ",
    "1 ",
    "1,",
    "a,",
    "1;",
    "a;",
    "#\n",
    "# 1\n",
    "# a ",
    '"a" ',
    "''",
    "[1",
    "(1)",
    "(a",
    "()",
    "[]",
]
PIECES += [
    "iVBORw0KGgo/AAA+",
    "a 1\n",
    "a1 2\n",
    "a b 1\n",
    "a=1\n",
    "a: 1\n",
    "1.5 (2)\n",
    " \n",
    "\r\n",
    "\\a",
    "\\\\",
    "1&",
    "1|",
    "1\t",
    "---|",
    "<|a",
    "&#",
]
PIECES += ["1e", "0x", "a:", "1:", "a.", "a(", "1/", "--1 ", "[,1]", "{}", "\\begin{", "\\end{", "\\left["]
BEHIND_LETTERS = [Bait("", "a", "! = \\begin{bmatrix}1 & 2\\end{bmatrix}"), Bait("", "X", " = \\begin{bmatrix}1 & 2\\end{bmatrix}")]
IN_TABLES = [
    Bait('"""', "\n", "1 2"),
    Bait("| a | b |\n|", " ", "|---|\n| 1 | 2 |"),
    Bait('"w","', "1", 'x"\n"a",1\n"b",2'),
    Bait("```", " ", "x y\n1 2\n```"),
    Bait("# Attention, step by step\n\nMade by attn_magic 0.1\n\n```\n%%attention", " ", "x\n1 2\n```"),
]
BODIES = {opening: [Bait(opening, piece) for piece in PIECES] for opening in OPENINGS}
BODIES |= {"letters before a matrix": BEHIND_LETTERS, "blanks, breaks and digits in a table": IN_TABLES}


def read(text: str) -> None:
    with suppress(MatrixError):
        parse_matrix(text)


def test_a_body_is_read_or_refused_in_linear_time() -> None:
    """A mebibyte of anything takes one second: at that rate 16384 characters take 16 ms, and six times that is looked into.

    In a process of its own, where no type is checked while it runs: that takes five times as long.
    """
    answer = subprocess.run([sys.executable, "-m", "tests.test_matrix_patterns"], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stdout + answer.stderr


def find_steep_bodies() -> Iterator[str]:
    for bodies in BODIES.values():
        growth = next(filter(None, (steep_growth(read, bait, 0.1, 2**14) for bait in bodies)), None)
        if growth is not None:
            yield str(growth)


if __name__ == "__main__":
    for found in find_steep_bodies():
        print(found)
