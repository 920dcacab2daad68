"""The picture view: what is drawn, that it can be read, and that the files are good ones."""

import contextlib
import inspect
import io
import itertools
import math
import os
import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch
from PIL import Image

import attn_magic.exports.gif
import attn_magic.views.figure
import attn_magic.views.layout
from attn_magic.attention import attend
from attn_magic.errors import OptionError, TraceError
from attn_magic.notation import format_label, format_number, shorten
from attn_magic.notices import Notice
from attn_magic.trace import Axis
from attn_magic.views.figure import LEGEND, THEMES, figure, picture
from attn_magic.views.palette import luminance

from .labels import LABELS, in_batches
from .traces import INDIAN, cross_attention_with_softcap

SENTENCE = "the cat sat on the mat and then it went away ."
SCRIPT = """
import hashlib, sys
from attn_magic.attention import attend
from attn_magic.views.figure import picture
trace = attend([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]], tokens="I am Indian", mask="causal")
print([hashlib.sha256(picture(trace, format)).hexdigest() for format in ("png", "svg", "pdf")], "matplotlib.pyplot" in sys.modules)
"""


def random_rows(tokens, features):
    return torch.randn(tokens, features, generator=torch.Generator().manual_seed(tokens))


TRACES = {
    "plain": lambda: attend(INDIAN, tokens="I am Indian"),
    "causal": lambda: attend(INDIAN, tokens="I am Indian", mask="causal"),
    "columns": lambda: attend(INDIAN, tokens="I am Indian", col_dim=0, temperature=2.0),
    "two heads": cross_attention_with_softcap,
    "12 tokens": lambda: attend(random_rows(12, 8), tokens=SENTENCE, mask="causal"),
    "64 tokens": lambda: attend(random_rows(64, 8), mask="causal"),
    "200 tokens": lambda: attend(random_rows(200, 3), mask="causal"),
    "one token": lambda: attend([[2.0]], tokens=["only"]),
    "long labels": lambda: attend(random_rows(5, 5), tokens=[f"{letter * 300}" for letter in "WiMal"]),
}


@pytest.fixture(params=TRACES)
def trace(request):
    return TRACES[request.param]()


@pytest.fixture
def causal():
    return TRACES["causal"]()


def panels(drawing, name):
    """The axes of one stage: one for each head."""
    return [axes for axes in drawing.axes if axes.get_label() == name]


def texts(artist):
    return [text.get_text() for text in artist.texts if text.get_text()]


def text_at(axes, row, column):
    """What stands in one cell."""
    found = [text.get_text() for text in axes.texts if text.get_position() == (column, row) and text.get_transform() == axes.transData]
    return "".join(found)


def hatched(axes, rows, columns):
    """True for the cells that are hatched."""
    patches = [child for child in axes.get_children() if isinstance(child, PathPatch) and child.get_hatch()]
    return [[any(patch.get_path().contains_point((column, row)) for patch in patches) for column in range(columns)] for row in range(rows)]


def all_texts(drawing):
    return [text for axes in drawing.axes for text in axes.texts if text.get_text().strip()]


def heads_of(stage):
    return [None] if stage.heads is None else range(len(stage.heads))


# What is drawn


@pytest.mark.parametrize("name", ["plain", "causal", "columns", "two heads"])
def test_every_cell_shows_torchs_number(name):
    trace = TRACES[name]()
    drawing = figure(trace)
    for stage in trace:
        axes = panels(drawing, stage.name)
        for head, panel in zip(heads_of(stage), axes, strict=True):
            for row, line in enumerate(stage.window(slice(None), slice(None), head).tolist()):
                for column, value in enumerate(line):
                    expected = {True: "✓", False: ""}[value] if stage.is_mask else format_number(value)
                    assert text_at(panel, row, column) == expected


@pytest.mark.parametrize("name", ["causal", "two heads", "12 tokens"])
def test_exactly_the_hidden_cells_are_hatched(name):
    trace = TRACES[name]()
    drawing = figure(trace)
    everything = (slice(None), slice(None))
    for stage in trace:
        for head, panel in zip(heads_of(stage), panels(drawing, stage.name), strict=True):
            hidden = ~stage.window(*everything) if stage.is_mask else trace.hidden(stage, *everything, head)
            assert hatched(panel, *stage.shape[-2:]) == hidden.tolist(), stage.name


