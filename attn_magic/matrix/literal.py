"""Matrices in brackets: Python and JSON lists, MATLAB and Julia rows, constructor calls, printed arrays and tensors.

Nothing is evaluated. Brackets are matched in one pass without recursion; the innermost ones become rows, whose cells are cut by
`rows` and read by `numerals`.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from attn_magic.matrix.body import Body, Promise, blank
from attn_magic.matrix.brackets import Group, scan
from attn_magic.matrix.constructors import CONSTRUCTOR, FROM_STRING, ROW_PREFIX, SIZED, TYPED, ignored, read_options
from attn_magic.matrix.marks import refuse_cut_decimals, refuse_doubtful_thousands, refuse_glued_commas, refuse_spaced_thousands, refuse_zero_groups
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA, EXAMPLE, MISSING, find_fault, is_numeral
from attn_magic.matrix.rows import Line, Reading, Row, check_size, read_values, split_loosely
from attn_magic.matrix.words import clean_label
from attn_magic.notation import count
from attn_magic.notices import Notice

_WRAPPED_WIDTH = 50  # NumPy wraps rows at 75 columns; a shorter first line was broken by hand


_DOTTED = re.compile(r"[^\W\d][\w.]*")
_PRINT_PREFIX = re.compile(r"\s*(?:Parameter containing:\s*|<tf\.\w+[^=\n]{0,100}(?P<shape>shape=[^\n]{0,100}?)numpy=\s*)")
_KEY = re.compile(r"\s*(?:,\s*)?(?P<key>\"[^\"\n]*\"|'[^'\n]*')\s?:\s*")
_FIRST_STRING = re.compile(r"\s*(?P<label>\"[^\"\n]*\"|'[^'\n]*')\s*,")
_NUMBER_IN_QUOTES = re.compile(r"[\"'][-+ ]*[0-9.,]+[\"']")
_TRAILING = re.compile(r"\s*(?:,\s*)?(?:;\s*)*")


def read_literal(body: Body) -> Reading:
    """Grammar: literal := constructor "(" literal options ")" | "[" row ("," row)* "]" | "[" cells (";" cells)* "]" | row ("," row)*."""
    body, notices = _blank_prefix(body)
    if "float16(" in body.plain:
        notices.append(Notice("ignored-option", "float16 was read as float32: the numbers are kept as they are printed."))
    body, top, strings = scan(body)
    refuse_zero_groups(body.plain, 0, None)
    return Literal(body, strings, notices).read(top)


def _blank_prefix(body: Body) -> tuple[Body, list[Notice]]:
    match = _PRINT_PREFIX.match(body.plain)
    if not match:
        return body, []
    spans, notices = [match.span()], []
    if match["shape"]:
        end = len(body.plain.rstrip())
        spans.append((end - 1, end) if body.plain.endswith(">", 0, end) else (end, end))
        size = re.search(r"shape=\((?P<rows>[0-9]{1,9}), (?P<columns>[0-9]{1,9})\)", match["shape"])
        if size:
            body = body.promising([Promise(*match.span("shape"), int(size["rows"]), int(size["columns"]))])
        kind = re.search(r"dtype=(\w+)", match["shape"])
        if kind and kind[1] != "float32":
            notices.append(ignored("dtype", kind[1]))
    return body.without(spans, "beside"), notices


class Literal:
    """One literal: which of its brackets is the matrix, and which are its rows."""

    def __init__(self, body: Body, strings: list[tuple[int, int]], notices: list[Notice]) -> None:
        self.body = body
        self.plain = body.plain
        self.strings = strings
        self.notices = notices
        self.in_call = False

    def read(self, top: Group) -> Reading:
        """The matrix in these brackets, if there is nothing else around it."""
        if not top.children:
            raise self._blame(*top.inside)
        first = top.children[0]
        prefix = self.plain[: first.start].strip()
        if len(top.children) > 1 and not prefix and self._are_rows(top):
            self._refuse_rest(top.children[-1].end, [])
            return self._read_rows(top)
        if prefix and not (first.kind == "[" and TYPED.fullmatch(prefix)) and not (first.kind == "(" and CONSTRUCTOR.fullmatch(prefix)):
            raise self._blame_prefix(prefix, first)
        self._refuse_rest(first.end, top.children[1:])
        if prefix and first.kind == "(":
            return self._read_call(prefix, first)
        return self._read_group(first)

    # --- around the matrix

    def _are_rows(self, top: Group) -> bool:
        """Whether the text is rows without the outer brackets: [1, 2], [3, 4]."""
        top.children = self._without_gaps(top.children)
        between = [self.plain[one.end : other.start] for one, other in pairwise(top.children)]
        flat = all(not child.children for child in top.children)
        ends = [text.strip(" \t") for text in between]
        if flat and "," in ends and "\n" in ends:
            raise Mistake(
                "ambiguous",
                f"These brackets can be {len(top.children)} rows, or the cells of {ends.count(chr(10)) + 1}",
                "Put brackets around each row and around all rows, like [[1, 2], [3, 4]].",
                top.children[0].start,
                top.children[-1].end,
            )
        return flat and all(not text.strip(" \t\n,") and ("," in text or "\n" in text) for text in between)

    def _without_gaps(self, children: list[Group]) -> list[Group]:
        """The rows of a matrix that sympy has drawn: every second line has brackets around nothing."""
        empty = [not self.plain[slice(*child.inside)].strip() for child in children]
        drawn = len(children) > 2 and empty == [bool(place % 2) for place in range(len(children))] and len(children) % 2
        if not drawn:
            return children
        self.plain = blank(self.plain, [(child.start, child.end) for child in children[1::2]])
        return children[::2]

    def _refuse_rest(self, end: int, others: Sequence[Group]) -> None:
        """After the matrix there may be a semicolon, a comma or a comment."""
        match = _TRAILING.match(self.plain, end)
        start = match.end() if match else end
        rest = self.plain[start:]
        if not rest.strip():
            return
        separated = bool(match and match[0])
        if others and others[0].start == start and separated:
            raise self._multiple(start)
        word = re.match(r"[^\s,;()\[\]{}]+", rest)
        stop = start + (word.end() if word else 1)
        if others and others[0].start == start:
            raise Mistake("expression", "An index stands after the matrix, and nothing is calculated here", DATA, start, others[0].end)
        if rest[0] in "'^" or rest.startswith((".T", ".'", ".t(", "ᵀ", ".mT")):
            raise Mistake(
                "expression",
                f"{quote(rest[:2].strip())} would transpose the matrix, and nothing is calculated here",
                "Type the transposed numbers: every row is one token.",
                start,
                min(start + 2, stop),
            )
        if rest[0] in "*/+-@.\\%":
            raise Mistake(
                "expression",
                f"{quote(rest[:20].strip())} stands after the matrix, and nothing is calculated here",
                DATA,
                start,
                min(stop, start + 1) if rest[0] != "." else stop,
            )
        raise self._multiple(start, stop)

    def _multiple(self, start: int, stop: int | None = None) -> Mistake:
        return Mistake(
            "multiple",
            "A second statement or matrix begins here, and a cell holds one matrix",
            "Delete it, or put it in a cell of its own.",
            start,
            stop or start + 1,
        )

    def _blame_prefix(self, prefix: str, first: Group) -> Mistake:
        start = self.plain.index(prefix)
        name = _DOTTED.search(prefix)
        if first.kind == "(" and name and name.end() == len(prefix):
            start += name.start()
            return Mistake(
                "call", f"{quote(name[0])} is not a matrix of numbers, and functions are never called here", DATA, start, start + len(name[0])
            )
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
        """Grammar: call := constructor "(" (literal | string | number) ("," option)* ")"."""
        start, end = group.inside
        if not group.children:
            return self._read_argument(name, group)
        first = group.children[0]
        before = self.plain[start : first.start].strip()
        inner = re.sub(r"^(?:data|object|values?|numpy|initial_value)\s?=\s?", "", before)
        if inner and not CONSTRUCTOR.fullmatch(inner) and not (is_numeral(inner.split(",")[0].strip()) or inner.startswith(("'", '"'))):
            raise self._blame_prefix(before, first)
        if inner and not CONSTRUCTOR.fullmatch(inner):
            return self._read_argument(name, group)
        if name.endswith("DataFrame") and first.kind == "{":
            raise Mistake(
                "type",
                "The lists of this dictionary are columns, not rows",
                "Type the rows themselves, or use %attention EXPRESSION.",
                first.start,
                first.end,
            )
        options = self._take_options(first.end, end)
        self.in_call = True
        reading = self._read_call(inner, first) if inner and first.kind == "(" else self._read_group(first)
        self._name_axes(reading, options, first.end)
        shape = options.get("shape") or options.get("size")
        if (
            shape
            and tuple(int(size[:9]) for size in re.findall("[0-9]+", shape)) != (len(reading.values), len(reading.values[0]))
            and not (len(reading.values) == 1 and "," not in shape.strip("()[], "))
        ):
            raise Mistake("call", f"shape={shape} would change the shape of these numbers", "Type the rows as they should be.", first.end, end)
        return reading

    def _name_axes(self, reading: Reading, options: Mapping[str, str], start: int) -> None:
        """The names that DataFrame(…, index=[…], columns=[…]) gives to rows and columns."""
        for name, size in (("index", len(reading.values)), ("columns", len(reading.values[0]))):
            if not options.get(name, "").startswith("["):
                continue
            position = self.plain.index(options[name], start)
            spans = [span for span in self.strings if position <= span[0] < position + len(options[name])]
            if len(spans) != size or len(spans) != options[name].count(",") + 1 - options[name].rstrip("] ").endswith(","):
                headline = f"{quote(name)} is not a list of {count(size, 'name')} in quotes"
                raise Mistake(
                    "label", headline, "Type one name in quotes for each row, and for each column.", position, position + len(options[name])
                )
            names = tuple(clean_label(self.body.typed[slice(*span)]) for span in spans)
            reading.notices[:] = [notice for notice in reading.notices if not notice.text.startswith(f"{name}=")]
            if name == "index":
                reading.labels, reading.label_spans = names, spans
            else:
                reading.columns, reading.name_spans = names, spans

    def _take_options(self, start: int, end: int) -> dict[str, str]:
        options, notices = read_options(self.plain, start, end)
        self.notices += notices
        self.body = self.body.aside([(start, end)], "option")
        return options

    def _read_argument(self, name: str, group: Group) -> Reading:
        """The argument of a constructor that is no list: np.matrix("1 2; 3 4"), torch.tensor(5.0)."""
        start, end = group.inside
        string = next((span for span in self.strings if start <= span[0] < end and not self.plain[start : span[0]].strip()), None)
        if string and FROM_STRING.fullmatch(name):
            self._take_options(string[1], end)
            return self._read_group(Group("[", string[0], string[1]))
        text = self.plain[start:end].split(",")[0]
        if is_numeral(text.strip()) and not SIZED.fullmatch(name):
            options = self._take_options(start + len(text), end)
            if "shape" in options or "size" in options:
                raise Mistake("call", "A shape would repeat this number, and functions are never called here", DATA, start, end)
            return self._read_group(Group("(", group.start, start + len(text) + 1))
        if string:
            fault = find_fault(self.plain[start:end])
            raise Mistake(fault.code, fault.headline, fault.advice, *string)
        if not text.strip():
            raise Mistake("empty", "There are no numbers in these brackets", EXAMPLE, group.start, group.end)
        raise Mistake("call", f"{quote(name)} needs the rows as a list", "Type [[1, 2], [3, 4]]: one list of rows.", start, end)

    # --- the matrix

    def _read_group(self, group: Group) -> Reading:
        """Grammar: matrix := "[" rows "]" | "(" matrix ")" | "{" key ":" row … "}"."""
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
            return bool(ROW_PREFIX.fullmatch(name)) and bool(group.children)
        return "," in inside or bool(group.children) or len(inside.split()) > 1

    def _name_before(self, group: Group) -> str:
        if not re.match(r"\w", self.plain[group.start - 1 : group.start]):
            return ""
        return _last_name(self.plain[max(0, group.start - 60) : group.start])

    def _read_rows(self, group: Group) -> Reading:
        """Grammar: rows := row ((","? newline? | ";") row)* ","?."""
        rows: list[Row] = []
        labels, spans = self._take_first_strings(group)
        start = group.inside[0]
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
        refuse_cut_decimals([Line(row.start, row.text) for row in rows])
        refuse_doubtful_thousands([(row.start, row.text, len(row.cells)) for row in rows])
        values, notices = read_values(rows)
        return Reading(self.body, values, tuple(labels) if labels else None, None, self.notices + notices, spans)

    def _take_first_strings(self, group: Group) -> tuple[list[str], list[tuple[int, int]]]:
        """The labels of rows that all begin with a string: [["I", 1.16, 0.23], …]."""
        spans = []
        for child in group.children if self.strings else ():
            first = _FIRST_STRING.match(self.plain, *child.inside)
            if first is None or child.kind == "{" or _NUMBER_IN_QUOTES.fullmatch(first["label"]):
                return [], []
            spans.append(first.span())
        strings = [_FIRST_STRING.match(self.plain, *span) for span in spans]
        labels = [string.span("label") for string in strings if string]
        self.plain = blank(self.plain, spans) if spans else self.plain
        return [clean_label(self.body.typed[slice(*label)]) for label in labels], labels

    def _refuse_between(self, text: str, start: int, number: int, rows: Sequence[Row]) -> None:
        """Between two rows there is a comma, a semicolon or blanks; anything else is a cell that is no row."""
        stripped = text.strip()
        if stripped.count(",") + stripped.count(";") > 1 and not stripped.strip(",; \n\t"):
            position = start + text.index(stripped) + len(stripped)
            raise Mistake("missing-cell", f"Row {number} is missing between two separators", MISSING, position - 1, position, row=number)
        word = stripped.strip(",; \n\t")
        if not word or ROW_PREFIX.fullmatch(word):
            if stripped[:1] == "," and number == 1:
                raise Mistake(
                    "missing-cell", "A row is missing before the first comma", MISSING, start + text.index(","), start + text.index(",") + 1, row=1
                )
            return
        if rows:
            read_values(rows)  # a mistake in a row above comes first
        position = start + text.index(word)
        words = word.split(",")[0].split()
        if is_numeral(words[0]):
            raise Mistake(
                "ragged",
                f"{quote(words[0])} stands where row {number} is due",
                "Every row is one token, so all rows need brackets and the same length.",
                position,
                position + len(words[0]),
                row=number,
            )
        fault = find_fault(word.split(",")[0])
        raise Mistake(fault.code, fault.headline, fault.advice, position + fault.start, position + fault.end, row=number)

    def _read_row(self, group: Group, number: int, parent: Group) -> Row:
        """Grammar: row := "[" cells "]"."""
        while group.kind == "(" and len(group.children) == 1 and not self._outside(group).strip():
            group = group.children[0]
        if group.kind == "{" and ":" in self.plain[slice(*group.inside)]:
            raise Mistake("type", "A dictionary of cells is no row", "Type the row in square brackets.", group.start, group.end, row=number)
        if group.kind == "{" and parent.kind != "{":
            raise Mistake("type", "A set has no order", "Type the row in square brackets.", group.start, group.end, row=number)
        inner = next(filter(self._is_row, group.children), None)
        if inner:
            if not self._outside(group).strip(" \t\n,;"):
                raise Mistake(
                    "ndim",
                    "This has three dimensions, and attention here works on one sequence: tokens × features",
                    "For one sequence of a batch, paste one of its matrices, like X[0].",
                    parent.start,
                    inner.start + 1,
                )
            cells = self.plain[group.start : inner.start]
            if re.search(r"[\w)\]'\"]$", cells) and inner.kind == "[":
                start = group.start + max(cells.rfind(","), cells.rfind("[", 0, 1), 0) + 1
                fault = find_fault(self.plain[start : group.end - 1].split(",")[0].lstrip())
                start += len(cells) - len(cells.lstrip())
                raise Mistake(fault.code, fault.headline, fault.advice, start + fault.start, start + fault.end, row=number, cell=cells.count(",") + 1)
            if inner.kind == "(" and (call := _last_name(cells[-100:]).lstrip("0123456789.")):
                raise Mistake(
                    "call",
                    f"{quote(call)} is a function call, and functions are never called here",
                    DATA,
                    inner.start - len(call),
                    inner.start,
                    row=number,
                    cell=cells.count(",") + 1,
                )
            raise Mistake(
                "ndim",
                "There is a list inside a cell",
                "A matrix is one list of rows, like [[1, 2], [3, 4]].",
                inner.start,
                inner.end,
                row=number,
                cell=cells.count(",") + 1,
            )
        start, end = group.inside
        text = self.plain[start:end]
        if not text.strip(" \t\n,"):
            raise Mistake("empty", f"Row {number} has no numbers", EXAMPLE, group.start, group.end, row=number)
        if ";" in text:
            position = start + text.index(";")
            raise Mistake(
                "ndim", "A semicolon stands inside a row", "Type either [[1, 2], [3, 4]] or [1 2; 3 4].", position, position + 1, row=number
            )
        return self._split(text, start, number, is_nested=True)

    def _split(self, text: str, start: int, number: int, is_nested: bool = False) -> Row:
        """Grammar: cells := cell (","? cell)* ","?."""
        text = text.rstrip()
        if text.endswith(","):
            text = text[:-1].rstrip()
        if text.endswith(","):
            end = start + len(text)
            raise Mistake("missing-cell", f"A number is missing after this comma of row {number}", MISSING, end, end + 1, row=number)
        self._refuse_broken_row(text, start, number)
        if "," not in text:
            row = split_loosely(text, start, number)
            is_signed = row.cells[0] in ("+", "-") and len(row.cells) == 2
            return row if "(" not in text and not is_signed else Row(start, text, ",", [text])
        row = Row(start, text, ",", text.split(","))
        if all(len(cell.split()) == 1 for cell in row.cells) or not all(map(_is_run, row.cells)):
            return row
        self._refuse_two_separators(row, number, is_nested)
        refuse_glued_commas([Line(start, text)])
        return split_loosely(text, start, number)

    def _refuse_two_separators(self, row: Row, number: int, is_nested: bool) -> None:
        """[1 -2, 3; 4 5 6] mixes commas and blanks as MATLAB does; a list of lists does not, and "1 000" can be one number."""
        refuse_spaced_thousands(row, number)
        index = next((index for index, cell in enumerate(row.cells) if len(cell.split()) > 1), None)
        if is_nested and index is not None:
            raise Mistake(
                "ambiguous",
                f"{quote(row.cells[index].strip())} can be {len(row.cells[index].split())} cells without a comma, or one with a blank in it",
                "Put a comma between any two cells.",
                *row.span(index),
                row=number,
                cell=index + 1,
            )

    def _refuse_broken_row(self, text: str, start: int, number: int) -> None:
        """A line break inside a row is plain after a comma, and where a long print was wrapped; elsewhere it can end the row."""
        if "\n" not in text:
            return
        lines = [line for line in text.split("\n") if line.strip()]
        if "," in text:
            broken = any(not line.rstrip().endswith(",") for line in lines[:-1]) and not any(line.lstrip().startswith(",") for line in lines[1:])
        else:
            broken = (
                len({len(line.split()) for line in lines}) == 1
                and len(lines) > 1
                and max(map(len, lines)) < _WRAPPED_WIDTH
                and len(lines[0].split()) > 1
            )
        if broken:
            raise Mistake(
                "ambiguous",
                "This bracket can hold one row that goes on in the next line, or several rows",
                "Put every row in brackets of its own, like [[1, 2], [3, 4]], or every row on one line.",
                start + _indent(text),
                start + _indent(text) + 1,
                row=number,
            )

    def _refuse_side_by_side(self, group: Group, rows: Sequence[Row]) -> None:
        """[[1 2] [3 4]]: in MATLAB the second stands beside the first, in a print of NumPy below it."""
        for one, other in pairwise(group.children):
            between = self.plain[one.end : other.start]
            texts = [self.plain[slice(*child.inside)] for child in (one, other)]
            apart = "\n" in between or ";" in between or ("," in between and min(len(text.split()) for text in texts) == 1)
            if not apart and not any("," in text for text in texts) and group.kind != "{":
                raise Mistake(
                    "ambiguous",
                    "The second bracket can be a second row, or stand beside the first as in MATLAB",
                    "Put commas between the numbers, like [[1, 2], [3, 4]], or semicolons between the rows, like [1 2; 3 4].",
                    other.start,
                    other.end,
                )

    def _read_flat(self, group: Group) -> Reading:
        """Grammar: flat := cells ((";" | newline) cells)* — rows as in MATLAB, or a plain list of numbers: one token."""
        start, end = group.inside
        text = self.plain[start:end]
        if not text.strip(" \t\n,;"):
            raise Mistake("empty", "There are no numbers in these brackets", EXAMPLE, group.start, group.end)
        if "|" in text:
            position = start + text.index("|")
            raise Mistake(
                "char",
                '"|" (U+007C VERTICAL LINE) has no meaning inside brackets',
                "Separate rows with ; and cells with blanks or commas.",
                position,
                position + 1,
            )
        rows = self._split_rows(text, start)
        lines = [Line(row.start, row.text) for row in rows]
        if not any("(" in row.text for row in rows):
            refuse_glued_commas(lines)
        refuse_doubtful_thousands([(row.start, row.text, len(row.cells)) for row in rows])
        refuse_cut_decimals(lines)
        values, notices = read_values(rows)
        if len(values) == 1:
            notices.append(Notice("one-dim", f"One row was read as one token with {count(len(values[0]), 'feature')}."))
        return Reading(self.body, values, None, None, self.notices + notices)

    def _split_rows(self, text: str, start: int) -> list[Row]:
        parts = self._join_continued(_cut_rows(text, start))
        if len(parts) > 1 and not any(mark in text for mark in ",;") and len(parts[0].text) > _WRAPPED_WIDTH:
            raise Mistake(
                "ambiguous",
                f"These {len(parts)} lines can be {len(parts)} rows, or one row that a print has wrapped",
                "Put every row in brackets, like [[1, 2], [3, 4]], or ; between the rows.",
                parts[0].start + _indent(parts[0].text),
                parts[0].end,
            )
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
        if self.in_call and all(broken):  # the list goes on until its bracket closes
            counts = set()
        if len(counts) == 1 and counts != {1}:
            raise Mistake(
                "ambiguous",
                f"These {len(parts)} lines can be {len(parts)} rows, or one list of numbers that goes on",
                "Put every row in brackets, like [[1, 2], [3, 4]], or separate rows with ; only.",
                parts[0].start,
                parts[0].end,
            )
        if all(broken):
            return [Line(parts[0].start, self.plain[parts[0].start : parts[-1].end].replace("\n", " "))]
        return parts

    def _read_braces(self, group: Group) -> Reading:
        """Grammar: braces := "{" "{" cells "}" ("," "{" cells "}")* "}" | "{" string ":" row ("," string ":" row)* "}"."""
        children = group.children
        if len(children) > 1:
            check_size(len(children), 1)
        if not children and not self.strings and ";" in self.plain[slice(*group.inside)]:
            return self._read_flat(group)  # MATLAB's {1 2; 3 4}
        ends = [group.start + 1, *(child.end for child in children)][: len(children)]
        keys = [_KEY.fullmatch(self.plain[end : child.start]) for end, child in zip(ends, children, strict=True)]
        named = {clean_label(key["key"]): child for key, child in zip(keys, children, strict=True) if key}
        if named and len(named) == len(children) and (len(named) == 1 or set(named) <= {"data", "columns", "index"}):
            rows = named.get("data") or children[0]
            if any(map(self._is_row, rows.children)):
                return self._read_named(rows, named)
        nested = next((child for child in children if any(map(self._is_row, child.children))), None)
        if nested and self.strings and nested.kind != "{":
            raise Mistake(
                "type",
                "The values of this dictionary are not rows",
                "Type the rows in square brackets: [[1, 2], [3, 4]].",
                group.start,
                group.start + 1,
            )
        if self.strings and any(_KEY.fullmatch(self.plain[end : child.start]) for end, child in zip(ends, children, strict=False)):
            reading = self._read_rows(group)
            if reading.labels is None or len(reading.labels) != len(reading.values):
                raise Mistake("type", "Not every row of this dictionary has a name", "Type one name for each row.", group.start, group.start + 1)
            if len(set(reading.labels)) < len(reading.labels):
                raise Mistake(
                    "label",
                    "Two rows of this dictionary have the same name, so Python would keep only one",
                    "Type the rows on lines of their own: name, then numbers.",
                    *reading.label_spans[-1],
                )
            return reading
        if children and all(child.kind == "{" for child in children):
            return self._read_rows(group)
        raise Mistake(
            "type", "A set or dictionary has no rows in order", "Type the rows in square brackets: [[1, 2], [3, 4]].", group.start, group.start + 1
        )

    def _read_named(self, rows: Group, named: Mapping[str, Group]) -> Reading:
        """Grammar: named := "{" key ":" rows "}" | "{" ("columns" ":" names | "index" ":" names | "data" ":" rows)* "}"."""
        spans = {name: self._strings_in(named[name]) for name in ("index", "columns") if name in named}
        said = {name: tuple(clean_label(self.body.typed[slice(*span)]) for span in found) for name, found in spans.items()}
        if any(map(is_numeral, said.get("index", ()))):
            self.notices.append(Notice("numeric-label", 'The numbers of "index" were read as labels.'))
        reading = self._read_rows(rows)
        sizes = {"index": len(reading.values), "columns": len(reading.values[0])}
        for name, found in said.items():
            if len(found) != sizes[name]:
                headline = f"{quote(name)} has {count(len(found), 'name')}, but {sizes[name]:,} are due"
                raise Mistake("label", headline, "Type one name in quotes for each row, and for each column.", named[name].start, named[name].end)
        if len(named) == 1:
            reading.notices.append(Notice("beside", f"{quote(next(iter(named)))} is the name of these rows and was left out."))
        reading.labels, reading.columns = said.get("index") or reading.labels, said.get("columns")
        reading.label_spans, reading.name_spans = spans.get("index", reading.label_spans), spans.get("columns", [])
        beside = [span for span in self.strings if span not in reading.label_spans and span not in reading.name_spans]
        reading.body = reading.body.aside(beside, "markup")
        return reading

    def _strings_in(self, group: Group) -> list[tuple[int, int]]:
        """Where the names in a list stand, in quotes or whole numbers."""
        strings = [span for span in self.strings if group.start < span[0] < group.end]
        return strings or [number.span() for number in re.compile("[-+]?[0-9.]+").finditer(self.plain, *group.inside)]


def _last_name(text: str) -> str:
    """The letters, digits and points that `text` ends with."""
    backwards = re.match(r"[\w.]*", text[::-1])
    return backwards[0][::-1] if backwards else ""


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _is_run(cell: str) -> bool:
    """Whether a cell between commas is empty or numbers with blanks between them."""
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
        elif (mark == ";" and previous == ";") or (mark == ";" and not parts):
            where = start + position
            raise Mistake(
                "missing-cell",
                f"Row {len(parts) + 1} has no numbers",
                "Delete the second semicolon, or type the row.",
                where,
                where + 1,
                row=len(parts) + 1,
            )
        if piece.strip() or mark == ";":
            previous = mark
        position += len(piece) + 1
    return parts
