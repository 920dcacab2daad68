"""How long pictures take and how large they are, warm, with matplotlib's own floor beside them.

    python tests/benchmarks/figure.py

The floor is an empty figure with as many axes, in matplotlib's own style and in ours (without frames and ticks), saved as PNG at the
same size and resolution. Times are medians.
"""

import io
import statistics
import time
from collections.abc import Callable

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attn_magic.attention import attend
from attn_magic.exports.gif import to_gif
from attn_magic.trace import AttentionTrace
from attn_magic.views.figure import DOTS_PER_INCH, drawing_settings, figure, picture

INDIAN = [[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]]
LIMIT = 0.4  # seconds for a figure of 3 × 2
SIZES = (3, 32, 128, 512)
FORMATS = ("png", "svg", "pdf")


def measure(action: Callable[[], object], times: int = 7) -> float:
    """The median time in seconds, after one run to warm up."""
    action()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def empty(like: Figure, *, with_ticks: bool) -> Figure:
    """A figure of the same size with as many axes and nothing in them."""
    with drawing_settings():
        drawing = Figure(figsize=tuple(like.get_size_inches()), layout="constrained")
        FigureCanvasAgg(drawing)
        for place in range(len(like.axes)):
            axes = drawing.add_subplot(4, -(-len(like.axes) // 4), place + 1)
            if not with_ticks:
                axes.set_axis_off()
    return drawing


def save(drawing: Figure) -> None:
    with drawing_settings():
        drawing.savefig(io.BytesIO(), dpi=DOTS_PER_INCH)


def random_trace(tokens: int) -> AttentionTrace:
    return attend(torch.randn(tokens, 8, generator=torch.Generator().manual_seed(tokens)), mask="causal")


def print_small() -> None:
    trace = attend(INDIAN, tokens="I am Indian")
    like = figure(trace)
    print(f"3 × 2, {len(like.axes)} axes, ms")
    made = measure(lambda: figure(trace))
    rows = {
        "figure(trace)": made,
        "  floor: an empty figure": measure(lambda: empty(like, with_ticks=True)),
        'picture(trace, "png")': measure(lambda: picture(trace, "png")),
        "  floor: an empty figure as PNG": measure(lambda: save(empty(like, with_ticks=True))),
        "  floor: the same without frames and ticks": measure(lambda: save(empty(like, with_ticks=False))),
    }
    for what, seconds in rows.items():
        print(f"  {what:<46}{1000 * seconds:8.0f}")
    print(f"  figure ≤ {1000 * LIMIT:.0f} ms: {'ok' if made <= LIMIT else 'TOO SLOW'}\n")


def print_sizes() -> None:
    print(f"{'tokens':>6}  {'figure':>10}" + "".join(f"{format:>20}" for format in (*FORMATS, "gif")))
    for tokens in SIZES:
        trace = attend(INDIAN, tokens="I am Indian", mask="causal") if tokens == 3 else random_trace(tokens)
        line = f"{tokens:>6}  {1000 * measure(lambda trace=trace: figure(trace), 3):>7.0f} ms"
        for format in FORMATS:
            seconds = measure(lambda trace=trace, format=format: picture(trace, format), 3)
            line += f"{1000 * seconds:>9.0f} ms {len(picture(trace, format)) / 1000:>5.0f} kB"
        line += f"{1000 * measure(lambda trace=trace: to_gif(trace), 1):>9.0f} ms {len(to_gif(trace)) / 1000:>5.0f} kB"
        print(line)


if __name__ == "__main__":
    print_small()
    print_sizes()
