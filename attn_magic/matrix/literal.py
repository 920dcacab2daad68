"""Matrices in brackets: Python and JSON lists, MATLAB and Julia rows, constructor calls, printed arrays and tensors.

Nothing is evaluated. Brackets are matched in one pass without recursion; the innermost ones become rows, whose cells are cut by
`rows` and read by `numerals`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from attn_magic.matrix.body import Body
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA, MISSING, TRUNCATED, find_fault, is_numeral
from attn_magic.matrix.rows import Row, check_size, read_values, split_loosely
from attn_magic.matrix.separators import Line, refuse_doubtful_thousands, refuse_glued_commas
from attn_magic.matrix.table import EXAMPLE, Reading, clean_label
from attn_magic.notices import Notice

DEPTH_LIMIT = 32
_WRAPPED_WIDTH = 50  # NumPy wraps rows at 75 columns; a shorter first line was broken by hand

_CLOSING = {"[": "]", "(": ")", "{": "}"}
_TOKEN = re.compile(
    r"(?P<bracket>[\[\](){}])"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"?|(?<![\w\])}.'])'(?:[^'\\\n]|\\.)*'?)"
    r"|(?P<comment>\\(?=[ \t]*\n)|\#[^\n]*|(?<![0-9%])%[^\n]*|(?<=[,;\[({\n])[ \t]*//[^\n]*)"
    r"|(?P<continuation>\.\.\.[ \t]*(?:[%#][^\n]*)?(?=\n))"
)

_TENSORS = r"(?:torch\.)?(?:(?:as_|from_)?tensor|(?:Float|Double|Half|Long|Int|Short)?Tensor|asarray)"
_ARRAYS = r"(?:np|numpy|jnp|jax\.numpy|cp|cupy|mx|mx\.nd|mx\.np)\.(?:array|asarray|ascontiguousarray|matrix|mat|asmatrix)"
_OTHERS = (
    r"array|matrix|(?:sp|sympy)\.(?:Mutable|Immutable)?(?:Dense)?Matrix|(?:Mutable|Immutable)?(?:Dense)?Matrix|(?:tf\.|tensorflow\.)?constant"
    r"|(?:tf\.)?Variable|tf\.convert_to_tensor|tf\.Tensor|(?:(?:torch\.)?nn\.)?Parameter|(?:pd\.|pandas\.)?DataFrame|Array|DeviceArray|paddle\.to_tensor"
)
_CONSTRUCTOR = re.compile(rf"(?:{_TENSORS}|{_ARRAYS}|{_OTHERS})")
_SIZED = re.compile(r"(?:torch\.)?(?:Float|Double|Half|Long|Int|Short)?Tensor")  # torch.Tensor(2, 3) is a size, not numbers
_FROM_STRING = re.compile(r"(?:np\.|numpy\.)?(?:matrix|mat|asmatrix)")
_TYPED = re.compile(r"(?:Float|U?Int)(?:16|32|64)?|Real")  # Julia: Float64[1 2; 3 4]
_ROW_PREFIX = re.compile(rf"(?:{_TENSORS}|{_ARRAYS}|array|matrix)")
_DOTTED = re.compile(r"[^\W\d][\w.]*")

_OPTION = re.compile(
    r"\s*,\s*(?:(?P<name>[A-Za-z_]\w*)\s?=\s?)?"
    r"(?P<value><[^<>\n]{0,200}>|'[^'\n]{0,100}'|\"[^\"\n]{0,100}\"|[A-Za-z_][\w.]*(?:\([^()]{0,100}\))?|-?[0-9.]+|\([0-9, ]*\)|\[[0-9, ]*\])"
)
_SAFE_CALL = re.compile(r"(?:torch\.device|device|np\.dtype|numpy\.dtype|torch\.Size|tf\.TensorShape|dtype)\(")
_FLOAT32 = {"float32", "float", "f4", "<f4", "single"}
_WITHOUT_EFFECT = {"requires_grad", "copy", "order", "subok", "ndmin", "pin_memory", "name", "names", "weak_type", "like", "trainable", "stop_gradient", "place"}

_PRINT_PREFIX = re.compile(r"\s*(?:(?:Parameter|Variable) containing:\s*|<tf\.\w+[^=\n]{0,100}(?P<shape>shape=[^\n]{0,100}?)numpy=\s*)")
_KEY = re.compile(r"\s*,?\s*(?P<key>\"[^\"\n]*\"|'[^'\n]*')\s?:\s*")
_TRAILING = re.compile(r"\s*(?:,\s*)?(?:;\s*)*")


@dataclass(slots=True)
class Group:
    """A pair of brackets: `start` is the opening one, `end` is after the closing one; `children` are the groups directly inside."""

    kind: str
    start: int
    end: int = 0
    children: "list[Group]" = field(default_factory=list)

    @property
    def inside(self) -> tuple[int, int]:
        return (self.start + 1, self.end - 1) if self.kind else (self.start, self.end)


def read_literal(body: Body) -> Reading:
    """literal := constructor "(" literal options ")" | "[" row ("," row)* "]" | "[" cells (";" cells)* "]" | row ("," row)*."""
    body, notices = _blank_prefix(body)
    if "float16(" in body.plain:
        notices.append(Notice("ignored-option", "float16 was read as float32: the numbers are kept as they are printed."))
    body, top, strings = scan(body)
    return Literal(body, strings, notices).read(top)


def _blank_prefix(body: Body) -> tuple[Body, list[Notice]]:
    match = _PRINT_PREFIX.match(body.plain)
    if not match:
        return body, []
    spans, notices = [match.span()], []
    if match["shape"]:
        end = len(body.plain.rstrip())
        spans.append((end - 1, end) if body.plain.endswith(">", 0, end) else (end, end))
        kind = re.search(r"dtype=(\w+)", match["shape"])
        if kind and kind[1] != "float32":
            notices.append(_ignored("dtype", kind[1]))
    return body.without(spans), notices


def _ignored(name: str, value: str) -> Notice:
    return Notice("ignored-option", f"{name}={value} has no effect here: attention is computed in float32 on the CPU.")


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
            if len(match[0]) == 1 or match[0][0] != match[0][-1]:
                raise Mistake("string", "This quote is never closed", "Leave out the quotes of numbers.", match.start(), match.start() + 1)
            strings.append(match.span())
        elif kind == "comment":
            continue
        elif match[0] in _CLOSING:
            group = Group(match[0], match.start())
            stack[-1].children.append(group)
            stack.append(group)
            if len(stack) > DEPTH_LIMIT:
                raise Mistake("too-deep", f"More than {DEPTH_LIMIT - 1} brackets are open here", "A matrix is one list of rows, like [[1, 2], [3, 4]].", top.children[-1].start, match.end())
        else:
            _close(stack, match)
    if len(stack) > 1:
        start, kind = stack[1].start, stack[1].kind
        raise Mistake("bracket", f"This {quote(kind)} is never closed", f'Type the missing "{_CLOSING[kind]}".', start, start + 1)
    body = Body(body.typed, _join_lines(plain, comments)) if comments else body
    return body, top, strings


def _continues(plain: str, start: int) -> bool:
    """MATLAB's "..." continues a row on the next line; the "..." of a shortened print stands in a print without semicolons."""
    line = plain.rfind("\n", 0, start) + 1
    return any(character.isdigit() for character in plain[line:start]) and plain[start - 1] in " \t"


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
    if _CLOSING[group.kind] != match[0]:
        raise Mistake("bracket", f"{quote(match[0])} cannot close {quote(group.kind)}", f'Type "{_CLOSING[group.kind]}" here.', *match.span())
    group.end = match.end()
    stack.pop()


