"""What is shown of a trace where a page ends, and what is derived from it: sums, ranges, legends, worked cells, what is left out."""

import dataclasses
import math

import pytest
import torch

from attn_magic import attend
from attn_magic.equations import Elementwise, Softmax
from attn_magic.excerpt import (
    HTML,
    WORKSHEET,
    Fold,
    Legend,
    Limits,
    excerpt_note,
    left_out,
    legend_of,
    parts_shown,
    range_of,
    read_blocks,
    read_excerpt,
    read_whole,
    shown_heads,
    worked_cell,
    worked_cells,
)
from attn_magic.trace import AttentionTrace, Axis, Stage
from tests.kinds import KINDS
from tests.traces import INDIAN

LIMITS = Limits(rows=Fold(6, 3, 2), columns=Fold(6, 3, 2), heads=Fold.beginning(4), letters=5, blocks=3)


def stage(rows: int, columns: int, heads: int) -> Stage:
    axes = [Axis(name, [str(place) for place in range(size)]) for name, size in (("row", rows), ("column", columns), ("head", heads))]
    return Stage("s", "S", "S", "A", "M", torch.zeros(heads, rows, columns), axes[0], axes[1], heads=axes[2])


def matrix(values, name="s", equation=None) -> Stage:
    values = torch.as_tensor(values)
    rows, columns = (Axis(noun, [f"{noun} {place}" for place in range(size)]) for noun, size in zip(("row", "column"), values.shape, strict=True))
    return Stage(name, "S", "S", "A", "M", values, rows, columns, equation=equation)


def excerpt_of(*stages: Stage, limits=LIMITS, read=read_excerpt):
    return read(AttentionTrace(stages, ("a",)), stages[-1], None, limits)


def masked_softmax(mask, over="columns"):
    """Scores that count up, masked, and their softmax, which torch computes."""
    mask = torch.as_tensor(mask)
    scores = torch.arange(float(mask.numel())).reshape(mask.shape)
    masked = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(masked, dim=1 if over == "columns" else 0).nan_to_num(0.0)
    hiding = Elementwise(("where", "mask", "scores", -math.inf))
    return matrix(scores, "scores"), matrix(mask, "mask"), matrix(masked, "masked", hiding), matrix(weights, "weights", Softmax("masked", over))


@pytest.mark.parametrize(("size", "places"), [(1, [0]), (6, [0, 1, 2, 3, 4, 5]), (7, [0, 1, 2, None, 5, 6]), (1000, [0, 1, 2, None, 998, 999])])
def test_a_long_axis_is_folded(size, places):
    assert LIMITS.rows.places(Axis("x", "x" * size)) == places
    assert LIMITS.rows.shown(range(size)) == [place for place in places if place is not None]


@pytest.mark.parametrize(("most", "shown"), [(5, [0, 1, 2, 8, 9]), (4, [0, 1, 8, 9]), (1, [0]), (10, list(range(10)))])
def test_ends_are_as_even_as_can_be_and_a_beginning_is_one(most, shown):
    assert Fold.ends(most).shown(range(10)) == shown
    assert Fold.beginning(most).shown(range(10)) == list(range(most))


def test_what_is_left_out_is_said():
    assert left_out(stage(6, 6, 4), LIMITS) == ""
    assert left_out(stage(1000, 7, 5), LIMITS) == "Shown: 5 of 1,000 rows, 5 of 7 columns, 4 of 5 heads."
    assert parts_shown(stage(6, 7, 4), LIMITS) == {"columns": "5 of 7 columns"}
    assert shown_heads(stage(1, 1, 5), LIMITS) == [0, 1, 2, 3]


def test_a_copy_says_which_labels_it_cuts():
    assert excerpt_note(matrix(torch.zeros(2, 2)), LIMITS) == "An excerpt. 2 labels cut after 5 letters."  # "column 0", but "row 0"


def test_fewer_heads_are_shown_where_they_would_be_too_many_cells():
    assert shown_heads(stage(10, 10, 20), HTML) == list(range(5))  # 500 of at most 512 cells
    assert shown_heads(stage(2, 2, 20), HTML) == list(range(8))
    assert shown_heads(stage(16, 16, 3), HTML) == [0, 1]
    assert shown_heads(matrix(torch.zeros(2, 3)), HTML) == [None]
    assert shown_heads(stage(5, 5, 3), dataclasses.replace(LIMITS, cells=10)) == [0]


def test_an_excerpt_holds_the_corners():
    values = torch.arange(9.0 * 8).reshape(9, 8)
    excerpt = excerpt_of(matrix(values))
    rows, columns = [0, 1, 2, 7, 8], [0, 1, 2, 6, 7]
    assert (excerpt.rows, excerpt.columns, excerpt.shape) == (rows, columns, (5, 5))
    assert excerpt.values == values[rows][:, columns].tolist()
    assert list(excerpt.cells())[7] == (1, 2, 10.0, False)
    assert excerpt.narrow(3).values == values[rows][:, [0, 1, 7]].tolist()
    assert excerpt.narrow(3).columns == [0, 1, 7]


