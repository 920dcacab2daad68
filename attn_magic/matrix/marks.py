"""Commas, points, blanks and brackets that may belong to a number: where they have two readings, both are shown."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import explain_comma, is_numeral
from attn_magic.matrix.rows import Comma, Line, Row
from attn_magic.notices import Notice

_GLUED_COMMA = re.compile(r"(?<![^\s;:])[-+]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![^\s;])")
GLUED_COMMAS = re.compile(r"(?<![^\s;:])[-+]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![^\s;])")
_NUMBER_GAP = re.compile(r"[0-9.][ \t]+[-+.]*[0-9]")
_THOUSANDS = re.compile(r"(?<![0-9.,])[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_SPACED_THOUSANDS = re.compile(r"(?<![0-9.])[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9.])")
_GAP = re.compile(r"[^\s,][ \t]+[^\s,]")
_ZERO_GROUP = re.compile(r"(?<![0-9.])[-+]?[1-9][0-9]{0,2}(?:,0[0-9]{2}(?:,[0-9]{3})*| 0[0-9]{2}(?: [0-9]{3})*)(?![0-9])(?:\.[0-9]+)?")
_WHOLE_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_WIDE_COMMA = re.compile(r",[ \t]|[ \t],")
_TIGHT_COMMA = re.compile(r"(?<![0-9.,])[-+]?[0-9]+,[0-9]+(?![0-9.,]|[ \t]*[eE])")
_POINT = re.compile(r"[0-9]\.[0-9]")
_ACCOUNTED = re.compile(r"(?:(?<=[\s,;|&])|^)\([ ]?[-+]?[$€£]?[0-9][0-9.,]*[ ]?\)")
_LIKE_A_NUMBER = re.compile(r"[ \t]*[\"']?[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?[\"']?[ \t]*")
_DECIMAL_COMMA = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+(?:[eE][-+]?[0-9]+)?")
_THOUSANDS_AND_POINT = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_BLANK_BETWEEN_DIGITS = re.compile(r"[0-9][.,]?[ \t]+[.,]?[0-9]")
_THOUSANDS_BEFORE_POINT = re.compile(r"(?<![0-9.,])[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+|(?<=[^\W\d],)[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+")
_QUOTED = re.compile(r"\"[^\"]*\"")
_CELLS = re.compile(r"[,;|\t&]")


def refuse_spaced_thousands(row: Row, number: int) -> None:
    """Refuses "1 000, 2": among commas, a blank can group the digits of thousands."""
    for index, cell in enumerate(row.cells):
        match = _SPACED_THOUSANDS.search(cell)
        if match:
            raise _spaced_thousands(match[0], row.span(index), number)


def refuse_glued_commas(lines: Sequence[Line]) -> None:
    """Refuses "1,5 2,5": beside cells separated by blanks, a comma between digits can be a decimal comma or a thousands mark."""
    if any(_NUMBER_GAP.search(line.text) for line in lines):
        patterns = [GLUED_COMMAS]
    elif any(_GAP.search(line.text) for line in lines):
        patterns = [_GLUED_COMMA, _THOUSANDS]
    else:
        return
    mixed_first = sorted(enumerate(lines, 1), key=lambda numbered: not _GAP.search(numbered[1].text))
    for number, line in mixed_first:
        for pattern in patterns:
            match = pattern.search(line.text)
            if match:
                raise decimal_comma(match[0], line.start + match.start(), number)


def decimal_comma(seen: str, start: int, row: int | None) -> Mistake:
    """The mistake of a comma that can be a decimal comma, a thousands mark, or the separator of two cells."""
    return Mistake("decimal-comma", *explain_comma(seen), start, start + len(seen), row=row)


def refuse_doubtful_thousands(rows: Sequence[tuple[int, str, int]]) -> None:
    """Refuses "1,000, 2": among commas with a blank, commas without one can group the digits of thousands."""
    groups = [list(_THOUSANDS.finditer(text)) for _, text, _ in rows]
    if not any(groups) or not any(", " in text for _, text, _ in rows):
        return
    widths = {width - sum(match[0].count(",") for match in found) for (_, _, width), found in zip(rows, groups, strict=True)}
    if len(widths) == 1:
        number = next(index for index, found in enumerate(groups) if found)
        match = groups[number][0]
        raise decimal_comma(match[0], rows[number][0] + match.start(), number + 1)


def read_commas(rows: Sequence[Row]) -> tuple[Comma, list[Notice]]:
    """What the commas inside cells mean, where all cells agree: "1,16" in every row, or "1,234.50"; these cells are then written with points.

    A comma that can mean both is left for `numerals` to refuse.
    """
    places = [(row, index) for row in rows for index, cell in enumerate(row.cells) if "," in cell and _LIKE_A_NUMBER.fullmatch(cell)]
    if not places or all(len(row.cells) == 1 for row in rows):  # a whole line in quotes has other readings
        return "", []
    numbers = [row.cells[index].strip(" \t\"'") for row, index in places]
    groups = list(map(_THOUSANDS_AND_POINT.fullmatch, numbers))
    if all(map(_DECIMAL_COMMA.fullmatch, numbers)) and not all(groups) and not any(_has_point(row) for row in rows):
        meaning: Comma = "decimal"
    elif all(groups) and any("." in number for number in numbers):
        meaning = "thousands"
    else:
        return "", []
    for row, index in places:
        cell = row.cells[index]  # as long as before: where the next cell begins is counted from here
        row.cells[index] = cell.replace(".", "_").replace(",", ".") if meaning == "decimal" else cell.replace(",", "_")
    said = "a decimal comma" if meaning == "decimal" else "a thousands mark"
    notice = Notice("decimal-comma", f"The comma in {quote(numbers[0])} was read as {said}, as in all other numbers.")
    if rows[0].separator == ",":
        meaning = "quoted decimal" if meaning == "decimal" else "quoted thousands"
    return meaning, [notice]


def _has_point(row: Row) -> bool:
    return any("." in cell and "," not in cell and is_numeral(cell.strip(" \t\"'")) for cell in row.cells)


def refuse_doubtful_marks(lines: Sequence[Line]) -> None:
    """Refuses lines in which a comma, a point, a blank or brackets between cells can belong to a number; what is in quotes is one cell."""
    lines = [replace(line, text=_QUOTED.sub(_hide, line.text)) if '"' in line.text else line for line in lines]
    has_points = any(_POINT.search(line.text) for line in lines)
    for number, line in enumerate(lines, 1):
        refuse_zero_groups(line.text, line.start, number)
        refuse_accounted(line, number)
        if not has_points:
            _refuse_two_commas(line, number)
    texts = [line.text.strip() for line in lines]
    if all(map(_WHOLE_THOUSANDS.fullmatch, texts)):
        raise decimal_comma(texts[0], lines[0].start + lines[0].text.index(texts[0]), 1)
    grouped = [_THOUSANDS_BEFORE_POINT.search(text) for text in texts]
    if all(grouped) and grouped[0]:
        raise decimal_comma(grouped[0][0], lines[0].start + lines[0].text.index(grouped[0][0]), 1)
    _refuse_spaced_cells(lines)
    refuse_cut_decimals(lines)
    _refuse_groups(lines)


def _hide(quoted: re.Match[str]) -> str:
    return "x" * len(quoted[0])


def refuse_zero_groups(text: str, start: int, number: int | None) -> None:
    """Refuses "1,000" and "1 000": nobody writes a number 000."""
    match = _ZERO_GROUP.search(text) if ",0" in text or " 0" in text else None
    if match and "," in match[0]:
        raise decimal_comma(match[0], start + match.start(), number)
    if match:
        raise _spaced_thousands(match[0], (start + match.start(), start + match.end()), number)


def refuse_accounted(line: Line, number: int) -> None:
    """Refuses "(2.5)" as a cell of a table."""
    match = _ACCOUNTED.search(line.text) if "(" in line.text else None
    if match:
        inside = match[0].strip("() ")
        raise Mistake(
            "ambiguous",
            f"{quote(match[0])} can be {inside}, or -{inside} as accountants write it",
            f"Type {inside} or -{inside}, without brackets.",
            line.start + match.start(),
            line.start + match.end(),
            row=number,
        )


def _refuse_two_commas(line: Line, number: int) -> None:
    """Refuses "1,5, 2,5": where commas with a blank separate cells, one without can separate decimals."""
    tight = _TIGHT_COMMA.search(line.text) if _WIDE_COMMA.search(line.text.strip()) else None
    if tight:
        raise decimal_comma(tight[0], line.start + tight.start(), number)


def _refuse_spaced_cells(lines: Sequence[Line]) -> None:
    """Refuses "1 234⇥5 678": among tabs, a blank can group the digits of thousands."""
    for number, line in enumerate(lines, 1):
        cells = line.text.strip().split("\t")
        wide = [cell.strip() for cell in cells if " " in cell.strip()]
        if len(cells) > 1 and wide and all(map(_SPACED_THOUSANDS.fullmatch, wide)):
            start = line.start + line.text.index(wide[0])
            raise _spaced_thousands(wide[0], (start, start + len(wide[0])), number)


def refuse_cut_decimals(lines: Sequence[Line]) -> None:
    """Refuses "0. 25, 0.75", "0. 25 0.75" in every row, and "1, 5 2, 5", where every second comma has a blank."""
    columns: set[int] | None = None
    for line in lines:
        if not _BLANK_BETWEEN_DIGITS.search(line.text):
            columns = set()
            continue
        cells = [cell.split() for cell in _CELLS.split(line.text) if cell.strip()]
        if len(cells) == 1:
            cut = _cut_pairs(cells[0], True)
        elif _cut_cells(cells):
            raise _cut_decimal(line)
        else:
            widths = [len(cell) for cell in cells]
            spaced = len(widths) > 2 and line.text.count(",") == len(widths) - 1 and not _TIGHT_COMMA.search(line.text)
            cut = {-1} if spaced and widths == [1, *[2] * (len(widths) - 2), 1] else set()
        columns = cut if columns is None else columns & cut
    if columns:
        raise _cut_decimal(lines[0])


def _cut_decimal(line: Line) -> Mistake:
    return Mistake(
        "ambiguous",
        f"{quote(line.text.strip())} can hold decimals that are cut by a blank, or two numbers for each",
        "Type a decimal without a blank, as in 0.25, and put the same separator between any two numbers.",
        *_extent(line),
    )


def _cut_cells(cells: Sequence[Sequence[str]]) -> set[int]:
    """Which cells are two pieces of a decimal; a label may stand before the pieces in the first."""
    return {place for place, words in enumerate(cells) if len(words) in (2, 2 + (place == 0)) and _cut_pairs(words[-2:], False)}


def _cut_pairs(words: Sequence[str], is_row: bool) -> set[int]:
    """Where two words can be one decimal: "0." and "25"; as one cell of several also "0" and ".25"."""
    pairs = list(enumerate(pairwise(words)))
    cut = {place for place, (one, other) in pairs if one.endswith(".") and is_numeral(one) and other.isdecimal()}
    if not is_row:
        cut |= {place for place, (one, other) in pairs if one.lstrip("+-").isdecimal() and other[:1] == "." and is_numeral(other)}
    return cut


def _refuse_groups(lines: Sequence[Line]) -> None:
    """Refuses "1 0, 2 0": groups of as many numbers each can be rows, or cells with a blank inside."""
    widths: set[int] = set()
    for line in lines:
        widths |= {len(cell.split()) for cell in line.text.strip(" \t,").split(",")} if "," in line.text and _NUMBER_GAP.search(line.text) else {0}
        if len(widths) > 1 or widths <= {0, 1}:
            return
    if all(map(_holds_numbers_alone, lines)):
        text = lines[0].text.strip()
        groups = " and ".join(group.strip() for group in text.split(",")[:2])
        raise Mistake(
            "ambiguous",
            f"{quote(text)} can be one row, or the rows {groups}",
            "Put the same separator between any two numbers, and every row on a line of its own.",
            *_extent(lines[0]),
            row=1,
        )


def _holds_numbers_alone(line: Line) -> bool:
    return all(map(is_numeral, line.text.replace(",", " ").split()))


def _extent(line: Line) -> tuple[int, int]:
    start = line.start + len(line.text) - len(line.text.lstrip())
    return start, start + len(line.text.strip())


def _spaced_thousands(seen: str, span: tuple[int, int], number: int | None) -> Mistake:
    together = seen.replace(" ", "")
    return Mistake(
        "ambiguous",
        f"{quote(seen)} can be one number, {together}, or several, {seen.replace(' ', ' and ')}",
        f"Type {together} for one number, or a comma between any two cells.",
        *span,
        row=number,
    )
