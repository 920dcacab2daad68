"""How many small mistakes in the sources the tests notice, and which they do not.

    python -m tests.mutation matrix                             a package of attn_magic
    python -m tests.mutation attention trace explain            modules of it
    python -m tests.mutation matrix --only "numerals"           the mutants of the sample whose key has this in it
    python -m tests.mutation matrix --list                      the sample and nothing else

200 mutants (mutants.py), always the same ones for the same sources, are made one after the other in copies of the project, never here, and the
tests of the part run until one fails. A survivor is a mistake that no test notices. Where it makes no difference to anybody, it has
its sentence in data/mutation_survivors.json and does not count; what the table prints before a survivor's change is its key there.

Imports of torch, numpy and the rest take seconds and are done once: every mutant runs in a fork of this process.
"""

import argparse
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .mutants import Mutant, sample

ROOT = Path(__file__).parents[1]
EXPLANATIONS = ROOT / "tests" / "data" / "mutation_survivors.json"
ENOUGH = 85  # per cent

# What concerns a part, the fast first and what hypothesis draws last. What is timed is left out: two runs at once disturb each other.
MATRIX_TESTS = ["test_matrix.py", "test_matrix_corpus.py", "test_matrix_[!p]*.py", "test_matrix_pasted_back.py", "test_matrix_properties.py"]
TESTS = {
    "matrix": MATRIX_TESTS,
    "attention": ["test_attention.py", "test_trace.py", "test_explain.py", "test_shared_cases.py"],
    "trace": ["test_trace.py", "test_attention.py", "test_explain.py", "test_console.py"],
    "index": ["test_index*.py", "test_trace.py", "test_explain.py"],
    "equations": ["test_equations.py", "test_trace.py", "test_explain.py", "test_attention.py"],
    "explain": ["test_explain.py", "test_trace.py", "test_shared_cases.py"],
    "expressions": ["test_expressions.py", "test_explain.py", "test_trace.py", "test_script.py"],
}
NOT_THESE = {"test_matrix_patterns.py"}
LIBRARIES = ["torch", "numpy", "pandas", "hypothesis", "IPython", "matplotlib.figure", "ipywidgets", "anywidget", "rich.console", "PIL.Image"]
LIBRARIES += ["jaxtyping", "beartype", "pytest", "xdist"]


@dataclass
class Outcome:
    """What became of a mutant: killed, survived or hung, by which test, and after how many seconds of the processor."""

    kind: str
    test: str
    seconds: float

    def __str__(self) -> str:
        by = f" by {self.test.rpartition('/')[2][:60]}" if self.kind == "killed" else ""
        return f"{self.kind}{by} ({self.seconds:.1f} s)"


