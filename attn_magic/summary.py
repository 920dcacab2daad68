"""What every view says about a trace as a whole, in the same words."""

import math
from collections.abc import Iterator
from dataclasses import replace

from attn_magic.equations import Softmax
from attn_magic.masks import GIVEN, NONE
from attn_magic.options import OPTIONS
from attn_magic.trace import AttentionTrace

_MAX_COMPARED = 2**20  # numbers in a stage; comparing 4096 × 4096 of them with torch takes longer than showing them


def describe_sizes(trace: AttentionTrace) -> str:
    """How long each axis is, but for the tokens, which are counted beside it: "d_model 2, d_k 2, d_v 2"."""
    sizes = {axis.name: len(axis) for stage in trace for axis in stage.axes if tuple(axis.labels) != trace.tokens}
    return ", ".join(f"{name} {size:,}" for name, size in sizes.items())


def describe_options(trace: AttentionTrace) -> str:
    """What was asked for, as far as the stages bear it out: a trace may have been put together by hand."""
    return ", ".join(_options(trace))


def _options(trace: AttentionTrace) -> Iterator[str]:
    options = trace.options
    if not any(stage.is_mask for stage in trace):
        options = replace(options, mask=NONE)
    elif options.mask == NONE:
        options = replace(options, mask=GIVEN)
    for option in OPTIONS:
        if trace.module is not None or option.name != "seed":  # of weights that nothing drew there is nothing to say
            yield from filter(None, [option.describe(options)])
    for over in dict.fromkeys(stage.equation.over for stage in trace if isinstance(stage.equation, Softmax)):
        yield "softmax along each row" if over == "columns" else "softmax down each column"


def describe_check(trace: AttentionTrace) -> str:
    """How well torch's own function agrees, where asking it takes no time that a reader would notice."""
    if all(math.prod(stage.shape) <= _MAX_COMPARED for stage in trace):
        return str(trace.check())
    return "trace.check() compares this with torch; for so many numbers it takes a moment"
