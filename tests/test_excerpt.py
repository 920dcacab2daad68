"""What is shown of a trace where a page ends: derived once, for every view."""

import dataclasses
import math
import re
from pathlib import Path

import pytest
import torch

import attn_magic.excerpt
from attn_magic import attend
from attn_magic.equations import Elementwise, Softmax
from attn_magic.excerpt import (
    FIGURE,
    LATEX,
    MARKDOWN,
    PAGE,
    PREVIEW,
    TERMINAL,
    WORKSHEET,
    Excerpt,
    Fold,
    Limits,
    color_range,
    excerpt_note,
    left_out,
    legend,
    range_ends,
    read_excerpts,
    read_whole,
    shown_counts,
    shown_heads,
    work_out,
    worked_cell,
)
from attn_magic.trace import AttentionTrace, Axis, Stage
from tests.kinds import KINDS
from tests.traces import INDIAN, cross_attention_with_softcap

FOLD = Fold(whole=6, first=3, last=2)
LIMITS = Limits(FOLD, FOLD, heads=Fold(4, 4))
SMALL = Limits(Fold(3, 2, 1), Fold(4, 1, 2), heads=Fold(2, 2), blocks=2)
BLOCKS = Limits(Fold(2), Fold(2), heads=Fold(2, 2), blocks=2)
HALVES = Limits(Fold.halves(3), Fold.halves(4), heads=Fold.halves(3))
MEDIA = {"terminal": TERMINAL, "page": PAGE, "preview": PREVIEW, "figure": FIGURE, "latex": LATEX, "markdown": MARKDOWN, "worksheet": WORKSHEET}


def axis(name: str, size: int) -> Axis:
    return Axis(name, [f"{name} {place}" for place in range(size)])


def stage(rows: int, columns: int, heads: int) -> Stage:
    return Stage("s", "S", "S", "A", "M", torch.zeros(heads, rows, columns), axis("row", rows), axis("column", columns), heads=axis("head", heads))


def masked(scores: torch.Tensor, mask: torch.Tensor, over: str = "columns") -> AttentionTrace:
    """Scores, a mask, the scores that it leaves, and their softmax, in which rows or columns that are hidden are 0."""
    rows, columns = axis("query", scores.shape[0]), axis("key", scores.shape[1])
    left = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(left, dim=-1 if over == "columns" else 0).nan_to_num(0.0)
    parts = {"scores": (scores, None), "mask": (mask, None), "left": (left, Elementwise(("where", "mask", "scores", -math.inf)))}
    parts["weights"] = (weights, Softmax("left", over))
    stages = [Stage(name, name, name, "Act", "", value, rows, columns, equation=equation) for name, (value, equation) in parts.items()]
    return AttentionTrace(tuple(stages), tokens=tuple(rows.labels))


def counting(rows: int, columns: int) -> torch.Tensor:
    return torch.arange(rows * columns, dtype=torch.float32).reshape(rows, columns)


def read(trace: AttentionTrace, name: str, limits: Limits = SMALL) -> Excerpt:
    [excerpt] = read_excerpts(trace, trace[name], limits)
    return excerpt


def all_of(rows: int, columns: int) -> torch.Tensor:
    return torch.ones(rows, columns, dtype=torch.bool)