def test_hatching_has_a_legend_where_there_is_any(causal):
    (legend,) = panels(figure(causal), LEGEND)
    assert texts(legend)[:3] == ["✓", "may attend", "hidden by the mask"]
    (legend,) = panels(figure(TRACES["plain"]()), LEGEND)
    assert "hidden by the mask" not in texts(legend)


def test_tokens_symbols_acts_and_row_sums_stand_beside_the_numbers(causal):
    (weights,) = panels(figure(causal), "attention_weights")
    shown = texts(weights)
    assert {"I", "am", "Indian", "query", "key", "3 Normalise", "Attention weights", "Σ row"} <= set(shown)
    assert shown.count("1.0000") == 1 + 3 + 1  # a weight, the sums, the end of the scale
    assert "A = softmax(QKᵀ/√d_k where M) (3 × 3)" in " ".join(shown).replace("\N{NO-BREAK SPACE}", " ")


def test_a_softmax_down_the_columns_shows_both_sums():
    trace = TRACES["columns"]()
    shown = texts(panels(figure(trace), "attention_weights")[0])
    for total in trace.attention_weights.double().sum(dim=1).tolist():
        assert format_number(total) in shown
    assert "Σ column" in shown
    assert shown.count("1.0000") == 3


def test_a_row_that_sees_nothing_is_named():
    drawing = figure(cross_attention_with_softcap())
    for axes in panels(drawing, "attention_weights"):
        assert "chat: every key is hidden, nothing to attend to" in " ".join(texts(axes))


def test_the_scale_is_stated_and_the_same_for_every_head():
    trace = cross_attention_with_softcap()
    end = trace.scores.abs().max().item()
    for axes in panels(figure(trace), "scores"):
        assert {format_number(-end), "0", format_number(end)} <= set(texts(axes))


def test_chosen_stages_are_drawn_alone_and_without_words_about_the_whole(causal):
    drawing = figure(causal, stages=["attention_weights", "scores"])
    assert [axes.get_label() for axes in drawing.axes] == ["attention_weights", "scores", LEGEND]
    assert not any("seed" in text for axes in drawing.axes for text in texts(axes))
    assert [axes.get_label() for axes in figure(causal, stages="scores").axes] == ["scores"]


def test_the_whole_picture_says_the_options_the_check_and_the_notices(causal):
    trace = replace(causal, notices=(Notice("test", "Something $x$ was rounded."),))
    words = " ".join(texts(panels(figure(trace), LEGEND)[0]))
    assert "weights drawn with seed 42, causal mask" in words
    assert "agrees with torch" in words
    assert "Something $x$ was rounded." in words


def test_large_stages_are_shown_in_blocks_and_say_so():
    trace = TRACES["200 tokens"]()
    drawing = figure(trace, stages=["masked_scores", "attention_weights"])
    for axes in drawing.axes[:2]:
        assert "In 64 × 64 blocks, each the number farthest from 0" in " ".join(texts(axes))
        assert hatched(axes, 64, 64) == [[column * 200 // 64 > math.ceil((row + 1) * 200 / 64) - 1 for column in range(64)] for row in range(64)]
    assert "token 1" in texts(drawing.axes[0])


@pytest.mark.parametrize("module", [attn_magic.views.figure, attn_magic.views.layout, attn_magic.exports.gif])
def test_numbers_are_read_by_windows_and_overviews_only(module):
    """A stage that is computed on demand has no value to hand out."""
    assert not re.search(r"\.value\b", inspect.getsource(module))


def test_infinities_and_nan_stand_out():
    drawing = figure(attend([[1e38, 3e38], [1.0, 2.0]], weights="identity"))
    assert "not a finite number" in texts(panels(drawing, LEGEND)[0])
    assert "∞" in texts(panels(drawing, "scores")[0])


# That it can be read


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["causal", "two heads"])
def test_ink_has_a_contrast_of_4_5(name, theme):
    trace = TRACES[name]()
    drawing = figure(trace, theme=theme)
    colors = THEMES[theme]
    for axes in drawing.axes:
        cells = next((child for child in axes.collections if len(child.get_facecolor())), None)
        shape = next((stage.shape[-2:] for stage in trace if stage.name == axes.get_label()), None)
        for text in axes.texts:
            column, row = text.get_position()
            is_in_cell = shape is not None and (row, column) in itertools.product(range(shape[0]), range(shape[1])) and text_at(axes, row, column)
            if is_in_cell and text.get_transform() == axes.transData:
                grounds = [cells.get_facecolor()[int(row * shape[1] + column)][:3]]
                grounds += [to_rgb(colors.hatch)] if hatched(axes, *shape)[row][column] else []
            elif text.get_text() == "✓":
                continue  # in the legend, as in the cells
            else:
                grounds = [to_rgb(colors.background)]
            for ground in grounds:
                assert contrast(to_rgb(text.get_color()), ground) >= 4.5, (text.get_text(), theme)


def contrast(ink, ground):
    dark, light = sorted((luminance(tuple(ink)), luminance(tuple(ground))))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("width", [3.3, 7, 13.3])
def test_no_text_overlaps_another_or_leaves_the_picture(trace, width):
    drawing = figure(trace, width=width)
    drawing.set_dpi(200)
    drawing.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in all_texts(drawing)]
    for text, box in boxes:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= drawing.bbox.x1 + 1, text
        assert box.y1 <= drawing.bbox.y1 + 1, text
    assert overlaps(boxes) == []


