"""Tables: rows on lines, with labels in front or at the end, and column names above."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from attn_magic.matrix.body import Body
from attn_magic.matrix.comments import refuse_doubtful_comments, refuse_header_in_comment
from attn_magic.matrix.headings import is_heading
from attn_magic.matrix.lines import (
    blank_prints,
    find_lines,
    find_set_apart,
    is_rule,
    is_series_print,
    join_quoted,
    refuse_line_numbers,
    without_marks,
)
from attn_magic.matrix.marks import read_commas
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA, EXAMPLE, MISSING, OPERATOR, TRUNCATED, find_fault, is_numeral, read_floats, read_numeral
from attn_magic.matrix.rows import Line, Reading, Row, blame, check_size, ragged, read_values
from attn_magic.matrix.separators import ends_in_number, number_behind_label, split_lines
from attn_magic.matrix.words import (
    are_consecutive,
    are_counted,
    clean_label,
    has_glued_number,
    is_corner,
    is_counter,
    is_failed_number,
    is_number_or_quoted,
    is_quoted,
    is_quoted_number,
    is_suspicious,
    made_here,
    text_of,
)
from attn_magic.notation import count
from attn_magic.notices import Notice

LABEL_LIMIT = 10_000  # characters of one label

_STATEMENTS = {"import", "from", "def", "class", "return", "lambda", "del", "print"}
_STATEMENTS |= {"for", "while", "if", "else", "try", "with", "lambda:", "else:", "try:"}
_TITLES = {"matrix", "array", "tensor"}
_UNITS = {
    *"kmgtbs%",
    "kb",
    "mb",
    "gb",
    "tb",
    "kib",
    "mib",
    "gib",
    "mg",
    "kg",
    "mm",
    "cm",
    "km",
    "ms",
    "ns",
    "us",
    "min",
    "h",
    "hz",
    "khz",
    "mhz",
    "ghz",
}
_EXPONENT = re.compile(r"[eExX×*][-+]?[0-9]+")
_UNITS |= {"bit", "bits", "byte", "bytes", "million", "millions", "billion", "thousand", "bn", "usd", "eur", "px", "pt", "em"}
_BLANK_LINE = re.compile(r"\n[ \t\r]*[\r\n]")
_DETACHED_SIGN = re.compile(r"(?P<sign>[-+])[ \t]+(?P<number>[0-9.].*)")
_NUMBER_IN_QUOTES = re.compile(r"(?=[^0-9]*[0-9])[-+0-9.,' ]+")


def read_table(body: Body) -> Reading:
    """Grammar: table := header? (label? cells label?)+, one row on a line; comments, rules and blank lines do not count."""
    body = join_quoted(body)
    is_series = is_series_print(body)
    body = blank_prints(body)
    body, marked = without_marks(body)
    lines, comments, body = find_lines(body)
    refuse_line_numbers(lines)
    lines = find_set_apart(lines, body)
    ruled = [is_rule(index, lines) for index in range(len(lines))]
    rules = [line for line, rule in zip(lines, ruled, strict=True) if rule]
    lines = [line for line, rule in zip(lines, ruled, strict=True) if not rule]
    if not lines:
        raise Mistake("empty", "There are no numbers here", EXAMPLE)
    check_size(len(lines), 1)
    rows, notices = split_lines(lines, body)
    comma, comma_notices = read_commas(rows)
    notices += comma_notices
    has_header = "|" in lines[0].text and _has_rule_below_names(lines, rules)
    reading = Table(body, rows, [line.label for line in lines] if len(lines) == len(rows) else [], has_header, is_series).read()
    reading.comma = comma
    reading.notices = marked + notices + reading.notices
    if reading.columns is None:
        refuse_header_in_comment(body, comments, rows)
    if reading.labels is not None:
        refuse_doubtful_comments(body, comments, len(reading.values[0]))
    return reading


def _has_rule_below_names(lines: Sequence[Line], rules: Sequence[Line]) -> bool:
    """Whether a rule stands below the first line that is another than those between the other lines."""
    places = [bisect_right([line.start for line in lines], rule.start) for rule in rules]
    below = [rule.text for rule, place in zip(rules, places, strict=True) if place == 1]
    between = [rule.text for rule, place in zip(rules, places, strict=True) if 1 < place < len(lines)]
    if not below or len(lines) < 2:
        return False
    if "+" not in below[0] or not below[0].lstrip().startswith("+"):
        return True
    return (len(lines) > 2 and not between) or ("=" in below[0] and not any("=" in rule for rule in between))


class Table:
    """The rows of one table, and what its first and last cells mean."""

    def __init__(self, body: Body, rows: list[Row], labels: Sequence[tuple[int, int] | None], has_header: bool, is_series: bool) -> None:
        self.body = body
        self.rows = rows
        self.set_apart = labels if any(labels) else []
        self.has_header = has_header
        self.is_series = is_series
        self.notices: list[Notice] = []
        self.spans: list[tuple[int, int]] = []
        self.name_spans: list[tuple[int, int]] = []
        self.columns: tuple[str, ...] | None = None

    def read(self) -> Reading:
        """The matrix with its labels and column names."""
        for number, row in enumerate(self.rows, 1):
            if not row.text.strip():
                headline = f"Row {number:,} has no numbers"
                raise Mistake("missing-cell", headline, "Leave out the row, or type its numbers.", *row.extent(), row=number)
            _refuse_detached_sign(row, number)
        self._unquote_numbers()
        if self.set_apart:
            labels = [self._label(*span) if span else "" for span in self.set_apart]
            if len(labels) == 1 and labels[0].partition(" ")[0] in _STATEMENTS:
                start, end = self.spans[0]
                raise Mistake("name", f"{quote(labels[0])} begins a statement, and statements are never run here", DATA, start, end)
            self._note_numeric(labels)
            self._note_partial(self.set_apart)
        else:
            self._drop_empty_edges()
            header = self._take_header()
            labels = self._find_labels(header)
            self._name_columns(header)
            if self.is_series:
                self._refuse_levels()
            elif header is None:
                self._refuse_heading(labels)
        values, notices = read_values(self.rows)
        if len(values) == 1 and not labels and not self.columns:
            self.notices.append(Notice("one-dim", f"One row was read as one token with {count(len(values[0]), 'feature')}."))
        elif len(values[0]) == 1 and not self.columns:
            self.notices.append(Notice("one-dim", f"One column was read as {count(len(values), 'token')} with one feature each."))
        return Reading(self.body, values, tuple(labels) if labels else None, self.columns, self.notices + notices, self.spans, self.name_spans)

    # --- quotes

    def _unquote_numbers(self) -> None:
        """Numbers in quotes, as spreadsheets export them, are numbers; in the first column only if all cells are quoted."""
        marked = [_find_quoted_numbers(row.cells) if row.starts else [False] * len(row.cells) for row in self.rows]
        if not any(map(any, marked)):
            return
        data = [(row, marks) for row, marks in zip(self.rows, marked, strict=True) if any(marks[1:]) or any(map(is_number_or_quoted, row.cells[1:]))]
        words_in_front = self._has_empty_corner() or any(not is_number_or_quoted(row.cells[0]) for row, _ in data)
        all_quoted = all(all(marks[1:]) for _, marks in data)
        first = next((row for row, marks in data if marks[0]), None)
        if first and not words_in_front and not all_quoted:
            raise Mistake(
                "ambiguous",
                f"{first.cells[0]} in quotes can be a label or a number",
                "Leave out the quotes of numbers; a label may be any word.",
                *first.span(0),
            )
        skipped = 0 if not words_in_front and all_quoted else 1
        if any(any(marks[skipped:]) for marks in marked):
            self.notices.append(Notice("quoted-numbers", "Numbers in quotes were read as numbers."))
        for row, marks in zip(self.rows, marked, strict=True):
            for index in range(skipped, len(marks)):
                if marks[index]:
                    text = row.cells[index].strip()  # cells cut by hand begin with their first character
                    row.starts[index] += 1
                    row.cells[index] = text[1:-1]

    def _has_empty_corner(self) -> bool:
        first = self.rows[0].cells
        return len(first) > 1 and text_of(first[0]) == "" and any(not is_number_or_quoted(cell) for cell in first[1:])

    # --- header

    def _take_header(self) -> Row | None:
        """Grammar: header := name+; the first row, if it has no numbers and a row below has."""
        if self.has_header:
            header = self.rows.pop(0)
            texts = [text_of(cell) for cell in header.cells]
            if any(map(is_numeral, texts[1:])) or is_numeral(texts[0]):
                if not is_corner(texts[0]):
                    raise self._ambiguous_header(header, self.rows)
                self.notices.append(Notice("header", f"The first row, {quote(self._typed(header))}, was read as column names."))
            return header
        if len(self.rows) < 2 or self.is_series:
            return None
        header, following = self.rows[0], self.rows[1:]
        if self._is_numbered_print(header, following) or self._is_numbered_corner(header, following):
            self.notices.append(Notice("header", f"The first row, {quote(self._typed(header))}, was read as column names."))
            return self.rows.pop(0)
        texts = [cell.strip() for cell in header.cells]
        names = texts[1:] if not texts[0] else texts
        if any(map(is_numeral, names)) or not any(names) or not any(_has_number(row) for row in following):
            return None
        if texts[0] in _STATEMENTS or texts[0].endswith(":") or header.text.rstrip().endswith(":"):
            return None
        named = [name for name in names if name]
        if any(_NUMBER_IN_QUOTES.fullmatch(text_of(name)) if is_quoted(name) else is_suspicious(text_of(name)) for name in named):
            return None
        unnamed = next((index for index, name in enumerate(texts) if index and not name), None)
        if unnamed is not None:
            start = header.span(unnamed)[0]
            raise Mistake("missing-cell", f"Column name {unnamed + 1} is missing", "Type one name for each column.", start, start)
        self._refuse_title(header, following[0])
        self.rows.pop(0)
        if self._is_index_name(header):
            self.name_spans.append(self.rows.pop(0).extent())
        return header

    def _refuse_title(self, header: Row, below: Row) -> None:
        """Words above numbers can be a title: a blank line follows, or they say that this is a matrix."""
        set_apart = _BLANK_LINE.search(self.body.typed, header.extent()[1], below.start + 1)
        named = is_corner(header.cells[0], or_empty=False) and len(header.cells) == len(below.cells)
        if not header.separator and (set_apart or (not named and any(cell.lower() in _TITLES for cell in header.cells))):
            raise Mistake(
                "ambiguous",
                f"{quote(header.text.strip())} can be column names or a title",
                "Delete it if it is a title; names of columns stand right above the numbers.",
                *header.extent(),
            )

    def _is_index_name(self, header: Row) -> bool:
        """Below indented names, pandas prints the name of the index on a line of its own; every row then begins with a label."""
        name, rows = self.rows[0], self.rows[1:]
        if not rows or is_numeral(name.cells[0].strip()) or is_suspicious(name.cells[0].strip()):
            return False
        if name.separator == "&" and not any(cell.strip() for cell in name.cells[1:]):
            return all(len(row.cells) == len(header.cells) for row in rows)
        if not header.separator and len(name.cells) == 1 and is_corner(name.cells[0]) and not header.text.startswith(" "):
            return all(len(row.cells) == len(header.cells) and _begins_with_word(row) for row in rows)
        is_print = not header.separator and header.text.startswith(" ") and rows and all(len(row.cells) == len(header.cells) + 1 for row in rows)
        return bool(is_print) and len(name.cells) == 1 and not is_numeral(name.cells[0]) and not is_suspicious(name.cells[0])

    def _is_numbered_print(self, header: Row, following: Sequence[Row]) -> bool:
        """A print of pandas: column numbers 0, 1, … one shorter than the rows, whose own numbers are 0, 1, … too, or words."""
        if header.separator or not header.text.startswith(" ") or header.cells != [str(number) for number in range(len(header.cells))]:
            return False
        numbered = [row.cells[0] for row in following] == [str(number) for number in range(len(following))]
        longer = all(len(row.cells) == len(header.cells) + 1 for row in following)
        return longer and (numbered or not any(is_numeral(row.cells[0]) for row in following))

    def _is_numbered_corner(self, header: Row, following: Sequence[Row]) -> bool:
        """A table exported by pandas: an empty (or known) corner and column numbers 0, 1, … above labels or row numbers 0, 1, …."""
        texts = [text_of(cell) for cell in header.cells]
        width = len(texts) - 1
        if width < 1 or not all(map(is_numeral, texts[1:])) or any(len(row.cells) != width + 1 for row in following):
            return False
        named = is_corner(texts[0], or_empty=False)
        counted = texts[1:] == [str(number) for number in range(width)]
        rows = [text_of(row.cells[0]) for row in following]
        if named and not counted and texts[1:] == [str(number) for number in range(1, width + 1)]:
            raise self._ambiguous_header(header, following)
        labelled = rows == [str(number) for number in range(len(rows))] or not any(map(is_numeral, rows))
        return (named or not texts[0]) and counted and labelled and width > 1

    def _refuse_levels(self) -> None:
        """A printed Series has one value in a row; what stands before it is its index, perhaps of several levels."""
        row = next((row for row in self.rows if len(row.numbers) > 1), None)
        if row:
            raise Mistake(
                "ambiguous", "This Series has an index of several levels", "Use %attention EXPRESSION, or paste X.to_numpy().tolist().", *row.extent()
            )

    def _refuse_heading(self, labels: Sequence[str]) -> None:
        rows = self.rows
        one_word = len(set(labels)) == 1 and not rows[0].separator and not is_quoted(rows[0].cells[0])
        if one_word and len(rows) > 1 and are_consecutive([row.numbers[0] for row in rows]):
            raise number_behind_label(rows[0], 1)  # "layer 1 0.5" above "layer 2 0.6"
        if is_heading(rows, labels):
            below, seen = count(len(rows) - 1, "row"), quote(self._typed(rows[0]))
            raise Mistake(
                "ambiguous",
                f"The first row, {seen}, can be a heading above {below}, or the first of {len(rows)} rows",
                "Delete it if it is a heading; names of columns are no numbers, as in y2019. If it is a row, type the matrix as [[1, 2], [3, 4]].",
                *rows[0].extent(),
            )

    def _ambiguous_header(self, header: Row, following: Sequence[Row]) -> Mistake:
        return Mistake(
            "ambiguous",
            f"The first row, {quote(self._typed(header))}, can be column names above {count(len(following), 'row')}, "
            f"or the first of {len(following) + 1} rows",
            "Give the columns names that are not numbers" + (", or leave out the line below the first row." if self.has_header else "."),
            *header.extent(),
        )

    def _typed(self, row: Row) -> str:
        start, end = row.extent()
        return self.body.typed[start:end]

    def _drop_empty_edges(self) -> None:
        """A last column that is empty in every row, with no name above it, is a trailing separator."""
        if self.rows[0].separator in ("\t", "|", "&") and all(len(row.cells) > 1 and not row.cells[-1].strip() for row in self.rows):
            for row in self.rows:
                row.cells.pop()
            self.notices.append(Notice("trailing-comma", "The separator at the end of every row was left out."))

    def _name_columns(self, header: Row | None) -> None:
        if header is None:
            return
        names = [self._say(start, end, self.name_spans) if start < end else "" for start, end in header.spans()]
        width = len(self.rows[0].numbers)
        first = self.rows[0].first
        if not any(names):
            return
        if len(names) == width + 1 and (first or self.rows[0].last is not None):
            names = names[:-1] if self.rows[0].last is not None else names[1:]
        if len(names) != width:
            start, end = header.extent()
            raise Mistake(
                "label",
                f"The header has {count(len(names), 'name')}, but row 1 has {count(width, 'number')}",
                "Type one name for each column, and one more only above the labels; put quotes around a name with a blank.",
                start,
                end,
            )
        self.columns = tuple(names)

    # --- labels

    def _find_labels(self, header: Row | None) -> list[str]:
        """The labels in front of the rows or at their end, and the cells that remain for numbers."""
        rows = self.rows
        labelled = [_begins_with_word(row) for row in rows]
        if self.is_series or (header is not None and self._has_index(header)):
            return self._take_labels([True] * len(rows))
        if not any(labelled):
            return self._find_last_labels()
        words = [row.cells[0] for row, found in zip(rows, labelled, strict=True) if found]
        if all(map(_is_doubtful, words)) or any(map(_is_failed, words)) or not any(map(_has_number, rows)):
            raise self._blame_word(labelled)
        if not all(labelled):
            labelled = self._find_some_labels(labelled)
        self._refuse_long_labels(labelled)
        return self._take_labels(labelled)

    def _has_index(self, header: Row) -> bool:
        """Whether the header says that the first column holds labels, although they may be numbers."""
        widths = {len(row.cells) for row in self.rows}
        numbers = [text_of(row.cells[0]) for row in self.rows]
        if widths == {len(header.cells)} and self._is_index_print(header, numbers):
            raise _ambiguous_index(self.rows[0], f"below {quote(header.cells[0])}")
        shorter = widths == {len(header.cells) + 1}
        corner = text_of(header.cells[0])
        if widths == {len(header.cells)} and len(header.cells) > 1 and all(map(is_numeral, numbers)):
            if corner == "" and any(text_of(cell) for cell in header.cells):
                if not are_counted(numbers):
                    raise _ambiguous_index(self.rows[0], "without a name")
                return True
            if made_here(corner):
                return True
            if is_counter(corner) and are_counted(numbers):
                raise _ambiguous_index(self.rows[0], f"named {quote(corner)}")
            if is_corner(corner, or_empty=False) and not any(map(is_numeral, map(text_of, header.cells[1:]))):
                raise _ambiguous_index(self.rows[0], f"named {quote(corner)}")
        if (
            shorter
            and all(number.isdecimal() for number in numbers)
            and ((are_counted(numbers) and len(numbers) > 1) or (not header.separator and header.text[:1] == " "))
        ):
            return True
        return widths == {len(header.cells)} and is_corner(corner) and all(map(is_numeral, map(text_of, header.cells[1:]))) and are_counted(numbers)

    def _is_index_print(self, header: Row, numbers: Sequence[str]) -> bool:
        """Whether row numbers stand to the left below the name of all columns, and the next column to the right below its own: a pandas print."""
        if header.separator or not are_counted(numbers) or len(header.cells) < 2:
            return False
        spans = [[(start - row.start, end - row.start) for start, end in row.spans()] for row in (header, *self.rows)]
        lefts, rights = {row[0][0] for row in spans}, {row[1][1] for row in spans}
        return len(lefts) == len(rights) == 1 and len({row[0][1] for row in spans}) > 1

    def _find_last_labels(self) -> list[str]:
        rows = self.rows
        lasts = [text_of(row.cells[-1]) for row in rows]
        if (
            len(rows) < 2
            or any(read_numeral(last) is not None or not last or is_suspicious(last) for last in lasts)
            or any(len(row.cells) < 2 for row in rows)
        ):
            return []
        if all(map(_is_unit, lasts)) or any(map(_EXPONENT.fullmatch, lasts)):
            return []
        if any(not is_numeral(row.cells[-2].strip()) for row in rows) or (len(set(lasts)) == 1 and not is_quoted(rows[0].cells[-1])):
            return []  # the same word behind every row is more likely a unit
        self.notices.append(Notice("labels-last", "The last word of each row was read as its label."))
        for row in rows:
            row.last = len(row.cells) - 1
        return [self._label(*row.span(len(row.cells) - 1)) for row in rows]

    def _find_some_labels(self, labelled: Sequence[bool]) -> list[bool]:
        """Which rows have a label if only some begin with a word: these, or all, where the others begin with a whole number."""
        rows = self.rows
        doubtful = any(found and _is_doubtful(row.cells[0]) for row, found in zip(rows, labelled, strict=True))
        unnamed = next((number for number, row in enumerate(rows) if row.separator and not row.cells[0].strip()), None)
        enough = 2 * sum(labelled) >= len(rows) + (not labelled[0])
        if doubtful:
            raise self._blame_word(labelled)
        if unnamed is not None:
            row = rows[unnamed]
            start = row.start + len(row.text) - len(row.text.lstrip())
            raise Mistake("label", f"Row {unnamed + 1:,} has no label", "Type a word in front of its numbers.", start, start + 1, row=unnamed + 1)
        values = [len(row.cells) - found for row, found in zip(rows, labelled, strict=True)]
        if len(set(values)) == 1 and not rows[0].separator:
            self._note_partial(labelled)
            return list(labelled)
        widths = {len(row.cells) for row in rows}
        counted = all(found or row.cells[0].strip().isdecimal() for row, found in zip(rows, labelled, strict=True))
        if widths != {2} and len(widths) == 1 and enough and counted:
            return [True] * len(rows)
        if len(widths) > 1 and enough and min(values) and all(_are_numbers(row.cells[found:]) for row, found in zip(rows, labelled, strict=True)):
            number = next((index for index, value in enumerate(values) if value != values[0]), 0)
            raise ragged(rows[number], number + 1, values[number], values[0])
        raise self._blame_word(labelled)

    def _blame_word(self, labelled: Sequence[bool]) -> Mistake:
        """The mistake of the word in front that is least likely a label: one like a wrong number, or with no number behind it."""
        rows = self.rows
        worded = [number for number, found in enumerate(labelled) if found]
        failed = [number for number in worded if _is_failed(rows[number].cells[0])]
        doubtful = [number for number in worded if _is_doubtful(rows[number].cells[0]) or not _has_number(rows[number])]
        number = (failed or doubtful or worded)[0]
        mistake = blame(rows[number], number + 1)
        if failed and not all(_is_failed(rows[number].cells[0]) for number in worded):
            mistake.advice += f' If it is a label, put quotes around it: "{text_of(rows[number].cells[0])[:40]}".'
        return mistake

    def _refuse_long_labels(self, labelled: Sequence[bool]) -> None:
        """Among blanks a label is one word: a second word is more likely a wrong number, or the label wants quotes."""
        usual = {len(row.cells) - 1 for row, found in zip(self.rows, labelled, strict=True) if found and _are_numbers(row.cells[1:])}
        for number, (row, found) in enumerate(zip(self.rows, labelled, strict=True), 1):
            if row.separator or not found or len(row.cells) < 2 or is_numeral(row.cells[1]):
                continue
            row.first = 1
            if len(row.cells) - 1 in usual or find_fault(row.cells[1]).code != "name" or not _has_number(row):
                raise blame(row, number)
            words = next(index for index, cell in enumerate(row.cells) if is_numeral(cell.strip()))
            start, end = row.span(0, words)
            label = self.body.typed[start:end]
            raise Mistake(
                "label",
                f"{quote(label)} is {words} words, and a label among blanks is one word",
                'Put quotes around a label of several words, as in "New York" 1 2.',
                start,
                end,
                row=number,
            )

    def _take_labels(self, labelled: Sequence[bool]) -> list[str]:
        labels = []
        for number, (row, found) in enumerate(zip(self.rows, labelled, strict=True), 1):
            row.first = int(found)
            if not row.numbers and row.text.strip() in ("...", "…", "⋮"):
                raise Mistake("truncated", "This print was shortened: rows are left out here", TRUNCATED, *row.extent(), row=number)
            if not row.numbers:
                raise Mistake("missing-cell", f"Row {number:,} has no numbers", MISSING, *row.extent(), row=number)
            labels.append(self._take_label(row, number) if found else "")
        if all(label.endswith(":") and len(label) > 1 and not is_quoted(row.cells[0]) for label, row in zip(labels, self.rows, strict=True)):
            labels = [label[:-1] for label in labels]
        self._note_numeric([text_of(row.cells[0]) for row, found in zip(self.rows, labelled, strict=True) if found and not is_quoted(row.cells[0])])
        return labels

    def _note_numeric(self, labels: Sequence[str]) -> None:
        number = next((label for label in labels if is_numeral(label)), None)
        if number is not None:
            self.notices.append(Notice("numeric-label", f"{quote(number)} in the first column was read as a label, not as a number."))

    def _note_partial(self, labelled: Sequence[object]) -> None:
        if not all(labelled):
            self.notices.append(Notice("partial-labels", "Only some rows have a label; the others are shown without one."))

    def _take_label(self, row: Row, number: int) -> str:
        start, end = row.span(0)
        if not is_quoted(row.cells[0]) and has_glued_number(row.cells[0]):
            raise Mistake(
                "label",
                f"{quote(row.cells[0].strip())} can be a label and a number, or one label",
                "Put a blank between label and number, or quotes around the label.",
                start,
                end,
                row=number,
            )
        if row.separator == ";" and not is_quoted(row.cells[0]) and ends_in_number(row.cells[0]):
            raise number_behind_label(row, number)
        return self._label(start, end)

    def _label(self, start: int, end: int) -> str:
        return self._say(start, end, self.spans)

    def _say(self, start: int, end: int, spans: list[tuple[int, int]]) -> str:
        """The label or name as typed, without quotes around it; where it stands is added to `spans`."""
        known = self.body.label_at(start, end)
        if known is not None:
            spans.append((start, end))
            return known
        if start in self.body.labels:
            headline = f"{quote(self.body.typed[start:end])} can be a label, or a label and cells"
            raise Mistake("ambiguous", headline, "Put the same separator between any two cells.", start, end)
        if end - start > LABEL_LIMIT:
            raise Mistake(
                "label", f"This label has {end - start:,} characters, and the limit is {LABEL_LIMIT:,}", "Type a shorter label.", start, end
            )
        text = self.body.plain[start:end]
        if len(text) > 1 and text[0] == '"' and (text[-1] != '"' or text.count('"') % 2):
            raise Mistake("string", "This quote is never closed", "Put quotes on both sides of the label, or leave them out.", start, start + 1)
        spans.append((start, end))
        return clean_label(self.body.typed[start:end])


def _find_quoted_numbers(cells: Sequence[str]) -> list[bool]:
    first, others = cells[0], cells[1:]
    inside = [cell[1:-1] for cell in others if cell[:1] == cell[-1:] == '"']
    are_numbers = len(inside) == len(others) and read_floats(inside) is not None  # one call for them all
    return [is_quoted_number(first), *([True] * len(others) if are_numbers else map(is_quoted_number, others))]


def _is_unit(word: str) -> bool:
    """Whether a word behind a number is a unit, a power of ten or a factor, and so a part of it."""
    return word.lower() in _UNITS or _EXPONENT.fullmatch(word) is not None


def _has_number(row: Row) -> bool:
    return any(is_numeral(cell.strip()) for cell in row.cells)


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(is_numeral(cell.strip()) for cell in cells)


def _begins_with_word(row: Row) -> bool:
    """Whether the first cell is neither a number nor empty."""
    text = row.cells[0].strip() if row.cells else ""
    return bool(text) and read_numeral(text) is None


def _is_doubtful(cell: str) -> bool:
    return not is_quoted(cell) and is_suspicious(text_of(cell))


def _is_failed(cell: str) -> bool:
    return not is_quoted(cell) and is_failed_number(text_of(cell))


def _refuse_detached_sign(row: Row, number: int) -> None:
    """A sign with a blank behind it is the sign of its number only in brackets and in LaTeX."""
    if row.separator in ("", "&") or not ("- " in row.text or "+ " in row.text):
        return
    for index, cell in enumerate(row.cells):
        match = _DETACHED_SIGN.match(cell.strip())
        if match and is_numeral(match["number"]):
            start = row.span(index)[0]
            headline = f'"{match["sign"]}" stands alone before {quote(match["number"])}'
            raise Mistake("operator", headline, OPERATOR, start, start + 1, row=number)


def _ambiguous_index(row: Row, described: str) -> Mistake:
    return Mistake(
        "ambiguous",
        f"The first column, {described}, can be labels or numbers",
        "Put quotes around the labels, or give the column of numbers another name.",
        *row.span(0),
    )
