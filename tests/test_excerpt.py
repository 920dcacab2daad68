"""What is shown of a trace where a page ends."""

import pytest
import torch

from attn_magic import attend
from attn_magic.excerpt import Fold, first_heads, left_out, read_whole, worked_cell
from attn_magic.trace import Axis, Stage
from tests.kinds import KINDS
from tests.traces import INDIAN

FOLD = Fold(whole=6, first=3, last=2)


def stage(rows: int, columns: int, heads: int) -> Stage:
    axes = [Axis(name, [str(place) for place in range(size)]) for name, size in (("row", rows), ("column", columns), ("head", heads))]
    return Stage("s", "S", "S", "A", "M", torch.zeros(heads, rows, columns), axes[0], axes[1], heads=axes[2])


@pytest.mark.parametrize(("size", "places"), [(1, [0]), (6, [0, 1, 2, 3, 4, 5]), (7, [0, 1, 2, None, 5, 6]), (1000, [0, 1, 2, None, 998, 999])])
def test_a_long_axis_is_folded(size, places):
    assert FOLD.places(Axis("x", "x" * size)) == places


def test_what_is_left_out_is_said():
    assert left_out(stage(6, 6, 4), FOLD, FOLD) == ""
    assert left_out(stage(1000, 7, 5), FOLD, FOLD) == "Shown: 5 of 1,000 rows, 5 of 7 columns, 4 of 5 heads."
    assert first_heads(stage(1, 1, 5)) == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_stage_is_what_it_holds(kind):
    for one in KINDS[kind]():
        assert torch.equal(read_whole(one).nan_to_num(), one.value.nan_to_num())


def test_the_worked_cell_is_the_first_computed_one_of_an_act():
    trace = attend(INDIAN, mask="causal")
    worked = worked_cell(trace, [trace["mask"], trace["masked_scores"], trace["attention_weights"]])
    assert worked is not None
    assert (worked.stage, worked.row, worked.column) == ("masked_scores", 2, 0)
    assert worked_cell(trace, [trace["mask"]]) is None
