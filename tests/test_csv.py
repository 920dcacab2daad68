"""CSV: for spreadsheets, for other programs, and back into %%attention."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
import torch

import attn_magic
from attn_magic import TraceError, attend, parse_matrix
from attn_magic.exports.csv import to_csv
from attn_magic.notation import format_label
from tests.kinds import KINDS
from tests.labels import LABELS, column, in_batches
from tests.traces import INDIAN, cross_attention_with_softcap

MADE = f"attn_magic {attn_magic.__version__} · torch {torch.__version__.partition('+')[0]}"
csv.field_size_limit(2_000_000)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def records(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def as_written(label: str) -> str:
    """Invisible characters as escapes, but for the tab."""
    return "\t".join(map(format_label, label.split("\t")))


def test_the_matrix_as_a_table():
    assert to_csv(attend(INDIAN, tokens=["I", "=am", 'say "x"'], seed=7)) == (
        f'"token · {MADE} · seed 7 · mask none · scale True · col_dim 1 · weights seeded · temperature 1.0","dim 1","dim 2"\r\n'
        '"I",1.16,0.23\r\n"\'=am",0.57,1.36\r\n"say ""x""",4.41,-2.16\r\n'
    )


def test_any_stage_by_its_name():
    assert to_csv(cross_attention_with_softcap(), "mask") == (
        f'"query · {MADE}","the","cat","is","asleep"\r\n'
        '"le",True,True,False,True\r\n"chat",False,False,False,False\r\n"dort",True,False,True,True\r\n'
    )
    assert records(to_csv(cross_attention_with_softcap(), "output"))[4][:2] == ["head 2", "le"]


def test_a_stage_that_is_not_there():
    with pytest.raises(TraceError, match=r"no stage 'skores'\. Did you mean 'scores'"):
        to_csv(attend(INDIAN), "skores")


@pytest.mark.parametrize("kind", KINDS)
def test_another_reader_finds_the_same_numbers(kind):
    trace = KINDS[kind]()
    for stage in trace:
        frame = pd.read_csv(io.StringIO(to_csv(trace, stage.name)), index_col=list(range(len(stage.shape) - 1)))
        values = frame.to_numpy().reshape(stage.shape)
        np.testing.assert_array_equal(values if stage.is_mask else values.astype(np.float32), stage.value.numpy())


ALONE = [[label] for label in LABELS.values()]  # where there is no second row to tell labels from numbers


@pytest.mark.parametrize("batches", [in_batches(20), ALONE], ids=["among others", "alone"])
def test_labels_are_data_in_a_spreadsheet(batches):
    """One record for each row, no cell that begins like a formula, numbers as they are."""
    for labels in batches:
        trace = column(labels)
        _, *rows = records(to_csv(trace))
        for row, label, numbers in zip(rows, labels, trace.token_encodings.tolist(), strict=True):
            written = as_written(label)
            assert row[0] == ("'" if written.startswith(FORMULA) else "") + written
            assert [np.float32(text) for text in row[1:]] == numbers


EXTREMES = [[-0.0, 0.0, 1e-45, -1.1754943508222875e-38], [3.4028234663852886e38, -1e38, 0.1, 16777217.0], [1 / 3, 123456.789, 1e16, 9.999999e-5]]


def test_pasted_back_even_the_last_bit_of_the_strangest_numbers_is_the_same():
    trace = attend(EXTREMES)
    for again in (torch.tensor(parse_matrix(to_csv(trace)).values), torch.from_numpy(read_with_pandas(to_csv(trace)))):
        assert again.view(torch.int32).equal(trace.token_encodings.view(torch.int32))


def read_with_pandas(text: str) -> np.ndarray:
    return pd.read_csv(io.StringIO(text), index_col=0).to_numpy().astype(np.float32)
