"""How large a matrix may be: known before anything of that size is made."""

from attn_magic.notation import count

MAX_TRACE_BYTES = 2**30  # bytes that all stages of one trace may take together
MAX_TOKENS = 8191  # of one feature each, that fit into it
_BYTES = 4  # of a float32
_UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"))


def trace_bytes(tokens: int, features: int) -> int:
    """About what the stages of attention take: four tokens × tokens matrices, three of weights, and X, Q, K, V and the output."""
    return _BYTES * (4 * tokens**2 + 3 * features**2 + 5 * tokens * features)


def find_excess(tokens: int, features: int) -> str:
    """What is too large about attention over so many tokens and features, as the first half of an error; empty where it fits.

    >>> find_excess(20_000, 2)
    'Attention over 20,000 tokens with 2 features needs about 6.0 GiB of memory, and the limit is 1 GiB'
    >>> find_excess(512, 64)
    ''
    """
    needed = trace_bytes(tokens, features)
    if needed <= MAX_TRACE_BYTES:
        return ""
    unit, name = next(unit for unit in _UNITS if needed >= unit[0])
    size = count(tokens, "token") + (f" with {count(features, 'feature')}" if features > 1 else "")
    return f"Attention over {size} needs about {needed / unit:,.1f} {name} of memory, and the limit is {MAX_TRACE_BYTES / 2**30:g} GiB"
