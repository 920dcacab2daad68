"""What people copy along with a matrix: fences, prompts, an echo or a title above it, a print or its size below it.

Each is a line of a known form. It is set aside with a notice, and a size that it names is held against the matrix; anything else beside a
matrix stays and is judged there.
"""

import re
from collections.abc import Sequence

from attn_magic.matrix.body import Body, Promise
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.rows import Reading
from attn_magic.matrix.words import find_loose_number
from attn_magic.notation import count
from attn_magic.notices import Notice

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)(?P<behind>[^\n]*)$", re.MULTILINE)
_LANGUAGE = re.compile(r"[ \t]*(?:[A-Za-z{.][\w+#.{}=-]*[ \t]*)?")
_BLANKS = re.compile(r"[ \t]*")
_PROMPT = re.compile(
    r"[ \t]*(?P<sign>>>>(?=[ \n])|In \[[0-9]*\]:(?=[ \n])|Out\[[0-9]*\]:(?=[ \n])|julia>(?=[ ])|octave:[0-9]+>(?=[ ])|>>[ ](?=[A-Za-z\[(]))[ ]?"
)
_CONTINUATION = re.compile(r"^[ \t]*\.\.\.:?[ ]", re.MULTILINE)
_R_PROMPT = re.compile(r"[ \t]*[>$][ ](?=[A-Za-z])")
_QUOTED_LINE = re.compile(r"[ \t]*>(?:[ ]|(?=\n)|\Z)")

MAX_LINES = 20  # that are set aside above a matrix, or below it
MAX_LETTERS = 300  # of such a line

_SOLID = re.compile(r"\s*")
_LINE = re.compile(r"[^\n]*")
_TITLE = re.compile(r"(?:[*_#]+[ ]?)?[^\W\d_][^\d\n|\[\](){}<>=;\"]*:[*_]*|Table:[^\d\n|]*")
_LABELLED = re.compile(r"^[ \t]*[^\s:\[({]+[ \t]*:[ \t]+\S", re.MULTILINE)
_IMPORT = re.compile(r"(?:import [A-Za-z_][\w.]*(?: as \w+)?|from [A-Za-z_][\w.]* import [\w,]+(?: [\w,]+)*)[ ]?;?")
_SHOWN = re.compile(r"(?:print|display|disp)\([ ]?[^\W\d][\w.]*[ ]?\)[ ]?;?|[^\W\d]\w*(?:\.(?:head|shape|numpy|tolist|to_string)(?:\(\))?)")
_EXCERPT = re.compile(r"\*An excerpt\.[^\n]*\*")  # below a table that was copied here
_BULLET = re.compile(r"[ \t]*(?P<mark>[-*+•‣·◦▪–—])[ \t]+(?=[^\W\d]|[\"'`*]|[\[<][A-Za-z/|])")  # before a bracket a - is a sign
_ANY_BULLET = re.compile(r"^[ \t]*[-*+•‣·◦▪–—][ \t]", re.MULTILINE)
_COMMENTS_ABOVE = re.compile(r"(?:\s*#[ ][^\n]*\n)*\s*")
_TRIPLE_QUOTES = re.compile(r"\s*(?P<before>\"{3}|'{3})[ \t]*\n[^\"'\\]*\n[ \t]*(?P<after>\"{3}|'{3})\s*")
_TITLE_OF_PRINT = re.compile(r"\s*(?P<title>[^\W\d][^\d\n|\[\](){}<>=;\"]{0,80}:)[ \t]+(?=(?:torch\.)?tensor\(\[\[|(?:np\.)?array\(\[\[|\[\[)")
_SEPARATOR = re.compile(r"sep=[,;|\t]?")
_SIZE = re.compile(
    r"(?:(?:[^\W\d][\w.]*\.)?shape[ ]?[:=][ ]?|torch\.Size\(|(?=\([0-9]))[\[(](?P<rows>[0-9]{1,9}),[ ]?(?P<columns>[0-9]{1,9})[\])]\)?"
    r"|(?P<high>[0-9]{1,9})[×x](?P<wide>[0-9]{1,9}) (?:single|double|u?int[0-9]+|table|array)?(?: matrix)?"
    r"|\(?(?P<counted>[0-9]{1,9}) rows?(?:\)| in set[^\n]*)"
)
_STATES_A_SIZE = re.compile(r"\([0-9]")


