"""The version of this package, as its installation tells it."""

import functools


@functools.cache
def version() -> str:
    """`attn_magic`'s version, asked for once: reading it takes 10 ms."""
    from importlib import metadata

    return metadata.version("attn_magic")
