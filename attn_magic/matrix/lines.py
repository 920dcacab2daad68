"""From text to the lines that hold rows: without comments, rules, and what programs print around a matrix."""

import re
from collections.abc import Sequence
from dataclasses import replace

from attn_magic.limits import MAX_TOKENS
from attn_magic.matrix.body import Body, Promise
from attn_magic.matrix.comments import Comment, find_comment, refuse_doubtful_sign
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.rows import Line, check_size
from attn_magic.matrix.words import are_consecutive, is_suspicious
from attn_magic.notices import Notice

_RULE_CELL = re.compile(r"[ \t]*:?[-=](?:[-= \t]*[-=])?:?[ \t]*")
_DRAWN_RULE = re.compile(r"-{3,}(?:[ ]+-{2,})+|={3,}(?:[ ]+={2,})+")  # above and below a table, and between its names and rows
_RULE = re.compile(r"[-+=|: \t]*")
_SERIES_FOOTER = re.compile(r"^[ \t]*(?:Name: [^,\n]*, )?(?:Length: (?P<length>[0-9]{1,9}), )?dtype: [A-Za-z]\w*[ \t]*$", re.MULTILINE)
_SIZE_FOOTER = re.compile(r"^[ \t]*\[(?P<rows>[0-9]{1,9}) rows x (?P<columns>[0-9]{1,9}) columns\][ \t]*$", re.MULTILINE)
_POLARS_KINDS = re.compile(r"^[ \t]*\|(?:[ ]*---[ ]*\|)+[ \t]*\n[ \t]*\|(?:[ ]*(?:str|cat|bool|[iuf](?:8|16|32|64))[ ]*\|)+[ \t]*$", re.MULTILINE)
_JULIA_HEADER = re.compile(r"[ \t]*(?P<rows>[0-9]+)(?:[×x](?P<columns>[0-9]+)|-element) [A-Za-z]\w*(?:\{[^\n]*\})?(?: with eltype \w+)?:[ \t]*(?=\n)")
_R_HEADER = re.compile(r"[ \t]*(?:\[,[0-9]+\][ \t]*)+(?=\n)")
_R_ROW = re.compile(r"^[ \t]*\[[0-9]+,\]", re.MULTILINE)
_SPAN_NAMED = re.compile(r"^[ \t]*(?P<span>Columns [0-9]+ (?:through|to|and) [0-9]+:?)[ \t]*$", re.MULTILINE)
_COMMENTS_ABOVE = re.compile(r"(?:\s*#[ ][^\n]*\n)*\s*")
_QUOTED_LINES = re.compile(r"(?:^|[,;|\t\n])[ ]?(?P<quoted>\"(?:[^\"]|\"\")*\")(?=[ ]?[,;|\t\n]|\Z)")
_CELL = re.compile(r"[,;|\t][ ]?[-+.]?[0-9]")
_ROW_LIKE = re.compile(r"^[ \t]*[^\s#%]", re.MULTILINE)
_COMMENT_LINES = re.compile(r"(?:^[ \t]*(?:#+(?=[ \n]|\Z)|%(?![,;|\t:]))[^\n]*(?:\n|\Z))+", re.MULTILINE)
_COLON_LABEL = re.compile(r"(?P<label>\"(?:[^\"]|\"\")*\"|'[^']*'|[^:]+):[ \t]+(?=[-+.\[(0-9])")
_PART = re.compile(r"[ \t]*[^\s:;|,][^:;|]*:[ \t]+[-+.\[(0-9]")
_LINE_NUMBER = re.compile(r"(?P<number>(?<![ ])0{2}[0-9]{2,})[ \t]|[ ]+(?P<padded>[0-9]+)\t")
_MARKED_CELL = re.compile(
    r"(?<=\|)[ \t]*(?P<before>(?P<bold>\*\*|__)|`|\$)(?(bold)[^*_|\n]+|[-+]?[.]?[0-9][^`$|\n]*)(?P<after>\*\*|__|`|\$)(?=[ \t]*\|)"
)
_GLUED_LABEL = re.compile(r"(?P<label>[^\s:=>]+?)[ \t]*(?P<mark>:|=|->)[ \t]*(?=[-+]?\.?[0-9])")  # I:1.16, I=1.16, I->1.16
_EQUALS_LABEL = re.compile(r"(?P<label>[^\s=]+[ \t]?)=[ \t]+(?=[-+.0-9])")
_BRACKET_ROW = re.compile(
    r"(?P<label>\"(?:[^\"]|\"\")*\"|'[^']*'|\[[^\[\](),;\s]*\]|[^\s\[\](),;:=]+)?"
    r"(?P<between>[ \t]*(?:(?::|=|->|→|=>)[ \t]*)?)[\[(](?P<cells>[^\[\]()]*)[\])][ \t,;]*"
)


