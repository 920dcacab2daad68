"""Markdown: the same on GitHub and in a notebook, and back into %%attention."""

import re
from html.parser import HTMLParser

import pytest
import torch
from markdown_it import MarkdownIt

import attn_magic
from attn_magic import TraceError, attend, parse_matrix
from attn_magic.excerpt import MARKDOWN
from attn_magic.exports.markdown import escape, stage_to_markdown, to_markdown
from attn_magic.notation import format_label, shorten
from attn_magic.trace import AttentionTrace
from tests.kinds import KINDS
from tests.labels import in_batches
from tests.traces import INDIAN

MADE = f"attn_magic {attn_magic.__version__} with torch {torch.__version__.partition('+')[0]}"


class Reader(HTMLParser):
    """The tags of a page, and the text of its table cells, paragraphs and blocks of code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.cells: list[str] = []
        self.text = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))
        if tag in ("td", "th"):
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data):
        self.text += data
        if self._inside:
            self.cells[-1] += data


def render(text: str) -> Reader:
    return Reader(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text))


def fenced(text: str) -> list[str]:
    return [match["inside"] for match in re.finditer(r"^(?P<fence>`{3,})\w*\n(?P<inside>.*?)\n(?P=fence)$", text, re.DOTALL | re.MULTILINE)]


def test_what_a_reader_finds():
    trace = attend(INDIAN, tokens="I am Indian")
    text = to_markdown(trace)
    assert text.startswith(
        "# Attention, step by step\n\n"
        f"Made by {MADE}: seed=42, mask=none, scale=True, col_dim=1, weights=seeded, temperature=1.0.\n\n"
        "To make it again in a notebook, after `%load_ext attn_magic`:\n\n"
        "```\n%%attention --seed 42\nI       1.16   0.23\nam      0.57   1.36\nIndian  4.41  -2.16\n```\n\n"
        "## 1 Project\n\n### Token encodings: X\n\n"
        "One row per token: its word embedding plus position encoding. 3 × 2, called token_encodings.\n\n"
        "| token / d_model | dim 1 | dim 2 |\n| :-- | --: | --: |\n| I | 1.16 | 0.23 |\n| am | 0.57 | 1.36 |\n| Indian | 4.41 | -2.16 |\n\n"
    )
    assert text.endswith(
        "| Indian | 3.4989 | 2.2427 |\n\nWhere one of these numbers comes from:\n\n"
        "```text\noutput[Indian, dim 1] = Σ_j attention_weights[Indian, j] × value[j, dim 1]\n"
        "  = 0.07218 × 0.603767 + 0.031951 × −0.350198 + 0.895869 × 3.869459 = 3.4989\n```\n\n"
        f"What Indian takes from the values of all tokens, dim 1.\n\nCheck: {trace.check()}.\n"
    )


def test_one_stage_alone():
    assert stage_to_markdown(attend(INDIAN, tokens="I am Indian"), "output") == (
        "| query / d_v | dim 1 | dim 2 |\n| :-- | --: | --: |\n| I | 1.0100 | 1.0641 |\n| am | 0.2040 | 0.7057 |\n| Indian | 3.4989 | 2.2427 |\n"
    )
    with pytest.raises(TraceError, match="no stage 'skores'"):
        stage_to_markdown(attend(INDIAN), "skores")


def test_a_mask_is_signs_and_what_is_left_out_is_said():
    assert "| am | ✓ | ✓ | · |\n" in to_markdown(attend(INDIAN, tokens="I am Indian", mask="causal"))
    large = to_markdown(attend(torch.ones(40, 2)))
    assert "Shown: 12 of 40 rows, 12 of 40 columns." in large
    assert "| ⋮ | ⋮ | ⋮ |" in large
    assert len(large) < 60_000


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_is_a_table(kind):
    trace = KINDS[kind]()
    page = render(to_markdown(trace))
    assert [tag for tag, _ in page.tags].count("table") == sum(len(stage.heads or [0]) for stage in trace)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind]().module is not None])
def test_pasted_back_the_matrix_is_the_same_bit_for_bit(kind):
    """The cell at the top, and the table itself where it is shown whole."""
    trace = KINDS[kind]()
    text = to_markdown(trace)
    tables = [fenced(text)[0].partition("\n")[2]]
    if max(trace.token_encodings.shape) <= 16:
        tables.append(re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0])
    for table in tables:
        assert torch.tensor(parse_matrix(table).values).view(torch.int32).equal(trace.token_encodings.view(torch.int32))


def rendered(label: str) -> str:
    return shorten(format_label(label[: MARKDOWN.letters + 1]), MARKDOWN.letters)


def test_labels_are_text_that_is_seen_as_it_is():
    """No element, no link, no formula, no template: what is rendered is the label."""
    allowed = {"h1", "h2", "h3", "p", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    for labels in in_batches(16):
        page = render(to_markdown(attend(torch.eye(16, 2), tokens=labels)))
        for label in labels:
            assert page.cells.count(rendered(label)) >= 8, label
        assert {tag for tag, _ in page.tags} <= allowed
        assert {name for _, attrs in page.tags for name, _ in attrs} <= {"style", "class"}


@pytest.mark.parametrize(
    "label", ["1", "-1", "50%", "1 2", "1/2", "1,5", "0x1F", ".5", "nan", "inf", "true", "1:", "١", "½", "+", "I", "a_b", "&#49;", "1e5", "(1)", "−1"]
)
@pytest.mark.parametrize("others", [["2", "3"], ["am", "b c"]], ids=["numbers", "words"])
def test_a_label_like_a_number_cannot_be_taken_for_one_when_the_table_is_pasted_back(label, others):
    trace = attend(INDIAN, tokens=[label, *others])
    matrix = parse_matrix(stage_to_markdown(trace, "token_encodings"))
    assert torch.tensor(matrix.values).equal(trace.token_encodings)
    assert matrix.labels == (label, *others)
    assert render(stage_to_markdown(trace, "token_encodings")).cells[3] == label


@pytest.mark.parametrize(
    "label", ["$x$", "\\(x\\)", "{{7*7}}", "@user", "#12", ":smile:", "www.example.org", "http://example.org", "`a`", "1. x", "- x", "<b>"]
)
def test_nothing_is_left_for_github_to_act_on(label):
    text = escape(label)
    assert not re.search(r"[$<{}@#`\\]|:\S|www\.|^[-+]|^[0-9]+\.", re.sub("&#[0-9]+;", "", text))
    assert render(text).text.strip() == label


def test_a_label_cannot_end_its_block_of_code():
    text = to_markdown(attend(INDIAN, tokens=["```", "````\n# x", "a"]))
    assert "# x" not in [line.strip() for line in text.splitlines()]
    assert parse_matrix(fenced(text)[0].partition("\n")[2]).labels == ("```", "````\\x0a# x", "a")


def test_hand_built_stages_have_no_cell():
    trace: AttentionTrace = KINDS["two heads"]()
    assert "%%attention" not in to_markdown(trace)
    assert "stages put together by hand" in to_markdown(trace)
    assert "**head 2**" in to_markdown(trace)
