"""What every view says about a trace as a whole, in the same words."""

import math
from collections.abc import Iterator

from attn_magic.trace import AttentionTrace, Softmax

_MOST_COMPARED = 2**20  # numbers in a stage; comparing 4096 × 4096 of them with torch takes longer than showing them


def describe_sizes(trace: AttentionTrace) -> str:
    """How long each axis is, but for the tokens, which are counted beside it: "d_model 2, d_k 2, d_v 2"."""
    sizes = {axis.name: len(axis) for stage in trace for axis in stage.axes if tuple(axis.labels) != trace.tokens}
    return ", ".join(f"{name} {size:,}" for name, size in sizes.items())


def describe_options(trace: AttentionTrace) -> str:
    """What was asked for, as far as the stages bear it out: a trace may have been put together by hand."""
    return ", ".join(_options(trace))


def _options(trace: AttentionTrace) -> Iterator[str]:
    options = trace.options
    if trace.module is not None:
        weights = {"seeded": f"weights drawn with seed {options.seed}", "identity": "identity weights"}
        yield weights.get(options.weights, "weights as given")
    if not any(stage.is_mask for stage in trace):
        yield "no mask"
    else:
        yield "mask as given" if options.mask in ("none", "given") else f"{options.mask} mask"
    if not options.scale:
        yield "scores not divided by √d_k"
    if options.temperature != 1:
        yield f"temperature {options.temperature:g}"
    for over in dict.fromkeys(stage.equation.over for stage in trace if isinstance(stage.equation, Softmax)):
        yield "softmax along each row" if over == "columns" else "softmax down each column"


def describe_check(trace: AttentionTrace) -> str:
    """How well torch's own function agrees, where asking it takes no time that a reader would notice."""
    if all(math.prod(stage.shape) <= _MOST_COMPARED for stage in trace):
        return str(trace.check())
    return "trace.check() compares this with torch; for so many numbers it takes a moment"
