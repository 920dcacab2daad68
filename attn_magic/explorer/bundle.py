"""The explorer's JavaScript and stylesheet as texts. Its source is several files; a widget is given one module, and a page without a server too."""

import functools
import re
from pathlib import Path

_JAVASCRIPT = Path(__file__).with_name("js")
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)


@functools.cache
def module_text(name: str = "explorer.js") -> str:
    """The file `name` after all that it imports, as one module: every line of every file but comments and the imports between them.

    All names meet in one scope there, so no two files may declare the same one at their top level, or import one under another name.
    """
    return "".join(_shorten(_IMPORT.sub("", text)) for text in _with_imports(name, {}).values())


@functools.cache
def stylesheet_text() -> str:
    """The stylesheet of the explorer."""
    return _shorten(_read("../explorer.css"))


def _shorten(text: str) -> str:
    """`text` without the lines that are only comments and without indentation: a third of what every page and every saved notebook would hold."""
    return _INDENTATION.sub("", _COMMENT.sub("", text))


def _with_imports(name: str, texts: dict[str, str]) -> dict[str, str]:
    """The files that `name` needs and `name` itself, each once and after those that it imports itself."""
    text = _read(name)
    for imported in _IMPORT.findall(text):
        if imported not in texts:
            _with_imports(imported, texts)
    texts[name] = text
    return texts


def _read(name: str) -> str:
    # As a text: anywidget watches a file that it is given by its path, and keeps every widget for that.
    return (_JAVASCRIPT / name).read_text(encoding="utf-8")
