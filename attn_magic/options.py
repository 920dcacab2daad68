"""What may stand on the line of a magic: one table, and what is made from it.

`OPTIONS` drives the reading of a line, the help, the docstrings, the completion by TAB and the tests; a new option is one new row.
"""

import builtins
import io
import keyword
import re
import shlex
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attn_magic.errors import OptionError, did_you_mean
from attn_magic.notation import PRECISION, format_label, shorten

SEEDS = range(-(2**63), 2**64)  # what torch.Generator.manual_seed takes
PRECISIONS = range(11)
_MOST_CHARACTERS = 60  # of the user's own text, quoted in an error
_WEIGHTS = "take W_q, W_k and W_v from this variable, or ones on the diagonal"

# The output history belongs to IPython: once `_` is assigned, Out no longer reaches it.
_KEPT_BY_IPYTHON = re.compile(r"In|Out|_+|_i{1,3}|_[io]h|_dh|_i?[0-9]+")


@dataclass(frozen=True)
class Request:
    """What one line asks for, where it differs from these defaults."""

    out: str | None = None
    quiet: bool = False
    tokens: str | None = None
    seed: int = 42
    mask: str = "none"
    scale: bool = True
    col_dim: int = 1
    weights: str | None = None
    view: str = "auto"
    precision: int = PRECISION
    save: str | None = None
    overwrite: bool = False
    help: bool = False
    expression: str = ""


@dataclass(frozen=True)
class Option:
    """One way to ask for something.

    `name` is the field of `Request` that it sets: to what `convert` makes of the word after it, or, where it takes no word, to `constant`.
    `choices` are the words it may be, alone or beside the name of a variable; `value` is how help writes any other word.
    """

    name: str
    flags: tuple[str, ...]
    meaning: str
    value: str = ""
    choices: tuple[str, ...] = ()
    takes_variable: bool = False
    convert: Callable[[str, str], object] = lambda flag, text: text
    constant: bool = True

    @property
    def syntax(self) -> str:
        """How help writes the word after it; empty for a switch."""
        return self.value or "|".join(self.choices)

    def read(self, flag: str, text: str) -> object:
        """The value that `text` after `flag` stands for."""
        if self.choices and not self.takes_variable and text not in self.choices:
            raise OptionError(f"{flag} is {_quote(text)}, but it is one of {', '.join(self.choices)}.{did_you_mean(text, self.choices)}")
        return self.convert(flag, text)


