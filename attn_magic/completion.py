"""TAB on the line of a magic: its options, their values, the user's variables where an option takes one."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attn_magic.options import FLAGS, MAGICS, Option

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_IDENTIFIER = "AttentionMagics.options"
_LINE = re.compile(rf"\s*(%%?)(?:{'|'.join(MAGICS)})\s+(.*)")
_WORD = re.compile(r"""(?:"[^"]*"?|'[^']*'?|[^\s"'])+""")


def complete(text: str, variables: Iterable[str] = ()) -> tuple[str, list[str]]:
    """The word at the end of `text`, a line up to the cursor, and all that it may become.

    >>> complete("%%attention --mask=c")
    ('c', ['causal'])
    """
    line = _LINE.match(text)
    if line is None:
        return "", []
    percents, typed = line.groups()
    words: list[str] = _WORD.findall(typed)
    start = word = words.pop() if words and not typed[-1].isspace() else ""
    flag, expression_began = _walk(words)
    if expression_began:
        known: list[str] = []  # the rest of an expression is for Python's own completion
    elif flag is not None:
        known = _values(FLAGS[flag], variables)
    elif "=" in word:
        flag, _, start = word.partition("=")
        known = _values(FLAGS[flag], variables) if flag in FLAGS else []
    else:
        known = [*FLAGS, *(variables if percents == "%" else ())]
    return start, [candidate for candidate in known if candidate.startswith(start)]


def _walk(words: list[str]) -> tuple[str | None, bool]:
    """Over the words before the cursor: the flag that still waits for its value, and whether the expression has begun."""
    waiting = None
    for word in words:
        if waiting is None and not word.startswith("-"):
            return None, True
        waiting = word if waiting is None and word in FLAGS and FLAGS[word].syntax else None
    return waiting, False


def _values(option: Option, variables: Iterable[str]) -> list[str]:
    return [*option.choices, *(variables if option.takes_variable else ())]


def start_completing(shell: "InteractiveShell") -> None:
    """Let TAB complete the magics' lines. IPython before 8.6, which Colab has, knows no such matchers: there TAB stays as it is."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return

    @context_matcher(identifier=_IDENTIFIER)  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> dict[str, Any]:
        try:
            start, found = complete(context.text_until_cursor, _variables(shell))
        except Exception:  # TAB never shows an error
            start, found = "", []
        completions = [SimpleCompletion(text=text, type="param") for text in found]
        return {"completions": completions, "matched_fragment": start, "suppress": True, "ordered": True}

    shell.Completer.custom_matchers.append(matcher)


def stop_completing(shell: "InteractiveShell") -> None:
    """Leave TAB as it was."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", None) != _IDENTIFIER]


def _variables(shell: "InteractiveShell") -> list[str]:
    """The names that the user has made."""
    return [name for name in shell.user_ns if not name.startswith("_") and name not in shell.user_ns_hidden]