def join_quoted(body: Body) -> Body:
    """A label in quotes may have line breaks inside; rows of numbers between two quotes stay rows."""
    plain = body.plain
    if '"' not in plain or "\n" not in plain or all(line.count('"') % 2 == 0 for line in plain.split("\n")):
        return body
    return replace(body, plain=_QUOTED_LINES.sub(_join_lines, plain))


def _join_lines(match: re.Match[str]) -> str:
    before = match[0].removesuffix(match["quoted"])
    return match[0] if _CELL.search(match["quoted"]) else before + match["quoted"].replace("\n", " ")


def blank_prints(body: Body) -> Body:
    """Blanks out what Julia, R, Octave, pandas and polars print around a matrix; the sizes they name must be its own."""
    plain = body.plain
    promises: list[Promise] = []
    above = _COMMENTS_ABOVE.match(plain)
    start = plain.rfind("\n", 0, above.end() if above else 0) + 1
    spans = [match.span() for pattern in (_SERIES_FOOTER, _SIZE_FOOTER, _POLARS_KINDS) for match in pattern.finditer(plain)]
    promises += [Promise(*match.span(), int(match["length"]), None) for match in _SERIES_FOOTER.finditer(plain) if match["length"]]
    promises += [Promise(*match.span(), int(match["rows"]), int(match["columns"])) for match in _SIZE_FOOTER.finditer(plain)]
    julia, r_header = _JULIA_HEADER.match(plain, start), _R_HEADER.match(plain, start)
    if julia:
        promises.append(Promise(*julia.span(), int(julia["rows"][:9]), int((julia["columns"] or "1")[:9])))
        spans.append(julia.span())
    if (r_header and "[" in r_header[0]) or _has_r_rows(plain):
        spans += [r_header.span()] if r_header and "[" in r_header[0] else []
        spans += [match.span() for match in _R_ROW.finditer(plain)]
    _refuse_wrapped_names(plain)
    wrapped = _SPAN_NAMED.search(plain)
    if wrapped:
        raise Mistake(
            "truncated", "This print is cut into groups of columns", "Print it wider, or paste it as a list of rows.", *wrapped.span("span")
        )
    return body.without(spans, "beside").promising(promises)


def _refuse_wrapped_names(plain: str) -> None:
    """Where a line is too long for its names, pandas ends it with a backslash and prints the other columns below."""
    start = len(plain) - len(plain.lstrip())
    names, _, below = plain[start:].partition("\n")
    end = start + len(names.rstrip())
    if names.rstrip().endswith((" \\", "\t\\")) and names[:1].isalpha() and any(map(str.isdigit, below.partition("\n")[0])):
        raise Mistake("truncated", "This print is cut into groups of columns", "Print it wider, or paste it as a list of rows.", end - 1, end)


def _has_r_rows(plain: str) -> bool:
    """Whether every line but the first, which has names, begins with its number in R's way: [1,]."""
    lines = [line for line in plain.split("\n") if line.strip()] if "[1,]" in plain else []
    return len(lines) > 1 and not _R_ROW.match(lines[0]) and all(map(_R_ROW.match, lines[1:]))