class TestLimits:
    """How much of a stage each medium shows."""

    @pytest.mark.parametrize(("size", "places"), [(1, [0]), (6, [0, 1, 2, 3, 4, 5]), (7, [0, 1, 2, None, 5, 6]), (1000, [0, 1, 2, None, 998, 999])])
    def test_a_long_axis_is_folded(self, size, places):
        assert FOLD.places(Axis("x", "x" * size)) == places

    @pytest.mark.parametrize(("most", "places"), [(1, [0, None]), (2, [0, None, 8]), (5, [0, 1, 2, None, 7, 8]), (9, [*range(9)])])
    def test_halves_show_as_much_of_the_beginning_as_of_the_end(self, most, places):
        assert Fold.halves(most).places(Axis("x", "x" * 9)) == places

    def test_a_gap_stands_where_places_are_left_out(self):
        excerpt = read(masked(counting(5, 7), all_of(5, 7)), "scores")
        assert excerpt.with_row_gap(excerpt.rows, -1) == [0, 1, -1, 4]
        assert excerpt.with_column_gap(excerpt.columns, -1) == [0, -1, 5, 6]
        assert excerpt.with_row_gap(["a", "b", "c"], "…") == ["a", "b", "…", "c"]

    def test_what_is_left_out_is_said(self):
        assert left_out(stage(6, 6, 4), LIMITS) == ""
        assert left_out(stage(1000, 7, 5), LIMITS) == "Shown: 5 of 1,000 rows, 5 of 7 columns, 4 of 5 heads."
        assert shown_counts(stage(6, 7, 1234), LIMITS) == {"columns": "5 of 7 columns", "heads": "4 of 1,234 heads"}
        assert shown_heads(stage(1, 1, 5), LIMITS) == [0, 1, 2, 3]

    def test_a_copy_says_what_it_leaves_out_and_which_labels_it_cuts(self):
        one = attend(torch.zeros(7, 2), tokens=["a" * 9, "b" * 11, "c", "d" * 99, "e", "f", "g"])["token_encodings"]
        limits = dataclasses.replace(LIMITS, letters=10)
        assert excerpt_note(one, limits) == "An excerpt. Shown: 5 of 7 rows. 1 label cut after 10 letters."
        assert excerpt_note(stage(2, 3, 1), limits) == ""

    def test_the_first_heads_are_shown_or_the_first_and_the_last(self):
        assert shown_heads(stage(2, 3, 9), SMALL) == [0, 1]
        assert shown_heads(stage(2, 3, 9), HALVES) == [0, 1, 8]
        assert shown_heads(attend(INDIAN)["scores"], SMALL) == [None]

    @pytest.mark.parametrize(("cells", "shown"), [(60, [0, 1, 2, 3]), (31, [0, 1]), (3, [0])])
    def test_large_tables_are_shown_of_fewer_heads(self, cells, shown):
        limits = dataclasses.replace(LIMITS, cells=cells)
        assert shown_heads(stage(3, 7, 9), limits) == shown  # 3 × 5 cells each
        assert shown_counts(stage(3, 7, 9), limits)["heads"] == f"{len(shown)} of 9 heads"

    @pytest.mark.parametrize("medium", MEDIA)
    def test_every_medium_shows_both_ends_of_a_long_axis_or_all_of_it_in_blocks(self, medium):
        limits = MEDIA[medium]
        excerpt = read_excerpts(attend(torch.ones(100, 3)), attend(torch.ones(100, 3))["scores"], limits)[0]
        assert excerpt.rows[0] == 0
        assert excerpt.is_in_blocks or excerpt.rows[-1] == 99
        assert excerpt.is_in_blocks == (medium in ("preview", "figure"))
        assert not read(attend(INDIAN), "query", limits).is_in_blocks


