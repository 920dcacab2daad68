"""What can be asked for: one table that the magic line, Python, the page, the saved cell and the words about a trace all read.

A row says how an option is typed, what it means, how the explorer's page offers it and what is said of it. A new option is one new row, a field
of `Options` or `Request` that holds it, and what it does. Reading a whole line is `magic_line`.
"""

import builtins
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, NamedTuple

from attn_magic.errors import OptionError, did_you_mean
from attn_magic.formats import FORMATS
from attn_magic.masks import GIVEN, MASKS, NONE
from attn_magic.notation import PRECISION, Number, format_label, shorten

SEEDS = range(-(2**63), 2**64)  # what torch.Generator.manual_seed takes
PRECISIONS = range(11)
_MAX_CHARACTERS = 60  # of the user's own text, quoted in an error

# The output history belongs to IPython: once `_` is assigned, Out no longer reaches it.
_KEPT_BY_IPYTHON = re.compile(r"In|Out|_+|_i{1,3}|_[io]h|_dh|_i?[0-9]+")


@dataclass(frozen=True)
class Options:
    """How a trace was asked for, and how to show it."""

    seed: int = 42
    mask: str = NONE
    scale: bool = True
    col_dim: int = 1
    weights: str = "seeded"
    temperature: Number = 1.0
    view: str = "auto"
    precision: int = PRECISION


class Variable(str):
    """A word on the line that is the name of something of the user's."""


@dataclass(frozen=True, eq=False, repr=False)  # what dataclass writes beyond that takes half a millisecond of %load_ext
class Request(Options):
    """What one line asks for, where it differs from these defaults. Its weights may be a `Variable` that has them."""

    out: str | None = None
    quiet: bool = False
    tokens: str | None = None
    save: str | None = None
    overwrite: bool = False
    help: bool = False
    expression: str = ""


class Control(NamedTuple):
    """How the explorer's page offers an option.

    `kind` is "choice" among `choices` (what is said to be one of them where something else comes, then what the page writes), "temperature"
    or "seed". `subject` begins the sentence that refuses. Controls stand on the page in the order of `place`.
    """

    place: int
    label: str
    kind: str
    subject: str = ""
    choices: Mapping[Any, tuple[str, str]] = MappingProxyType({})


class Option(NamedTuple):  # not a dataclass: that would take a millisecond of %load_ext
    """One way to ask for something.

    `name` is the field of `Request` that it sets: to what `convert` makes of the word after it, or, where it takes no word, to `constant`.
    `choices` are the words it may be, alone or beside the name of a variable; `allowed` the whole numbers; `value` is how help writes any
    word that is no choice. Without `flags` it can be asked for in Python and on the page only.

    `setting` is True where `%config` can change the default; `is_look` where it changes no number. `describe` says what a trace was made
    with, in a few words, or nothing. `control` is its place on the page.
    """

    name: str
    flags: tuple[str, ...]
    meaning: str
    value: str = ""
    choices: tuple[str, ...] = ()
    takes_variable: bool = False
    convert: Callable[[str, str], object] = lambda flag, text: text
    constant: bool = True
    allowed: range = range(0)
    setting: bool = False
    is_look: bool = False
    describe: Callable[[Options], str] = lambda options: ""
    control: Control | None = None

    @property
    def syntax(self) -> str:
        """How help writes the word after it; empty for a switch."""
        return self.value or "|".join(self.choices)

    def read(self, flag: str, text: str) -> object:
        """The value that `text` after `flag` stands for."""
        if self.choices and not self.takes_variable and text not in self.choices:
            raise OptionError(f"{flag} is {quote_typed(text)}, but it is one of {', '.join(self.choices)}.{did_you_mean(text, self.choices)}")
        return self.convert(flag, text)

    def ask_for(self, value: object) -> tuple[str, ...]:
        """The words of a line that ask for `value`; none where this option cannot."""
        if not self.syntax:
            return self.flags[-1:] if self.constant == value else ()
        can_say = self.flags and value != GIVEN and (not self.choices or str(value) in self.choices)
        return (self.flags[-1], str(value)) if can_say else ()


