"""Brackets matched in one pass, without recursion: the tree of a literal, however deep or wrong it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from attn_magic.matrix.body import Body
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.rows import check_size

DEPTH_LIMIT = 32
MAX_CHILDREN = 10_000  # more rows, or more cells in a row, do not fit into the memory limit

CLOSING = {"[": "]", "(": ")", "{": "}"}
_TOKEN = re.compile(
    r"(?P<bracket>[\[\](){}])"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"?|(?<![\w\])}.'])(?:[bBfFrRuU]{1,2}'(?:[^'\\\n]|\\.)*'|'(?:[^'\\\n]|\\.)*'?))"
    r"|(?P<comment>\\[ \t]*\n|\#[^\n]*|(?<![0-9%])%[^\n]*|(?<=[,;\[({\n])[ \t]*//[^\n]*)"
    r"|(?P<continuation>\.\.\.[ \t]*(?:[%#][^\n]*)?(?=\n))"
)


@dataclass(slots=True)
class Group:
    """A pair of brackets: `start` is the opening one, `end` is after the closing one; `children` are the groups directly inside."""

    kind: str
    start: int
    end: int = 0
    children: "list[Group]" = field(default_factory=list)

    @property
    def inside(self) -> tuple[int, int]:
        """What stands between the brackets."""
        return (self.start + 1, self.end - 1) if self.kind else (self.start, self.end)


def scan(body: Body) -> tuple[Body, Group, list[tuple[int, int]]]:
    """The brackets of the text as a tree, the strings in it, and the body without comments and line continuations."""
    plain = body.plain
    top = Group("", 0, len(plain))
    stack, comments, strings = [top], [], []
    has_semicolons = ";" in plain
    percent_comments = has_semicolons or "," not in plain  # in Python % is an operator
    for match in _TOKEN.finditer(plain):
        kind = match.lastgroup
        if kind == "comment" and (percent_comments or match[0][0] != "%"):
            comments.append(match.span())
        elif kind == "continuation":
            if has_semicolons and _continues(plain, match.start()):
                comments.append((match.start(), match.end() + 1))
        elif kind == "string":
            quoted = match[0].lstrip("bBfFrRuU")
            if len(quoted) == 1 or quoted[0] != quoted[-1]:
                raise Mistake("string", "This quote is never closed", "Leave out the quotes of numbers.", match.start(), match.start() + 1)
            strings.append(match.span())
        elif kind == "comment":
            continue
        elif match[0] in CLOSING:
            group = Group(match[0], match.start())
            stack[-1].children.append(group)
            if len(stack[-1].children) > MAX_CHILDREN:
                check_size(plain.count(match[0]), 1)
            stack.append(group)
            if len(stack) > DEPTH_LIMIT:
                raise Mistake(
                    "too-deep",
                    f"More than {DEPTH_LIMIT - 1} brackets are open here",
                    "A matrix is one list of rows, like [[1, 2], [3, 4]].",
                    top.children[-1].start,
                    match.end(),
                )
        else:
            _close(stack, match)
    if len(stack) > 1:
        start, kind = stack[1].start, stack[1].kind
        raise Mistake("bracket", f"This {quote(kind)} is never closed", f'Type the missing "{CLOSING[kind]}".', start, start + 1)
    if comments:
        remarks = [span for span in comments if plain[span[0]] not in "\\."]  # the others only continue a line
        body = replace(body.aside(remarks, "comment"), plain=_join_lines(plain, comments))
    return body, top, strings


def _continues(plain: str, start: int) -> bool:
    """MATLAB's "..." continues a row on the next line; the "..." of a shortened print stands in a print without semicolons."""
    line = plain.rfind("\n", 0, start) + 1
    row = plain[line:start]
    return (any(map(str.isdigit, row)) or row.rstrip().endswith(("[", "{", "("))) and plain[start - 1] in " \t"


def _join_lines(plain: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, position = [], 0
    for start, end in spans:
        parts += [plain[position:start], " " * (end - start)]
        position = end
    return "".join([*parts, plain[position:]])


def _close(stack: list[Group], match: re.Match[str]) -> None:
    group = stack[-1]
    if not group.kind:
        raise Mistake("bracket", f"This {quote(match[0])} closes nothing", "Delete it, or type the bracket that it should close.", *match.span())
    if CLOSING[group.kind] != match[0]:
        raise Mistake("bracket", f"{quote(match[0])} cannot close {quote(group.kind)}", f'Type "{CLOSING[group.kind]}" here.', *match.span())
    group.end = match.end()
    stack.pop()
