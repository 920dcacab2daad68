"""Calls that only wrap a literal, such as torch.tensor(…), and the options behind it."""

import re

from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DATA
from attn_magic.notices import Notice

_TENSORS = r"(?:torch\.)?(?:as_tensor|from_numpy|tensor|(?:Float|Double|Half|Long|Int|Short)?Tensor|asarray)"
_ARRAYS = r"(?:np|numpy|jnp|jax\.numpy|cp|cupy|mx|mx\.nd|mx\.np)\.(?:array|asarray|ascontiguousarray|matrix|mat|asmatrix)"
_OTHERS = (
    r"array|matrix|(?:sp|sympy)\.(?:Mutable|Immutable)?(?:Dense)?Matrix|(?:Mutable|Immutable)?(?:Dense)?Matrix|(?:tf\.|tensorflow\.)?constant"
    r"|(?:tf\.)?Variable|tf\.convert_to_tensor|tf\.Tensor|(?:(?:torch\.)?nn\.)?Parameter|(?:pd\.|pandas\.)?DataFrame|Array|DeviceArray|paddle\.to_tensor"
)
CONSTRUCTOR = re.compile(rf"(?:{_TENSORS}|{_ARRAYS}|{_OTHERS})")
SIZED = re.compile(r"(?:torch\.)?(?:Float|Double|Half|Long|Int|Short)?Tensor")  # torch.Tensor(2, 3) is a size, not numbers
FROM_STRING = re.compile(r"(?:np\.|numpy\.)?(?:matrix|mat|asmatrix)")
TYPED = re.compile(r"(?:Float|U?Int)(?:16|32|64)?|Real")  # Julia: Float64[1 2; 3 4]
ROW_PREFIX = re.compile(rf"(?:{_TENSORS}|{_ARRAYS}|array|matrix)")

_OPTION = re.compile(
    r"\s*,\s*(?:(?P<name>[A-Za-z_]\w*)\s?=\s?)?"
    r"(?P<value><[^<>\n]{0,200}>|'[^'\n]{0,100}'|\"[^\"\n]{0,100}\"|[A-Za-z_][\w.]*(?:\([^()]{0,100}\))?|-?[0-9.]+"
    r"|\([0-9, ]*\)|\[[^\[\]\n]{0,4000}\])"
)
_SAFE_CALL = re.compile(r"(?:torch\.device|device|np\.dtype|numpy\.dtype|torch\.Size|tf\.TensorShape|dtype)\(")
_FLOAT32 = {"float32", "float", "f4", "<f4", "single"}
_WITHOUT_EFFECT = {"requires_grad", "copy", "order", "subok", "pin_memory"}
_WITHOUT_EFFECT |= {"name", "names", "weak_type", "like", "trainable", "stop_gradient", "place"}


def ignored(name: str, value: str) -> Notice:
    """What a reader should know about an option that changes nothing here."""
    return Notice("ignored-option", f"{name}={value} has no effect here: attention is computed in float32 on the CPU.")


def read_options(plain: str, start: int, end: int) -> tuple[dict[str, str], list[Notice]]:
    """Grammar: options := ("," name "=" value)* ","?; what has no effect here is said."""
    options: dict[str, str] = {}
    notices: list[Notice] = []
    while True:
        match = _OPTION.match(plain, start, end)
        if not match:
            break
        value = match["value"]
        name = match["name"] or ("dtype" if re.match(r"[A-Za-z'\"]", value) else "")
        if not name or ("(" in value and value[0] not in "(<'\"" and not _SAFE_CALL.match(value)):
            break
        notices += _note_option(name, value.strip("'\""), match)
        options[name] = value
        start = match.end()
    rest = plain[start:end]
    if rest.strip(" \t\n,"):
        offset = len(rest) - len(rest.lstrip(" \t\n,"))
        if rest.lstrip(" \t\n,")[0] in "[(":
            raise Mistake(
                "bracket",
                "A second list begins here: the brackets around all rows are missing",
                "Type [[1, 2], [3, 4]]: one list of rows.",
                start + offset,
                start + offset + 1,
            )
        word = re.match(r"[\w.]*", plain[start + offset : end])
        width = max(1, word.end() if word else 1)
        raise Mistake("call", f"{quote(rest.strip(' ,'))} is not an option that is known here", DATA, start + offset, start + offset + width)
    return options, notices


def _note_option(name: str, value: str, match: re.Match[str]) -> list[Notice]:
    if name == "dtype" and value.rpartition(".")[2] in _FLOAT32 and value != "float":
        return []
    if name == "device" and re.fullmatch(r".*cpu.*", value):
        return []
    if name in _WITHOUT_EFFECT or name in ("shape", "size") or (name == "ndmin" and value in ("0", "1", "2")):
        return []
    if name == "ndmin":
        raise Mistake("ndim", f"ndmin={value} asks for more than two dimensions", "Leave it out: a matrix is one list of rows.", *match.span("value"))
    if name not in ("dtype", "device", "grad_fn", "layout", "columns", "index"):
        raise Mistake("call", f"{quote(name)} is not an option that is known here", DATA, match.start("name"), match.end("name"))
    return [ignored(name, value)]
