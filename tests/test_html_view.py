"""The page without script: complete as text, inert whatever the labels say, bounded whatever the size."""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_magic.attention import attend
from attn_magic.equations import Contraction
from attn_magic.notation import format_label, format_number
from attn_magic.notices import Notice
from attn_magic.options import Options
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.html import to_html

from .traces import INDIAN, cross_attention_with_softcap


def words(text):
    return set(text.split())


VOID = {"br", "img"}
# What JupyterLab 4.6 keeps of an untrusted notebook's HTML, as far as the page uses it: of styles, names and values.
LAB_TAGS = words("bdi br caption code details div h3 h4 img li p small span strong summary table tbody td th thead tr ul")
LAB_ATTRIBUTES = {"alt", "cellpadding", "class", "colspan", "dir", "open", "scope", "src", "style", "title"}
LAB_STYLES = words(
    "align-self background border-bottom border-collapse border-spacing color display flex-wrap font-family gap line-height margin max-width "
    "min-width overflow-wrap overflow-x padding page-break-after page-break-inside text-align white-space"
)
# Dropped there, and not missed: for screens that scroll, screen readers and paper.
BEYOND_LAB = {"tabindex", "role", "aria-label", "-webkit-print-color-adjust", "print-color-adjust"}

PAYLOADS = json.loads((Path(__file__).parent / "data" / "label_payloads.json").read_text(encoding="utf-8"))["payloads"]
LABELS = {
    payload["id"]: payload["label"] if "label" in payload else "".join(text * times for text, times in payload["label_parts"]) for payload in PAYLOADS
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    children: list = field(default_factory=list)

    def all(self, *tags):
        for child in self.children:
            if isinstance(child, Element):
                if child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def everything(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.everything()

    @property
    def text(self):
        return "".join(child.text if isinstance(child, Element) else child for child in self.children)

    @property
    def style(self):
        declarations = (self.attributes.get("style") or "").split(";")
        return dict(declaration.split(":", 1) for declaration in declarations if declaration)


class Reader(HTMLParser):
    """Builds the tree, and insists that every element is closed where it should be."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes))
        assert len(element.attributes) == len(attributes), "an attribute is there twice"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        raise AssertionError("a comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    (outside,) = reader.open
    (root,) = outside.children
    return root


def page_of(trace):
    return read(to_html(trace))


def tables_of(page):
    """Each stage's tables, by its name: one, or one for each head."""
    tables = {}
    for table in page.all("table"):
        (caption,) = table.all("caption")
        tables.setdefault(list(caption.all("code"))[-1].text, []).append(table)
    return tables


def cells_of(table):
    (body,) = table.all("tbody")
    return [list(row.all("td")) for row in body.all("tr")]


def texts_of(table):
    return [[cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in cells_of(table)]


def headers_of(table, scope):
    return [header.text for header in table.all("th") if header.attributes["scope"] == scope]


def numbers_of(stage, head=None):
    return format_rows(stage.value if head is None else stage.value[head])


def format_rows(values):
    return [[format_number(value) for value in row] for row in values.tolist()]


def luminance(color):
    parts = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style):
    lighter, darker = sorted((luminance(style["background"]), luminance(style["color"])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def random_trace(n, d_model, **options):
    return attend(torch.randn(n, d_model, generator=torch.Generator().manual_seed(1)), **options)


@pytest.fixture(scope="module")
def trace():
    return attend(INDIAN, tokens="I am Indian")


@pytest.fixture(scope="module")
def page(trace):
    return page_of(trace)


@pytest.fixture(scope="module")
def masked():
    return attend(INDIAN, tokens="I am Indian", mask="causal")


@pytest.fixture(scope="module")
def long():
    return random_trace(1024, 64, mask="causal")


@pytest.fixture(scope="module")
def long_page(long):
    return page_of(long)


# What it shows


def test_every_number_of_every_stage_is_torchs_own(trace, page):
    tables = tables_of(page)
    assert list(tables) == [stage.name for stage in trace]
    for stage in trace:
        (table,) = tables[stage.name]
        shown = [row[: len(stage.columns)] for row in texts_of(table)]
        assert shown == numbers_of(stage)


def test_a_table_says_what_it_is_and_what_its_rows_and_columns_are(trace, page):
    for stage in trace:
        (table,) = tables_of(page)[stage.name]
        (caption,) = table.all("caption")
        for part in (stage.title, stage.symbol, stage.meaning, "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, stage.shape))):
            assert part in caption.text
        assert headers_of(table, "row") == list(stage.rows.labels)
        assert headers_of(table, "col")[: len(stage.columns)] == list(stage.columns.labels)
        (corner,) = next(table.all("thead")).all("td")
        assert re.split(r"\s\\\s", corner.text) == [stage.rows.name, stage.columns.name]


def test_every_header_cell_has_a_scope():
    for trace in (cross_attention_with_softcap(), random_trace(20, 3), random_trace(20, 20, col_dim=0)):
        for header in page_of(trace).all("th"):
            assert header.attributes["scope"] in ("row", "col")


def test_rows_of_a_table_are_equally_long():
    for trace in (cross_attention_with_softcap(), random_trace(20, 3, mask="causal"), random_trace(20, 20, col_dim=0)):
        for table in page_of(trace).all("table"):
            rows = [[int(cell.attributes.get("colspan", 1)) for cell in row.all("td", "th")] for row in table.all("tr")]
            assert len({sum(row) for row in rows}) == 1


def test_the_acts_come_in_order_as_headings_that_tables_of_contents_leave_out(page):
    headings = list(page.all("h3", "h4"))
    assert [heading.text for heading in headings] == ["Attention, step by step", "1 Project", "2 Compare", "3 Normalise", "4 Blend"]
    assert all("jp-toc-ignore" in heading.attributes["class"] for heading in headings)


def header_of(trace):
    return next(page_of(trace).all("p")).text


def test_the_header_says_what_was_asked_for_and_whether_torch_agrees(trace):
    words = header_of(trace)
    assert "3 tokens: I am Indian" in words
    assert "Sizes: d_model 2, d_k 2, d_v 2." in words
    assert "Options: weights drawn with seed 42, no mask, softmax along each row." in words
    assert f"Check: {trace.check()}." in words


def test_the_header_follows_the_options():
    words = header_of(attend(INDIAN, mask="causal", scale=False, col_dim=0, weights="identity", temperature=2.5))
    assert "Options: identity weights, causal mask, scores not divided by √d_k, temperature 2.5, softmax down each column." in words
    assert "mask as given" in header_of(attend(INDIAN, mask=[[True] * 3] * 3))
    assert "Options: mask as given, softmax along each row." in header_of(cross_attention_with_softcap())


def test_a_comparison_that_takes_long_is_left_to_the_reader(monkeypatch):
    monkeypatch.setattr("attn_magic.summary._MAX_COMPARED", 5)
    assert "Check: trace.check() compares this with torch; for so many numbers it takes a moment." in header_of(attend(INDIAN))


def test_precision_is_the_traces_own(trace):
    precise = page_of(replace(trace, options=Options(precision=7)))
    assert texts_of(tables_of(precise)["output"][0])[0][0] == format_number(trace.output[0, 0].item(), 7)


def test_notices_are_a_list_before_the_first_stage(trace):
    html = to_html(replace(trace, notices=(Notice("a", "Read this <first>."), Notice("b", "And this."))))
    items = [item.text for item in read(html[: html.index("<h4")] + "</div>").all("li")]
    assert items == ["Read this <first>.", "And this."]


def test_each_computed_stage_has_one_number_worked_out(trace, page):
    for stage in trace:
        explanation = trace.explain(stage.name, len(stage.rows) - 1, 0, max_terms=6)
        worked = "\n".join([explanation.formula, *explanation.lines])
        shown = ["\n".join(code.text for code in item.all("code")) for item in page.all("li")]
        assert [text for text in shown if text.startswith(worked)] == ([] if stage.equation is None else [f"{worked}\n{explanation.sentence}"])


def test_the_worked_numbers_are_on_paper_too(page):
    assert all("open" in details.attributes for details in page.all("details"))


def test_a_hint_says_how_to_ask_for_any_other_number(page):
    assert 'trace.explain("output", row, column)' in list(page.all("p"))[-1].text
    assert 'trace.explain("output", row, column, head)' in page_of(without_last(cross_attention_with_softcap())).text


def without_last(trace):
    return replace(trace, stages=trace.stages[:-1])


# Masks, softmax, and numbers that are none


def test_hidden_cells_say_so_and_keep_their_number(masked):
    tables = tables_of(page_of(masked))
    assert texts_of(tables["mask"][0]) == [["✓", "hidden", "hidden"], ["✓", "✓", "hidden"], ["✓", "✓", "✓"]]
    assert texts_of(tables["masked_scores"][0])[0][1:] == ["−∞ hidden", "−∞ hidden"]
    assert texts_of(tables["attention_weights"][0])[0] == ["1.0000", "0 hidden", "0 hidden", "1.0000"]


def test_a_hidden_cell_is_worked_out_as_well(masked):
    formulas = [next(item.all("code")).text for item in page_of(masked).all("li")]
    assert any(formula.startswith("masked_scores[I, am] =") for formula in formulas)
    assert any(formula.startswith("attention_weights[I, am] =") for formula in formulas)
    assert not any(formula.startswith("scores[I, am] =") for formula in formulas)


def test_hidden_cells_do_not_move_the_colours(masked):
    """The lowest weight that is not hidden is the lightest, though hidden ones are 0."""
    lowest = min(value for value in masked.attention_weights.flatten().tolist() if value > 0)
    assert f"Colour: {format_number(lowest)} … 1.0000" in page_of(masked).text


def test_hidden_cells_that_are_not_shown_do_not_move_the_colours_either(long, long_page):
    (table,) = tables_of(long_page)["attention_weights"]
    shown = torch.cat([torch.cat([part[:, :8], part[:, -4:]], dim=1) for part in (long.attention_weights[:8], long.attention_weights[-4:])])
    assert f"Colour: {format_number(shown[shown > 0].min().item())} … 1.0000" in table_box(long_page, table).text


def test_a_row_that_may_attend_to_nothing_says_so():
    trace = attend(INDIAN, mask=[[True, True, True], [False, False, False], [True, False, False]])
    assert texts_of(tables_of(page_of(trace))["attention_weights"][0])[1] == ["0 hidden", "0 hidden", "0 hidden", "0 nothing to attend to"]


def test_everything_hidden_is_still_a_page():
    page = page_of(attend(INDIAN, mask=[[False] * 3] * 3))
    assert "nothing to attend to" in page.text
    assert "Colour: 0" in page.text  # of the output


def test_weights_have_the_sums_of_their_rows(page, trace):
    (table,) = tables_of(page)["attention_weights"]
    assert headers_of(table, "col")[-1] == "Σ row"
    assert [row[-1] for row in texts_of(table)] == ["1.0000"] * 3
    assert all("Σ" not in table.text for stage in trace for table in tables_of(page)[stage.name] if stage.name != "attention_weights")


def test_softmax_over_the_rows_shows_that_rows_do_not_sum_to_1():
    trace = attend(INDIAN, tokens="I am Indian", col_dim=0)
    (table,) = tables_of(page_of(trace))["attention_weights"]
    assert headers_of(table, "row")[-1] == "Σ column"
    *rows, sums = texts_of(table)
    assert sums == ["1.0000"] * 3 + [""]
    assert [row[-1] for row in rows] == [format_number(value) for value in trace.attention_weights.double().sum(dim=1).tolist()]


def test_zero_and_almost_zero_differ():
    trace = attend([[5.0, 0.0], [0.0, 5.0]], weights="identity", scale=False, mask="causal")
    weights = texts_of(tables_of(page_of(trace))["attention_weights"][0])
    assert weights[0][1] == "0 hidden"
    assert re.fullmatch(r"\d\.\d{4}e−\d+", weights[1][0])


def test_nan_and_infinity_are_bold_and_announced():
    trace = attend([[1e20, 3e38], [1.0, 2.0]], weights="identity")
    page = page_of(trace)
    assert "is the first stage that is not finite" in next(page.all("li")).text
    tables = tables_of(page)
    assert [cell.text for cell in tables["scores"][0].all("strong")][1:] == ["∞", "∞", "∞"]
    assert [cell.text for cell in tables["attention_weights"][0].all("strong")][1:] == ["NaN"] * 4
    assert "bold: not a finite number" in page.text
    assert "Colour: 5.0000" in page.text  # the one finite score


# Heat


def test_near_uniform_weights_are_no_flat_square():
    """With small inputs all weights are about 1/3; the lowest and the highest still get the ends of the palette."""
    trace = attend([[0.1, 0.02], [0.05, 0.11], [0.4, -0.2]])
    cells = [cell for row in cells_of(tables_of(page_of(trace))["attention_weights"][0]) for cell in row[:3]]
    values = trace.attention_weights.flatten().tolist()
    assert max(values) - min(values) < 0.02
    by_value = [cell.style["background"] for _, cell in sorted(zip(values, cells, strict=True), key=lambda pair: pair[0])]
    assert luminance(by_value[0]) > 0.9
    assert luminance(by_value[-1]) < 0.05


def test_a_stage_with_negative_numbers_is_white_at_zero(page):
    assert "Colour: −4.4100 … 0 … 4.4100" in page.text
    swatches = {swatch.text: swatch.style["background"] for swatch in page.all("span")}
    assert swatches["0"] == "#f7f7f7"


@pytest.mark.parametrize("make", [lambda: attend(INDIAN, mask="causal"), cross_attention_with_softcap, lambda: random_trace(16, 16, mask="causal")])
def test_what_has_a_background_has_ink_that_can_be_read_on_it(make):
    coloured = [element.style for element in page_of(make()).all("td", "span") if "background" in element.style]
    assert len(coloured) > 50
    assert min(map(contrast, coloured)) >= 4.5


def test_cells_of_the_heat_carry_both_colours_and_text_elsewhere_inherits(page):
    for element in page.everything():
        assert ("color" in element.style) == (element.style.get("background", "none") != "none")


# Any trace


def test_a_stage_nobody_wrote_a_view_for_shows_with_its_heads():
    trace = cross_attention_with_softcap()
    page = page_of(trace)
    tables = tables_of(page)
    for stage in trace:
        assert len(tables[stage.name]) == (1 if stage.heads is None else 2)
    for head, table in enumerate(tables["softcap"]):
        assert texts_of(table) == numbers_of(trace["softcap"], head)
        assert f"head {head + 1}" in next(table.all("caption")).text
        assert headers_of(table, "row") == ["le", "chat", "dort"]
        assert headers_of(table, "col") == ["the", "cat", "is", "asleep"]
    assert "softcap[head 1, dort, the] = cap × tanh(scores[head 1, dort, the] / cap)" in page.text


def test_the_same_number_has_the_same_colour_in_every_head():
    page = page_of(cross_attention_with_softcap())
    for tables in tables_of(page).values():
        assert len({tuple(swatch.text for swatch in table_box(page, table).all("span")) for table in tables}) == 1


def table_box(page, table):
    return next(box for box in page.all("div") if table in box.children)


def test_many_heads_are_counted_rather_than_shown():
    heads, rows, columns = (Axis(name, tuple(map(str, range(size)))) for name, size in (("head", 12), ("query", 16), ("key", 16)))
    stage = Stage("x", "X", "X", "Act", "", torch.rand(12, 16, 16), rows, columns, heads)
    page = page_of(AttentionTrace((stage,), tokens=("a",)))
    assert len(tables_of(page)["x"]) == 2
    assert "Shown: 2 of 12 heads." in page.text


def test_a_trace_of_one_number_is_a_page():
    page = page_of(attend([[0.0]]))
    assert texts_of(tables_of(page)["output"][0]) == [["0"]]
    assert "Colour: 0" in page.text


# Size


def test_a_long_axis_shows_its_first_and_last_few(long, long_page):
    (table,) = tables_of(long_page)["scores"]
    assert headers_of(table, "row") == [*(f"token {place}" for place in range(1, 9)), "⋮", *(f"token {place}" for place in range(1021, 1025))]
    assert headers_of(table, "col") == [*(f"token {place}" for place in range(1, 9)), "…", *(f"token {place}" for place in range(1021, 1025))]
    shown = texts_of(table)
    assert shown[0][8] == "…"
    assert [row[:8] for row in shown[:8]] == format_rows(long.scores[:8, :8])
    assert [row[-4:] for row in shown[-4:]] == format_rows(long.scores[-4:, -4:])
    assert "Shown: 12 of 1,024 rows, 12 of 1,024 columns." in long_page.text
    assert "Shown: 12 of 1,024 rows, 12 of 64 columns." in long_page.text
    assert "1,024 tokens: token 1 token 2" in long_page.text


def test_sums_count_what_is_not_shown(long_page):
    (table,) = tables_of(long_page)["attention_weights"]
    assert {row[-1] for row in texts_of(table)} - {""} == {"1.0000"}
    assert "Σ is over all." in long_page.text


def test_what_is_left_out_is_a_picture_with_words(long, long_page):
    pictures = list(long_page.all("img"))
    assert len(pictures) == len(long)
    for picture, stage in zip(pictures, long, strict=True):
        assert picture.attributes["alt"] == f"Picture of {stage.title}"
        assert picture.attributes["src"].startswith("data:image/png;base64,")
    assert "All of masked_scores in 64 × 64 blocks, each coloured by its number farthest from 0; grey is hidden." in long_page.text


def test_a_wide_table_can_be_scrolled_with_the_keyboard(page, long_page):
    boxes = [table_box(long_page, table) for tables in tables_of(long_page).values() for table in tables]
    assert all(box.attributes["tabindex"] == "0" and box.attributes["aria-label"] for box in boxes)
    assert not any("tabindex" in element.attributes for element in page.everything())


def test_pages_stay_small(trace, long):
    assert len(to_html(trace).encode()) < 26_000
    assert len(to_html(random_trace(16, 16, mask="causal")).encode()) < 300_000
    assert len(to_html(long).encode()) < 300_000


def test_a_large_stage_is_read_by_the_window_and_never_whole(long, monkeypatch):
    """But for the overview, which a stage makes itself, and the comparison with torch, which is no part of the view."""
    read_at_once = []
    window = Stage.window

    def watch(stage, rows, columns, head=None):
        values = window(stage, rows, columns, head)
        read_at_once.append(values.numel())
        return values

    monkeypatch.setattr(Stage, "window", watch)
    monkeypatch.setattr(Stage, "overview", lambda stage, height, width, head=None: torch.zeros(height, width))
    monkeypatch.setattr(AttentionTrace, "check", lambda trace: "not compared")
    to_html(long)
    assert max(read_at_once) <= 8 * 1024


# Wherever it is shown


def test_it_is_one_inert_element(page):
    assert (page.tag, page.attributes["class"].split()[0]) == ("div", "attn-magic")
    for element in page.everything():
        assert element.tag not in {"script", "style", "link", "iframe", "a", "object", "form", "input"}
        assert not {name for name in element.attributes if name.startswith("on") or name in ("id", "href", "name")}
        assert "url(" not in (element.attributes.get("style") or "")


def test_an_untrusted_notebook_keeps_all_of_it(page, long_page):
    """Tags, attributes and names of styles that JupyterLab's sanitizer lets through; GitHub's takes the styles away."""
    for element in [*page.everything(), *long_page.everything()]:
        assert element.tag in LAB_TAGS
        assert set(element.attributes) <= LAB_ATTRIBUTES | BEYOND_LAB
        assert set(element.style) <= LAB_STYLES | BEYOND_LAB


def test_without_attributes_the_text_is_the_same(masked):
    html = to_html(masked)
    assert read(re.sub(r'<(\w+)( [\w-]+(="[^"]*")?)+>', r"<\1>", html)).text == read(html).text


# Labels


def shape_of(page):
    """What a label must not change: tags, and names of attributes but for the tooltip of long labels."""
    tags = Counter(element.tag for element in page.everything())
    attributes = Counter(name for element in page.everything() for name in element.attributes if name != "title")
    return tags, attributes


def labelled(label):
    return attend(INDIAN, tokens=[label, "am", "Indian"], mask="causal")


@pytest.fixture(scope="module")
def plain_shape():
    return shape_of(page_of(labelled("x")))


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS.keys())
def test_a_label_is_text_and_nothing_else(label, plain_shape):
    page = page_of(labelled(label))
    assert shape_of(page) == plain_shape
    expected = format_label(label) if len(label) <= 200 else label[:199] + "…"
    assert next(page.all("bdi")).text == expected
    for table in tables_of(page)["scores"]:
        assert headers_of(table, "row")[0] == headers_of(table, "col")[0] == expected


@pytest.mark.parametrize("label", ["$x$", "$$x$$", r"\(x\)", r"\[x\]", r"\begin{a}x\end{a}", "`x`", "~x~"])
def test_no_formula_renderer_sees_a_label(label):
    """Labels and sentences that quote them stand in <code>, which MathJax and KaTeX skip."""
    trace = replace(labelled(label), notices=(Notice("a", f"Beware of {label}."),))
    assert label in page_of(trace).text
    assert label not in "".join(text_outside_code(page_of(trace)))


def text_outside_code(element):
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag != "code":
            yield from text_outside_code(child)


def test_labels_in_notices_heads_and_axes_are_inert_too():
    hostile = "<img src=x onerror=alert(1)>$x$"
    axes = {name: Axis(hostile, (hostile, "b")) for name in ("rows", "columns", "heads")}
    texts = dict.fromkeys(("name", "title", "symbol", "act", "meaning"), hostile)
    stage = Stage(value=torch.ones(2, 2, 2), **axes, **texts)
    summed = Stage(
        "sum",
        hostile,
        "",
        hostile,
        hostile,
        torch.full((2, 2), 2.0),
        axes["rows"],
        axes["columns"],
        None,
        Contraction("hij->ij", (hostile,)),
        hostile,
    )
    page = page_of(AttentionTrace((stage, summed), (hostile,), notices=(Notice("a", hostile),), options=Options(mask=hostile, weights=hostile)))
    assert not list(page.all("img"))
    assert page.text.count("<img src=x") > 10


def test_a_long_label_is_cut_and_its_beginning_is_a_tooltip():
    page = page_of(labelled("y" * 5000))
    label = next(page.all("bdi"))
    assert label.text == "y" * 199 + "…"
    code = next(page.all("code"))
    assert code.attributes["title"] == "y" * 999 + "…"
    assert len(to_html(labelled("y" * 1_000_000))) < 100_000


def test_a_label_of_200_letters_is_whole_and_wraps():
    page = page_of(labelled("z" * 200))
    assert next(page.all("bdi")).text == "z" * 200
    (table,) = tables_of(page)["scores"]
    code = next(next(table.all("thead")).all("code"))
    assert "title" not in code.attributes
    assert code.style["max-width"] == "12em"


def test_a_right_to_left_word_leaves_numbers_in_their_place():
    """A left-to-right mark ends it, so that neither a bracket nor a number after it is drawn before it."""
    page = page_of(attend(INDIAN, tokens=["שלום", "am", "אני3"], mask="causal"))
    assert "masked_scores[שלום\u200e, am]" in page.text
    assert "scores[אני\u200e3, שלום\u200e]" in page.text
    assert next(page.all("bdi")).text == "שלום"


@settings(max_examples=12)
@given(
    labels=st.lists(st.text(max_size=30), min_size=1, max_size=4),
    d_model=st.integers(1, 4),
    numbers=st.floats(-1e6, 1e6, width=32),
    mask=st.sampled_from([None, "causal"]),
)
def test_any_labels_and_numbers_make_the_same_page_as_plain_ones(labels, d_model, numbers, mask):
    x = torch.randn(len(labels), d_model, generator=torch.Generator().manual_seed(3)) * numbers
    trace = attend(x, tokens=labels, mask=mask)
    page = page_of(trace)
    assert shape_of(page) == shape_of(page_of(attend(x, tokens=["x"] * len(labels), mask=mask)))
    (scores,) = tables_of(page)["scores"]
    assert headers_of(scores, "row") == headers_of(scores, "col") == [format_label(label) for label in labels]
    assert texts_of(scores) == numbers_of(trace["scores"])
    assert all(math.isfinite(value) for value in map(contrast, (cell.style for row in cells_of(scores) for cell in row)))