def set_surroundings_aside(body: Body) -> tuple[Body, list[Notice]]:
    """The body without what stands above and below the matrix, and a notice of what it was."""
    body = _without_quote_marks(body)
    body = body.without(_fences(body.plain), "beside")
    echoes = _above(body) or _on_the_line(body)
    body = body.without([span for span, _ in echoes], "beside")
    body = body.without(_prompts(body.plain), "beside")
    below = _below(body)
    body = body.without([span for span, _ in below], "beside")
    body = body.without(_bullets(body.plain), "markup")
    told = [(span, promise) for span, promise in echoes + below if body.typed[slice(*span)].strip()]
    body = body.promising([promise for _, promise in told if promise])
    if not told:
        return body, []
    seen = body.typed[slice(*told[0][0])].strip()
    return body, [Notice("beside", f"{quote(seen)} stands beside the matrix and was left out.")]


def keep_promises(reading: Reading) -> None:
    """Refuses a matrix that has another size than the text beside it says."""
    rows, columns = len(reading.values), len(reading.values[0])
    for promise in reading.body.promises:
        widths = (None, columns, columns + (promise.counts_labels and reading.labels is not None))
        if promise.rows == rows and promise.columns in widths:
            continue
        seen = reading.body.typed[promise.start : promise.end].strip()
        size = count(promise.rows, "row") + (f" and {count(promise.columns, 'column')}" if promise.columns is not None else "")
        raise Mistake(
            "ragged",
            f"{quote(seen)} promises {size}, but there are {rows:,} and {columns:,}",
            "Copy the whole print.",
            promise.start,
            promise.end,
        )


_Found = tuple[tuple[int, int], Promise | None]


def _above(body: Body) -> list[_Found]:
    """Grammar: above := (import | echo | title | size | "sep=;" | comment)*, each on a line of its own, with numbers somewhere below."""
    plain = body.plain
    found: list[_Found] = []
    position = 0
    for _ in range(MAX_LINES):
        position = _SOLID.match(plain, position).end()  # type: ignore[union-attr]  # it always matches
        start = plain.rfind("\n", 0, position) + 1
        line: re.Match[str] = _LINE.match(plain, start)  # type: ignore[assignment]  # as does this
        size = _SIZE.fullmatch(line[0].strip())
        if not line[0].strip() or len(line[0]) > MAX_LETTERS or not _has_digit(plain, line.end()):
            break
        if _is_beside(plain, line):
            found.append((line.span(), None))
        elif size and not _STATES_A_SIZE.match(line[0].strip()):
            found.append((line.span(), _promise(size, *line.span())))
        elif not line[0].lstrip().startswith("# "):
            break
        position = line.end()
    return found


def _is_beside(plain: str, line: re.Match[str]) -> bool:
    """Whether a line above numbers is code that made them, an echo, or their title."""
    known = (_IMPORT, _SHOWN, _SEPARATOR)
    return any(pattern.fullmatch(line[0].strip()) for pattern in known) or _is_echo(plain, line) or _is_title(plain, line)


def _on_the_line(body: Body) -> list[_Found]:
    """What print("Query:", query) writes before its tensor."""
    title = _TITLE_OF_PRINT.match(body.plain)
    return [(title.span("title"), None)] if title else []


def _below(body: Body) -> list[_Found]:
    """Grammar: below := (print | size | "." | prompt)*, each on a line of its own but the full stop."""
    plain = body.plain
    found: list[_Found] = []
    end = len(plain.rstrip())
    while len(found) < MAX_LINES:
        start = plain.rfind("\n", 0, end) + 1
        line, before = plain[start:end].strip(), plain[max(0, start - 100) : start]
        if start and (_SHOWN.fullmatch(line) or _EXCERPT.fullmatch(line) or _is_name_again(plain, line) or _is_empty_prompt(line)):
            found.append(((start, end), None))
        elif start and (size := _SIZE.fullmatch(line)) and (not _STATES_A_SIZE.match(line) or size["counted"] or _ends_a_matrix(before)):
            found.append(((start, end), _promise(size, start, end)))
        elif _ends_a_matrix(plain[max(0, end - 100) : end].removesuffix(".")) and line.endswith("."):
            found.append(((end - 1, end), None))
            start = end - 1
        else:
            return found
        end = len(plain[:start].rstrip())
    return found


def _ends_a_matrix(text: str) -> bool:
    """Whether two brackets close at its end, those of a row and of all rows or of a call."""
    brackets = text.rstrip(" \t\n;")
    return brackets[-1:] in ("]", ")") and brackets[:-1].rstrip()[-1:] == "]"


def _promise(size: re.Match[str], start: int, end: int) -> Promise:
    rows = size["rows"] or size["high"] or size["counted"]
    columns = size["columns"] or size["wide"]
    return Promise(start, end, int(rows), int(columns) if columns else None, counts_labels="shape" in size[0])