def main() -> int:
    """Prints the table; 0 when enough mutants are noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="+", metavar="part", help="a module or a package of attn_magic")
    parser.add_argument("--sample", type=int, default=200, help="how many mutants (default 200)")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (default 2)")
    parser.add_argument("--only", default="", help="only mutants of the sample whose key has this in it")
    parser.add_argument("--list", action="store_true", help="only say which mutants there are")
    arguments = parser.parse_args()
    chosen = [mutant for mutant in sample(files_of(arguments.parts), ROOT, arguments.sample) if arguments.only in mutant.key]
    if arguments.list:
        print(*(f"{place(mutant)}  {mutant.key}" for mutant in chosen), sep="\n")
        return 0
    outcomes = run(chosen, files_that_test(arguments.parts), arguments.processes)
    return report(chosen, outcomes, json.loads(EXPLANATIONS.read_text(encoding="utf-8")), arguments.parts)


def files_of(parts: list[str]) -> list[Path]:
    """The sources of the parts."""
    paths = []
    for part in parts:
        package = ROOT / "attn_magic" / part.replace(".", "/")
        found = sorted(package.glob("*.py")) if package.is_dir() else [package.with_suffix(".py")]
        if not all(path.is_file() for path in found):
            sys.exit(f"attn_magic has no module and no package {part}.")
        paths += found
    return paths


def files_that_test(parts: list[str]) -> list[str]:
    """The test files that concern the parts, in their order."""
    globs = [glob for part in parts for glob in TESTS.get(part, [f"test_{part}.py"])]
    found = [path for glob in globs for path in sorted((ROOT / "tests").glob(glob)) if path.name not in NOT_THESE]
    last = [path for path in found if "properties" in path.name]
    names = [f"tests/{path.name}" for path in dict.fromkeys([*(path for path in found if path not in last), *last])]
    return names or sys.exit(f"No test file is known for {', '.join(parts)}: see TESTS in {Path(__file__).name}.")


def place(mutant: Mutant) -> str:
    """Where a mutant is, as an editor can open it."""
    return f"{mutant.path.relative_to(ROOT)}:{mutant.line}"


def run(chosen: list[Mutant], tests: list[str], processes: int) -> dict[str, Outcome]:
    """The outcome of every mutant by its key; the tests must pass without one."""
    for name in LIBRARIES:
        importlib.import_module(name)
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        healthy = copy_project(Path(folder) / "healthy")
        print(f"{len(chosen)} mutants, tested by {', '.join(tests)}")
        _, status, usage = os.wait4(start(healthy, None, tests, seconds=3600), 0)
        outcome = judge(status, usage, healthy)
        if outcome.kind != "survived":
            sys.exit(f"Without any mutant, {outcome.test} fails:\n{(healthy / 'output.txt').read_text(errors='replace')[-3000:]}")
        print(f"Without a mutant they pass in {outcome.seconds:.0f} seconds of the processor.", flush=True)
        free = [Path(shutil.copytree(healthy, Path(folder) / str(number))) for number in range(processes)]
        limit = 10 + 3 * outcome.seconds
        running: dict[int, tuple[Mutant, Path, float]] = {}
        waiting = list(reversed(chosen))
        began = time.monotonic()
        while waiting or running:
            while waiting and free:
                mutant, project = waiting.pop(), free.pop()
                running[start(project, mutant, tests, limit)] = mutant, project, time.monotonic() + 10 * limit
            process, status, usage = next_that_ends(running)
            mutant, project, _ = running.pop(process)
            outcomes[mutant.key] = outcome = judge(status, usage, project)
            shutil.copy2(healthy / mutant.path.relative_to(ROOT), project / mutant.path.relative_to(ROOT))
            free.append(project)
            print(f"{len(outcomes):4} of {len(chosen)}, {time.monotonic() - began:5.0f} s: {outcome} {place(mutant)}", flush=True)
    return outcomes


def copy_project(target: Path) -> Path:
    """A copy of the files that belong to the project."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def start(project: Path, mutant: Mutant | None, tests: list[str], seconds: float) -> int:
    """A forked process that runs the tests in this copy, with the mutant in it."""
    if mutant:
        path = project / mutant.path.relative_to(ROOT)
        path.write_bytes(mutant.apply(path.read_bytes()))
        os.utime(path, (0, 0))  # or the compiled file of the healthy one could be taken, which has the same size and second
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    try:
        os._exit(run_tests(project, tests, seconds, keep_compiled=mutant is None))
    finally:
        os._exit(99)


