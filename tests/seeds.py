"""The property tests with other examples than those of every day, seed by seed.

python -m tests.seeds               ten seeds, all property tests
python -m tests.seeds 100 matrix    a hundred seeds, those of the files whose names hold "matrix"
"""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def main(seeds: int = 10, name: str = "") -> int:
    """How many seeds failed; what failed is printed with what reproduces it."""
    paths = [path for path in sorted(TESTS.glob("test_*.py")) if name in path.name]
    files = [str(path) for path in paths if "from hypothesis import" in path.read_text(encoding="utf-8")]
    failed = []
    for seed in range(seeds):
        command = [sys.executable, "-m", "pytest", "--quiet", "--hypothesis-profile=other", f"--hypothesis-seed={seed}", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"seed {seed}: {done.stdout.rstrip().rpartition(chr(10))[2]}", flush=True)
        if done.returncode:
            failed.append(seed)
            print(done.stdout)
    print(f"{seeds} seeds, {len(failed)} failed{': ' if failed else ''}{', '.join(map(str, failed))}")
    return len(failed)


if __name__ == "__main__":
    seeds, *names = sys.argv[1:] or ["10"]
    sys.exit(bool(main(int(seeds), *names)))