def overlaps(boxes):
    """Pairs of texts whose letters meet; the box of a text has room for accents and descenders, which are left aside."""
    cores = []
    for text, box in boxes:
        thin = 0.2 * min(box.height, box.width)
        cores.append(
            (text, box.x0, box.x1, box.y0 + thin, box.y1 - thin) if box.width > box.height else (text, box.x0 + thin, box.x1 - thin, box.y0, box.y1)
        )
    return [
        (text, other)
        for (text, left, right, bottom, top), (other, other_left, other_right, other_bottom, other_top) in itertools.combinations(cores, 2)
        if left < other_right - 1 and other_left < right - 1 and bottom < other_top and other_bottom < top
    ]


@pytest.mark.parametrize(("width", "tallest"), [(3.3, 9.5), (7, 9.5), (13.3, 7.5)])
def test_a_small_trace_fits_on_a_page_and_on_a_slide(causal, width, tallest):
    drawing = figure(causal, width=width)
    assert drawing.get_size_inches()[0] == pytest.approx(width)
    assert drawing.get_size_inches()[1] <= tallest
    assert min(text.get_fontsize() for text in all_texts(drawing)) >= 4.5


@pytest.mark.parametrize("width", [3.3, 7, 13.3])
def test_one_long_label_does_not_stretch_the_picture_over_pages(width):
    """It is cut sooner than the picture is made as long as this: labels stand along both sides of many panels."""
    trace = attend(random_rows(6, 3), tokens=["a", "W" * 60, "c", "d", "e", "f"], mask="causal")
    long = figure(trace, width=width)
    short = figure(attend(random_rows(6, 3), tokens=list("abcdef"), mask="causal"), width=width)
    assert long.get_size_inches()[1] <= 2 * short.get_size_inches()[1]
    assert any(text.startswith("WWW") and text.endswith("…") for text in texts(panels(long, "scores")[0]))


def test_the_layout_is_constrained(causal):
    assert type(figure(causal).get_layout_engine()).__name__ == "ConstrainedLayoutEngine"


# Labels are somebody's text


