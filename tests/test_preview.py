"""The picture in a cell's output, read back with Pillow."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from attn_magic import attend
from attn_magic.origin import describe_origin
from attn_magic.views import preview as view
from attn_magic.views.palette import heat
from attn_magic.views.preview import preview
from tests.kinds import KINDS
from tests.labels import LABELS
from tests.traces import INDIAN, cross_attention_with_softcap

DRAW = "import sys; from attn_magic import attend; from attn_magic.views.preview import preview; "
HIDDEN, STRIPE, ALLOWED, NOT_FINITE = (236, 236, 236), (200, 200, 200), (198, 219, 239), (179, 38, 30)


def pixels(trace):
    picture = Image.open(io.BytesIO(preview(trace)))
    picture.verify()
    return np.asarray(Image.open(io.BytesIO(preview(trace))).convert("RGB"))


def has(picture, color):
    return (picture == color).all(axis=2)


def rgb(color):
    return tuple(int(color[start : start + 2], 16) for start in (1, 3, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_trace_is_drawn_on_white_as_wide_as_a_page(kind):
    picture = pixels(KINDS[kind]())
    assert picture.shape[1] == 1000
    assert (picture[:, -4:] == 255).all()  # nothing runs over the edge
    assert (picture[-4:] == 255).all()
    assert not (picture == 255).all()


def test_a_small_trace_takes_little_room():
    assert len(preview(attend(INDIAN, mask="causal"))) < 60_000


def test_it_is_the_same_in_another_process():
    code = f"{DRAW}sys.stdout.buffer.write(preview(attend([[1., 2.]])))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == preview(attend([[1.0, 2.0]]))


def test_it_says_what_made_it():
    trace = attend(INDIAN, seed=7)
    assert Image.open(io.BytesIO(preview(trace))).info == {"Software": "attn_magic", "Description": describe_origin(trace)}


def test_an_end_of_the_scale_has_the_color_that_other_views_give_it():
    picture = pixels(attend(INDIAN))
    assert has(picture, rgb(heat(4.41, -2.16, 4.41)[0])).any()
    weights = torch.softmax(attend(INDIAN).scaled_scores, dim=1)
    assert has(picture, rgb(heat(weights.max().item(), weights.min().item(), weights.max().item())[0])).any()


def test_another_number_changes_its_own_cell_and_those_that_follow_from_it():
    """A value of the last row of X: in the line of the given matrices nothing else changes."""
    one, other = pixels(attend(INDIAN)), pixels(attend([*INDIAN[:2], [4.41, -2.17]]))
    rows, columns = np.nonzero((one != other).any(axis=2))
    first_line = rows < 190  # pixels
    assert len(set(columns[first_line].tolist())) > 0
    assert columns[first_line].max() - columns[first_line].min() < 90  # one cell
    assert (rows[~first_line] > 200).any()


def test_what_a_mask_hides_is_striped_and_what_is_allowed_is_not():
    picture = pixels(attend(INDIAN, mask="causal"))
    assert has(picture, HIDDEN).any()
    assert has(picture, STRIPE).any()
    assert has(picture, ALLOWED).any()
    assert not has(pixels(attend(INDIAN)), HIDDEN).any()


def test_a_number_that_is_not_finite_stands_on_red():
    assert has(pixels(attend([[3e38, 3e38], [2.0, 3.0]])), NOT_FINITE).any()
    assert not has(pixels(attend(INDIAN)), NOT_FINITE).any()


def test_a_large_stage_is_drawn_in_blocks_and_a_long_one_takes_no_more_room():
    torch.manual_seed(1)
    large, larger = attend(torch.randn(60, 24), mask="causal"), attend(torch.randn(300, 24), mask="causal")
    assert abs(pixels(large).shape[0] - pixels(larger).shape[0]) <= 60
    mask = larger["mask"].value
    assert mask.float().mean() > 0.5
    picture = pixels(larger)
    shares = [has(picture, color).sum() for color in (HIDDEN, ALLOWED)]
    assert 0 < shares[1] < shares[0]  # the mask and two stages behind it have as many hidden cells each


def test_of_many_heads_the_first_four_are_drawn():
    assert pixels(cross_attention_with_softcap()).shape[0] < 1700


@pytest.mark.parametrize("start", range(0, len(LABELS), 20))
def test_any_label_is_drawn_inside_the_picture(start):
    labels = list(LABELS.values())[start : start + 20]
    n = len(labels)
    picture = pixels(attend(torch.eye(n, 3) + 0.5, tokens=[label or "·" for label in labels]))
    assert picture.shape[1] == 1000
    assert picture.shape[0] < 2500


def test_a_character_without_a_glyph_is_shown_as_its_escape():
    assert view._width("\u732b") == view._width("\\u732b")
    assert view._width("a\u0301") == view._width("a")  # the mark stands above it


def test_drawing_imports_no_matplotlib():
    code = f"{DRAW}preview(attend([[1.0, 2.0]])); print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


def test_the_label_of_a_single_row_without_digits_stands_there_once():
    [panel] = view._panels(view._read(trace := attend(torch.ones(1, 30), tokens=["alone"]), trace["token_encodings"]), (12, 8), 4)
    assert panel.texts == []
    assert panel.row_labels == ["alone"]
