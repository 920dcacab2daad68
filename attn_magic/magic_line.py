"""Reading the line of a magic, and its help: both made from the table of options."""

import io
import re
import shlex
import textwrap
from typing import Any

from attn_magic.errors import OptionError, did_you_mean
from attn_magic.masks import MASKS
from attn_magic.options import FLAGS, MAGICS, OPTIONS, Option, Request, quote_typed, show_typed


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
                raise OptionError(f"{flag} is a switch and takes no value, but {quote_typed(text)} follows it.")
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
        raise OptionError(f"There is no option {show_typed(flag)}.{_suggest_flag(flag)}\nThe options are {', '.join(FLAGS)}.")
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
        raise OptionError(f"A quote is opened and not closed, or a backslash ends the line: {show_typed(text)}") from None
    return word or "", text[source.tell() :].lstrip()


def _split_value(flag: str, option: Option, rest: str) -> tuple[str, str]:
    following = rest.split(maxsplit=1)[0] if rest else ""
    if not following or following.partition("=")[0] in FLAGS:
        raise OptionError(f"{flag} needs a value: {flag} {option.syntax}")
    return _split_word(rest)


def help_text(magic: str) -> str:
    """The help of `%attention` or `%masked_attention`: what it does, an example to paste, every option."""
    mask = MASKS.get(MAGICS[magic])
    title = f"Show {'masked ' if mask else ''}self-attention of a matrix, stage by stage{': ' + mask.meaning if mask else ''}."
    options = "\n".join(_describe(option, MAGICS[magic]) for option in OPTIONS if option.flags)
    return _HELP.format(title=title, magic=magic, options=options)


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
    known = f"; default {default}" if option.syntax and default is not None and not option.takes_variable else ""
    beside = f"{call:<{_CALL_WIDTH}}" if len(call) < _CALL_WIDTH else ""
    indent = " " * _CALL_WIDTH
    meaning = textwrap.fill(option.meaning + known, _WIDTH, initial_indent=beside or indent, subsequent_indent=indent)
    return meaning if beside else f"{call}\n{meaning}"