def _read_variable(flag: str, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OptionError(f"{flag} is {quote_typed(text)}, which cannot be the name of a variable. Use letters, digits and _, as in {flag} trace.")
    if hasattr(builtins, text) or _KEPT_BY_IPYTHON.fullmatch(text):
        raise OptionError(f"{flag} is {text}, a name that Python or IPython uses itself. Choose another one, as in {flag} trace.")
    return text


def _read_weights(flag: str, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OptionError(f"{flag} is {quote_typed(text)}, but it takes identity or the name of a variable that has W_q, W_k and W_v.")
    return text if text == "identity" else Variable(text)


def _read_seed(flag: str, text: str) -> int:
    seed = _read_integer(text)
    if seed not in SEEDS:
        raise OptionError(f"{flag} is {quote_typed(text)}, but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in {flag} 42.")
    return seed


def _read_precision(flag: str, text: str) -> int:
    precision = _read_integer(text)
    if precision not in PRECISIONS:
        raise OptionError(f"{flag} is {quote_typed(text)}, but numbers are shown with 0 to 10 decimals, as in {flag} {PRECISION}.")
    return precision


def _read_integer(text: str) -> int:
    """The whole number in `text`, or one that nothing allows."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,20}", text) else SEEDS.stop


def _describe_weights(options: Options) -> str:
    return {"seeded": f"weights drawn with seed {options.seed}", "identity": "identity weights"}.get(options.weights, "weights as given")


def _describe_mask(options: Options) -> str:
    return {NONE: "no mask", GIVEN: "mask as given"}.get(options.mask, f"{options.mask} mask")


_MASKS = (NONE, *MASKS)

OPTIONS = (
    Option("out", ("-o", "--out"), "keep the result in this variable, and still show it", "NAME", takes_variable=True, convert=_read_variable),
    Option("quiet", ("-q", "--quiet"), "show nothing; a final ; does the same"),
    Option("tokens", ("--tokens",), "a word for each row, in place of the matrix's own", '"WORDS"'),
    Option(
        "seed",
        ("--seed",),
        "what the weights are drawn with",
        "N",
        convert=_read_seed,
        allowed=SEEDS,
        setting=True,
        describe=_describe_weights,
        control=Control(4, "Seed", "seed"),
    ),
    Option(
        "mask",
        ("--mask",),
        "; ".join(f"{mask.name}: {mask.meaning}" for mask in MASKS.values()),
        choices=_MASKS,
        describe=_describe_mask,
        control=Control(0, "Mask", "choice", "The mask", {**{name: (name, name) for name in _MASKS}, GIVEN: (GIVEN, "by hand")}),
    ),
    Option(
        "scale",
        ("--scale",),
        "divide the scores by √d_k, as is the default",
        setting=True,
        describe=lambda options: "" if options.scale else "scores not divided by √d_k",
        control=Control(1, "Scale", "choice", "The scaling", {True: ("on", "÷ √d_k"), False: ("off", "off")}),
    ),
    Option("scale", ("--no-scale",), "leave that division out", constant=False),
    Option(
        "col_dim",
        ("--col-dim",),
        "softmax down each column (0) or along each row (1)",
        choices=("0", "1"),
        convert=lambda flag, text: int(text),
        setting=True,
        control=Control(
            3, "Softmax over", "choice", "The softmax's direction", {1: ("1, along the rows", "rows"), 0: ("0, down the columns", "columns")}
        ),
    ),
    Option(
        "weights",
        ("--weights",),
        "take W_q, W_k and W_v from this variable, or ones on the diagonal",
        "NAME|identity",
        ("identity",),
        takes_variable=True,
        convert=_read_weights,
    ),
    Option(
        "temperature",
        (),
        "what the scores are divided by besides √d_k: above 1 evens the weights out",
        describe=lambda options: "" if options.temperature == 1 else f"temperature {options.temperature:g}",
        control=Control(2, "Temperature", "temperature"),
    ),
    Option(
        "view",
        ("--view",),
        "explorer in a notebook, text in a terminal, or one of them",
        choices=("auto", "widget", "html", "figure", "text"),
        setting=True,
        is_look=True,
    ),
    Option("precision", ("--precision",), "decimals shown, 0 to 10", "N", convert=_read_precision, allowed=PRECISIONS, setting=True, is_look=True),
    Option("save", ("--save",), f"write a file, too: {' '.join(form.ending for form in FORMATS if form.whole)}", "FILE"),
    Option("overwrite", ("--overwrite",), "let --save replace a file that is there"),
    Option("help", ("-h", "--help"), "explain all this"),
)
MAGICS = {"attention": NONE, "masked_attention": "causal"}  # and the mask of each
FLAGS = {flag: option for option in OPTIONS for flag in option.flags}
LOOKS = {option.name for option in OPTIONS if option.is_look}
_OFFERED = {option.name: option.control for option in OPTIONS if option.control}
CONTROLS = dict(sorted(_OFFERED.items(), key=lambda item: item[1].place))


def arguments_of(options: Options, weights: object, mask: object = None) -> dict[str, Any]:
    """What `attend` has to be given to do what `options` say, with `weights` as they are and, where they say it was given, `mask`."""
    named = {NONE: None, GIVEN: mask}.get(options.mask, options.mask)
    plain = {one.name: getattr(options, one.name) for one in fields(Options) if one.name not in LOOKS}
    return plain | {"weights": weights, "mask": named}


def show_typed(text: str) -> str:
    """What stands on the reader's line, as an error shows it."""
    return format_label(shorten(text, _MAX_CHARACTERS))


def quote_typed(text: str) -> str:
    """The same in quotes."""
    return f"'{show_typed(text)}'"