def _is_echo(plain: str, line: re.Match[str]) -> bool:
    """A prompt with a command that holds no number, above what it printed."""
    prompt = _PROMPT.match(line[0]) or _R_PROMPT.match(line[0])
    if prompt is None or line[0].lstrip().startswith("Out["):
        return False
    command = line[0][prompt.end() :]
    following = plain[line.end() :].lstrip("\n")
    if _CONTINUATION.match(following) or any(command.count(one) != command.count(other) for one, other in ("()", "[]", "{}")):
        return False
    return bool(command.strip()) and not find_loose_number(command)


def _is_title(plain: str, line: re.Match[str]) -> bool:
    """Words and a colon, above rows of which none has a label with a colon itself."""
    if not _TITLE.fullmatch(line[0].strip()) or line[0].strip() == "Parameter containing:":
        return False
    rest = plain[line.end() :].strip()
    return ("\n" in rest or rest[:1] in "[({" or "[[" in rest) and not _LABELLED.search(rest)


def _is_name_again(plain: str, line: str) -> bool:
    """X alone, below X = …."""
    name = line.strip()
    return name.isidentifier() and re.match(rf"\s*{name}[ ]?=[^=]", plain) is not None


def _is_empty_prompt(line: str) -> bool:
    prompt = _PROMPT.match(line + " ")
    return prompt is not None and prompt.end() >= len(line)


def _has_digit(plain: str, start: int) -> bool:
    return re.compile("[0-9]").search(plain, start) is not None


def _bullets(plain: str) -> list[tuple[int, int]]:
    """The marks of a list in front of every line: "- I: [1, 2]"."""
    if not _ANY_BULLET.search(plain):
        return []
    spans, position, marks = [], 0, set()
    for line in plain.split("\n"):
        bullet = _BULLET.match(line)
        if bullet:
            spans.append((position + bullet.start("mark"), position + bullet.end("mark")))
            marks.add(bullet["mark"])
        elif line.strip() and not line.lstrip().startswith(("#", "%")):
            return []
        position += len(line) + 1
    return spans if len(marks) == 1 else []


def _without_quote_marks(body: Body) -> Body:
    """In mails and chats, every line of a quotation begins with ">"."""
    plain = body.plain
    if not plain.lstrip().startswith("> ") or plain.strip().count("\n") == 0:
        return body
    spans, position = [], 0
    for line in plain.split("\n"):
        mark = _QUOTED_LINE.match(line)
        if line.strip() and not mark:
            return body
        if mark:
            spans.append((position + mark.start(), position + mark.end()))
        position += len(line) + 1
    return body.without(spans, "beside")


def _refuse_text_behind(fence: re.Match[str], allowed: re.Pattern[str]) -> None:
    """Grammar: fence := ("```" | "~~~") language?; numbers behind it would be lost with it."""
    if not allowed.fullmatch(fence["behind"]):
        raise Mistake(
            "ambiguous",
            "This line can be a fence around the matrix, or the matrix itself",
            "Put ``` on a line of its own; behind the first may stand the name of a language.",
            *fence.span(),
        )


def _fences(plain: str) -> list[tuple[int, int]]:
    """Grammar: fenced := fence lines fence?, perhaps below a title; or three quotes above and below."""
    quoted = _TRIPLE_QUOTES.fullmatch(plain) if plain.lstrip().startswith(('"""', "'''")) else None
    if quoted and quoted["before"] == quoted["after"]:
        return [quoted.span("before"), quoted.span("after")]
    head = plain.lstrip()
    if not head.startswith(("```", "~~~")) and not ("\n```" in head[:400] and _TITLE.fullmatch(head.partition("\n")[0].strip())):
        return []
    fences = list(_FENCE.finditer(plain))
    if not fences:
        return []
    behind = plain[fences[-1].end() :]
    closed = not any(map(str.isdigit, behind)) and len(behind) < 1000  # a chat goes on: "Let me know …"
    _refuse_text_behind(fences[0], _LANGUAGE)
    if closed and len(fences) > 1:
        _refuse_text_behind(fences[-1], _BLANKS)
    return [fences[0].span(), (fences[-1].start(), len(plain))] if closed else [fences[0].span()]


def _prompts(plain: str) -> Sequence[tuple[int, int]]:
    above = _COMMENTS_ABOVE.match(plain)
    start = above.end() if above else 0
    prompt = _PROMPT.match(plain, start)
    if prompt is None:
        return []
    spans = [(start, prompt.end())]
    if plain[start] in ">I":
        spans += [match.span() for match in _CONTINUATION.finditer(plain, prompt.end())]
    return spans
