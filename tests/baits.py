"""Texts on which a regular expression takes longest, derived from the expression itself, and how time grows with their length."""

import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

try:
    from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
except ImportError:  # Python 3.10
    import sre_parse as parser

Tree = list[tuple[object, object]]

_ASCII = [chr(code) for code in (9, 10, 13, *range(32, 127))]
_FOREIGN = list("é１²…−×│ \u200b\ufeff中\u0301")
_NEVER = "\x00"  # no pattern of a matrix goes on with this


@dataclass(frozen=True)
class Bait:
    """A text as long as one likes: the same beginning and end, and a piece repeated between them."""

    before: str
    piece: str
    after: str = ""

    def text(self, length: int) -> str:
        """About `length` characters."""
        return self.before + self.piece * max(1, length // len(self.piece)) + self.after

    def __str__(self) -> str:
        return " + ".join([*([repr(self.before)] if self.before else []), f"{self.piece!r} * n", *([repr(self.after)] if self.after else [])])


def baits(pattern: "re.Pattern[str]") -> list[Bait]:
    """Runs of every kind of character that the pattern tells apart, alone, in pairs, and behind what leads to each of its repeats."""
    tree = list(parser.parse(pattern.pattern, pattern.flags))
    kinds = list(_kinds(tree, pattern.flags))
    found = [Bait("", one) for one in kinds]
    found += [Bait("", one, _NEVER) for one in kinds]
    found += [Bait("", one + other) for one, other in product(kinds, kinds) if one != other]
    for before, run in dict.fromkeys(_repeats(tree, "", pattern.flags)):
        pieces = dict.fromkeys([run, *(kind for kind in kinds if re.fullmatch(re.escape(run[:1]), kind) is None)])
        found += [Bait(before, piece, after) for piece in pieces if piece for after in ("", _NEVER, "\n")]
        found += [Bait("", before + piece) for piece in pieces if before + piece]
    return list(dict.fromkeys(found))


def _kinds(tree: Tree, flags: int) -> Iterator[str]:
    """One character for each way in which the single characters of the pattern can match or not."""
    singles = [re.compile(_as_class(item), flags & (re.IGNORECASE | re.ASCII)) for item in dict.fromkeys(map(_frozen, _singles(tree)))]
    literals = [chr(item[1]) for item in _singles(tree) if str(item[0]) == "LITERAL"]
    seen = set()
    for character in dict.fromkeys([*"a1 \n-", *literals, *_ASCII, *_FOREIGN]):
        answer = tuple(single.match(character) is not None for single in singles)
        if answer not in seen:
            seen.add(answer)
            yield character


def _frozen(item: tuple[object, object]) -> tuple[object, object]:
    kind, value = item
    return kind, tuple(value) if isinstance(value, list) else value


def _as_class(item: tuple[object, object]) -> str:
    """The pattern text of one single-character item of the tree."""
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "NOT_LITERAL":
        return f"(?!{re.escape(chr(value))})[\\s\\S]"
    if kind == "ANY":
        return "."
    negated = value and str(value[0][0]) == "NEGATE"
    members = "".join(map(_as_member, value[1:] if negated else value))
    return f"[{'^' if negated else ''}{members}]"


_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S"}
_CATEGORIES |= {"CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W"}


def _as_member(member: tuple[object, object]) -> str:
    kind, value = str(member[0]), member[1]
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return _CATEGORIES[str(value)]


def _singles(tree: Iterable[tuple[object, object]]) -> Iterator[tuple[object, object]]:
    """Every item of the tree that stands for one character."""
    for kind, value in tree:
        if str(kind) in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            yield kind, value
        for inner in _children(kind, value):
            yield from _singles(inner)


def _children(kind: object, value: object) -> list[Tree]:
    """The trees inside an item: the alternatives of a branch, the one of everything else."""
    name = str(kind)
    if name.endswith("_REPEAT"):
        return [list(value[2])]
    if name == "SUBPATTERN":
        return [list(value[3])]
    if name == "ATOMIC_GROUP":
        return [list(value)]
    if name == "BRANCH":
        return [list(one) for one in value[1]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [list(value[1])]
    if name == "GROUPREF_EXISTS":
        return [list(one) for one in value[1:] if one is not None]
    return []


def _repeats(tree: Tree, before: str, flags: int) -> Iterator[tuple[str, str]]:
    """What leads to each repeat of the pattern, and what it repeats: each with its fewest and with one more."""
    for kind, value in tree:
        name = str(kind)
        if name.endswith("_REPEAT"):
            for inner in dict.fromkeys(_samples(list(value[2]), flags)):
                yield before, inner
        for inner_tree in _children(kind, value):
            yield from _repeats(inner_tree, before, flags)
        if name not in ("ASSERT", "ASSERT_NOT", "AT"):
            before += next(iter(_samples([(kind, value)], flags)), "")


def _samples(tree: Tree, flags: int) -> list[str]:
    """Short texts that the tree matches: one for each alternative on its first level, and the first ones below."""
    found = [""]
    for kind, value in tree:
        name = str(kind)
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            single = re.compile(_as_class((kind, value)), flags & (re.IGNORECASE | re.ASCII))
            choices = [next((one for one in [*"a1 -", *_ASCII, *_FOREIGN] if single.match(one)), chr(value) if name == "LITERAL" else "")]
        elif name == "BRANCH":
            choices = [next(iter(_samples(list(one), flags)), "") for one in value[1]]
        elif name.endswith("_REPEAT"):
            choices = [one * max(1, int(value[0])) for one in _samples(list(value[2]), flags)]
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            choices = _samples(_children(kind, value)[0], flags)
        else:
            choices = [""]
        found = [one + other for one in found[:3] for other in choices[:3]]
    return found


# Other programs do not make the processor's time longer; where it is told in steps of 16 ms, as on Windows, the clock's time is better.
_clock = time.process_time if time.get_clock_info("process_time").resolution < 1e-4 else time.perf_counter

USES: dict[str, Callable[["re.Pattern[str]", str], object]] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "search": lambda pattern, text: pattern.search(text),
    "finditer": lambda pattern, text: deque(pattern.finditer(text), maxlen=0),  # as do sub, subn, split and findall
}


@dataclass(frozen=True)
class Growth:
    """Times at one length and at a greater one."""

    bait: Bait
    lengths: tuple[int, int]
    times: tuple[float, float]

    @property
    def steepness(self) -> float:
        """The power of the length that the time grows with: 1 is linear, 2 quadratic."""
        return math.log(self.times[1] / self.times[0]) / math.log(self.lengths[1] / self.lengths[0])

    def __str__(self) -> str:
        times = ", ".join(f"{length} characters {1000 * took:.3g} ms" for length, took in zip(self.lengths, self.times, strict=True))
        return f"{self.bait}: {times}"


TOO_STEEP = math.log(9, 4)  # four times the text in more than nine times the time, t(2n)/t(n) > 3: between linear, 4, and quadratic, 16
_ENOUGH = 0.01  # seconds; shorter times are mostly noise
_LONGEST = 2**20  # characters; a pattern that is steep and needs less than _ENOUGH for so many is none
_SMALL = range(8, 33, 4)  # an exponential pattern would not come back from more


def steep_growth(run: Callable[[str], object], bait: Bait, slow: float, longest: int) -> Growth | None:
    """How the time grows if it grows faster than the text, confirmed three times; None if it does not.

    `slow` is more seconds than a linear run needs for a text of `longest` characters; what takes less for such a text is not looked at again.
    """
    lengths = (length for length in _lengths(longest) if all(seconds(run, bait.text(length), runs) > slow for runs in (1, 3)))
    if (length := next(lengths, None)) is None:
        return None
    if length > 64 and seconds(run, bait.text(length // 2), 1) > slow:
        length //= 2
    longer = length + 2 if length in _SMALL else 4 * length
    if _growth(run, bait, length, longer, 1).steepness < 1.3:  # four times the text in six times the time: not worth more
        return None
    while length not in _SMALL and length < _LONGEST and seconds(run, bait.text(length), 3) < _ENOUGH:
        length, longer = 2 * length, 8 * length
    for _ in range(3):
        growth = _growth(run, bait, length, longer, 3)  # the longer one once: it takes too long to be noise
        if growth.steepness <= TOO_STEEP:
            return None
    return growth


def _lengths(longest: int) -> Iterator[int]:
    yield from _SMALL
    length = 64
    while length < longest:
        yield length
        length *= 4
    yield longest


def _growth(run: Callable[[str], object], bait: Bait, length: int, longer: int, runs: int) -> Growth:
    return Growth(bait, (length, longer), (seconds(run, bait.text(length), runs), seconds(run, bait.text(longer), 1)))


def seconds(run: Callable[[str], object], text: str, runs: int) -> float:
    """The shortest processor time of several runs."""
    times = []
    for _ in range(runs):
        start = _clock()
        run(text)
        times.append(_clock() - start)
    return max(min(times), 1e-9)
