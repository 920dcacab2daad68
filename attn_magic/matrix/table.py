"""Tables: rows on lines, with labels in front or at the end, and column names above."""

import re
from collections.abc import Sequence

from attn_magic.matrix.body import Body
from attn_magic.matrix.lines import BULLETS, blank_prints, find_lines, find_set_apart, is_rule, join_quoted
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA, EXAMPLE, is_numeral
from attn_magic.matrix.rows import Reading, Row, blame, check_size, ragged, read_values
from attn_magic.matrix.separators import Line, like_a_row, split_lines
from attn_magic.matrix.words import are_counted, clean_label, is_number_or_quoted, is_quoted, is_quoted_number, is_suspicious, text_of
from attn_magic.notation import count
from attn_magic.notices import Notice

LABEL_LIMIT = 10_000  # characters of one label

_CORNERS = {"token", "tokens", "word", "words", "label", "labels", "name", "id", "index"}
_STATEMENTS = {"import", "from", "def", "class", "return", "lambda", "del", "print"}
_STATEMENTS |= {"for", "while", "if", "else", "try", "with", "lambda:", "else:", "try:"}
_NUMBER_IN_QUOTES = re.compile(r"[-+0-9.,' ]*[0-9][-+0-9.,' ]*")


def read_table(body: Body) -> Reading:
    """Grammar: table := header? (label? cells label?)+, one row on a line; comments, rules and blank lines do not count."""
    body, size = blank_prints(join_quoted(body))
    lines, comments, body = find_lines(body)
    lines = find_set_apart(lines, body)
    ruled = [is_rule(index, lines) for index in range(len(lines))]
    rules = [line for line, rule in zip(lines, ruled, strict=True) if rule]
    lines = [line for line, rule in zip(lines, ruled, strict=True) if not rule]
    if not lines:
        raise Mistake("empty", "There are no numbers here", EXAMPLE)
    check_size(len(lines), 1)
    rows, notices = split_lines(lines, body)
    has_header = bool(rules) and len(lines) > 1 and lines[0].end < rules[0].start < lines[1].start and "|" in lines[0].text
    reading = Table(body, rows, [line.label for line in lines] if len(lines) == len(rows) else [], has_header).read()
    reading.notices = notices + reading.notices
    _refuse_doubtful_comments(comments, reading)
    if size and size != (len(reading.values), len(reading.values[0])):
        raise Mistake(
            "ragged",
            f"The first line promises {size[0]} rows and {size[1]} columns, but there are {len(reading.values)} and {len(reading.values[0])}",
            "Copy the whole print.",
            0,
            0,
        )
    return reading


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
                f'Put quotes around "{token}" if it is a token, or delete the line if it is a comment.'
                if len(token) < 40
                else "Delete the line if it is a comment, or put quotes around the token.",
                comment.start,
                comment.start + len(token),
            )


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
        """The matrix with its labels and column names."""
        for row in self.rows:
            if not row.text.strip():
                raise Mistake("missing-cell", "A row has no numbers", "Leave out the row, or type its numbers.", *row.extent())
        self._unquote_numbers()
        if self.set_apart:
            labels = [self._label(*span) if span else "" for span in self.set_apart]
            if set(labels) <= BULLETS and len(labels) > 1:
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
        if len(values) == 1 and not labels and not self.columns:
            self.notices.append(Notice("one-dim", f"One row was read as one token with {count(len(values[0]), 'feature')}."))
        elif len(values[0]) == 1 and not self.columns:
            self.notices.append(Notice("one-dim", f"One column was read as {len(values):,} tokens with one feature each."))
        return Reading(self.body, values, tuple(labels) if labels else None, self.columns, self.notices + notices, self.spans)

    # --- quotes

    def _unquote_numbers(self) -> None:
        """Numbers in quotes, as spreadsheets export them, are numbers; in the first column only if all cells are quoted."""
        marked = [list(map(is_quoted_number, row.cells)) if row.starts else [False] * len(row.cells) for row in self.rows]
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
        if any(_NUMBER_IN_QUOTES.fullmatch(text_of(name)) if is_quoted(name) else is_suspicious(text_of(name)) for name in names):
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
        texts = [text_of(cell) for cell in header.cells]
        width = len(texts) - 1
        if width < 1 or not all(map(is_numeral, texts[1:])) or any(len(row.cells) != width + 1 for row in following):
            return False
        named = texts[0].lower() in _CORNERS
        counted = texts[1:] == [str(number) for number in range(width)]
        rows = [text_of(row.cells[0]) for row in following]
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
            raise Mistake(
                "label",
                f"The header has {count(len(names), 'name')}, but row 1 has {count(width, 'number')}",
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
                raise self._blame_word(leads)
            self._refuse_long_labels(leads)
            return self._take_labels(leads)
        return self._find_some_labels(leads)

    def _has_index(self, header: Row) -> bool:
        """Whether the header says that the first column holds labels, although they may be numbers."""
        widths = {len(row.cells) for row in self.rows}
        numbers = [text_of(row.cells[0]) for row in self.rows]
        shorter = widths == {len(header.cells) + 1}
        corner = text_of(header.cells[0])
        if widths == {len(header.cells)} and len(header.cells) > 1 and all(map(is_numeral, numbers)):
            if corner == "" and any(text_of(cell) for cell in header.cells):
                if not are_counted(numbers):
                    raise _ambiguous_index(self.rows[0], "without a name")
                return True
            if corner.lower() in _CORNERS and not any(map(is_numeral, map(text_of, header.cells[1:]))):
                raise _ambiguous_index(self.rows[0], f"named {quote(corner)}")
        if (
            shorter
            and all(number.isdecimal() for number in numbers)
            and ((are_counted(numbers) and len(numbers) > 1) or (not header.separator and header.text[:1] == " "))
        ):
            return True
        return (
            widths == {len(header.cells)}
            and corner.lower() in _CORNERS | {""}
            and all(map(is_numeral, map(text_of, header.cells[1:])))
            and are_counted(numbers)
        )

    def _find_last_labels(self, header: Row | None) -> list[str]:
        rows = self.rows
        lasts = [text_of(row.cells[-1]) for row in rows]
        if len(rows) < 2 or any(is_numeral(last) or not last or is_suspicious(last) for last in lasts) or any(len(row.cells) < 2 for row in rows):
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
        labelled = sum(map(bool, leads))
        enough = 2 * labelled >= len(rows) + (not leads[0])
        if widths != {2} and len(widths) == 1 and max(leads) == 1 and enough and not doubtful:
            return self._take_labels([1] * len(rows))
        if len(widths) > 1 and not doubtful and enough and max(leads) == 1:
            number = next(index for index, row in enumerate(rows) if len(row.cells) - leads[index] != len(rows[0].cells) - leads[0])
            raise ragged(rows[number], number + 1, len(rows[number].cells) - leads[number], len(rows[0].cells) - leads[0])
        raise self._blame_word(leads)

    def _blame_word(self, leads: Sequence[int]) -> Mistake:
        """The mistake of the word that is least likely a label: one that looks like a number or has none behind it."""
        worded = [number for number, lead in enumerate(leads) if lead]
        doubtful = (
            number for number in worded if leads[number] == len(self.rows[number].cells) or self._is_doubtful(self.rows[number], leads[number])
        )
        number = next(doubtful, worded[0])
        return blame(self.rows[number], number + 1)

    def _is_doubtful(self, row: Row, lead: int) -> bool:
        return lead == 1 and not is_quoted(row.cells[0]) and is_suspicious(text_of(row.cells[0]))

    def _refuse_long_labels(self, leads: Sequence[int]) -> None:
        """A word between label and numbers is more likely a wrong number when the row would otherwise fit."""
        rows = self.rows
        widths = [len(row.cells) - lead for row, lead in zip(rows, leads, strict=True)]
        usual = max(set(widths), key=widths.count)
        for number, (row, lead) in enumerate(zip(rows, leads, strict=True)):
            if lead > 1 and widths[number] != usual and len(row.cells) - 1 == usual and 1 in leads:
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
        self._note_numeric([text_of(row.cells[0]) for row, lead in zip(self.rows, leads, strict=True) if lead == 1 and not is_quoted(row.cells[0])])
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
            raise Mistake(
                "label", f"This label has {end - start:,} characters, and the limit is {LABEL_LIMIT:,}", "Type a shorter label.", start, end
            )
        self.spans.append((start, end))
        return clean_label(self.body.typed[start:end])


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


def _ambiguous_header(header: Row, following: Sequence[Row]) -> Mistake:
    return Mistake(
        "ambiguous",
        f"The first row, {quote(header.text.strip())}, can be column names above {count(len(following), 'row')}, "
        f"or the first of {len(following) + 1} rows",
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