class Literal:
    """One literal: which of its brackets is the matrix, and which are its rows."""

    def __init__(self, body: Body, strings: list[tuple[int, int]], notices: list[Notice]) -> None:
        self.body = body
        self.plain = body.plain
        self.strings = strings
        self.notices = notices

    def read(self, top: Group) -> Reading:
        if not top.children:
            raise self._blame(*top.inside)
        first = top.children[0]
        prefix = self.plain[: first.start].strip()
        if len(top.children) > 1 and not prefix and self._are_rows(top):
            self._refuse_rest(top.children[-1].end, [])
            return self._read_rows(top)
        if prefix and not (first.kind == "[" and _TYPED.fullmatch(prefix)) and not (first.kind == "(" and _CONSTRUCTOR.fullmatch(prefix)):
            raise self._blame_prefix(prefix, first)
        self._refuse_rest(first.end, top.children[1:])
        if prefix and first.kind == "(":
            return self._read_call(prefix, first)
        return self._read_group(first)

    # --- around the matrix

    def _are_rows(self, top: Group) -> bool:
        """Whether the text is rows without the outer brackets: [1, 2], [3, 4]."""
        between = [self.plain[one.end : other.start] for one, other in zip(top.children, top.children[1:])]
        flat = all(not child.children for child in top.children)
        return flat and all(not text.strip(" \t\n,") and ("," in text or "\n" in text) for text in between)

    def _refuse_rest(self, end: int, others: Sequence[Group]) -> None:
        """After the matrix there may be a semicolon, a comma or a comment."""
        match = _TRAILING.match(self.plain, end)
        start = match.end() if match else end
        rest = self.plain[start:]
        if not rest.strip():
            return
        separated = bool(match and match[0])
        if others and others[0].start == start and (separated or others[0].kind == "("):
            if separated:
                raise self._multiple(start)
        word = re.match(r"[^\s,;()\[\]{}]+", rest)
        stop = start + (word.end() if word else 1)
        if others and others[0].start == start:
            raise Mistake("expression", "An index stands after the matrix, and nothing is calculated here", DATA, start, others[0].end)
        if rest[0] in "'^" or rest.startswith((".T", ".'", ".t(", "ᵀ", ".mT")):
            raise Mistake("expression", f"{quote(rest[:2].strip())} would transpose the matrix, and nothing is calculated here", "Type the transposed numbers: every row is one token.", start, min(start + 2, stop))
        if rest[0] in "*/+-@.\\":
            raise Mistake("expression", f"{quote(rest[:20].strip())} stands after the matrix, and nothing is calculated here", DATA, start, min(stop, start + 1) if rest[0] != "." else stop)
        raise self._multiple(start, stop)

    def _multiple(self, start: int, stop: int | None = None) -> Mistake:
        return Mistake("multiple", "A second statement or matrix begins here, and a cell holds one matrix", "Delete it, or put it in a cell of its own.", start, stop or start + 1)

    def _blame_prefix(self, prefix: str, first: Group) -> Mistake:
        start = self.plain.index(prefix)
        name = _DOTTED.search(prefix)
        if first.kind == "(" and name and name.end() == len(prefix):
            start += name.start()
            return Mistake("call", f"{quote(name[0])} is not a matrix of numbers, and functions are never called here", DATA, start, start + len(name[0]))
        fault = find_fault(prefix.split()[0])
        code = "name" if fault.code in ("number", "missing-cell", "operator") else fault.code
        return Mistake(code, f"{quote(prefix)} stands before the matrix", DATA, start, start + len(prefix.split()[0]))

    def _blame(self, start: int, end: int) -> Mistake:
        text = self.plain[start:end]
        indent = len(text) - len(text.lstrip())
        fault = find_fault(text)
        return Mistake(fault.code, fault.headline, fault.advice, start + indent, start + max(fault.end, indent + 1))

    # --- constructors

    def _read_call(self, name: str, group: Group) -> Reading:
        """call := constructor "(" (literal | string | number) ("," option)* ")"."""
        start, end = group.inside
        if not group.children:
            return self._read_argument(name, group)
        first = group.children[0]
        before = self.plain[start : first.start].strip()
        inner = re.sub(r"^(?:data|object|values?|numpy|initial_value)\s?=\s?", "", before)
        if inner and not _CONSTRUCTOR.fullmatch(inner) and not (is_numeral(inner.rstrip(", ")) or inner.startswith(("'", '"'))):
            raise self._blame_prefix(before, first)
        if inner and not _CONSTRUCTOR.fullmatch(inner):
            return self._read_argument(name, group)
        if name.endswith("DataFrame") and first.kind == "{":
            raise Mistake("type", "The lists of this dictionary are columns, not rows", "Type the rows themselves, or use %attention EXPRESSION.", first.start, first.end)
        options = self._read_options(first.end, end)
        reading = self._read_call(inner, first) if inner and first.kind == "(" else self._read_group(first)
        shape = options.get("shape") or options.get("size")
        if shape and tuple(map(int, re.findall("[0-9]+", shape))) != (len(reading.values), len(reading.values[0])) and name != "tf.Tensor":
            raise Mistake("call", f"shape={shape} would change the shape of these numbers", "Type the rows as they should be.", first.end, end)
        return reading

    def _read_options(self, start: int, end: int) -> dict[str, str]:
        """options := ("," name "=" value)* ","?; what has no effect here is said."""
        options: dict[str, str] = {}
        while True:
            match = _OPTION.match(self.plain, start, end)
            if not match:
                break
            value = match["value"]
            name = match["name"] or ("dtype" if re.match(r"[A-Za-z'\"]", value) else "")
            if not name or ("(" in value and value[0] not in "(<'\"" and not _SAFE_CALL.match(value)):
                break
            self._note_option(name, value.strip("'\""), match)
            options[name] = value
            start = match.end()
        rest = self.plain[start:end]
        if rest.strip(" \t\n,"):
            offset = len(rest) - len(rest.lstrip(" \t\n,"))
            if rest.lstrip(" \t\n,")[0] in "[(":
                raise Mistake("bracket", "A second list begins here: the brackets around all rows are missing", "Type [[1, 2], [3, 4]]: one list of rows.", start + offset, start + offset + 1)
            word = re.match(r"[\w.]*", self.plain[start + offset : end])
            width = max(1, word.end() if word else 1)
            raise Mistake("call", f"{quote(rest.strip(' ,'))} is not an option that is known here", DATA, start + offset, start + offset + width)
        return options

    def _note_option(self, name: str, value: str, match: re.Match[str]) -> None:
        if name == "dtype" and value.rpartition(".")[2] in _FLOAT32 and value != "float":
            return
        if name == "device" and re.fullmatch(r".*cpu.*", value):
            return
        if name in _WITHOUT_EFFECT or name in ("shape", "size"):
            return
        if name not in ("dtype", "device", "grad_fn", "layout", "columns", "index"):
            raise Mistake("call", f"{quote(name)} is not an option that is known here", DATA, match.start("name"), match.end("name"))
        self.notices.append(_ignored(name, value))

    def _read_argument(self, name: str, group: Group) -> Reading:
        """The argument of a constructor that is no list: np.matrix("1 2; 3 4"), torch.tensor(5.0)."""
        start, end = group.inside
        string = next((span for span in self.strings if start <= span[0] < end and not self.plain[start : span[0]].strip()), None)
        if string and _FROM_STRING.fullmatch(name):
            self._read_options(string[1], end)
            return self._read_group(Group("[", string[0], string[1]))
        text = self.plain[start:end].split(",")[0]
        if is_numeral(text.strip()) and not _SIZED.fullmatch(name):
            self._read_options(start + len(text), end)
            return self._read_group(Group("(", group.start, start + len(text) + 1))
        if string:
            fault = find_fault(self.plain[start:end])
            raise Mistake(fault.code, fault.headline, fault.advice, *string)
        if not text.strip():
            raise Mistake("empty", "There are no numbers in these brackets", EXAMPLE, group.start, group.end)
        raise Mistake("call", f"{quote(name)} needs the rows as a list", "Type [[1, 2], [3, 4]]: one list of rows.", start, end)

    # --- the matrix

    def _read_group(self, group: Group) -> Reading:
        """matrix := "[" rows "]" | "(" matrix ")" | "{" key ":" row … "}"."""
        while group.kind == "(" and len(group.children) == 1 and not self._outside(group).strip():
            group = group.children[0]  # brackets that only group
        if group.kind == "{":
            return self._read_braces(group)
        if any(map(self._is_row, group.children)):
            return self._read_rows(group)
        return self._read_flat(group)

    def _outside(self, group: Group) -> str:
        """The text directly inside a group, without its children."""
        start, end = group.inside
        parts = []
        for child in group.children:
            parts.append(self.plain[start : child.start])
            start = child.end
        return "".join([*parts, self.plain[start:end]])

    def _is_row(self, group: Group) -> bool:
        """Whether a child is a row and not a cell such as (1) or np.float64(1.5)."""
        if group.kind != "(":
            return True
        name = self._name_before(group)
        inside = self.plain[slice(*group.inside)]
        if name:
            return bool(_ROW_PREFIX.fullmatch(name)) and bool(group.children)
        return "," in inside or bool(group.children) or len(inside.split()) > 1

    def _name_before(self, group: Group) -> str:
        if not re.match(r"\w", self.plain[group.start - 1 : group.start]):
            return ""
        before = re.search(r"[\w.]*$", self.plain[max(0, group.start - 60) : group.start])
        return before[0] if before else ""

    def _read_rows(self, group: Group) -> Reading:
        """rows := row ((","? newline? | ";") row)* ","?."""
        rows, labels, spans, start = [], [], [], group.inside[0]
        if len(group.children) > 1:
            check_size(len(group.children), 1)
        for number, child in enumerate(group.children, 1):
            before = self.plain[start : child.start]
            key = _KEY.fullmatch(before) if group.kind == "{" else None
            if key:
                span = (start + key.start("key"), start + key.end("key"))
                labels.append(clean_label(self.body.typed[slice(*span)]))
                spans.append(span)
            else:
                self._refuse_between(before, start, number, rows)
            rows.append(self._read_row(child, number, group))
            start = child.end
        self._refuse_between(self.plain[start : group.inside[1]], start, len(rows) + 1, rows)
        self._refuse_side_by_side(group, rows)
        widths = [(row.start, row.text, len(row.cells)) for row in rows]
        refuse_doubtful_thousands(widths)
        values, notices = read_values(rows)
        if any(not child.children and group.kind and not row.cells for child, row in zip(group.children, rows, strict=True)):
            raise AssertionError("unreachable")
        return Reading(self.body, values, tuple(labels) if labels else None, None, self.notices + notices, spans)

    def _refuse_between(self, text: str, start: int, number: int, rows: Sequence[Row]) -> None:
        """Between two rows there is a comma, a semicolon or blanks; anything else is a cell that is no row."""
        stripped = text.strip()
        if stripped.count(",") + stripped.count(";") > 1 and not stripped.strip(",; \n\t"):
            position = start + text.index(stripped) + len(stripped)
            raise Mistake("missing-cell", f"Row {number} is missing between two separators", MISSING, position - 1, position, row=number)
        word = stripped.strip(",; \n\t")
        if not word or _ROW_PREFIX.fullmatch(word):
            if stripped[:1] == "," and number == 1:
                raise Mistake("missing-cell", "A row is missing before the first comma", MISSING, start + text.index(","), start + text.index(",") + 1, row=1)
            return
        position = start + text.index(word)
        words = word.split(",")[0].split()
        if is_numeral(words[0]):
            raise Mistake(
                "ragged", f"{quote(words[0])} stands where row {number} is due", "Every row is one token, so all rows need brackets and the same length.",
                position, position + len(words[0]), row=number,
            )
        fault = find_fault(word.split(",")[0])
        raise Mistake(fault.code, fault.headline, fault.advice, position + fault.start, position + fault.end, row=number)

    def _read_row(self, group: Group, number: int, parent: Group) -> Row:
        """row := "[" cells "]"."""
        while group.kind == "(" and len(group.children) == 1 and not self._outside(group).strip():
            group = group.children[0]
        if group.kind == "{" and parent.kind != "{":
            raise Mistake("type", "A set has no order", "Type the row in square brackets.", group.start, group.end, row=number)
        inner = next(filter(self._is_row, group.children), None)
        if inner:
            if not self._outside(group).strip(" \t\n,;"):
                raise Mistake(
                    "ndim", "This has three dimensions, and attention here works on one sequence: tokens × features",
                    "For one sequence of a batch, paste one of its matrices, like X[0].", parent.start, inner.start + 1,
                )
            cells = self.plain[group.start : inner.start]
            if re.search(r"[\w)\]'\"]$", cells) and inner.kind == "[":
                start = group.start + max(cells.rfind(","), cells.rfind("[", 0, 1), 0) + 1
                fault = find_fault(self.plain[start : group.end - 1].split(",")[0].lstrip())
                start += len(cells) - len(cells.lstrip())
                raise Mistake(fault.code, fault.headline, fault.advice, start + fault.start, start + fault.end, row=number, cell=cells.count(",") + 1)
            if inner.kind == "(" and (call := re.search(r"[^\W\d][\w.]*$", cells)):
                raise Mistake("call", f"{quote(call[0])} is a function call, and functions are never called here", DATA, group.start + call.start(), inner.start, row=number, cell=cells.count(",") + 1)
            if inner.kind == "(" and not (inner.children or "," in self.plain[slice(*inner.inside)]):
                fault = find_fault(self.plain[inner.start : inner.end])
                raise Mistake(fault.code, fault.headline, fault.advice, inner.start, inner.end, row=number, cell=cells.count(",") + 1)
            raise Mistake(
                "ndim", "There is a list inside a cell", "A matrix is one list of rows, like [[1, 2], [3, 4]].", inner.start, inner.end, row=number, cell=cells.count(",") + 1
            )
        start, end = group.inside
        text = self.plain[start:end]
        if not text.strip(" \t\n,"):
            raise Mistake("empty", f"Row {number} has no numbers", EXAMPLE, group.start, group.end, row=number)
        if ";" in text:
            position = start + text.index(";")
            raise Mistake("ndim", "A semicolon stands inside a row", "Type either [[1, 2], [3, 4]] or [1 2; 3 4].", position, position + 1, row=number)
        return self._split(text, start, number)

    def _split(self, text: str, start: int, number: int) -> Row:
        """cells := cell (","? cell)* ","?."""
        text = text.rstrip()
        if text.endswith(","):
            text = text[:-1]
        self._refuse_broken_row(text, start, number)
        if "," not in text:
            row = split_loosely(text, start, number)
            return row if "(" not in text and not text.lstrip().startswith(("+ ", "- ")) else Row(start, text, ",", self._split_calls(text))
        row = Row(start, text, ",", text.split(","))
        if all(len(cell.split()) == 1 for cell in row.cells) or any(cell.strip()[:1] in "+-(" and is_loose(cell) for cell in row.cells if cell.strip()):
            return row
        if "(" in text or any(mark in text for mark in "'\"") or not all(map(_is_run, row.cells)):
            return row
        refuse_glued_commas([Line(start, text)])
        return split_loosely(text, start, number)

    def _refuse_broken_row(self, text: str, start: int, number: int) -> None:
        """A line break inside a row is plain after a comma, and where a long print was wrapped; elsewhere it can end the row."""
        if "\n" not in text:
            return
        lines = [line for line in text.split("\n") if line.strip()]
        if "," in text:
            broken = any(not line.rstrip().endswith(",") for line in lines[:-1]) and not any(line.lstrip().startswith(",") for line in lines[1:])
        else:
            broken = len({len(line.split()) for line in lines}) == 1 and 1 < len(lines) and max(map(len, lines)) < _WRAPPED_WIDTH and len(lines[0].split()) > 1
        if broken:
            raise Mistake(
                "ambiguous", "This bracket can hold one row that goes on in the next line, or several rows",
                "Put every row in brackets of its own, like [[1, 2], [3, 4]], or every row on one line.", start + _indent(text), start + _indent(text) + 1, row=number,
            )

    def _split_calls(self, text: str) -> list[str]:
        return [text]

    def _refuse_side_by_side(self, group: Group, rows: Sequence[Row]) -> None:
        """[[1 2] [3 4]]: in MATLAB the second stands beside the first, in a print of NumPy below it."""
        for one, other in zip(group.children, group.children[1:]):
            between = self.plain[one.end : other.start]
            texts = [self.plain[slice(*child.inside)] for child in (one, other)]
            apart = "\n" in between or ";" in between or ("," in between and min(len(text.split()) for text in texts) == 1)
            if not apart and not any("," in text for text in texts) and group.kind != "{":
                raise Mistake(
                    "ambiguous", "The second bracket can be a second row, or stand beside the first as in MATLAB",
                    "Put commas between the numbers, like [[1, 2], [3, 4]], or semicolons between the rows, like [1 2; 3 4].", other.start, other.end,
                )

    def _read_flat(self, group: Group) -> Reading:
        """flat := cells ((";" | newline) cells)* — rows as in MATLAB, or a plain list of numbers: one token."""
        start, end = group.inside
        text = self.plain[start:end]
        if not text.strip(" \t\n,;"):
            raise Mistake("empty", "There are no numbers in these brackets", EXAMPLE, group.start, group.end)
        if "|" in text:
            position = start + text.index("|")
            raise Mistake("char", '"|" (U+007C VERTICAL LINE) has no meaning inside brackets', "Separate rows with ; and cells with blanks or commas.", position, position + 1)
        rows = self._split_rows(text, start)
        lines = [Line(row.start, row.text) for row in rows]
        if not any("(" in row.text for row in rows):
            refuse_glued_commas(lines)
        refuse_doubtful_thousands([(row.start, row.text, len(row.cells)) for row in rows])
        values, notices = read_values(rows)
        if len(values) == 1:
            size = len(values[0])
            notices.append(Notice("one-dim", f"One row was read as one token with {size:,} feature{'s' * (size != 1)}."))
        return Reading(self.body, values, None, None, self.notices + notices)

    def _split_rows(self, text: str, start: int) -> list[Row]:
        parts = self._join_continued(_cut_rows(text, start))
        commas = [part for part in parts if part.text.rstrip().endswith(",")]
        if commas and len(parts) > 1:
            if len(commas) < len(parts):
                end = commas[0].start + len(commas[0].text.rstrip())
                number = parts.index(commas[0]) + 1
                raise Mistake("missing-cell", f"A number is missing after the last comma of row {number}", MISSING, end - 1, end, row=number)
            self.notices.append(Notice("trailing-comma", "The comma at the end of every row was left out."))
        check_size(len(parts), 1)
        return [self._split(part.text, part.start, number) for number, part in enumerate(parts, 1)]

    def _join_continued(self, parts: list[Line]) -> list[Line]:
        """In a list, a line that ends with a comma goes on in the next; in MATLAB every line is a row: refuse what can be both."""
        broken = [self.plain[part.end : part.end + 1] == "\n" and part.text.rstrip().endswith(",") for part in parts[:-1]]
        if not any(broken) or ";" in self.plain[parts[0].start : parts[-1].end]:
            return parts
        counts = {len(part.text.replace(",", " ").split()) for part in parts}
        if len(counts) == 1 and counts != {1}:
            raise Mistake(
                "ambiguous", f"These {len(parts)} lines can be {len(parts)} rows, or one list of numbers that goes on",
                "Put every row in brackets, like [[1, 2], [3, 4]], or separate rows with ; only.", parts[0].start, parts[0].end,
            )
        if all(broken):
            return [Line(parts[0].start, self.plain[parts[0].start : parts[-1].end].replace("\n", " "))]
        return parts

    def _read_braces(self, group: Group) -> Reading:
        """braces := "{" "{" cells "}" ("," "{" cells "}")* "}" | "{" string ":" row ("," string ":" row)* "}"."""
        children = group.children
        if len(children) > 1:
            check_size(len(children), 1)
        nested = next((child for child in children if any(map(self._is_row, child.children))), None)
        if nested and self.strings and nested.kind != "{":
            raise Mistake("type", "The values of this dictionary are not rows", "Type the rows in square brackets: [[1, 2], [3, 4]].", group.start, group.start + 1)
        if children and self.strings and any(_KEY.fullmatch(self.plain[start : child.start]) for start, child in zip([group.start + 1, *(c.end for c in children)], children)):
            reading = self._read_rows(group)
            if reading.labels is None or len(reading.labels) != len(reading.values):
                raise Mistake("type", "Not every row of this dictionary has a name", "Type one name for each row.", group.start, group.start + 1)
            if len(set(reading.labels)) < len(reading.labels):
                raise Mistake("label", "Two rows of this dictionary have the same name, so Python would keep only one", "Type the rows on lines of their own: name, then numbers.", *reading.label_spans[-1])
            return reading
        if children and all(child.kind == "{" for child in children):
            return self._read_rows(group)
        code, headline = ("type", "A set or dictionary has no rows in order")
        raise Mistake(code, headline, "Type the rows in square brackets: [[1, 2], [3, 4]].", group.start, group.start + 1)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def is_loose(cell: str) -> bool:
    return len(cell.split()) > 1


def _is_run(cell: str) -> bool:
    return all(is_numeral(word) for word in cell.split())


def _cut_rows(text: str, start: int) -> list[Line]:
    """The parts between semicolons and line breaks; a semicolon and a line break together end one row."""
    parts, position = [], 0
    pieces = re.split(r"([;\n])", text)
    previous = "\n"
    for index in range(0, len(pieces), 2):
        piece, mark = pieces[index], pieces[index + 1] if index + 1 < len(pieces) else "\n"
        if piece.strip():
            parts.append(Line(start + position, piece))
        elif mark == ";" and previous == ";" or (mark == ";" and not parts):
            where = start + position
            raise Mistake("missing-cell", f"Row {len(parts) + 1} has no numbers", "Delete the second semicolon, or type the row.", where, where + 1, row=len(parts) + 1)
        if piece.strip() or mark == ";":
            previous = mark
        position += len(piece) + 1
    return parts


def suspicious_truncation(text: str) -> str:
    return TRUNCATED