@pytest.mark.parametrize("labels", in_batches(20), ids=itertools.count())
def test_any_label_is_drawn_as_it_is(labels):
    trace = attend(torch.eye(20, 2), tokens=labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = picture(trace, "svg", stages=["token_encodings"])
        figure(trace, stages=["token_encodings"]).draw_without_rendering()
    shown = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    for label in labels:
        assert shorten(format_label(label), 24) in shown or not label
    assert not any(name in svg for name in (b"<script", b"<image onload", b"<foreignObject", b"<a "))


def test_every_label_at_once_along_both_sides_gives_good_files():
    labels = list(LABELS.values())
    trace = attend(torch.eye(len(labels), 2), tokens=labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ElementTree.fromstring(picture(trace, "svg", stages=["scores"]))
        assert picture(trace, "pdf", stages=["scores"]).startswith(b"%PDF")


def test_every_word_of_a_stage_is_text_too():
    trace = attend(INDIAN)
    hostile = "$x^$ <b>\x1b[31m猫"
    stages = tuple(
        replace(stage, title=hostile, symbol=hostile, act=hostile, meaning=hostile, rows=Axis(hostile, stage.rows.labels)) for stage in trace
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = picture(replace(trace, stages=stages), "svg").decode()
    ElementTree.fromstring(svg)
    assert "$x^$ &lt;b&gt;\\x1b[31m" in svg


def test_a_character_in_no_font_is_escaped_in_pixels_and_itself_in_svg():
    trace = attend([[1.0], [2.0]], tokens=["\U0001095f", "b"])  # Imperial Aramaic, which few fonts have
    assert "\\U0001095f" in texts(figure(trace, stages=["scores"]).axes[0])
    assert "\U0001095f" in picture(trace, "svg", stages=["scores"]).decode()


# Errors


def test_an_unknown_stage_gets_a_suggestion(causal):
    with pytest.raises(TraceError, match=r"no stage 'scoers'\. Did you mean 'scores'\?"):
        figure(causal, stages=["scoers"])
    with pytest.raises(TraceError, match="No stages to draw"):
        figure(causal, stages=[])


def test_an_unknown_theme_format_or_width_is_refused(causal):
    with pytest.raises(OptionError) as error:
        figure(causal, theme="drak")
    assert str(error.value) == "There is no theme 'drak'. Did you mean 'dark'? There are light, dark, print."
    with pytest.raises(OptionError) as error:
        picture(causal, "jpg")
    assert str(error.value).startswith("There is no picture format 'jpg'.")
    for width in (0, -3.0, 1e9, math.nan):
        with pytest.raises(OptionError, match="inches wide"):
            figure(causal, width=width)


# Hygiene


def test_the_users_settings_neither_change_nor_matter(causal):
    clean = {format: picture(causal, format, stages=["masked_scores"]) for format in ("png", "svg", "pdf")}
    mine = {"font.size": 40, "font.family": ["serif"], "text.usetex": True, "savefig.bbox": "tight", "font.style": "italic", "hatch.linewidth": 9}
    with matplotlib.rc_context(mine):
        before = dict(matplotlib.rcParams)
        assert {format: picture(causal, format, stages=["masked_scores"]) for format in clean} == clean
        with pytest.raises(TraceError):
            figure(causal, stages=["no"])
        assert dict(matplotlib.rcParams) == before


def test_settings_are_restored_when_drawing_fails(causal, monkeypatch):
    before = dict(matplotlib.rcParams)
    monkeypatch.setattr("attn_magic.views.figure.GAP", None)
    with pytest.raises(TypeError):
        figure(causal)
    assert dict(matplotlib.rcParams) == before


def test_two_processes_write_the_same_bytes_and_neither_imports_pyplot():
    """Also where it is another time, in another language, and sets have another order."""
    elsewhere = os.environ | {"PYTHONHASHSEED": "3", "TZ": "Asia/Kolkata", "LC_ALL": "C", "LANG": "C", "SOURCE_DATE_EPOCH": "99"}
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=120, env=elsewhere)
    here: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(SCRIPT, here)
    assert ran.stdout.split("]")[0] == printed.getvalue().split("]")[0]
    assert ran.stdout.strip().endswith("False")


# Files


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_saving_twice_gives_the_same_bytes_without_a_date(causal, format):
    data = picture(causal, format, theme="dark", width=5)
    assert data == picture(causal, format, theme="dark", width=5)
    assert b"CreationDate" not in data
    assert b"<dc:date>" not in data


def test_a_png_says_how_it_was_made(causal, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(causal, "png", stages=["scores"], theme="print"))
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == 1400
        made = image.info["Description"]
    assert "seed=42" in made
    assert "mask=causal" in made
    assert made.endswith("stages=['scores']; width=7.0; theme=print")


def test_an_svg_is_well_formed_and_says_how_it_was_made(causal):
    svg = picture(causal, "svg")
    ElementTree.fromstring(svg)
    assert b"seed=42" in svg


def test_a_pdf_holds_its_text(causal, tmp_path):
    data = picture(causal, "pdf")
    assert data.startswith(b"%PDF")
    assert b"seed=42" in data
    if shutil.which("pdftotext") is None:
        assert data.rstrip().endswith(b"%%EOF")
        return
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    for word in ("Indian", "Masked scores", "4.0461", "hidden by the mask", "Σ row"):
        assert word in text
