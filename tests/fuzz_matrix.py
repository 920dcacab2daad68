"""Bodies that nobody thought of: a fuzzer, guided by the lines that the parser runs, looks for one that is read wrong or breaks it.

    pip install atheris
    python -m tests.fuzz_matrix --bodies 1000000              both cores, from the bodies in tests/data
    python -m tests.fuzz_matrix --bodies 1000 --seed 7 --keep found

What is wrong is asked of three judges: only a `MatrixError` may be raised, with a text that fits a screen; where the plain reader of the tests
reads the body, too, both agree; and every value stands in the text, as every number of a plain text is a value, if no notice speaks of it.
A finding is made smaller while it stays one, and printed once for each kind; found bodies become cases of tests/data/accounting_attack.json.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

DATA = Path(__file__).parent / "data"
LONGEST = 400  # characters of a body
PIECES = ["tensor(", "array(", "\\begin{bmatrix}", "\\end{bmatrix}", "\\\\", " & ", "|---|---|", "dtype: float64", "token", "```", ">>> ", "Out[5]:"]
PIECES += [
    "[1,]",
    "1.5",
    "-2",
    "1,234",
    "0. 25",
    "##ing",
    " # ",
    "%",
    "I: ",
    "am ",
    ";",
    "\t",
    "[CLS]",
    '"a b"',
    "nan",
    "...",
    "1e5",
    "(2.5)",
    "\n",
    "\n\n",
]
STRUCTURED = re.compile(r"[\\\[({=:'\"`#%|<>]")


def fault(text: str) -> str:
    """What the parser does wrong with this body, in words that tell one kind from another; empty where nothing is."""
    from attn_magic.errors import MatrixError
    from attn_magic.matrix import CODES, parse_matrix
    from tests.plain_reader import plain_reader
    from tests.test_matrix_oracle import SAYS_NOTHING_OF_LOSS, agree, numbers_of, without_quoted_names

    try:
        matrix = parse_matrix(text)
    except MatrixError as error:
        if error.code not in CODES or not 0 < len(str(error)) < 2000:
            return f"a refusal that is no message: {error.code}"
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {re.sub('[0-9]+', '#', str(error))[:60]}"
    plain = plain_reader(text)
    if plain is not None and not agree(matrix, plain):
        return "the plain reader reads something else"
    values = Counter(value for row in matrix.values for value in row)
    written = numbers_of(without_quoted_names(text, matrix))
    if not text.isascii() or {notice.code for notice in matrix.notices} - SAYS_NOTHING_OF_LOSS:
        return ""
    if not STRUCTURED.search(text) and values != written:
        return "a number is lost or invented in a plain text"
    return ""


def shrink(text: str, kind: str) -> str:
    """The body without all that the finding does not need."""
    size = len(text) // 2
    while size:
        for start in range(0, len(text), size):
            shorter = text[:start] + text[start + size :]
            if fault(shorter) == kind:
                text = shorter
                break
        else:
            size //= 2
    return text


def seeds() -> list[str]:
    """Every body that the tests know, but long ones."""
    bodies: list[str] = []
    for path in DATA.glob("*.json"):
        waiting: list[object] = [json.loads(path.read_text(encoding="utf-8"))]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                bodies += [text for name in ("body", "input") if isinstance(text := one.get(name), str)]
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
    return [body for body in bodies if len(body) <= LONGEST]


def work(bodies: int, seed: int, folder: str) -> None:
    """One process: tries `bodies` bodies, and writes what it finds as lines of JSON."""
    import atheris

    with atheris.instrument_imports(include=["attn_magic.matrix"]):
        import attn_magic.matrix.parse  # noqa: F401

    known: set[str] = set()

    def try_one(data: bytes) -> None:
        text = data.decode("utf-8", "ignore")[:LONGEST]
        kind = fault(text)
        if kind and kind not in known:
            known.add(kind)
            print(json.dumps({"finding": kind, "body": shrink(text, kind)}), flush=True)

    inputs = Path(folder, f"corpus{seed}")
    inputs.mkdir()
    for number, body in enumerate(seeds()):
        (inputs / str(number)).write_bytes(body.encode())
    pieces = Path(folder, f"pieces{seed}")
    pieces.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in piece.encode())}"\n' for piece in PIECES))
    arguments = [f"-runs={bodies}", f"-seed={seed}", f"-max_len={4 * LONGEST}", f"-dict={pieces}", "-timeout=30", "-print_final_stats=1", str(inputs)]
    atheris.Setup([sys.argv[0], *arguments], try_one)
    atheris.Fuzz()


def main() -> int:
    """How many kinds of findings there are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bodies", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write the findings to this file")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        bodies, seed, folder = asked.work
        work(int(bodies), int(seed), folder)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        commands = [[sys.executable, "-m", "tests.fuzz_matrix", "--work", str(asked.bodies // 2), str(asked.seed + core), folder] for core in (0, 1)]
        workers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in commands]
        answers = [worker.communicate() for worker in workers]
    findings = {
        (found := json.loads(line))["finding"]: found["body"] for out, _ in answers for line in out.splitlines() if line.startswith('{"finding"')
    }
    tried = [int(match[1]) for _, log in answers if (match := re.search(r"number_of_executed_units: ([0-9]+)", log))]
    for kind, body in findings.items():
        print(f"{kind}\n    {body!r}")
    for _, log in answers:
        if "number_of_executed_units" not in log:
            print(log[-2000:])
    print(f"{sum(tried):,} bodies tried, {len(findings)} kinds of findings")
    if asked.keep:
        asked.keep.write_text(json.dumps(findings, indent=1), encoding="utf-8")
    return len(findings) + (len(tried) < len(workers))


if __name__ == "__main__":
    sys.exit(bool(main()))
