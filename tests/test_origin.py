"""What made a file, in its own words."""

import torch

import attn_magic
from attn_magic import attend
from attn_magic.options import Options
from attn_magic.origin import describe_origin, origin
from attn_magic.trace import AttentionTrace
from tests.kinds import KINDS
from tests.traces import INDIAN

MADE = f"Made by attn_magic {attn_magic.__version__} with torch {torch.__version__.partition('+')[0]}"


def test_options_are_named_as_attend_names_them():
    trace = attend(INDIAN, seed=7, mask="causal", scale=False, col_dim=0, weights="identity", temperature=0.5)
    assert describe_origin(trace) == f"{MADE}: seed=7, mask=causal, scale=False, col_dim=0, weights=identity, temperature=0.5"


def test_of_stages_put_together_by_hand_only_the_versions_are_known():
    assert describe_origin(KINDS["two heads"]()) == f"{MADE}: stages put together by hand"
    assert set(origin(KINDS["two heads"]())) == {"attn_magic", "torch"}


def test_an_option_is_one_line_of_printable_text():
    trace = attend(INDIAN)
    strange = AttentionTrace(trace.stages, trace.tokens, Options(mask="a\n%\x1b[31m"), module=trace.module)
    assert origin(strange)["mask"] == "a\\x0a%\\x1b[31m"