def _read_variable(flag: str, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OptionError(f"{flag} is {_quote(text)}, which cannot be the name of a variable. Use letters, digits and _, as in {flag} trace.")
    if hasattr(builtins, text) or _KEPT_BY_IPYTHON.fullmatch(text):
        raise OptionError(f"{flag} is {text}, a name that Python or IPython uses itself. Choose another one, as in {flag} trace.")
    return text


def _read_weights(flag: str, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OptionError(f"{flag} is {_quote(text)}, but it takes identity or the name of a variable that has W_q, W_k and W_v.")
    return text


def _read_seed(flag: str, text: str) -> int:
    seed = _read_integer(text)
    if seed not in SEEDS:
        raise OptionError(f"{flag} is {_quote(text)}, but a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, as in {flag} 42.")
    return seed


def _read_precision(flag: str, text: str) -> int:
    precision = _read_integer(text)
    if precision not in PRECISIONS:
        raise OptionError(f"{flag} is {_quote(text)}, but numbers are shown with 0 to 10 decimals, as in {flag} {PRECISION}.")
    return precision


def _read_integer(text: str) -> int:
    """The whole number in `text`, or one that nothing allows."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,20}", text) else SEEDS.stop


OPTIONS = (
    Option("out", ("-o", "--out"), "keep the result in this variable, and still show it", "NAME", takes_variable=True, convert=_read_variable),
    Option("quiet", ("-q", "--quiet"), "show nothing; a final ; does the same"),
    Option("tokens", ("--tokens",), "a word for each row, in place of the matrix's own", '"WORDS"'),
    Option("seed", ("--seed",), "what the weights are drawn with", "N", convert=_read_seed),
    Option("mask", ("--mask",), "causal: a token sees only itself and what came before", choices=("none", "causal")),
    Option("scale", ("--scale",), "divide the scores by √d_k, as is the default"),
    Option("scale", ("--no-scale",), "leave that division out", constant=False),
    Option("col_dim", ("--col-dim",), "softmax down each column (0) or along each row (1)", choices=("0", "1"), convert=lambda flag, text: int(text)),
    Option("weights", ("--weights",), _WEIGHTS, "NAME|identity", ("identity",), takes_variable=True, convert=_read_weights),
    Option("view", ("--view",), "explorer in a notebook, text in a terminal, or one of them", choices=("auto", "widget", "html", "figure", "text")),
    Option("precision", ("--precision",), "decimals shown, 0 to 10", "N", convert=_read_precision),
    Option("save", ("--save",), "write a file, too: .html .png .svg .pdf .gif .tex .md .csv .npz .pt", "FILE"),
    Option("overwrite", ("--overwrite",), "let --save replace a file that is there"),
    Option("help", ("-h", "--help"), "explain all this"),
)
FLAGS = {flag: option for option in OPTIONS for flag in option.flags}


def read_line(line: str) -> dict[str, Any]:
    """What `line` asks for, by the fields of `Request`: options first, and all that follows them is the expression.

    line = {option} ["--"] expression, where option = flag | flag value | flag "=" value

    >>> read_line('--seed 7 --tokens "I am" X[:, -1]')
    {'seed': 7, 'tokens': 'I am', 'expression': 'X[:, -1]'}
    """
    asked: dict[str, Any] = {}
    rest = line.strip()
    while rest.startswith(("-", "–", "—")):
        word, rest = _split_word(rest)
        if word == "--":
            break
        flag, equals, text = word.partition("=")
        option = find_option(flag)
        if not option.syntax:
            if equals:
                raise OptionError(f"{flag} is a switch and takes no value, but {_quote(text)} follows it.")
            asked[option.name] = option.constant
            continue
        if not equals:
            text, rest = _split_value(flag, option, rest)
        asked[option.name] = option.read(flag, text)
    asked["expression"] = "" if rest.startswith("#") else rest
    return asked


def find_option(flag: str) -> Option:
    """The option called `flag`, or an error that names the closest one."""
    if flag not in FLAGS:
        raise OptionError(f"There is no option {_show(flag)}.{_suggest_flag(flag)}\nThe options are {', '.join(FLAGS)}.")
    return FLAGS[flag]


def _suggest_flag(flag: str) -> str:
    plain = re.sub("^[–—]", "--", flag).replace("_", "-")  # word processors turn -- into a dash; col_dim is how Python writes it
    for known in FLAGS:
        if len(plain) > 2 and known.startswith(plain):
            return f" Did you mean {known}?"
    negation = "" if plain.startswith("--") else " To negate a matrix, put it in parentheses, as in (-X)."
    return did_you_mean(plain, FLAGS) or negation


def find_stray_flag(expression: str) -> tuple[str, str, str] | None:
    """An option that stands behind the matrix, where Python would subtract it: the matrix, the flag, and all from the flag on."""
    for word in re.finditer(r"\S+", expression):
        flag = word.group().partition("=")[0]
        if flag in FLAGS:
            return expression[: word.start()].rstrip(), flag, expression[word.start() :]
    return None


def _split_word(text: str) -> tuple[str, str]:
    """The first word of `text`, its quotes removed as a shell does, and the rest."""
    source = io.StringIO(text)
    words = shlex.shlex(source, posix=True)
    words.whitespace_split = True
    words.commenters = ""
    try:
        word = words.get_token()
    except ValueError:  # shlex: "No closing quotation", "No escaped character"
        raise OptionError(f"A quote is opened and not closed, or a backslash ends the line: {_show(text)}") from None
    return word or "", text[source.tell() :].lstrip()


def _split_value(flag: str, option: Option, rest: str) -> tuple[str, str]:
    following = rest.split(maxsplit=1)[0] if rest else ""
    if not following or following.partition("=")[0] in FLAGS:
        raise OptionError(f"{flag} needs a value: {flag} {option.syntax}")
    return _split_word(rest)


def _show(text: str) -> str:
    return format_label(shorten(text, _MOST_CHARACTERS))


def _quote(text: str) -> str:
    return f"'{_show(text)}'"


def help_text(magic: str) -> str:
    """The help of `%attention` or `%masked_attention`: what it does, an example to paste, every option."""
    title, mask = _TITLES[magic]
    options = "\n".join(_describe(option, mask) for option in OPTIONS)
    return _HELP.format(title=title, magic=magic, options=options)


_TITLES = {
    "attention": ("Show self-attention of a matrix, stage by stage.", "none"),
    "masked_attention": ("Show masked self-attention of a matrix, stage by stage: a token sees only itself and what came before.", "causal"),
}
MAGICS = {magic: mask for magic, (_, mask) in _TITLES.items()}

_HELP = """{title}

    %%{magic}
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16

Every line is one token. Words in front are optional, and so are brackets and
commas: lists, NumPy, PyTorch, MATLAB and CSV are read too.

    %{magic} [options] X

takes a matrix you already have: a tensor, an array, a DataFrame, a list, or any
expression that gives one. Either way the result is a trace to go on with:
_.output, _.scores, _.explain("scores", 2, 0).

{options}

%config AttentionMagics.seed = 7 changes a default; %config AttentionMagics
lists them."""
_WIDTH = 79
_CALL_WIDTH = 29


def _describe(option: Option, mask: str) -> str:
    call = f"  {', '.join(option.flags)} {option.syntax}".rstrip()
    default = mask if option.name == "mask" else getattr(Request(), option.name)
    known = f"; default {default}" if option.syntax and default is not None else ""
    beside = f"{call:<{_CALL_WIDTH}}" if len(call) < _CALL_WIDTH else ""
    indent = " " * _CALL_WIDTH
    meaning = textwrap.fill(option.meaning + known, _WIDTH, initial_indent=beside or indent, subsequent_indent=indent)
    return meaning if beside else f"{call}\n{meaning}"
