"""The GIF: one frame for each stage, at a pace to follow, the same bytes every time."""

import hashlib
import io
import itertools
import subprocess
import sys
import warnings

import pytest
import torch
from PIL import Image, ImageChops

from attn_magic.attention import attend
from attn_magic.exports.gif import LAST_SECONDS, SECONDS, SIZE, to_gif

from .traces import INDIAN, cross_attention_with_softcap


@pytest.fixture(scope="module")
def trace():
    return attend(INDIAN, tokens="I am Indian", mask="causal")


TOLD: list[tuple[int, int]] = []  # what the fixture below was told of its progress


@pytest.fixture(scope="module")
def gif(trace):
    return to_gif(trace, progress=lambda done, total: TOLD.append((done, total)))


def frames(gif):
    """Every frame as it is seen, and how long."""
    with Image.open(io.BytesIO(gif)) as image:
        for place in range(image.n_frames):
            image.seek(place)
            yield image.convert("RGB"), image.info["duration"]


def test_it_has_one_frame_for_each_stage_and_plays_for_ever(trace, gif):
    with Image.open(io.BytesIO(gif)) as image:
        assert image.n_frames == len(trace)
        assert image.size == SIZE
        assert image.info["loop"] == 0


def test_the_whole_picture_stays_longer_than_the_others(gif):
    *durations, last = [duration for _, duration in frames(gif)]
    assert set(durations) == {1000 * SECONDS}
    assert last == 1000 * LAST_SECONDS


def test_every_frame_shows_more_than_the_one_before(gif):
    pictures = [frame.crop((0, 140, *SIZE)) for frame, _ in frames(gif)]
    for before, after in itertools.pairwise(pictures):
        assert ImageChops.difference(before, after).getbbox() is not None
    inks = [sum(value < 250 for value in picture.convert("L").tobytes()) for picture in pictures]
    frame = 2 * 2 * (600 + 300)  # pixels at most around the newest panel, which moves on
    assert all(after > before - frame for before, after in itertools.pairwise(inks))


def test_another_process_writes_the_same_bytes_without_pyplot(trace, gif):
    script = f"""
import hashlib, sys
from attn_magic.attention import attend
from attn_magic.exports.gif import to_gif
trace = attend({INDIAN}, tokens={trace.tokens!a}, mask="causal")
print(hashlib.sha256(to_gif(trace)).hexdigest(), "matplotlib.pyplot" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120).stdout
    assert answer.split() == [hashlib.sha256(gif).hexdigest(), "False"]


def test_it_says_how_it_was_made(gif):
    with Image.open(io.BytesIO(gif)) as image:
        assert "seed=42" in image.info["comment"].decode()


def test_progress_is_told_after_every_frame(trace, gif):
    assert [(done, len(trace)) for done in range(1, len(trace) + 1)] == TOLD


@pytest.mark.parametrize(
    "large",
    [cross_attention_with_softcap(), attend(torch.randn(80, 4, generator=torch.Generator().manual_seed(1)))],
    ids=["two heads", "80 tokens"],
)
def test_a_trace_too_large_for_one_slide_is_played_act_by_act(large):
    pictures = [frame for frame, _ in frames(to_gif(large))]
    assert len(pictures) == len(large)
    assert {picture.size for picture in pictures} == {SIZE}


def test_labels_are_somebodys_text():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_gif(attend([[1.0], [2.0], [3.0]], tokens=["$x^$", "猫\x1b[31m", "{row}" * 100]))
