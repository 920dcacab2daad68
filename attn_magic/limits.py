"""How large a matrix may be: known before anything of that size is made."""

from attn_magic.errors import InputError

MOST_BYTES = 2**30  # what all stages of one trace may take together
_BYTES = 4  # of a float32


def trace_bytes(tokens: int, features: int) -> int:
    """About what the stages of attention take: four tokens × tokens matrices, three of weights, and X, Q, K, V and the output."""
    return _BYTES * (4 * tokens**2 + 3 * features**2 + 5 * tokens * features)


def is_too_large(tokens: int, features: int) -> bool:
    """Whether a trace of this size is refused."""
    return trace_bytes(tokens, features) > MOST_BYTES


def describe_size(tokens: int, features: int) -> str:
    """What attention over this many tokens and features would need, for an error.

    >>> describe_size(20_000, 2)
    '20,000 tokens × 2 features need about 6.0 GiB for all stages; the limit is 1.0 GiB.'
    """
    need, limit = trace_bytes(tokens, features) / 2**30, MOST_BYTES / 2**30
    return f"{tokens:,} tokens × {features:,} features need about {need:,.1f} GiB for all stages; the limit is {limit:.1f} GiB."


def refuse_too_large(tokens: int, features: int) -> None:
    """Raise `InputError` where attention over this many tokens and features would not fit."""
    if is_too_large(tokens, features):
        raise InputError(f"{describe_size(tokens, features)} Take part of it, as in x[:512] for the first 512 tokens.")
