"""The self-contained page as a text; what it does in a browser is in test_lesson_browser.py."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
import torch

from attn_magic import TraceError, attend
from attn_magic.explorer.bundle import module_text, stylesheet_text
from attn_magic.explorer.page import to_page
from attn_magic.explorer.serialize import serialize_values
from attn_magic.views.html import to_html
from tests.kinds import KINDS
from tests.labels import LABELS
from tests.traces import INDIAN

DATA = ("data-record", "data-values", "data-stylesheet", "data-module")


class Page(HTMLParser):
    """Elements, attributes, the text of the script, and the data beside it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.loader = ""
        self.data: dict[str, bytes] = {}
        self.title = ""
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name) for name, _ in attrs]
        self.data |= {name: gzip.decompress(base64.b64decode(value)) for name, value in attrs if tag == "i" and name in DATA}
        self._within = tag

    def handle_data(self, data):
        if self._within == "title":
            self.title += data
        elif self._within == "script":
            self.loader += data

    def handle_endtag(self, tag):
        self._within = ""


def test_a_small_page_is_small():
    assert len(to_page(attend(INDIAN, tokens="I am Indian")).encode()) <= 100_000


def test_the_policy_admits_the_two_scripts_of_the_page_and_nothing_else():
    text = to_page(attend(INDIAN))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    page = Page(text)
    scripts = (page.loader.encode(), page.data["data-module"])
    hashes = ["'sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode() + "'" for script in scripts]
    assert policy == (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def test_the_record_and_the_numbers_are_those_of_the_trace():
    trace = KINDS["two heads"]()
    data = Page(to_page(trace)).data
    assert json.loads(data["data-record"])["tokens"] == list(trace.tokens)
    assert data["data-values"] == serialize_values(trace)


def test_the_explorer_is_inside_as_it_is():
    data = Page(to_page(attend(INDIAN))).data
    assert data["data-module"].decode().startswith(module_text("offline.js"))
    assert data["data-stylesheet"].decode() == stylesheet_text()


@pytest.mark.parametrize("kind", KINDS)
def test_readers_without_scripts_have_every_stage_as_a_table(kind):
    trace = KINDS[kind]()
    assert to_html(trace) in to_page(trace)


def test_it_has_a_title_a_language_and_the_lines_that_make_it_again():
    text = to_page(attend(INDIAN, tokens="I am Indian", mask="causal"))
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    assert Page(text).title == "Attention, step by step: I am Indian"
    assert "What computes anew needs torch: run the lines below in a notebook, after %load_ext attn_magic." in text
    assert "%%attention --seed 42 --mask causal\nI       1.16   0.23\n" in text


def test_what_cannot_be_made_from_lines_says_less():
    assert "What computes anew needs torch: a notebook." in to_page(KINDS["two heads"]())
    assert "<pre" not in to_page(attend(torch.ones(50, 50)))


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
def test_labels_add_no_element_and_no_attribute(label):
    plain, page = (Page(to_page(attend(INDIAN, tokens=["am", word, "b"]))) for word in ("x", label))
    assert page.tags == plain.tags
    assert [name for name in page.attributes if name[1] != "title"] == [name for name in plain.attributes if name[1] != "title"]
    assert json.loads(page.data["data-record"])["tokens"] == ["am", label, "b"]


def test_what_is_too_much_for_a_page_is_refused():
    with pytest.raises(TraceError, match="its limit is 8 MB"):
        to_page(attend(torch.ones(1200, 2)))