def run_tests(project: Path, tests: list[str], seconds: float, keep_compiled: bool) -> int:
    """In a process of its own: pytest's exit status for the copy of the project."""
    import hypothesis
    import pytest

    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
    output = os.open(project / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(project)
    sys.dont_write_bytecode = not keep_compiled
    os.environ["PYTHONPATH"] = str(project)
    sys.path[:] = [str(project), *(path for path in sys.path if path not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "attn_magic")]:
        del sys.modules[name]
    limits = project.parent / "seconds.json"
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    options = ["-x", "-q", "-p", "no:cacheprovider", "--numprocesses=0", "--tb=short", "--no-header", "-k", "not linear_time"]
    plugin = Limits(json.loads(limits.read_text(encoding="utf-8")) if limits.exists() else {})
    status = pytest.main([*options, *tests], plugins=[plugin])
    if keep_compiled:
        limits.write_text(json.dumps(plugin.measured), encoding="utf-8")
    return status


class Limits:
    """Ends the process when a test takes four times the processor's time that it takes without a mutant, and five seconds more."""

    def __init__(self, usual: dict[str, float]) -> None:
        self.usual = usual
        self.measured: dict[str, float] = {}
        self.start = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Sets the clock, whose signal ends the process even within one long match of a pattern."""
        self.start = time.process_time()
        if self.usual:
            signal.setitimer(signal.ITIMER_PROF, 5 + 4 * self.usual.get(nodeid, 0))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Stops the clock."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.measured[nodeid] = time.process_time() - self.start


def next_that_ends(running: dict[int, tuple[Mutant, Path, float]]) -> tuple[int, int, "resource.struct_rusage"]:
    """The process that ends next; one that sleeps for ever is ended."""
    while True:
        for process, (_, _, deadline) in running.items():
            ended, status, usage = os.wait4(process, os.WNOHANG)
            if ended:
                return process, status, usage
            if time.monotonic() > deadline:
                os.killpg(process, signal.SIGKILL)
        time.sleep(0.05)


def judge(status: int, usage: "resource.struct_rusage", project: Path) -> Outcome:
    """What an exit status means: 0, no test failed; a signal, the time was up or the mutant broke the process."""
    output = (project / "output.txt").read_text(encoding="utf-8", errors="replace")
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    seconds = usage.ru_utime + usage.ru_stime
    if os.WIFSIGNALED(status):
        hung = os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL)
        return Outcome("hung" if hung else "killed", f"signal {os.WTERMSIG(status)}", seconds)
    code = os.waitstatus_to_exitcode(status)
    return Outcome("survived" if code == 0 else "killed", failed[0] if failed else f"exit {code}", seconds)


def report(chosen: list[Mutant], outcomes: dict[str, Outcome], explanations: dict[str, str], parts: list[str]) -> int:
    """Prints how it went, and every survivor with its change."""
    survivors = [mutant for mutant in chosen if outcomes[mutant.key].kind == "survived"]
    explained = [mutant for mutant in survivors if mutant.key in explanations]
    open_ones = [mutant for mutant in survivors if mutant.key not in explanations]
    for mutant in open_ones:
        print("", f"SURVIVED {place(mutant)}", f"  {mutant.key}", *difference(mutant), sep="\n")
    for mutant in explained:
        print("", f"MAKES NO DIFFERENCE {place(mutant)}", f"  {mutant.key}", *difference(mutant), f"  {explanations[mutant.key]}", sep="\n")
    for mutant in chosen:
        if mutant.key in explanations and outcomes[mutant.key].kind != "survived":
            print("", f"EXPLAINED, BUT KILLED by {outcomes[mutant.key].test}", f"  {mutant.key}", sep="\n")
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    killed = kinds["killed"] + kinds["hung"]
    counted = len(chosen) - len(explained)
    score = 100 * killed / counted if counted else 100.0
    print("", f"{'part':28} {'mutants':>8} {'killed':>8} {'hung':>8} {'survived':>9} {'explained':>10} {'score':>8}", sep="\n")
    name = " ".join(parts)
    print(f"{name:28} {len(chosen):8} {kinds['killed']:8} {kinds['hung']:8} {len(open_ones):9} {len(explained):10} {score:6.1f} %")
    return 0 if score >= ENOUGH else 1


def difference(mutant: Mutant) -> Iterator[str]:
    """The lines that differ, before and after."""
    source = mutant.path.read_bytes()
    old, new = (text.decode().splitlines() for text in (source, mutant.apply(source)))
    first = next((number for number, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    last = next((number for number, (one, other) in enumerate(zip(reversed(old), reversed(new), strict=False)) if one != other), 0)
    yield from (f"  - {line.strip()}" for line in old[first : len(old) - last])
    yield from (f"  + {line.strip()}" for line in new[first : len(new) - last])


if __name__ == "__main__":
    sys.exit(main())
