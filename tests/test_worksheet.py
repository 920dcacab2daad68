"""Worksheets: empty cells to fill in by hand, and the answers."""

import re
import subprocess
from html.parser import HTMLParser

import pytest
import torch

from attn_magic import TraceError, attend
from attn_magic.exports.worksheet import worksheet
from attn_magic.notation import format_label, shorten
from tests.browser import FLAGS, find_chromium
from tests.kinds import KINDS
from tests.labels import in_batches
from tests.test_latex import compiles, faults
from tests.traces import INDIAN


class Sheet(HTMLParser):
    """How many cells are empty, what the answers are, and which elements there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blank = 0
        self.answers: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self._answer = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        kind = dict(attrs).get("class")
        self.blank += kind == "blank"
        self._answer = kind == "answer"
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self._answer = False

    def handle_data(self, data):
        self.text += data
        if self._answer:
            self.answers.append(data)


def test_empty_cells_and_no_answers():
    sheet = Sheet(worksheet(attend(INDIAN, tokens="I am Indian")).page)
    assert (sheet.blank, sheet.answers, sheet.open) == (9 + 6, [], [])
    assert "Fill in: Attention weights, Output. Numbers are rounded to 4 decimals; the last digit may differ from yours." in sheet.text
    assert "For example output[Indian, dim 1] = Σ_j attention_weights[Indian, j] × value[j, dim 1]" in sheet.text
    assert "3.4989" not in sheet.text  # an answer
    assert "4.0461" in sheet.text  # a score, to start from


def test_the_answer_key_has_every_number_and_its_arithmetic():
    sheet = Sheet(worksheet(attend(INDIAN, tokens="I am Indian"), blank=["output"], key=True).page)
    assert sheet.answers == ["1.0100", "1.0641", "0.2040", "0.7057", "3.4989", "2.2427"]
    assert "= 0.07218 × 0.603767 + 0.031951 × −0.350198 + 0.895869 × 3.869459 = 3.4989" in sheet.text
    assert sheet.tags.count("li") == 6


def test_one_name_alone_and_a_wrong_one():
    trace = attend(INDIAN)
    assert Sheet(worksheet(trace, blank="scores").page).blank == 9
    with pytest.raises(TraceError, match=r"no stage 'skores'\. Did you mean 'scores'"):
        worksheet(trace, blank=["skores"])


def test_given_numbers_are_as_short_as_they_were_typed():
    text = Sheet(worksheet(attend(INDIAN, tokens="I am Indian")).page).text
    assert "I1.160.23" in re.sub(r"\s", "", text)


def test_a_mask_can_be_left_to_fill_in_too():
    sheet = worksheet(attend(INDIAN, mask="causal"), blank=["mask", "token_encodings"], key=True)
    assert Sheet(sheet.page).answers == ["1.16", "0.23", "0.57", "1.36", "4.41", "−2.16", "✓", "·", "·", "✓", "✓", "·", "✓", "✓", "✓"]
    assert "\\mathbf{1} & \\mathbf{0} & \\mathbf{0}" in sheet.latex


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", [False, True])
def test_every_kind_makes_a_sheet_that_ends(kind, key):
    trace = KINDS[kind]()
    sheet = worksheet(trace, blank=[trace.stages[-1].name], key=key)
    assert Sheet(sheet.page).open == []
    assert len(sheet.page) < 120_000
    assert faults(sheet.latex) == []


@pytest.mark.parametrize("key", [False, True])
def test_the_latex_compiles(key, tmp_path):
    printed = compiles(worksheet(attend(INDIAN, tokens=["I", "a_m", "50%"], mask="causal"), key=key).latex, tmp_path)
    assert not printed or ("3.4989" in printed) == key


def test_labels_are_text():
    """The same elements whatever the tokens are called, and every label is seen."""

    def sheet_of(tokens):
        return worksheet(attend(torch.eye(8, 1), tokens=tokens), blank=["output"], key=True)

    plain = Sheet(sheet_of(["x"] * 8).page)
    for labels in in_batches(8):
        sheet = sheet_of(labels)
        page = Sheet(sheet.page)
        assert (page.tags, page.attributes, page.open) == (plain.tags, plain.attributes, [])
        assert all(format_label(shorten(label)) in page.text for label in labels)
        assert faults(sheet.latex) == []


def test_the_page_loads_and_runs_nothing():
    page = worksheet(attend(INDIAN)).page
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "script" not in page
    assert " style=" not in page


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_small_example_prints_on_two_sheets(paper, tmp_path):
    """A whole class can have it on one piece of paper, printed on both sides."""
    page = worksheet(attend(INDIAN, tokens="I am Indian", mask="causal")).page
    page = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("@page {", f"@page {{ size: {paper};")
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    command = [find_chromium(), "--headless", *FLAGS, f"--print-to-pdf={tmp_path / 'a.pdf'}", (tmp_path / "a.html").as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / "a.pdf").read_bytes())
    assert len(pages) == 2


def test_it_is_saved_as_a_page_or_as_latex(tmp_path):
    sheet = worksheet(attend(INDIAN))
    assert sheet.save(tmp_path / "a.html").read_text(encoding="utf-8") == sheet.page
    assert sheet.save(tmp_path / "a.tex").read_text(encoding="utf-8") == sheet.latex
    assert repr(sheet) == '<Worksheet: .save("sheet.html") to print it, .save("sheet.tex") for LaTeX>'
    assert '<iframe title="Worksheet" sandbox srcdoc="&lt;!DOCTYPE html&gt;' in sheet._repr_html_()


def test_large_stages_are_folded():
    sheet = Sheet(worksheet(attend(torch.ones(300, 2))).page)
    assert sheet.blank == 8 * 8 + 8 * 2
    assert "Shown: 8 of 300 rows, 8 of 300 columns." in sheet.text
