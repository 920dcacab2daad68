"""`%%attention` and `%%masked_attention`: from a line and a cell to a trace that shows itself.

    line → what is asked for → matrix → trace → shown by IPython, as `attn_magic.display` told it

A reader's mistake is an `AttentionError` anywhere below; here it becomes IPython's `UsageError`, which fails the cell in words. What is slow
to import, torch above all, is imported when it is needed.
"""

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import CodeType
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Enum, Integer, TraitError
from traitlets.config import Config

from attn_magic import completion, display
from attn_magic.errors import AttentionError, OptionError, did_you_mean
from attn_magic.magic_line import find_stray_flag, help_text, read_line
from attn_magic.notation import format_error, format_label, shorten
from attn_magic.options import MAGICS, OPTIONS, Option, Request, Variable, arguments_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    import attn_magic.matrix
    import attn_magic.trace

_CELL_LINE = re.compile(rf"%%({'|'.join(MAGICS)})(\s|$)")
_QUOTED_OR_SIGN = re.compile(r"""[#%]|"[^"]*"|'[^']*'""")
_MAX_CHARACTERS = 60  # of the user's own text, quoted in an error


def _trait(option: Option) -> Any:
    """What `%config` takes as the default of `option`."""
    default = getattr(Request, option.name)
    if isinstance(default, bool):
        trait: Any = Bool(default, help=option.meaning)
    elif option.choices:
        trait = Enum([option.read(option.flags[0], choice) for choice in option.choices], default, help=option.meaning)
    else:
        trait = Integer(default, min=option.allowed[0], max=option.allowed[-1], help=option.meaning)
    return trait.tag(config=True)


@magics_class
class AttentionMagics(Magics):
    """The defaults of %%attention and %%masked_attention."""

    shell: Any  # what it offers is only partly annotated

    for _option in OPTIONS:
        if _option.setting:
            vars()[_option.name] = _trait(_option)

    @no_var_expand
    @line_cell_magic
    def attention(self, line: str, cell: str | None = None) -> "attn_magic.trace.AttentionTrace | None":  # noqa: D102  # set below
        return self._answer("attention", line, cell)

    @no_var_expand
    @line_cell_magic
    def masked_attention(self, line: str, cell: str | None = None) -> "attn_magic.trace.AttentionTrace | None":  # noqa: D102  # set below
        return self._answer("masked_attention", line, cell)

    attention.__doc__ = help_text("attention")
    masked_attention.__doc__ = help_text("masked_attention")

    def _answer(self, magic: str, line: str, cell: str | None) -> "attn_magic.trace.AttentionTrace | None":
        with _mistakes_in_words():
            asked = read_line(line)
            request = Request(**{"mask": MAGICS[magic], **self.trait_values(config=True), **asked})
            if request.help or (cell is None and asked == {"expression": ""}):
                print(help_text(magic))
                return None
            text, silenced = split_semicolon(request.expression, "#") if cell is None else split_semicolon(cell, "#%")
            x = self._evaluate(magic, request, text.strip()) if cell is None else _read_cell(magic, request, text)
            trace = self._attend(x, request)
            _save(trace, request)
        if request.out:
            self.shell.push({request.out: trace})
        if request.quiet or silenced:
            return None
        if asked.get("view") in ("html", "widget", "figure") and not display.in_notebook(self.shell):
            print("That view needs a notebook; this is the text.")
        return trace

    def _attend(self, x: object, request: Request) -> "attn_magic.trace.AttentionTrace":
        weights = self._find_weights(request.weights)
        _require_torch()
        from attn_magic.attention import attend

        trace = attend(x, tokens=request.tokens, **arguments_of(request, weights))
        return replace(trace, options=replace(trace.options, view=request.view, precision=request.precision))

    def _find_weights(self, name: str) -> object:
        """None for weights that are drawn, "identity", or the user's variable of that name."""
        if not isinstance(name, Variable):
            return None if name == Request.weights else name
        if name not in self.shell.user_ns:
            raise OptionError(f"--weights is {name}, but there is no such variable.{self._did_you_mean(name, 'identity')}")
        weights: object = self.shell.user_ns[name]
        if weights is None:
            raise OptionError(f"--weights is {name}, but that is None. It should have W_q, W_k and W_v, as a module or a dictionary.")
        return weights

    def _evaluate(self, magic: str, request: Request, expression: str) -> object:
        """What `expression` is in the user's namespace."""
        code = _compile(magic, request, expression)
        try:
            return self.shell.ev(code)
        except AttentionError:
            raise
        except Exception as error:
            if isinstance(error, NameError) and error.name in code.co_names:
                hint = self._did_you_mean(error.name) or f" Define it first, or {_write_below(magic)}."
                raise OptionError(f"There is no variable {error.name}.{hint}") from None
            raise OptionError(f"{_show(expression)} raised {''.join(traceback.format_exception_only(error)).strip()}") from None

    def _did_you_mean(self, name: str, *others: str) -> str:
        return did_you_mean(name, [*others, *(variable for variable in self.shell.user_ns if variable not in self.shell.user_ns_hidden)])


@contextmanager
def _mistakes_in_words() -> Iterator[None]:
    """IPython shows a `UsageError` as its text and a subclass as a traceback, and fails the cell for both."""
    try:
        yield
    except AttentionError as error:
        raise UsageError(str(error)) from None


def _require_torch() -> None:
    """A sentence where torch is missing or broken; all but the computing works without it."""
    try:
        import torch  # noqa: F401
    except Exception as error:  # a broken installation raises ImportError or OSError, and when it is tried again, something else
        raise UsageError(_why_no_torch(error)) from None