def is_series_print(body: Body) -> bool:
    """Whether pandas printed a Series, whose index stands in front of its values."""
    return "dtype:" in body.typed and _SERIES_FOOTER.search(body.plain) is not None


def find_lines(body: Body) -> tuple[list[Line], list[Comment], Body]:
    """The lines that hold cells, the comments, and the body without them."""
    plain = body.plain
    if plain.count("\n") >= MAX_TOKENS:
        check_size(sum(1 for _ in _ROW_LIKE.finditer(plain)), 1)
    lines: list[Line] = []
    comments: list[Comment] = []
    position = 0
    for block in _COMMENT_LINES.finditer(plain) if "#" in plain or "%" in plain else ():
        _cut_lines(plain, position, block.start(), lines, comments)
        comments.append(Comment(*block.span()))
        position = block.end()
    _cut_lines(plain, position, len(plain), lines, comments)
    return lines, comments, body.without([(comment.start, comment.end) for comment in comments], "comment")


def _cut_lines(plain: str, start: int, end: int, lines: list[Line], comments: list[Comment]) -> None:
    """Adds the lines of this part that hold cells, and the comments behind or between them."""
    position = start
    for text in plain[start:end].split("\n") if start < end else ():
        comment = find_comment(text) if "#" in text or "%" in text else None
        if comment is not None:
            refuse_doubtful_sign(text, comment, position)
            comments.append(Comment(position + comment, position + len(text)))
        cells = text if comment is None else text[:comment]
        if cells.strip():
            lines.append(Line(position, cells))
        position += len(text) + 1


def is_rule(index: int, lines: Sequence[Line]) -> bool:
    """Grammar: rule := a line of - + = | : only, such as +---+ anywhere, or |---|:--:| below the names; elsewhere dashes are empty cells."""
    text = lines[index].text.strip()
    if not _RULE.fullmatch(text) or not ("-" in text or "==" in text):
        return False
    if "+" in text:
        return "--" in text or "==" in text
    if _DRAWN_RULE.fullmatch(text) and sum(line.text.strip() == text for line in lines) > 1:
        return True
    if index == 0:
        return len(lines) > 1 and "|" in text and "---" in text
    if index == 1 and len(lines) > 2 and all(_RULE_CELL.fullmatch(cell) for cell in text.strip("|").split("|")):
        return "|" in text or ("---" in text.replace("=", "-") and not any(map(is_numeral, lines[0].text.split())))
    return False


def find_set_apart(lines: list[Line], body: Body) -> list[Line]:
    """Grammar: line := label ":" cells | label "=" cells | label ":"? "[" cells "]" ","?, if all lines are so."""
    lines = _cut_set_apart(lines)
    for pattern in (_COLON_LABEL, _EQUALS_LABEL, _GLUED_LABEL):
        matches = [pattern.match(line.text, _indent(line.text)) for line in lines]
        if all(matches) and (len(lines) > 1 or pattern is not _EQUALS_LABEL) and _are_alike(matches):
            lines = [_set_apart(line, match) for line, match in zip(lines, matches, strict=True) if match]
            break
    matches = [_BRACKET_ROW.fullmatch(line.text, _indent(line.text)) for line in lines]
    labelled = all(_is_label_of_brackets(line, match, len(lines)) for line, match in zip(lines, matches, strict=True) if match)
    if lines and all(matches) and labelled:
        _refuse_same_names([match for match in matches if match], lines)
        lines = [_set_apart_bracket(line, match) for line, match in zip(lines, matches, strict=True) if match]
    return lines


def _are_alike(matches: Sequence[re.Match[str] | None]) -> bool:
    """Whether all labels are set apart by the same mark; glued to a number, none may look like a number itself, as in 1:2."""
    found = [match for match in matches if match and "mark" in match.groupdict()]
    return len({match["mark"] for match in found}) <= 1 and not any(is_suspicious(match["label"]) for match in found)


