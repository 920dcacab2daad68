"""How long saving takes and how large the files are: python -m tests.benchmarks.files [tokens …].

Prints a table for 3 tokens × 2 features and larger ones × 16. `floor` is what writing the bytes takes alone; `peer` is the plainest program
that writes the same numbers: numpy.savez_compressed, torch.save, pandas' to_csv and to_latex, json in a page, matplotlib's savefig.
"""

import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from attn_magic import attend
from attn_magic.explorer.page import to_page
from attn_magic.exports.write import save
from attn_magic.formats import SAVED
from attn_magic.trace import AttentionTrace
from tests.traces import INDIAN

REPEATS = {3: 5, 32: 3}
LARGEST_PAGE = 100_000  # bytes, at 3 × 2


def trace_of(tokens: int) -> AttentionTrace:
    if tokens == 3:
        return attend(INDIAN, tokens="I am Indian")
    return attend(torch.randn(tokens, 16, generator=torch.Generator().manual_seed(tokens)))


def milliseconds(action: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _frames(trace: AttentionTrace) -> list[pd.DataFrame]:
    return [pd.DataFrame(stage.value.numpy()) for stage in trace]


def _heat_maps(trace: AttentionTrace, format: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 8))
    for place, stage in enumerate(trace, start=1):
        figure.add_subplot(4, 4, place).imshow(stage.value.numpy())
    figure.savefig(io.BytesIO(), format=format)


PEERS: dict[str, Callable[[AttentionTrace], object]] = {
    ".html": lambda trace: json.dumps({stage.name: stage.value.tolist() for stage in trace}),
    ".png": lambda trace: _heat_maps(trace, "png"),
    ".svg": lambda trace: _heat_maps(trace, "svg"),
    ".pdf": lambda trace: _heat_maps(trace, "pdf"),
    ".tex": lambda trace: [frame.iloc[:12, :9].to_latex() for frame in _frames(trace)],
    ".md": lambda trace: [frame.iloc[:12, :12].to_csv(sep="|") for frame in _frames(trace)],
    ".csv": lambda trace: _frames(trace)[0].to_csv(),
    ".npz": lambda trace: np.savez_compressed(io.BytesIO(), **{stage.name: stage.value.numpy() for stage in trace}),
    ".pt": lambda trace: torch.save({stage.name: stage.value for stage in trace}, io.BytesIO()),
}


def floor(content: bytes, folder: Path) -> None:
    """The bytes alone, on the disk for good."""
    with (folder / "floor").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def measure(trace: AttentionTrace, suffix: str, folder: Path, repeats: int) -> str:
    path = folder / f"a{suffix}"
    taken = milliseconds(lambda: save(trace, path, overwrite=True), repeats)
    content = path.read_bytes()
    least = milliseconds(lambda: floor(content, folder), repeats)
    peer = PEERS.get(suffix)
    against = "" if peer is None else f"{taken / milliseconds(lambda: peer(trace), repeats):8.1f}"
    return f"{len(trace.tokens):7} {suffix:6} {taken:10.1f} {len(content) / 1000:10.1f} {taken / least:8.1f} {against:>8}"


def main(sizes: list[int]) -> None:
    print(f"{'tokens':>7} {'file':6} {'save, ms':>10} {'size, kB':>10} {'× floor':>8} {'× peer':>8}")
    with tempfile.TemporaryDirectory() as name:
        for tokens in sizes:
            trace = trace_of(tokens)
            for suffix in SAVED:
                print(measure(trace, suffix, Path(name), REPEATS.get(tokens, 1)), flush=True)
    size = len(to_page(trace_of(3)).encode())
    print(f"page at 3 × 2: {size / 1000:.1f} kB, at most {LARGEST_PAGE / 1000:.0f} kB: {'ok' if size <= LARGEST_PAGE else 'TOO LARGE'}")


if __name__ == "__main__":
    main([int(tokens) for tokens in sys.argv[1:]] or [3, 32, 128, 512])