def test_blocks_hold_what_is_farthest_from_zero():
    values = torch.tensor([[0.1, -3.0, 0.2, 0.3], [1.0, 2.0, -0.1, 5.0], [0.0, 0.0, 0.0, -0.5], [0.1, 0.0, 0.4, 0.0]])
    excerpt = excerpt_of(matrix(values), limits=Limits(LIMITS.rows, LIMITS.columns, LIMITS.heads, blocks=2), read=read_blocks)
    assert (excerpt.rows, excerpt.columns, excerpt.is_blocks) == ([0, 2], [0, 2], True)
    assert excerpt.values == [pytest.approx([-3.0, 5.0]), pytest.approx([0.1, -0.5])]
    assert not excerpt_of(matrix(values[:2, :2]), limits=LIMITS, read=read_blocks).is_blocks


@pytest.mark.parametrize("read", [read_excerpt, read_blocks])
def test_sums_are_over_all_of_the_stage_and_only_of_a_softmax(read):
    weights = torch.softmax(torch.randn(9, 8, generator=torch.Generator().manual_seed(1)), dim=0)
    over_rows = excerpt_of(matrix(torch.zeros(9, 8), "x"), matrix(weights, equation=Softmax("x", "rows")), read=read)
    assert over_rows.row_sums == pytest.approx(weights.double()[over_rows.rows].sum(dim=1).tolist(), abs=1e-12)
    assert over_rows.column_sums == pytest.approx([1.0] * len(over_rows.columns), abs=1e-6)
    across = excerpt_of(matrix(torch.zeros(9, 8), "x"), matrix(weights, equation=Softmax("x")), read=read)
    assert len(across.row_sums) == len(across.rows)
    assert across.column_sums == []
    given = excerpt_of(matrix(weights), read=read)
    assert (given.row_sums, given.column_sums, given.blind_rows) == ([], [], [])


def test_a_row_is_blind_where_every_key_is_hidden_also_those_that_are_not_shown():
    mask = torch.zeros(8, 9, dtype=torch.bool)
    mask[:, 4] = True  # in the gap
    mask[[1, 7]] = False
    assert excerpt_of(*masked_softmax(mask)).blind_rows == [1, 4]
    assert excerpt_of(*masked_softmax(mask)[:3]).blind_rows == []


def test_a_range_leaves_out_what_is_hidden_and_what_is_not_finite():
    *_, masked, weights = stages = masked_softmax([[True, False, True], [True, True, False]])
    assert range_of([excerpt_of(*stages[:3])]) == (0.0, 4.0)
    values = weights.value.clone()
    assert range_of([excerpt_of(*stages)]) == (values[values > 0].min().item(), values.max().item())
    assert range_of([excerpt_of(*stages[:2])]) is None  # a mask
    assert range_of([excerpt_of(matrix([[math.nan, math.inf], [2.0, -7.0]]))]) == (-7.0, 2.0)
    assert range_of([excerpt_of(matrix([[math.nan, -math.inf]]))]) is None
    assert masked.name == "masked"


def test_the_lowest_block_is_not_the_lowest_number():
    high = excerpt_of(matrix(torch.full((4, 4), 2.0)), read=read_blocks)
    assert range_of([high]) == (0.0, 2.0)
    beside = excerpt_of(matrix(torch.tensor([[1.0, 3.0]])))
    assert range_of([beside], [0.5, 9.0, -math.inf]) == (1.0, 9.0)
    assert range_of([beside], [-2.0]) == (-2.0, 3.0)


def test_a_legend_says_which_signs_there_are():
    *stages, _ = masked_softmax([[True, False], [True, True]])
    assert legend_of([excerpt_of(*stages[:2])]) == Legend(has_allowed=True, has_hidden=True, has_not_finite=False)
    assert legend_of([excerpt_of(*stages)]) == Legend(has_allowed=False, has_hidden=True, has_not_finite=False)
    assert legend_of([excerpt_of(matrix([[1.0, -math.inf]]))]) == Legend(has_allowed=False, has_hidden=False, has_not_finite=True)


def test_worked_are_a_cell_of_the_last_row_and_one_that_is_hidden():
    stages = masked_softmax([[True, False, True], [False, True, True], [False, False, False]])
    worked = [(one.row, one.column) for one in worked_cells(excerpt_of(*stages), HTML)]
    assert worked == [(1, 1), (0, 1)]
    assert list(worked_cells(excerpt_of(*stages[:1]), HTML)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_stage_is_what_it_holds(kind):
    for one in KINDS[kind]():
        assert torch.equal(read_whole(one).nan_to_num(), one.value.nan_to_num())


def test_the_worked_cell_is_the_first_computed_one_of_an_act():
    trace = attend(INDIAN, mask="causal")
    worked = worked_cell(trace, [trace["mask"], trace["masked_scores"], trace["attention_weights"]], WORKSHEET)
    assert worked is not None
    assert (worked.stage, worked.row, worked.column) == ("masked_scores", 2, 0)
    assert worked_cell(trace, [trace["mask"]], WORKSHEET) is None