def without_marks(body: Body) -> tuple[Body, list[Notice]]:
    """Between pipes, a cell in bold loses its marks, and a number those of a formula or of code."""
    if not body.plain.lstrip().startswith("|"):
        return body, []
    spans = [span for match in _MARKED_CELL.finditer(body.plain) for span in (match.span("before"), match.span("after"))]
    if not spans:
        return body, []
    mark = body.typed[slice(*spans[0])]
    return body.without(spans, "markup"), [Notice("beside", f"The marks around cells, such as {mark}, were left out.")]


def refuse_line_numbers(lines: Sequence[Line]) -> None:
    """Refuses what `cat -n` and `od` write in front of lines: counters before a tab, set right, and places with leading zeros."""
    numbers = [match["number"] or match["padded"] for match in (_LINE_NUMBER.match(line.text) for line in lines) if match]
    counted = len(numbers) == len(lines) > 1 and (are_consecutive(numbers) or all(number.startswith("00") for number in numbers))
    if counted:
        start = lines[0].start + lines[0].text.index(numbers[0])
        raise Mistake(
            "ambiguous",
            f"{quote(numbers[0])}, {quote(numbers[1])} … can be the numbers of the lines, or the first column",
            "Delete them if they count the lines; separate all cells in the same way if they are numbers of the matrix.",
            start,
            start + len(numbers[0]),
        )


def _refuse_same_names(matches: Sequence[re.Match[str]], lines: Sequence[Line]) -> None:
    """Refuses "x = [1, 2]" above "x = [3, 4]", of which a program would keep the last."""
    names = [match["label"] for match in matches if match["between"].strip() == "="]
    if len(set(names)) < len(names):
        place = next(index for index, name in enumerate(names) if name in names[:index])
        raise Mistake(
            "label",
            f"{quote(names[place])} stands before two rows, and a program would keep only one",
            "Type the rows on lines of their own: name, then numbers.",
            lines[place].start,
            lines[place].start + len(lines[place].text.partition("=")[0].rstrip()),
        )


def _cut_set_apart(lines: list[Line]) -> list[Line]:
    """Where every part between semicolons has a label with a colon, each is a row: "I: 1 2; am: 3 4"."""
    if (
        not any(";" in line.text for line in lines)
        or not all(":" in line.text for line in lines)
        or any('"' in line.text or "'" in line.text for line in lines)
    ):
        return lines
    parts: list[Line] = []
    for line in lines:
        position = line.start
        for text in line.text.split(";"):
            if text.strip():
                parts.append(Line(position, text))
            position += len(text) + 1
    return parts if len(parts) > len(lines) and all(_PART.match(part.text) for part in parts) else lines


def _is_label_of_brackets(line: Line, match: re.Match[str], lines: int) -> bool:
    """Whether the word before a bracket is a label, and neither a factor nor a function; behind a colon there is none."""
    label = match["label"]
    if line.label:
        return not label and not match["between"].strip()
    if not label or not match["between"]:
        return False
    is_called = match["between"].strip() == "" and "(" in match[0] and lines < 2
    set_apart = lines > 1 or ":" in match["between"]
    return set_apart and not is_called and ";" not in match["cells"] and not is_suspicious(label) and label[-1] not in "*/+-^@=.\\%"


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _set_apart(line: Line, match: re.Match[str]) -> Line:
    start = line.start + match.start("label")
    return Line(line.start + match.end(), line.text[match.end() :], (start, start + len(match["label"].rstrip())))


def _set_apart_bracket(line: Line, match: re.Match[str]) -> Line:
    start, end = match.span("label")
    label = line.label or (line.start + start, line.start + end)
    return Line(line.start + match.start("cells"), match["cells"].rstrip(" ,"), label)