def _why_no_torch(error: Exception) -> str:
    if not (isinstance(error, ModuleNotFoundError) and error.name == "torch"):
        mend = "mend it with %pip install --force-reinstall torch and restart the kernel"
        return f"torch computes every stage, and the one installed here cannot be imported ({format_error(error)}): {mend}."
    if sys.platform == "emscripten":
        return "torch computes every stage, and there is none for Python in a browser: open this notebook where Python runs on a computer."
    return "torch computes every stage: type %pip install torch (or take the smaller CPU build from pytorch.org), then run this again."


def _save(trace: "attn_magic.trace.AttentionTrace", request: Request) -> None:
    if request.save is None:
        return
    from attn_magic.exports.write import save_from_line

    path = save_from_line(trace, request.save, overwrite=request.overwrite)
    if not request.quiet:
        print(f"Saved {_show(str(path))}")


def _read_cell(magic: str, request: Request, text: str) -> "attn_magic.matrix.Matrix":
    if request.expression:
        raise OptionError(_why_not_beside(magic, request))
    from attn_magic.matrix import parse_matrix

    return parse_matrix(text)


def _why_not_beside(magic: str, request: Request) -> str:
    """What to do about an expression on the line of a cell that has lines of its own."""
    matrix, _, options = find_stray_flag(request.expression) or (request.expression, "", "")
    text = f"%%{magic} reads the matrix from the lines below, but beside it stands {_show(matrix)}\n"
    if request.tokens is not None:
        words = re.sub("[“”„]", "", f"{request.tokens} {matrix}")
        return text + f'Several words belong in straight quotes: --tokens "{_show(words)}"'
    return text + f"For a matrix you already have, use one % and no lines below: %{magic} {_show(f'{options} {matrix}'.strip())}"


def _compile(magic: str, request: Request, expression: str) -> CodeType:
    if not expression:
        raise OptionError(f"%{magic} lacks a matrix. Name one after the options, as in %{magic} --seed 7 X, or {_write_below(magic)}.")
    stray = find_stray_flag(expression)
    if stray is not None:
        matrix, flag, options = stray
        raise OptionError(f"{flag} stands behind the matrix. Options come first: %{magic} {_show(f'{options} {matrix}'.strip())}")
    try:
        return compile(expression, f"<%{magic}>", "eval", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        quotes = ' Several words belong in quotes: --tokens "I am Indian".' if request.tokens is not None else ""
        raise OptionError(f"{_show(expression)} is no Python expression.{quotes} For text such as 1 2; 3 4, {_write_below(magic)}.") from None


def _write_below(magic: str) -> str:
    return f"begin the cell with %%{magic} and write the matrix in the lines below it"


def _show(text: str) -> str:
    return shorten(format_label(text), _MAX_CHARACTERS)


def split_semicolon(text: str, comments: str) -> tuple[str, bool]:
    """`text` without the semicolon that ends it, and whether there was one: "show nothing", as in the rest of IPython.

    Comments, which start with one of the characters in `comments`, may follow it. A space takes its place, so that what an error says
    about columns stays true.

    >>> split_semicolon("A = [1 2; 3 4];  % two tokens", "#%")
    ('A = [1 2; 3 4]   % two tokens', True)
    """
    end = len(text)
    for line in reversed(text.splitlines(keepends=True)):
        start = end - len(line)
        code = _before_comment(line, comments).rstrip()
        if code:
            place = start + len(code) - 1
            return (text[:place] + " " + text[place + 1 :], True) if code.endswith(";") else (text, False)
        end = start
    return text, False


def _before_comment(line: str, comments: str) -> str:
    for found in _QUOTED_OR_SIGN.finditer(line):
        if found.group() in comments:
            return line[: found.start()]
    return line


def uncover_magic(lines: list[str]) -> list[str]:
    """A cell whose first line of code is one of our cell magics, from that line on.

    IPython looks for a cell magic in the very first line only; a comment above it is otherwise answered by "Line magic function
    `%%attention` not found". A cell of that one line gets an empty body: without one it would not reach us, and --help would be no help.
    """
    for place, line in enumerate(lines):
        if _CELL_LINE.match(line):
            return lines[place:] if lines[place + 1 :] else [line.rstrip("\n") + "\n", "\n"]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines


uncover_magic.has_side_effects = True  # type: ignore[attr-defined]  # or a terminal would run %%attention at the first Enter


def register(shell: "InteractiveShell") -> None:
    """What `%load_ext attn_magic` does; doing it twice is the same as once."""
    unregister(shell)
    _drop_invalid_settings(shell.config)
    shell.register_magics(AttentionMagics(shell))
    shell.input_transformers_cleanup.append(uncover_magic)
    completion.start_completing(shell)
    display.start_showing(shell)


def unregister(shell: "InteractiveShell") -> None:
    """What `%unload_ext attn_magic` does: all of `register` undone."""
    manager = shell.magics_manager
    magics = manager.registry.pop(AttentionMagics.__name__, None)
    if magics is None:
        return
    for table in manager.magics.values():
        for name in MAGICS:
            if getattr(table.get(name), "__self__", None) is magics:  # a magic of that name that the user has made since stays
                del table[name]
    shell.configurables.remove(magics)
    transformers = shell.input_transformers_cleanup
    transformers[:] = [transformer for transformer in transformers if getattr(transformer, "__name__", "") != uncover_magic.__name__]
    completion.stop_completing(shell)
    display.stop_showing(shell)


def _drop_invalid_settings(config: Config) -> None:
    """One wrong value in a configuration file would otherwise fail every `%load_ext`, with a traceback."""
    settings = dict.get(config, AttentionMagics.__name__, {})
    for name in list(settings):
        try:
            AttentionMagics(config=Config({AttentionMagics.__name__: {name: settings[name]}}))
        except TraitError as error:
            print(f"AttentionMagics.{name} is left out of your settings: {error}")
            del settings[name]