class TestCells:
    """Values, hidden cells and kinds."""

    def test_a_small_stage_is_shown_whole(self):
        excerpt = read(masked(counting(2, 4), all_of(2, 4)), "scores")
        assert excerpt.is_whole
        assert excerpt.values == [[0, 1, 2, 3], [4, 5, 6, 7]]
        assert (excerpt.row_labels, excerpt.column_labels) == (["query 0", "query 1"], ["key 0", "key 1", "key 2", "key 3"])
        assert excerpt.overview == []

    def test_of_a_large_one_the_ends_are_shown_and_all_of_it_in_blocks(self):
        excerpt = read(masked(counting(5, 7), all_of(5, 7)), "scores")
        assert (excerpt.rows, excerpt.columns, excerpt.shape) == ([0, 1, 4], [0, 5, 6], (3, 3))
        assert excerpt.values == [[0, 5, 6], [7, 12, 13], [28, 33, 34]]
        assert excerpt.overview == [[17, 20], [31, 34]]
        assert not excerpt.is_whole
        assert not excerpt.is_in_blocks

    def test_where_one_axis_is_folded_the_other_is_whole(self):
        excerpt = read(masked(counting(2, 6), all_of(2, 6)), "scores")
        assert excerpt.values == [[0, 4, 5], [6, 10, 11]]
        assert excerpt.with_row_gap(excerpt.rows, None) == [0, 1]

    def test_hidden_cells_are_those_that_the_mask_hides_in_every_stage_made_from_it(self):
        mask = all_of(5, 7)
        mask[1, 5] = mask[4, 0] = mask[2, 2] = False
        trace = masked(counting(5, 7), mask)
        hidden = [[False] * 3, [False, True, False], [True, False, False]]
        assert [read(trace, name).hidden for name in ("mask", "left", "weights")] == [hidden] * 3
        assert read(trace, "scores").hidden == [[False] * 3] * 3

    def test_every_cell_is_of_one_kind(self):
        scores = counting(2, 3)
        scores[0, 1], scores[1, 0], scores[1, 2] = math.nan, math.inf, -math.inf
        mask = all_of(2, 3)
        mask[1, 2] = False
        trace = masked(scores, mask)
        assert read(trace, "left").kinds == [["number", "not finite", "number"], ["not finite", "number", "hidden"]]
        assert read(trace, "mask").kinds == [["allowed"] * 3, ["allowed", "allowed", "hidden"]]
        assert list(read(trace, "mask").cells())[4:] == [(1, 1, True, "allowed"), (1, 2, False, "hidden")]
        assert read(trace, "left").numbers() == [0, 2, 4]
        assert legend([read(trace, "left")]) == {"hidden": "hidden by the mask", "not finite": "not a finite number"}
        assert legend([read(trace, "scores"), read(trace, "mask")]) == {
            "allowed": "may attend",
            "hidden": "hidden by the mask",
            "not finite": "not a finite number",
        }

    def test_pictures_write_digits_and_signs(self):
        mask = all_of(2, 3)
        mask[1, 2] = False
        trace = masked(counting(2, 3) / 8, mask)
        assert read(trace, "left").texts() == [["0", "0.1250", "0.2500"], ["0.3750", "0.5000", "−∞"]]
        assert read(trace, "mask").texts() == [["✓", "✓", "✓"], ["✓", "✓", ""]]
        trace = dataclasses.replace(trace, options=dataclasses.replace(trace.options, precision=2))
        assert read(trace, "left").texts()[1] == ["0.38", "0.50", "−∞"]

    def test_blocks_show_the_number_farthest_from_zero_and_are_hidden_where_all_of_them_is(self):
        mask = all_of(4, 6)
        mask[:2, 3:] = mask[3, 0] = mask[2, 1] = mask[3, 2] = False
        trace = masked(counting(4, 6) - 20, mask)
        excerpt = read(trace, "left", BLOCKS)
        assert excerpt.is_in_blocks
        assert (excerpt.rows, excerpt.columns) == ([0, 2], [0, 3])
        assert (excerpt.row_labels, excerpt.column_labels) == (["query 0", "query 2"], ["key 0", "key 3"])
        assert excerpt.values == [[-20, -math.inf], [-8, -5]]
        assert excerpt.hidden == [[False, True], [False, False]]
        assert read(trace, "mask", BLOCKS).kinds == [["allowed", "hidden"], ["allowed", "allowed"]]
        assert read(trace, "mask", BLOCKS).texts() == [["✓", ""], ["✓", "✓"]]

    def test_an_axis_with_fewer_places_than_blocks_keeps_them(self):
        assert read(masked(counting(5, 1), all_of(5, 1)), "scores", BLOCKS).shape == (2, 1)

    def test_each_head_is_one_excerpt(self):
        trace = cross_attention_with_softcap()
        first, second = read_excerpts(trace, trace["query"], SMALL)
        assert (first.head, first.head_label) == (0, "head 1")
        assert (second.head, second.head_label) == (1, "head 2")
        assert first.values == trace["query"].value[0].tolist()
        assert second.values == trace["query"].value[1].tolist()
        assert read(trace, "mask").head_label == ""


