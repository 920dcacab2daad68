"""Lines of text to rows of cells: which character separates the cells, and what is a comment, a quote, a label before a colon."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from attn_magic.limits import MAX_TOKENS
from attn_magic.matrix.body import Body
from attn_magic.matrix.comments import QUOTED
from attn_magic.matrix.marks import (
    GLUED_COMMAS,
    decimal_comma,
    refuse_doubtful_marks,
    refuse_doubtful_thousands,
    refuse_glued_commas,
    refuse_spaced_thousands,
)
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import MISSING, is_numeral
from attn_magic.matrix.rows import Line, Row, check_size, split_loosely, split_strictly
from attn_magic.matrix.words import are_enumerated, text_of
from attn_magic.notices import Notice

_KNOWN_LABELS = re.compile(r"[^\"'\\<]*(?:\"x+\"[^\"'\\<]*)+")  # in quotes, and no separator inside
_SPECIAL_TOKEN = re.compile(r"<\|[^|\s]{1,80}\|>")  # <|endoftext|>: its pipes do not separate cells
_SAYS_SEMICOLON = re.compile(r"\s*sep=;")
_ONE_AND_A_TAB = re.compile(r"[^\s,;|]*\t\s*")
_BARS = re.compile(r"[ \t]*\|[ \t]*[-+.0-9][-+.0-9eE]*(?:[ \t]+[-+.0-9][-+.0-9eE]*)+[ \t]*\|[ \t]*")  # drawn around a matrix
_DOUBLE_QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"")
_INNER_BLANK = re.compile(r"[^\s;][ \t]+[^\s;]")
_TWO_COMMAS = re.compile(r",[^;,]*,|,[ \t]*(?:;|$)")


# ---------------------------------------------------------------------------------------------------------- separators


def split_lines(lines: Sequence[Line], body: Body) -> tuple[list[Row], list[Notice]]:
    """The rows of all lines, by the one separator that fits them all."""
    refuse_doubtful_marks(lines)
    if all(_BARS.fullmatch(line.text) for line in lines):
        return [_split_blanks(Line(line.start, line.text.replace("|", " "), line.label)) for line in lines], []
    if _all_have(lines, "|"):
        return _split_pipes(lines), []
    if any("\t" in line.text.strip() for line in lines) or all(_ONE_AND_A_TAB.fullmatch(line.text) for line in lines):
        rows = _split_tabs(lines)
        if rows:
            return rows, []
    lines, notices, in_columns = _split_semicolons(lines, body)
    if in_columns:
        return [_split_cells(line, ";") for line in lines], notices
    if all("&" in line.text for line in lines) and all(_are_single(line.text.split("&")) for line in lines):
        return [_split_cells(line, "&") for line in lines], notices
    if any("," in _without_leading_mark(line.text) for line in lines):
        rows, comma_notices = _split_commas(lines)
        return rows, notices + comma_notices
    return [_split_blanks(line) for line in lines], notices


def _all_have(lines: Sequence[Line], mark: str) -> bool:
    return all(mark in _SPECIAL_TOKEN.sub("", line.text) for line in lines)


def _without_leading_mark(text: str) -> str:
    """The line without a token that is only a comma or a semicolon, standing before its numbers."""
    stripped = text.strip()
    return stripped[1:] if stripped[:1] in (",", ";") and stripped[1:2] in (" ", "\t") else stripped


def _are_single(cells: Sequence[str]) -> bool:
    """Whether no cell but the first (which may be a label) has a blank inside."""
    return all(len(cell.split()) <= 1 or QUOTED.fullmatch(cell.strip()) for cell in cells[1:])


def _split_pipes(lines: Sequence[Line]) -> list[Row]:
    r"""Grammar: row := "|"? cell ("|" cell)* "|"?; "\|" is no separator. Where all rows begin with a pipe, one at the end ends the row."""
    outer_left = all(line.text.lstrip().startswith("|") for line in lines)
    outer_right = outer_left or all(map(_ends_with_pipe, lines))
    rows = []
    for line in lines:
        text, start = line.text, line.start
        if outer_left:
            start += text.index("|") + 1
            text = text[text.index("|") + 1 :]
        if outer_right and "|" in text and _ends_with_pipe(line):
            text = text[: text.rindex("|")]
        rows.append(_split_cells(Line(start, text, line.label), "|"))
    return rows


def _ends_with_pipe(line: Line) -> bool:
    text = line.text.rstrip()
    return text.endswith("|") and not text.endswith("\\|")


def _split_tabs(lines: Sequence[Line]) -> list[Row] | None:
    """Grammar: row := cell (tab cell)*; None where tabs are only wide blanks among others."""
    if all(line.text.startswith("\t") for line in lines):  # indented
        lines = [Line(line.start + 1, line.text[1:], line.label) for line in lines]
    rows = [_split_cells(line, "\t") for line in lines]
    _refuse_number_behind_label(rows)
    if any(not cell.strip() for row in rows for cell in row.cells) or _are_strict(rows):
        return rows
    return None


def _refuse_number_behind_label(rows: Sequence[Row]) -> None:
    """Among tabs or commas, "I 6" can be a label, or a label and a number."""
    if not all(len(row.cells) > 1 and _are_single(row.cells) for row in rows):
        return
    if _are_numbered(rows):
        return
    for number, row in enumerate(rows, 1):
        if ends_in_number(row.cells[0]) and not is_numeral(row.cells[0].split()[0]):
            raise number_behind_label(row, number)


def number_behind_label(row: Row, number: int) -> Mistake:
    """The mistake of a first cell that ends in a number."""
    return Mistake(
        "ambiguous",
        f"{quote(row.cells[0].strip())} can be a label, or a label and a number",
        "Put quotes around the label, and the same separator between any two cells.",
        *row.span(0),
        row=number,
    )


def _are_strict(rows: Sequence[Row]) -> bool:
    """Whether no cell has a blank inside, except labels and, above them, names such as "dim 1" behind a name for labels."""
    names, below = rows[0].cells, rows[1:]
    named = len(names) > 1 and all(text_of(cell)[:1].isalpha() for cell in (names if names[0].strip(" \"'") else names[1:]))
    if below and named and {len(row.cells) for row in below} == {len(names)}:
        rows = below
    numbered = _are_numbered(rows)
    return all(len(row.cells) > 1 and _are_single(row.cells) and (numbered or not ends_in_number(row.cells[0])) for row in rows)


def _are_numbered(rows: Sequence[Row]) -> bool:
    """Whether the rows begin with "layer 1", "layer 2" and so on, perhaps below a name."""
    labels = [row.cells[0].strip() for row in rows]
    return are_enumerated(labels) or are_enumerated(labels[1:])


def _split_semicolons(lines: Sequence[Line], body: Body) -> tuple[list[Line], list[Notice], bool]:
    """Lines without semicolons; a semicolon ends a row (MATLAB) or separates columns (spreadsheets), whichever fits; both is ambiguous."""
    texts = [_DOUBLE_QUOTED.sub('""', line.text) if '"' in line.text else line.text for line in lines]
    if not any(";" in _without_leading_mark(text) for text in texts):
        return list(lines), [], False
    counts = [text.count(";") + 1 - text.rstrip().endswith(";") for text in texts]
    as_columns = max(counts) > 1 and not any(map(_has_many_cells, lines))
    if as_columns and _SAYS_SEMICOLON.match(body.ordinary):
        return list(lines), [], True
    if not as_columns or len(lines) == 1:
        check_size(sum(counts), 1)
    cut = [_cut(line) for line in lines]
    parts = [part for one in cut for part in one]
    if len(lines) == 1 and all(GLUED_COMMAS.fullmatch(part.text.strip()) for part in parts):
        _refuse_decimal_commas(cut)
    if not as_columns:
        if len(lines) > 1 and any(len(one) > 1 and _begins_with_word(one[0]) and not _begins_with_word(one[1]) for one in cut):
            raise _ambiguous_semicolon(cut)
        return parts, [], False
    if not _fits_as_rows(parts):
        if min(counts) < 2 and len(lines) > 1:
            raise _ambiguous_semicolon(cut)
        return list(lines), [Notice("separator", "The semicolon was read as the separator of columns.")], True
    if len(set(counts)) > 1 and "," not in parts[0].text:
        return list(lines), [], True
    if len(lines) > 1 and len(set(counts)) == 1:
        raise _ambiguous_semicolon(cut)
    return parts, [Notice("separator", "Each semicolon was read as the end of a row.")], False


def _refuse_decimal_commas(cut: Sequence[Sequence[Line]]) -> None:
    """Between semicolons "1,16" is one cell, and its comma a decimal comma or a thousands mark."""
    for number, parts in enumerate(cut, 1):
        for part in parts:
            match = GLUED_COMMAS.fullmatch(part.text.strip())
            if match:
                raise decimal_comma(match[0], part.start + part.text.index(match[0]), number)


def _cut(line: Line) -> list[Line]:
    """The parts of a line between semicolons, without the empty one after a final semicolon."""
    row = _split_cells(replace(line, label=None), ";")
    if len(row.cells) > 1 and not row.cells[-1].strip():
        row.cells.pop()
    parts, position = [], line.start
    for index, cell in enumerate(row.cells):
        position = line.start + row.starts[index] if row.starts else position
        parts.append(Line(position, cell, line.label if not index else None))
        position += len(cell) + 1
    return parts


def _fits_as_rows(parts: Sequence[Line]) -> bool:
    """Whether all parts have equally many numbers, and not more parts than a matrix can have rows."""
    if len(parts) > MAX_TOKENS:
        return False
    counts = {sum(map(is_numeral, re.split(r"[\s,]+", part.text.strip().rstrip(",")))) for part in parts}
    return len(counts) == 1 and 0 not in counts


def _begins_with_word(line: Line) -> bool:
    words = re.split(r"[\s,]+", line.text.strip(), maxsplit=1)
    return not is_numeral(words[0])


def _has_many_cells(line: Line) -> bool:
    """Whether a part between semicolons is more than one cell: it has a blank inside, or more than a decimal comma."""
    return bool(_INNER_BLANK.search(line.text) or _TWO_COMMAS.search(line.text)) and not _has_quotes(line.text)


def _ambiguous_semicolon(cut: Sequence[Sequence[Line]]) -> Mistake:
    first = max(cut, key=len)
    words = [part.text.strip() for part in first]
    return Mistake(
        "ambiguous",
        f"The semicolon can end a row, giving {sum(map(len, cut))} rows like {quote(words[0])}, "
        f"or separate columns, giving {len(cut)} rows like {quote(' '.join(words).replace(',', '.'))}",
        "Separate cells with spaces, write decimals with a point, and put every row on its own line.",
        first[0].end,
        first[0].end + 1,
    )


def _split_commas(lines: Sequence[Line]) -> tuple[list[Row], list[Notice]]:
    """Rows with commas: strictly one between two cells, or commas and blanks mixed as in MATLAB."""
    notices = []
    if all(line.text.rstrip().endswith(",") and line.text.strip() != "," for line in lines):
        lines = [Line(line.start, line.text.rstrip()[:-1], line.label) for line in lines]
        notices.append(Notice("trailing-comma", "The comma at the end of every row was left out."))
    rows = [_split_cells(line, ",") for line in lines]
    if not _are_strict(rows):
        _refuse_number_behind_label(rows)
        refuse_glued_commas(lines)
        for number, row in enumerate(rows, 1):
            refuse_spaced_thousands(row, number)
        rows = [_split_mixed(line, number) for number, line in enumerate(lines, 1)]
    refuse_doubtful_thousands([(row.start, row.text, len(row.cells)) for row in rows])
    return rows, notices


def ends_in_number(cell: str) -> bool:
    """Whether a cell is several words, the last of them a number."""
    words = cell.split()
    return len(words) > 1 and is_numeral(words[-1]) and not QUOTED.fullmatch(cell.strip())


def _split_mixed(line: Line, number: int) -> Row:
    trailing = line.text.rstrip()
    if trailing.endswith(","):
        end = line.start + len(trailing)
        raise Mistake("missing-cell", f"A number is missing after the last comma of row {number}", MISSING, end - 1, end, row=number)
    row = _split_quoted(line, "") if _has_quotes(line.text) else split_loosely(line.text, line.start, number)
    return row


def _split_blanks(line: Line) -> Row:
    return _split_quoted(line, "") if _has_quotes(line.text) else Row(line.start, line.text, "", line.text.split())


# ---------------------------------------------------------------------------------------------------------- quotes


def _has_quotes(text: str) -> bool:
    return '"' in text or "'" in text


def _split_cells(line: Line, separator: str) -> Row:
    if _KNOWN_LABELS.fullmatch(line.text):  # twice as fast
        return split_strictly(line.text, line.start, separator)
    if _has_quotes(line.text) or (separator == "|" and ("\\|" in line.text or "<|" in line.text)):
        return _split_quoted(line, separator)
    return split_strictly(line.text, line.start, separator)


def _split_quoted(line: Line, separator: str) -> Row:
    """Grammar: cell := quoted | text; a quote is closed only before a separator, so that don't and ' remain words."""
    text, cells, starts = line.text, [], []
    if separator and _ALL_QUOTED[separator].fullmatch(text):  # as programs write it: ten times as fast
        cells = [f'"{inside}"' for inside in text[1:-1].split(f'"{separator}"')]
        return Row(line.start, text, separator, cells, list(accumulate((len(cell) + 1 for cell in cells[:-1]), initial=0)))
    position = _skip_blanks(text, 0, separator)
    while separator or position < len(text):
        end = _end_of_quoted(text, position, separator)
        if end is None:
            end = _end_of_plain(text, position, separator)
        cells.append(text[position:end])
        starts.append(position)
        position = _skip_blanks(text, end, separator)
        if not separator and text.count(",", end, position) > 1:
            raise Mistake("missing-cell", "A number is missing between two commas", MISSING, line.start + end, line.start + position)
        if separator:
            if position >= len(text):
                break
            position = _skip_blanks(text, position + 1, separator)
    return Row(line.start, text, separator, cells, starts)


def _skip_blanks(text: str, position: int, separator: str) -> int:
    blanks = _BLANKS[separator].match(text, position)
    return blanks.end() if blanks else position


_ALL_QUOTED = {separator: re.compile(rf'"[^"]*"(?:{re.escape(separator)}"[^"]*")*') for separator in ",;|&\t"}
_BLANKS = {separator: re.compile(r"[ \t]*") for separator in ",;|&"} | {"\t": re.compile("[ ]*"), "": re.compile(r"[\s,]*")}
_END_OF_CELL = {separator: re.compile(re.escape(separator)) for separator in ",;&\t"} | {
    "": re.compile(r"[\s,]"),
    "|": re.compile(r"(?<!\\)\||<\|[^|\s]{1,80}\|>"),  # not \| and not inside <|endoftext|>
}


def _end_of_plain(text: str, position: int, separator: str) -> int:
    for match in _END_OF_CELL[separator].finditer(text, position):
        if not match[0].startswith("<"):
            return match.start()
    return len(text)


def _end_of_quoted(text: str, position: int, separator: str) -> int | None:
    match = QUOTED.match(text, position) if text[position : position + 1] in ('"', "'") else None
    if not match:
        return None
    end = match.end()
    after = _skip_blanks(text, end, separator or ",")
    closes = after == len(text) or text[after] == (separator or ",") or (not separator and after > end)
    return end if closes else None
