"""All numbers for programs: .npz and .pt."""

import io
import json

import numpy as np
import pytest
import torch

import attn_magic
from attn_magic import attend
from attn_magic.exports.arrays import about, to_npz, to_pt
from attn_magic.trace import AttentionTrace, Axis, Stage
from tests.kinds import KINDS
from tests.labels import LABELS, column
from tests.traces import INDIAN


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_is_there_under_its_name(kind):
    trace = KINDS[kind]()
    arrays = np.load(io.BytesIO(to_npz(trace)), allow_pickle=False)
    tensors = torch.load(io.BytesIO(to_pt(trace)), weights_only=True)
    assert set(arrays) == set(tensors) == {stage.name for stage in trace} | {"tokens", "about"}
    for stage in trace:
        assert torch.equal(tensors[stage.name].nan_to_num(), stage.value.nan_to_num())
        np.testing.assert_array_equal(arrays[stage.name], stage.value.numpy(), strict=True)
    assert json.loads(str(arrays["about"])) == tensors["about"] == json.loads(json.dumps(about(trace)))


def test_what_made_them_is_there():
    made = about(attend(INDIAN, tokens="I am Indian", seed=7))
    assert made["made_by"] == {
        "attn_magic": attn_magic.__version__,
        "torch": torch.__version__.partition("+")[0],
        "seed": "7",
        "mask": "none",
        "scale": "True",
        "col_dim": "1",
        "weights": "seeded",
        "temperature": "1.0",
    }
    assert made["stages"]["scores"] == {
        "title": "Scores",
        "symbol": "QKᵀ",
        "act": "Compare",
        "axes": [{"name": "query", "labels": ["I", "am", "Indian"]}, {"name": "key", "labels": ["I", "am", "Indian"]}],
        "equation": 'einsum("ik,jk->ij", query, key)',
    }


def test_labels_come_back_as_they_were():
    tokens = tuple(label for label in LABELS.values() if len(label) <= 10_000)
    trace = column(list(tokens))
    assert tuple(torch.load(io.BytesIO(to_pt(trace)), weights_only=True)["tokens"]) == tokens
    arrays = np.load(io.BytesIO(to_npz(trace)), allow_pickle=False)
    assert tuple(json.loads(str(arrays["about"]))["tokens"]) == tokens
    assert tuple(arrays["tokens"].tolist()) == tokens


def test_a_stage_that_is_called_tokens_keeps_its_name():
    axis = Axis("x", ("a",))
    trace = AttentionTrace((Stage("tokens", "T", "T", "A", "M", torch.ones(1, 1), axis, axis),), tokens=("a",))
    assert set(np.load(io.BytesIO(to_npz(trace)))) == {"tokens", "tokens_", "about"}


def test_half_precision_stages_are_kept():
    axis = Axis("x", ("a",))
    trace = AttentionTrace((Stage("s", "T", "T", "A", "M", torch.ones(1, 1, dtype=torch.bfloat16), axis, axis),), tokens=("a",))
    assert torch.load(io.BytesIO(to_pt(trace)), weights_only=True)["s"].dtype == torch.bfloat16
    assert np.load(io.BytesIO(to_npz(trace)))["s"].dtype == np.float32
