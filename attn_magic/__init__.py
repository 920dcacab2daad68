"""Type a matrix, watch attention happen, and ask any number where it came from.

    %load_ext attn_magic

    %%attention
    I       1.16  0.23
    am      0.57  1.36
    Indian  4.41 -2.16

Everything can be used without the magics, too: `attend(parse_matrix(text))`. A name is imported when it is first used, so that neither
`import attn_magic` nor `%load_ext attn_magic` waits for torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from attn_magic.attention import MaskedSelfAttention, SelfAttention, attend
    from attn_magic.equations import Contraction, Elementwise, Softmax
    from attn_magic.errors import AttentionError, InputError, MatrixError, OptionError, SaveError, TraceError
    from attn_magic.explain import Explanation, Source
    from attn_magic.matrix import Matrix, parse_matrix
    from attn_magic.notices import Notice
    from attn_magic.options import Options
    from attn_magic.trace import AttentionTrace, Axis, Stage

    __version__: str

_HOMES = {
    "attention": ("attend", "SelfAttention", "MaskedSelfAttention"),
    "errors": ("AttentionError", "InputError", "MatrixError", "OptionError", "SaveError", "TraceError"),
    "explain": ("Explanation", "Source"),
    "matrix": ("Matrix", "parse_matrix"),
    "notices": ("Notice",),
    "equations": ("Contraction", "Elementwise", "Softmax"),
    "options": ("Options",),
    "trace": ("AttentionTrace", "Axis", "Stage"),
}

__all__ = [
    "AttentionError",
    "AttentionTrace",
    "Axis",
    "Contraction",
    "Elementwise",
    "Explanation",
    "InputError",
    "MaskedSelfAttention",
    "Matrix",
    "MatrixError",
    "Notice",
    "OptionError",
    "Options",
    "SaveError",
    "SelfAttention",
    "Softmax",
    "Source",
    "Stage",
    "TraceError",
    "attend",
    "parse_matrix",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from attn_magic.version import version

        return version()
    for module, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """`%load_ext attn_magic`: %%attention and %%masked_attention are there."""
    from attn_magic.magics import register

    register(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """`%unload_ext attn_magic`: nothing of them is left."""
    from attn_magic.magics import unregister

    unregister(shell)