class TestColors:
    """The lowest and the highest number to colour."""

    def test_hidden_cells_and_what_is_not_finite_are_left_out(self):
        scores = torch.tensor([[5.0, -9.0, 2.0], [math.nan, math.inf, 3.0]])
        mask = all_of(2, 3)
        mask[0, 1] = mask[0, 0] = False
        trace = masked(scores, mask)
        assert color_range([read(trace, "scores")]) == (-9, 5)
        assert color_range([read(trace, "left")]) == (2, 3)
        assert color_range([read(trace, "mask")]) is None
        assert color_range([read(masked(scores * math.nan, mask), "scores")]) is None
        assert color_range([read(masked(torch.zeros(2, 3), mask), "weights")]) == pytest.approx((1 / 3, 1))  # hidden weights are 0

    def test_heads_share_their_colors(self):
        trace = cross_attention_with_softcap()
        value = trace["query"].value
        assert value[0].min() != value[1].min()
        assert color_range(read_excerpts(trace, trace["query"], SMALL)) == (value.min().item(), value.max().item())

    def test_a_folded_stage_has_the_colors_of_all_of_it(self):
        scores = counting(5, 7)
        scores[2, 3], scores[3, 2] = -50.0, 99.0
        assert color_range([read(masked(scores, all_of(5, 7)), "scores")]) == (-50, 99)
        assert color_range([read(masked(scores, all_of(5, 7)), "scores", HALVES)]) == (0, 34)  # nothing but the ends is read

    def test_blocks_of_positive_numbers_begin_at_zero(self):
        assert color_range([read(masked(counting(4, 6) + 3, all_of(4, 6)), "scores", BLOCKS)]) == (0, 26)

    def test_a_bar_has_zero_in_its_middle_where_there_are_negative_numbers(self):
        assert range_ends((2.0, 5.0)) == [2, 5]
        assert range_ends((2.0, 2.0)) == [2]
        assert range_ends((-7.0, 5.0)) == [-7, 0, 7]
        assert range_ends((-1.0, 5.0)) == [-5, 0, 5]


class TestSums:
    """Of a softmax, over all cells, shown or not."""

    def test_the_rows_that_are_shown_are_summed_over_all_columns(self):
        mask = all_of(5, 7)
        mask[4] = False
        excerpt = read(masked(counting(5, 7), mask), "weights")
        assert excerpt.row_sums == pytest.approx([1, 1, 0])
        assert excerpt.column_sums == []

    def test_a_softmax_over_the_rows_has_sums_of_both(self):
        mask = all_of(5, 7)
        mask[:, 5] = False
        trace = masked(torch.zeros(5, 7), mask, over="rows")
        excerpt = read(trace, "weights")
        assert excerpt.row_sums == pytest.approx([6 / 5] * 3)
        assert excerpt.column_sums == pytest.approx([1, 0, 1])

    def test_other_stages_have_no_sums(self):
        mask = all_of(5, 7)
        mask[0] = False
        excerpt = read(masked(counting(5, 7), mask), "left")
        assert (excerpt.row_sums, excerpt.column_sums, excerpt.fully_hidden_rows) == ([], [], [])

    def test_sums_are_made_in_float64(self):
        weights = torch.full((1, 3), 1 / 3)
        trace = masked(torch.zeros(1, 3), all_of(1, 3))
        stages = [dataclasses.replace(stage, value=weights) if stage.name == "weights" else stage for stage in trace]
        [total] = read(AttentionTrace(tuple(stages), trace.tokens), "weights").row_sums
        assert total == 3 * weights[0, 0].item() != 1

    def test_of_blocks_the_rows_that_are_named_are_summed(self):
        mask = all_of(5, 7)
        mask[2] = False  # the second block begins here
        assert read(masked(counting(5, 7), mask), "weights", BLOCKS).row_sums == pytest.approx([1, 0])

    def test_a_whole_stage_is_read_once_for_its_sums(self, monkeypatch):
        trace, reads = masked(counting(3, 4), all_of(3, 4)), []
        window = Stage.window
        monkeypatch.setattr(Stage, "window", lambda self, *where: reads.append(where) or window(self, *where))
        excerpt = read(trace, "weights")
        assert excerpt.row_sums == excerpt.row_sums
        assert len(reads) == 1


