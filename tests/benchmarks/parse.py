"""How long the parser takes for one mebibyte of text, and how much memory, beside what else reads such a text.

    python tests/benchmarks/parse.py            all rows
    python tests/benchmarks/parse.py csv text   only these

Each row runs in a process of its own. The ratio is the parser's time over its peer's; a peer that cannot read the body is replaced by
the floor, `text.split()`, which only cuts the text at blanks.
"""

import ast
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs without being installed

MEBIBYTE = 2**20


def fill(row: str, end: str = "\n") -> str:
    """As many equal rows as fit into a mebibyte."""
    return end.join([row] * (MEBIBYTE // len(row + end)))


def square(cell: str, separator: str, before: str = "", after: str = "", end: str = "\n") -> str:
    """A body of about a mebibyte with about as many rows as columns."""
    side = int((MEBIBYTE / len(cell + separator)) ** 0.5)
    return fill(before + separator.join([cell] * side) + after, end)


def repeat(piece: str) -> str:
    return (piece * (MEBIBYTE // len(piece) + 1))[:MEBIBYTE]


BODIES: dict[str, Callable[[], str]] = {
    "python list": lambda: "[" + square("0.5", ", ", "[", "]", ", ") + "]",
    "torch print": lambda: "tensor([" + square("0.5000", ", ", "[", "]", ",\n        ") + "])",
    "numpy print": lambda: "[" + square("0.5", " ", "[", "]", "\n ") + "]",
    "matlab": lambda: "[" + square("0.5", " ", end="; ") + "]",
    "csv": lambda: square("0.5", ","),
    "tsv": lambda: square("0.5", "\t"),
    "text": lambda: square("1", " "),
    "labelled": lambda: square("0.5", " ", "tok "),
    "quoted csv": lambda: square('"0.5"', ",", '"tok",'),
    "markdown": lambda: "| a " * 418 + "|\n" + "|---" * 418 + "|\n" + fill("| " + " | ".join(["0.5"] * 418) + " |"),
    "latex": lambda: "\\begin{bmatrix}" + square("0.5", " & ", end=" \\\\\n") + "\\end{bmatrix}",
    "unicode minus": lambda: square("−5", " "),
    "one bad cell": lambda: square("0.5", " ") + " x",
    "spaces": lambda: repeat(" ") + "x",
    "[": lambda: repeat("["),
    "[],": lambda: repeat("[],"),
    "1e": lambda: repeat("1e"),
    "|": lambda: repeat("|"),
    "\\begin{": lambda: repeat("\\begin{"),
    "#": lambda: repeat("#"),
    "# lines": lambda: repeat("# 1\n"),
    "quotes": lambda: repeat("'\\\""),
    "; parts": lambda: repeat("1;"),
    "calls": lambda: repeat("np.float64(1),"),
    "10⁶ rows": lambda: "1 2\n" * 10**6,
}


def numpy_loadtxt(separator: str | None) -> Callable[[str], object]:
    import numpy as np

    return lambda text: np.loadtxt(text.splitlines(), delimiter=separator)


PEERS: dict[str, tuple[str, Callable[[], Callable[[str], object]]]] = {
    "python list": ("json.loads", lambda: json.loads),
    "torch print": ("ast.literal_eval", lambda: lambda text: ast.literal_eval(text[7:-1])),
    "csv": ("np.loadtxt", lambda: numpy_loadtxt(",")),
    "tsv": ("np.loadtxt", lambda: numpy_loadtxt("\t")),
    "text": ("np.loadtxt", lambda: numpy_loadtxt(None)),
}
FLOOR = ("text.split", lambda: str.split)


def measure(read: Callable[[str], object], text: str) -> tuple[float, float, str]:
    """Best seconds of three, additional peak memory in MB, and how it ended."""
    times, outcome = [], "read"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        start = time.perf_counter()
        try:
            read(text)
        except ValueError as error:
            outcome = getattr(error, "code", "refused")
        times.append(time.perf_counter() - start)
    return min(times), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, outcome


def run(name: str, what: str) -> None:
    """Prints the measurement of one row in this process, as JSON."""
    text = BODIES[name]()
    if what == "peer":
        read = PEERS.get(name, FLOOR)[1]()
    else:
        from attn_magic.matrix import parse_matrix

        parse_matrix("1 2")
        read = parse_matrix
    print(json.dumps(measure(read, text)))


def main(names: list[str]) -> None:
    print(f"{'ratio':>6}  {'body':14} {'parser':>9} {'memory':>8}  {'outcome':14} {'peer':18} {'time':>9} {'memory':>8}")
    for name in names or BODIES:
        rows = []
        for what in ("parser", "peer"):
            result = subprocess.run([sys.executable, __file__, "--row", name, what], capture_output=True, text=True, check=True)
            rows.append(json.loads(result.stdout))
        (seconds, memory, outcome), (peer_seconds, peer_memory, _) = rows
        peer = PEERS.get(name, FLOOR)[0]
        print(
            f"{seconds / peer_seconds:6.1f}  {name:14} {seconds * 1000:6.0f} ms {memory:5.0f} MB  {outcome:14} {peer:18} "
            f"{peer_seconds * 1000:6.1f} ms {peer_memory:5.0f} MB"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--row"]:
        run(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1:])
