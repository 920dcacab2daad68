"""Small mistakes that could stand in a source: one changed sign, number, condition or regular expression each.

Every mutant has a key that says what it changes, in which function, and in which line of code, but not at which line number: it stays
the same when something else in the file is edited.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path

_COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_COMPARISONS |= {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult}
_EMPTY = {"Dict": "{}", "List": "[]", "ListComp": "[]", "Tuple": "()", "JoinedStr": '""', "Compare": "False", "BoolOp": "False"}
_TAKES_PATTERN = {"compile", "match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
_HOLE = "\ue000"  # stands for what an f-string puts in


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from `start` to `end` of the file become `text`."""

    path: Path
    line: int
    site: str  # what is changed, and in which kind of way
    key: str  # what names this mutant in the file of explanations
    start: int
    end: int
    text: str

    @property
    def rank(self) -> str:
        """A number that is as good as drawn, and the same every time."""
        return sha256(self.key.encode()).hexdigest()

    def apply(self, source: bytes) -> bytes:
        """The source with this mistake in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def sample(paths: Iterable[Path], root: Path, size: int) -> list[Mutant]:
    """The same mutants for the same sources, and mostly the same when the sources change: at each site one, of all sites those of lowest rank."""
    found = sorted((mutant for path in paths for mutant in mutants(path, root)), key=lambda mutant: (mutant.site, mutant.rank))
    ones = [next(same_site) for _, same_site in groupby(found, key=lambda mutant: mutant.site)]
    return sorted(ones, key=lambda mutant: mutant.rank)[:size]


def mutants(path: Path, root: Path) -> list[Mutant]:
    """Every mutant of one file."""
    return _Finder(path, root).found


class _Finder(ast.NodeVisitor):
    """Goes through a file and keeps the mutants; annotations, decorators, docstrings and messages have none."""

    def __init__(self, path: Path, root: Path) -> None:
        self.found: list[Mutant] = []
        self.path = path
        self.module = ".".join(path.relative_to(root).with_suffix("").parts[1:])
        self.source = path.read_text(encoding="utf-8")
        self.starts = [0]
        for line in self.source.encode().splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.names: list[str] = []
        self.statement = ""
        self.seen: Counter[str] = Counter()
        tree = ast.parse(self.source)
        self.patterns = {id(node) for node in _patterns(tree)}
        self.visit(tree)

    def keep(self, node: ast.AST, kind: str, *texts: str, changes: Iterable[str] = ()) -> None:
        """One site with its mutants: the whole node becomes one of the texts."""
        start, end = self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset
        seen = ast.unparse(node)
        site = f"{'.'.join([self.module, *self.names])}, {kind} in `{self.statement}`"
        self.seen[site + seen] += 1
        if (times := self.seen[site + seen]) > 1:
            site += f" ({times})"  # the same words may stand in one line more than once
        for text, change in zip(texts, changes or [f"{seen} → {text}" for text in texts], strict=True):
            self.found.append(Mutant(self.path, node.lineno, f"{site}, {seen}", f"{site}: {change}", start, end, text))

    def visit(self, node: ast.AST) -> None:
        """The node and what is in it, under the statement it belongs to."""
        if isinstance(node, ast.stmt):
            outer, self.statement = self.statement, _first_line(node)
            self.seen[".".join(self.names) + self.statement] += 1
            if (times := self.seen[".".join(self.names) + self.statement]) > 1:
                self.statement += f" ({times})"
            super().visit(node)
            self.statement = outer
        elif id(node) in self.patterns:
            self.mutate_pattern(node)
        else:
            super().visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Nothing: before Python 3.12, what is in an f-string does not know where it is."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """The defaults and the body of a function."""
        self.names.append(node.name)
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            if isinstance(default, ast.Constant) and isinstance(default.value, str) and default.value:
                self.keep(default, "default", '""')
            self.visit(default)
        for statement in node.body:
            self.visit(statement)
        self.names.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body of a class."""
        self.names.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self.names.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value, not the annotation."""
        if node.value and ast.unparse(node.annotation) != "TypeAlias":
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value, unless it only tells what a module offers."""
        if ast.unparse(node.targets[0]) != "__all__":
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """x += 1 goes."""
        self.keep(node, "statement", "pass", changes=[f"drop {_first_line(node)}"])
        self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call for its effect goes; a docstring stays."""
        if isinstance(node.value, ast.Call):
            self.keep(node, "statement", "pass", changes=[f"drop {_first_line(node)}"])
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """A refusal goes."""
        self.keep(node, "raise", "pass", changes=[f"drop {_first_line(node)}"])
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Something empty is given back, or None."""
        if node.value is not None and not isinstance(node.value, ast.Constant):
            empty = _EMPTY.get(type(node.value).__name__, "None")
            self.keep(node, "return", f"return {empty}")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        """The condition is turned round."""
        self.negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """The condition is turned round."""
        self.negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Each condition is dropped."""
        for test in node.ifs:
            self.keep(test, "condition", "True")
        self.generic_visit(node)

    def negate(self, test: ast.expr) -> None:
        """A condition becomes its opposite; one with a sign of its own is changed there."""
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            self.keep(test, "condition", f"(not ({ast.unparse(test)}))")

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """A "not", or a minus, goes."""
        if isinstance(node.op, ast.Not | ast.USub):
            self.keep(node, "sign", f"({ast.unparse(node.operand)})")
        if not isinstance(node.operand, ast.Constant):
            self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """All "and" of one level become "or"."""
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.keep(node, "and/or", f"({ast.unparse(ast.BoolOp(other, node.values))})")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """One sign of a comparison becomes its neighbour."""
        for place, sign in enumerate(node.ops):
            signs = [*node.ops[:place], _COMPARISONS[type(sign)](), *node.ops[place + 1 :]]
            self.keep(node, "comparison", f"({ast.unparse(ast.Compare(node.left, signs, node.comparators))})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """One sign of a calculation becomes another; signs between types and texts stay."""
        texts = [
            one for one in (node.left, node.right) if isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
        ]
        if type(node.op) in _ARITHMETIC and not texts:
            self.keep(node, "calculation", f"({ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """One more, one less; True for False."""
        if isinstance(node.value, bool):
            self.keep(node, "truth", str(not node.value))
        elif isinstance(node.value, int):
            self.keep(node, "integer", f"({node.value + 1})", f"({node.value - 1})")

    def visit_Slice(self, node: ast.Slice) -> None:
        """A slice begins or ends one further."""
        for bound in (node.lower, node.upper):
            if bound is not None and not isinstance(bound, ast.Constant):
                self.keep(bound, "slice", f"({ast.unparse(bound)} + 1)", f"({ast.unparse(bound)} - 1)")
        self.generic_visit(node)

    def mutate_pattern(self, node: ast.expr) -> None:
        """A quantifier, an anchor or an alternative goes."""
        holes = [value for value in node.values if not isinstance(value, ast.Constant)] if isinstance(node, ast.JoinedStr) else []
        pattern = "".join(value.value if isinstance(value, ast.Constant) else _HOLE for value in node.values) if holes else ast.literal_eval(node)
        found: dict[str, dict[str, str]] = {}
        for kind, start, end in parts_of_pattern(pattern):
            mutated = pattern[:start] + pattern[end:]
            if _HOLE not in pattern[start:end] and _is_pattern(mutated.replace(_HOLE, "(?:a)")):
                shown = f"…{pattern[max(0, start - 20) : start]}⟨{pattern[start:end]}⟩{pattern[end : end + 20]}…".replace(_HOLE, "{}")
                found.setdefault(kind, {})[_written(mutated, holes)] = f"drop {shown}"
        for kind, changes in found.items():
            self.keep(node, kind, *changes, changes=changes.values())


def _patterns(tree: ast.Module) -> Iterator[ast.expr]:
    """The texts that are regular expressions: what `re` is given, and the constants that are put into it."""
    inserted = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {f"re.{use}" for use in _TAKES_PATTERN}:
            yield from _texts(call.args[0])
            inserted |= {name.id for name in ast.walk(call.args[0]) if isinstance(name, ast.Name)}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in inserted:
            yield from _texts(statement.value)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    if _is_text(node):
        yield node
    elif isinstance(node, ast.BinOp):
        yield from _texts(node.left)
        yield from _texts(node.right)


_PART = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<anchor>\\[bBAZ]|\^|\$)|(?P<escape>\\(?:x..|u....|.))"
    r"|(?P<open>\((?:\?(?:P<\w+>|<?[=!]|:|P=\w+|#))?)|(?P<close>\))|(?P<or>\|)|(?P<quantifier>(?:[*+?]|\{[0-9]*,?[0-9]*\})[?+]?)|(?P<other>.)",
    re.DOTALL,
)


def parts_of_pattern(pattern: str) -> Iterator[tuple[str, int, int]]:
    """The quantifiers, anchors and alternatives of a regular expression: where they begin and end.

    >>> list(parts_of_pattern("a+|(?=b)c$"))
    [('quantifier', 1, 2), ('anchor', 3, 8), ('anchor', 9, 10), ('alternative', 0, 3), ('alternative', 2, 10)]
    """
    opened: list[tuple[str, int, list[int]]] = [("", 0, [])]  # how each open group begins, and the | in it
    for part in _PART.finditer(pattern):
        kind = part.lastgroup
        if kind in ("quantifier", "anchor"):
            yield kind, *part.span()
        elif kind == "open":
            opened.append((part[0], part.start(), []))
        elif kind == "or":
            opened[-1][2].append(part.start())
        elif kind == "close" and len(opened) > 1:
            mark, start, bars = opened.pop()
            yield from _alternatives(start + len(mark), bars, part.start())
            if mark[-1] in "=!":
                yield "anchor", start, part.end()
    yield from _alternatives(0, opened[0][2], len(pattern))


def _alternatives(start: int, bars: list[int], end: int) -> Iterator[tuple[str, int, int]]:
    if bars:
        yield "alternative", start, bars[0] + 1
        yield from (("alternative", bar, following) for bar, following in zip(bars, [*bars[1:], end], strict=True))


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _written(pattern: str, holes: list[ast.expr]) -> str:
    """The pattern as it is written in Python."""
    if not holes:
        return repr(pattern)
    pieces = pattern.split(_HOLE)
    values: list[ast.expr] = [ast.Constant(pieces[0])]
    for hole, piece in zip(holes, pieces[1:], strict=True):
        values += [hole, ast.Constant(piece)]
    return ast.unparse(ast.JoinedStr([value for value in values if not isinstance(value, ast.Constant) or value.value]))


def _first_line(node: ast.AST) -> str:
    line = ast.unparse(node).partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:60]}… #{sha256(line.encode()).hexdigest()[:6]}"
