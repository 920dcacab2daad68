"""Rows on lines: labels in front (or at the end), column names above, prints of pandas, R, Julia and Octave around."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from attn_magic.matrix.body import Body
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA, is_numeral
from attn_magic.matrix.rows import MOST_ROWS, Row, blame, check_size, ragged, read_values
from attn_magic.matrix.separators import Line, find_comment, like_a_row, split_lines
from attn_magic.notices import Notice

LABEL_LIMIT = 10_000  # characters of one label

_QUOTES = ('""', "''", "“”", "‘’", "„“", "„”", "＂＂", "＇＇")
_FORMULA_GUARD = re.compile("'[=+\\-@\t\r＝＋－＠]")  # an apostrophe that keeps a spreadsheet from running the cell
_CORNERS = {"token", "tokens", "word", "words", "label", "labels", "name", "id", "index"}
_LIKE_A_NUMBER = re.compile(r"[-+.,$€£¥(\"']*[0-9]|[lIoO][.,][0-9]|\.[eE][0-9]")
_STATEMENTS = {"import", "from", "def", "class", "return", "lambda", "del", "print", "for", "while", "if", "else", "try", "with", "lambda:", "else:", "try:"}
_NUMBER_IN_QUOTES = re.compile(r"[-+0-9.,' ]*[0-9][-+0-9.,' ]*")
_BULLETS = {"-", "*", "•", "+"}
_WORDS_WITH_A_MEANING = {"nan", "inf", "infinity", "none", "null", "na", "nil", "true", "false"}

_RULE = re.compile(r"[-+=|: \t]*")
_SERIES_FOOTER = re.compile(r"^[ \t]*(?:Name: [^\n]*, )?(?:Length: [0-9]+, )?dtype: \w+[ \t]*$", re.MULTILINE)
_SIZE_FOOTER = re.compile(r"^[ \t]*\[[0-9]+ rows x [0-9]+ columns\][ \t]*$|^[ \t]*\[torch\.\w+ of size [0-9x]+\][ \t]*$", re.MULTILINE)
_JULIA_HEADER = re.compile(r"[ \t]*(?P<rows>[0-9]+)(?:[×x](?P<columns>[0-9]+)|-element) [A-Za-z]\w*(?:\{[^\n]*\})?(?: with eltype \w+)?:[ \t]*(?=\n)")
_R_HEADER = re.compile(r"[ \t]*(?:\[,[0-9]+\][ \t]*)+(?=\n)")
_R_ROW = re.compile(r"^[ \t]*\[[0-9]+,\]", re.MULTILINE)
_SPAN_NAMED = re.compile(r"\bColumns [0-9]+ (?:through|to|and) [0-9]+:?")
_QUOTED_LINES = re.compile(r"(?:^|[,;|\t\n])[ ]?(?P<quoted>\"(?:[^\"]|\"\")*\")(?=[ ]?[,;|\t\n]|\Z)")
_CELL = re.compile(r"[,;|\t][ ]?[-+.]?[0-9]")


@dataclass
class Reading:
    """A matrix as it was read: `labels` and `columns` are spans or texts; `body` has everything blanked out that is not the matrix."""

    body: Body
    values: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    notices: list[Notice] = field(default_factory=list)
    label_spans: list[tuple[int, int]] = field(default_factory=list)


def read_table(body: Body) -> Reading:
    """table := header? (label? cells label?)+, one row on a line; comments, rules and blank lines do not count."""
    body, size = _blank_prints(_join_quoted(body))
    lines, comments, body = _find_lines(body)
    lines = _find_set_apart(lines, body)
    rules = [line for line in lines if _is_rule(line.text)]
    lines = [line for line in lines if not _is_rule(line.text)]
    if not lines:
        raise Mistake("empty", "There are no numbers here", EXAMPLE)
    check_size(len(lines), 1)
    rows, notices = split_lines(lines, body)
    has_header = bool(rules) and len(lines) > 1 and lines[0].end < rules[0].start < lines[1].start and "|" in lines[0].text
    reading = Table(body, rows, [line.label for line in lines] if len(lines) == len(rows) else [], has_header).read()
    reading.notices = notices + reading.notices
    _refuse_doubtful_comments(comments, reading)
    if size and size != (len(reading.values), len(reading.values[0])):
        raise Mistake("ragged", f"The first line promises {size[0]} rows and {size[1]} columns, but there are {len(reading.values)} and {len(reading.values[0])}", "Copy the whole print.", 0, 0)
    return reading


EXAMPLE = "Type one row of numbers for each token, for example:\n    I       1.16  0.23\n    am      0.57  1.36\n    Indian  4.41 -2.16"


# ------------------------------------------------------------------------------------------------------------- lines


def _join_quoted(body: Body) -> Body:
    """A label in quotes may have line breaks inside; rows of numbers between two quotes stay rows."""
    plain = body.plain
    if '"' not in plain or "\n" not in plain:
        return body
    spans = [match.span("quoted") for match in _QUOTED_LINES.finditer(plain) if "\n" in match["quoted"] and not _CELL.search(match["quoted"])]
    for start, end in reversed(spans):
        plain = plain[:start] + plain[start:end].replace("\n", " ") + plain[end:]
    return Body(body.typed, plain)



def _blank_prints(body: Body) -> tuple[Body, tuple[int, int] | None]:
    """Blanks out what Julia, R, Octave and pandas print around a matrix; also the size that Julia promises."""
    plain, size = body.plain, None
    start = len(plain) - len(plain.lstrip())
    start = plain.rfind("\n", 0, start) + 1
    spans = [match.span() for pattern in (_SERIES_FOOTER, _SIZE_FOOTER) for match in pattern.finditer(plain)]
    julia, r_header = _JULIA_HEADER.match(plain, start), _R_HEADER.match(plain, start)
    if julia:
        size = int(julia["rows"][:9]), int((julia["columns"] or "1")[:9])
        spans.append(julia.span())
    if r_header and "[" in r_header[0]:
        spans.append(r_header.span())
        spans += [match.span() for match in _R_ROW.finditer(plain)]
    wrapped = _SPAN_NAMED.search(plain)
    if wrapped:
        raise Mistake("truncated", "This print is cut into groups of columns", "Print it wider, or paste it as a list of rows.", *wrapped.span())
    return (body.without(spans) if spans else body), size


def _find_lines(body: Body) -> tuple[list[Line], list[Line], Body]:
    """The lines that hold cells, the comments, and the body without them."""
    lines, comments, position = [], [], 0
    if body.plain.count("\n") >= MOST_ROWS:
        rows = sum(1 for _ in re.finditer(r"^[ \t]*[^\s#%]", body.plain, re.MULTILINE))
        check_size(rows, 1)
    for text in body.plain.split("\n"):
        comment = find_comment(text) if "#" in text or "%" in text else None
        if comment is not None and text[comment] == "%":
            _refuse_percent(text, comment, position)
        if comment is not None:
            beside = (position, position + comment) if text[:comment].strip() else None
            comments.append(Line(position + comment, text[comment:], beside))
        cells = text if comment is None else text[:comment]
        if cells.strip():
            lines.append(Line(position, cells))
        position += len(text) + 1
    return lines, comments, body.without((comment.start, comment.end) for comment in comments) if comments else body


def _refuse_percent(text: str, comment: int, start: int) -> None:
    """After a number, "%" before another number or before nothing is more likely a percentage than a comment."""
    before, after = text[:comment].split(), text[comment + 1 :].split()
    if before and is_numeral(before[-1]) and (not after or is_numeral(after[0])):
        raise Mistake("ambiguous", "This % can begin a comment or mean per cent", "Type 0.05 for 5 %, or # before a comment.", start + comment, start + comment + 1)


def _is_rule(text: str) -> bool:
    return bool(_RULE.fullmatch(text)) and ("--" in text or "==" in text or (("|" in text) and "-" in text and not any(cell.strip() in ("-", "") for cell in text.strip().strip("|").split("|")))) or (
        bool(_RULE.fullmatch(text)) and "|" in text and "-" in text and all(re.fullmatch(r"[ \t]*:?-+:?[ \t]*", cell) for cell in text.strip().strip("|").split("|"))
    )


_COLON_LABEL = re.compile(r"(?P<label>\"(?:[^\"]|\"\")*\"|'[^']*'|[^:]+):[ \t]+(?=[-+.\[(0-9])")
_EQUALS_LABEL = re.compile(r"(?P<label>[^\s=]+[ \t]?)=[ \t]+(?=[-+.0-9])")
_BRACKET_ROW = re.compile(r"(?P<label>\"(?:[^\"]|\"\")*\"|'[^']*'|\[[^\[\](),;\s]*\]|[^\s\[\](),;:]+)?(?P<between>[ \t:]*)[\[(](?P<cells>[^\[\]()]*)[\])][ \t,]*")


def _find_set_apart(lines: list[Line], body: Body) -> list[Line]:
    """line := label ":" cells | label "=" cells | label ":"? "[" cells "]" ","?, if all lines are so."""
    for pattern in (_COLON_LABEL, _EQUALS_LABEL):
        matches = [pattern.match(line.text, _indent(line.text)) for line in lines]
        if all(matches) and (len(lines) > 1 or pattern is _COLON_LABEL):
            lines = [_set_apart(line, match) for line, match in zip(lines, matches, strict=True) if match]
            break
    matches = [_BRACKET_ROW.fullmatch(line.text, _indent(line.text)) for line in lines]
    labelled = all(line.label or (match and _is_label_of_brackets(match, len(lines))) for line, match in zip(lines, matches, strict=True))
    if lines and all(matches) and labelled:
        lines = [_set_apart_bracket(line, match) for line, match in zip(lines, matches, strict=True) if match]
    return lines


def _is_label_of_brackets(match: re.Match[str], lines: int) -> bool:
    """Whether the word before a bracket is a label, and neither a factor nor a function."""
    label = match["label"]
    if not label or not match["between"]:
        return False
    if label in _BULLETS:
        return lines > 1
    return (lines > 1 or ":" in match["between"]) and not _is_suspicious(label) and label[-1] not in "*/+-^@=.\\%"


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _set_apart(line: Line, match: re.Match[str]) -> Line:
    start = line.start + match.start("label")
    return Line(line.start + match.end(), line.text[match.end() :], (start, start + len(match["label"].rstrip())))


def _set_apart_bracket(line: Line, match: re.Match[str]) -> Line:
    start, end = match.span("label")
    label = line.label or (line.start + start, line.start + end)
    return Line(line.start + match.start("cells"), match["cells"].rstrip(" ,"), label)


def _refuse_doubtful_comments(comments: Sequence[Line], reading: Reading) -> None:
    """Among labelled rows, "# 1 2" can be a comment or the row of the token "#"."""
    if reading.labels is None:
        return
    for comment in comments:
        if comment.label is None and like_a_row(comment.text) == len(reading.values[0]):
            token = comment.text.split()[0]
            raise Mistake(
                "ambiguous",
                f"This line can be a comment, or the row of the token {quote(token)}",
                f'Put quotes around "{token}" if it is a token, or delete the line if it is a comment.' if len(token) < 40 else "Delete the line if it is a comment, or put quotes around the token.",
                comment.start,
                comment.start + len(token),
            )


# ------------------------------------------------------------------------------------------------------------ labels


class Table:
    """The rows of one table, and what its first and last cells mean."""

    def __init__(self, body: Body, rows: list[Row], labels: Sequence[tuple[int, int] | None], has_header: bool) -> None:
        self.body = body
        self.rows = rows
        self.set_apart = labels if any(labels) else []
        self.has_header = has_header
        self.notices: list[Notice] = []
        self.spans: list[tuple[int, int]] = []
        self.columns: tuple[str, ...] | None = None

    def read(self) -> Reading:
        for row in self.rows:
            if not row.text.strip():
                raise Mistake("missing-cell", "A row has no numbers", "Leave out the row, or type its numbers.", *row.extent())
        self._unquote_numbers()
        if self.set_apart:
            labels = [self._label(*span) if span else "" for span in self.set_apart]
            if set(labels) <= _BULLETS and len(labels) > 1:
                labels = []
            elif len(labels) == 1 and labels[0].split()[0] in _STATEMENTS:
                start, end = self.spans[0]
                raise Mistake("name", f"{quote(labels[0])} begins a statement, and statements are never run here", DATA, start, end)
            self._note_numeric(labels)
        else:
            header = self._take_header()
            self._drop_empty_edges()
            labels = self._find_labels(header)
            self._name_columns(header)
        values, notices = read_values(self.rows)
        if len(values) == 1 and not labels and not header_names(self.columns):
            self.notices.append(Notice("one-dim", f"One row was read as one token with {len(values[0]):,} features."))
        elif len(values[0]) == 1 and not self.columns:
            self.notices.append(Notice("one-dim", f"One column was read as {len(values):,} tokens with one feature each."))
        return Reading(self.body, values, tuple(labels) if labels else None, self.columns, self.notices + notices, self.spans)

    # --- quotes

    def _unquote_numbers(self) -> None:
        """Numbers in quotes, as spreadsheets export them, are numbers; in the first column only if all cells are quoted."""
        quoted = [row for row in self.rows if row.starts and any(map(_is_quoted_number, row.cells))]
        if not quoted:
            return
        firsts = [row.cells[0] for row in quoted if _is_quoted_number(row.cells[0])]
        others = [cell for row in quoted for cell in row.cells[1:] if _is_quoted_number(cell)]
        data = [row for row in self.rows if len(row.cells) > 1 and any(map(_is_number_or_quoted, row.cells[1:]))]
        words_in_front = any(not _is_number_or_quoted(row.cells[0]) for row in data)
        all_quoted = all(map(_is_quoted_number, (cell for row in data for cell in row.cells[1:])))
        if firsts and not words_in_front and not all_quoted and not self._has_empty_corner():
            start, end = quoted[0].span(0)
            raise Mistake("ambiguous", f"{firsts[0]} in quotes can be a label or a number", "Leave out the quotes of numbers; a label may be any word.", start, end)
        in_front = bool(firsts) and not words_in_front and all_quoted and not self._has_empty_corner()
        if others or in_front:
            self.notices.append(Notice("quoted-numbers", "Numbers in quotes were read as numbers."))
        for row in quoted:
            for index in range(0 if in_front else 1, len(row.cells)):
                if _is_quoted_number(row.cells[index]):
                    cell = row.cells[index]
                    row.starts[index] += cell.index(cell.strip()) + 1
                    row.cells[index] = cell.strip()[1:-1]

    def _has_empty_corner(self) -> bool:
        first = self.rows[0].cells
        return len(first) > 1 and _text(first[0]) == "" and any(not _is_number_or_quoted(cell) for cell in first[1:])

    # --- header

    def _take_header(self) -> Row | None:
        """header := name+; the first row, if it has no numbers and a row below has."""
        if self.has_header:
            header = self.rows.pop(0)
            texts = [_text(cell) for cell in header.cells]
            if any(map(is_numeral, texts[1:])) or is_numeral(texts[0]):
                if texts[0].lower() not in _CORNERS | {""}:
                    raise _ambiguous_header(header, self.rows)
                self.notices.append(Notice("header", f"The first row, {quote(header.text.strip())}, was read as column names."))
            return header
        if len(self.rows) < 2:
            return None
        header, following = self.rows[0], self.rows[1:]
        if self._is_numbered_print(header, following) or self._is_numbered_corner(header, following):
            self.notices.append(Notice("header", f"The first row, {quote(header.text.strip())}, was read as column names."))
            return self.rows.pop(0)
        texts = [cell.strip() for cell in header.cells]
        names = texts[1:] if not texts[0] else texts
        if any(map(is_numeral, names)) or not any(names) or not any(_has_number(row) for row in following):
            return None
        if texts[0] in _STATEMENTS or header.text.rstrip().endswith(":"):
            return None
        if any(_NUMBER_IN_QUOTES.fullmatch(_text(name)) if _is_quoted(name) else _is_suspicious(_text(name)) for name in names):
            return None
        self.rows.pop(0)
        if not _has_number(self.rows[0]) and len(self.rows) > 1 and len(self.rows[0].cells) == 1 and not header.separator:
            self.spans.append(self.rows[0].extent())
            self.rows.pop(0)  # pandas prints the name of the index on a line of its own
        return header

    def _is_numbered_print(self, header: Row, following: Sequence[Row]) -> bool:
        """A print of pandas: column numbers 0, 1, … one shorter than the rows, whose own numbers are 0, 1, … too, or words."""
        if header.separator or not header.text.startswith(" ") or header.cells != [str(number) for number in range(len(header.cells))]:
            return False
        numbered = [row.cells[0] for row in following] == [str(number) for number in range(len(following))]
        longer = all(len(row.cells) == len(header.cells) + 1 for row in following)
        return longer and (numbered or not any(is_numeral(row.cells[0]) for row in following))

    def _is_numbered_corner(self, header: Row, following: Sequence[Row]) -> bool:
        """A table exported by pandas: an empty (or known) corner and column numbers 0, 1, … above labels or row numbers 0, 1, …."""
        texts = [_text(cell) for cell in header.cells]
        width = len(texts) - 1
        if width < 1 or not all(map(is_numeral, texts[1:])) or any(len(row.cells) != width + 1 for row in following):
            return False
        named = texts[0].lower() in _CORNERS
        counted = texts[1:] == [str(number) for number in range(width)]
        rows = [_text(row.cells[0]) for row in following]
        if named and not counted and texts[1:] == [str(number) for number in range(1, width + 1)]:
            raise _ambiguous_header(header, following)
        labelled = rows == [str(number) for number in range(len(rows))] or not any(map(is_numeral, rows))
        return (named or not texts[0]) and counted and labelled and width > 1

    def _drop_empty_edges(self) -> None:
        """A last column that is empty in every row is a trailing separator."""
        if self.rows and self.rows[0].separator in ("\t", "|", "&") and all(len(row.cells) > 1 and not row.cells[-1].strip() for row in self.rows):
            for row in self.rows:
                row.last = -1
            self.notices.append(Notice("trailing-comma", "The separator at the end of every row was left out."))

    def _name_columns(self, header: Row | None) -> None:
        if header is None:
            return
        names = [self._name(header, index) for index in range(len(header.cells))]
        width = len(self.rows[0].numbers)
        first = self.rows[0].first
        if not any(names):
            return
        if len(names) == width + 1 and (first or self.rows[0].last is not None):
            names = names[:-1] if self.rows[0].last is not None else names[1:]
        if len(names) != width:
            start, end = header.extent()
            numbers = "1 number" if width == 1 else f"{width:,} numbers"
            raise Mistake(
                "label",
                f"The header has {len(names):,} names, but row 1 has {numbers}",
                "Type one name for each column, and one more only above the labels; put quotes around a name with a blank.",
                start,
                end,
            )
        self.columns = tuple(names)

    def _name(self, header: Row, index: int) -> str:
        start, end = header.span(index)
        return self._label(start, end) if start < end else ""

    # --- labels

    def _find_labels(self, header: Row | None) -> list[str]:
        """The labels in front of the rows or at their end, and the cells that remain for numbers."""
        rows = self.rows
        leads = [_count_words(row) for row in rows]
        if header is not None and self._has_index(header):
            return self._take_labels([1] * len(rows))
        if not any(leads):
            return self._find_last_labels(header)
        if all(leads):
            clean = any(not self._is_doubtful(row, lead) for row, lead in zip(rows, leads, strict=True))
            if not clean or any(lead == len(row.cells) for row, lead in zip(rows, leads, strict=True)):
                self._blame_word(leads, header)
            self._refuse_long_labels(leads)
            return self._take_labels(leads)
        return self._find_some_labels(leads)

    def _has_index(self, header: Row) -> bool:
        """Whether the header says that the first column holds labels, although they may be numbers."""
        widths = {len(row.cells) for row in self.rows}
        numbers = [_text(row.cells[0]) for row in self.rows]
        shorter = widths == {len(header.cells) + 1}
        corner = _text(header.cells[0])
        if widths == {len(header.cells)} and len(header.cells) > 1 and all(map(is_numeral, numbers)):
            if corner == "" and any(_text(cell) for cell in header.cells):
                if not _are_counted(numbers):
                    raise _ambiguous_index(self.rows[0], "without a name")
                return True
            if corner.lower() in _CORNERS and not any(map(is_numeral, map(_text, header.cells[1:]))):
                raise _ambiguous_index(self.rows[0], f"named {quote(corner)}")
        if shorter and all(number.isdecimal() for number in numbers) and ((_are_counted(numbers) and len(numbers) > 1) or (not header.separator and header.text[:1] == " ")):
            return True
        return widths == {len(header.cells)} and corner.lower() in _CORNERS | {""} and all(map(is_numeral, map(_text, header.cells[1:]))) and _are_counted(numbers)

    def _find_last_labels(self, header: Row | None) -> list[str]:
        rows = self.rows
        lasts = [_text(row.cells[-1]) for row in rows]
        if len(rows) < 2 or any(is_numeral(last) or not last or _is_suspicious(last) for last in lasts) or any(len(row.cells) < 2 for row in rows):
            return []
        if any(not is_numeral(row.cells[-2].strip()) for row in rows):
            return []
        self.notices.append(Notice("labels-last", "The last word of each row was read as its label."))
        for row in rows:
            row.last = len(row.cells) - 1
        return [self._take_label(row, len(row.cells) - 1, len(row.cells)) for row in rows]

    def _find_some_labels(self, leads: Sequence[int]) -> list[str]:
        rows = self.rows
        values = {len(row.cells) - lead for row, lead in zip(rows, leads, strict=True)}
        doubtful = any(lead and self._is_doubtful(row, lead) for row, lead in zip(rows, leads, strict=True))
        if len(values) == 1 and not doubtful and not rows[0].separator and max(leads) == 1:
            self.notices.append(Notice("partial-labels", "Only some rows have a label; the others are shown without one."))
            return self._take_labels(list(leads))
        widths = {len(row.cells) for row in rows}
        enough = bool(leads[0]) and 2 * sum(map(bool, leads)) >= len(rows) or 2 * sum(map(bool, leads)) > len(rows)
        if widths != {2} and len(widths) == 1 and max(leads) == 1 and enough and not doubtful:
            return self._take_labels([1] * len(rows))
        if len(widths) > 1 and not doubtful and enough and max(leads) == 1:
            number = next(index for index, row in enumerate(rows) if len(row.cells) - leads[index] != len(rows[0].cells) - leads[0])
            raise ragged(rows[number], number + 1, len(rows[number].cells) - leads[number], len(rows[0].cells) - leads[0])
        self._blame_word(leads, None)
        raise AssertionError("unreachable")

    def _blame_word(self, leads: Sequence[int], header: Row | None) -> None:
        number = next((index for index, (row, lead) in enumerate(zip(self.rows, leads, strict=True)) if lead and (lead == len(row.cells) or self._is_doubtful(row, lead))), None)
        if number is None:
            number = next(index for index, lead in enumerate(leads) if lead)
        raise blame(self.rows[number], number + 1)

    def _is_doubtful(self, row: Row, lead: int) -> bool:
        return lead == 1 and not _is_quoted(row.cells[0]) and _is_suspicious(_text(row.cells[0]))

    def _refuse_long_labels(self, leads: Sequence[int]) -> None:
        """A word between label and numbers is more likely a wrong number when the row would otherwise fit."""
        rows = self.rows
        widths = [len(row.cells) - lead for row, lead in zip(rows, leads, strict=True)]
        usual = max(set(widths), key=widths.count)
        for number, (row, lead) in enumerate(zip(rows, leads, strict=True)):
            if lead > 1 and widths[number] != usual and len(row.cells) - 1 == usual and number_of_singles(leads):
                row.first = 1
                raise blame(row, number + 1)
            if lead > 1 and (row.separator or "=" in row.cells[:lead]):
                row.first = 1
                raise blame(row, number + 1)

    def _take_labels(self, leads: Sequence[int]) -> list[str]:
        labels = []
        for row, lead in zip(self.rows, leads, strict=True):
            row.first = lead
            labels.append(self._take_label(row, 0, lead) if lead else "")
        if all(label.endswith(":") and len(label) > 1 for label in labels):
            labels = [label[:-1] for label in labels]
        self._note_numeric([_text(row.cells[0]) for row, lead in zip(self.rows, leads, strict=True) if lead == 1 and not _is_quoted(row.cells[0])])
        return labels

    def _note_numeric(self, labels: Sequence[str]) -> None:
        number = next((label for label in labels if is_numeral(label)), None)
        if number is not None:
            self.notices.append(Notice("numeric-label", f"{quote(number)} in the first column was read as a label, not as a number."))

    def _take_label(self, row: Row, first: int, last: int) -> str:
        return self._label(*row.span(first, last))

    def _label(self, start: int, end: int) -> str:
        """The label as typed, without quotes around it."""
        if end - start > LABEL_LIMIT:
            raise Mistake("label", f"This label has {end - start:,} characters, and the limit is {LABEL_LIMIT:,}", "Type a shorter label.", start, end)
        self.spans.append((start, end))
        return clean_label(self.body.typed[start:end])


def header_names(columns: tuple[str, ...] | None) -> bool:
    return bool(columns)


def number_of_singles(leads: Sequence[int]) -> bool:
    return any(lead == 1 for lead in leads)


def clean_label(typed: str) -> str:
    r"""A label as its reader means it: without its quotes, with "\|" as a pipe, without what no screen can show.

    >>> clean_label('"is ""big"", no"'), clean_label("don't")
    ('is "big", no', "don't")
    """
    label = typed
    if len(label) > 1 and label[0] + label[-1] in _QUOTES:
        label = label[1:-1].replace(typed[0] * 2, typed[0])
        if _FORMULA_GUARD.match(label):
            label = label[1:]
    else:
        label = label.replace("\\|", "|")
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in label)


def _text(cell: str) -> str:
    """What a cell says, without blanks and quotes."""
    text = cell.strip()
    return text[1:-1] if _is_quoted(text) else text


def _is_quoted(cell: str) -> bool:
    text = cell.strip()
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _is_quoted_number(cell: str) -> bool:
    return _is_quoted(cell) and is_numeral(_text(cell).strip())


def _is_number_or_quoted(cell: str) -> bool:
    return is_numeral(_text(cell).strip())


def _has_number(row: Row) -> bool:
    return any(is_numeral(cell.strip()) for cell in row.cells)


def _count_words(row: Row) -> int:
    """How many cells in front of the first number are words: the label."""
    count = 0
    for cell in row.cells:
        text = cell.strip()
        if is_numeral(text) or (not text and row.separator):
            break
        count += 1
    return count


def _are_counted(numbers: Sequence[str]) -> bool:
    return any(list(numbers) == [str(number + start) for number in range(len(numbers))] for start in (0, 1))


def _is_suspicious(word: str) -> bool:
    """Whether a word in the place of a label may be a wrong number: it looks like one, or stands for one that is missing."""
    return bool(_LIKE_A_NUMBER.match(word)) or _is_half_a_bracket(word) or all(map(_is_sign, word)) or word.lower() in _WORDS_WITH_A_MEANING or any(map(_is_foreign_digit, word))


def _is_half_a_bracket(word: str) -> bool:
    """Whether this is a piece of a matrix in brackets, such as "x*[1"."""
    return any(map(str.isdigit, word)) and any(word.count(one) != word.count(other) for one, other in ("()", "[]", "{}"))


def _is_sign(character: str) -> bool:
    """Punctuation, dashes, operators: what may stand for a number; not letters, digits, emoji."""
    return unicodedata.category(character)[0] in "PZC" or unicodedata.category(character) in ("Sm", "Sc", "Sk")


def _is_foreign_digit(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("Nd", "No")


def _ambiguous_header(header: Row, following: Sequence[Row]) -> Mistake:
    return Mistake(
        "ambiguous",
        f"The first row, {quote(header.text.strip())}, can be column names above {len(following)} rows, or the first of {len(following) + 1} rows",
        "Give the columns names that are not numbers, or leave out the line below the first row.",
        *header.extent(),
    )


def _ambiguous_index(row: Row, described: str) -> Mistake:
    return Mistake(
        "ambiguous",
        f"The first column, {described}, can be labels or numbers",
        "Put quotes around the labels, or give the column of numbers another name.",
        *row.span(0),
    )