class TestFullyHiddenRows:
    """Rows that have nothing to attend to."""

    def test_a_row_counts_when_every_key_is_hidden_shown_or_not(self):
        mask = all_of(5, 7)
        mask[1] = mask[2] = False
        mask[4, [0, 5, 6]] = False  # all that is shown of it, but not all of it
        trace = masked(counting(5, 7), mask)
        assert read(trace, "weights").hidden[2] == [True] * 3
        assert read(trace, "weights").fully_hidden_rows == [1]

    def test_of_blocks_their_first_row_is_named(self):
        mask = all_of(4, 6)
        mask[2:] = False
        assert read(masked(counting(4, 6), mask), "weights", BLOCKS).fully_hidden_rows == [2]


class TestWorkedCells:
    """Cells whose arithmetic is shown."""

    def test_the_worked_cell_is_the_first_computed_one_of_an_act(self):
        trace = attend(INDIAN, mask="causal")
        worked = worked_cell(trace, [trace["mask"], trace["masked_scores"], trace["attention_weights"]], LATEX)
        assert worked is not None
        assert (worked.stage, worked.row, worked.column) == ("masked_scores", 2, 0)
        assert worked_cell(trace, [trace["mask"]], LATEX) is None

    def test_long_sums_are_cut_where_the_medium_ends(self):
        trace = attend(torch.ones(2, 9))
        few, many = (work_out(trace, trace["scores"], limits).lines[0] for limits in (TERMINAL, WORKSHEET))
        assert "(5 more: " in few
        assert "(1 more: " in many

    def test_of_a_stage_with_heads_the_first_head_is_worked_out(self):
        trace = cross_attention_with_softcap()
        worked = work_out(trace, trace["scores"], LATEX)
        assert (worked.row, worked.column, worked.head) == (2, 0, 0)

    def test_a_visible_cell_of_the_last_row_that_has_one_and_the_first_hidden_one_are_explained(self):
        mask = all_of(5, 7)
        mask[4] = mask[1, 0] = mask[2, 2] = mask[0, 5] = False  # row 2 is not shown
        places = [(one.row, one.column) for one in read(masked(counting(5, 7), mask), "weights").explanations()]
        assert places == [(1, 5), (0, 5)]

    def test_given_stages_are_not_explained_and_nothing_hidden_is_looked_for_where_there_is_nothing(self):
        trace = masked(counting(2, 3), all_of(2, 3))
        assert list(read(trace, "scores").explanations()) == []
        assert [(one.row, one.column) for one in read(trace, "left").explanations()] == [(1, 0)]
        assert [(one.row, one.column) for one in read(masked(counting(2, 3), ~all_of(2, 3)), "left").explanations()] == [(0, 0)]


def test_views_take_it_from_here_and_from_no_other_view():
    """What two views need is derived in `excerpt`, which knows no view."""
    views = Path(attn_magic.excerpt.__file__).parent / "views"
    for path in (views / f"{name}.py" for name in ("text", "html", "figure", "preview")):
        assert not re.findall(r"attn_magic\.views\.(?:text|html|figure|preview)\b", path.read_text("utf-8")), path.name
    assert "attn_magic.views" not in Path(attn_magic.excerpt.__file__).read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_stage_is_what_it_holds(kind):
    for one in KINDS[kind]():
        assert torch.equal(read_whole(one).nan_to_num(), one.value.nan_to_num())
