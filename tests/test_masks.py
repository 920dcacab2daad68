"""A mask that has a name is one row of a table, and everything that names masks reads it there."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from IPython.core.interactiveshell import InteractiveShell

from attn_magic import attend
from attn_magic.completion import complete
from attn_magic.experiment import change, experiment_of
from attn_magic.exports.magic_cell import to_cell
from attn_magic.exports.torch_script import to_code
from attn_magic.magic_line import help_text, read_line
from attn_magic.masks import GIVEN, MASKS, NONE
from attn_magic.options import CONTROLS
from attn_magic.summary import describe_options
from tests.traces import INDIAN

SIZES = [(1, 1), (3, 3), (2, 5), (5, 2), (40, 40)]


@pytest.fixture(params=MASKS)
def mask(request):
    return MASKS[request.param]


@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_its_code_gives_it(mask, queries, keys):
    made = mask.make(queries, keys)
    assert made.shape == (queries, keys)
    assert made.dtype == torch.bool
    assert torch.equal(made, eval(mask.code.format(queries=queries, keys=keys), {"torch": torch}))


@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_causal_is_what_torch_calls_causal(queries, keys):
    generator = torch.Generator().manual_seed(queries + keys)
    query, key, value = (torch.randn(n, 3, generator=generator) for n in (queries, keys, keys))
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(F.scaled_dot_product_attention(query, key, value, attn_mask=MASKS["causal"].make(queries, keys)), expected)


def test_its_name_is_no_other_word_of_that_option():
    assert MASKS.keys() == {mask.name for mask in MASKS.values()}
    assert MASKS.keys().isdisjoint({NONE, GIVEN})


def test_everything_that_names_masks_names_it(mask):
    trace = attend(INDIAN, mask=mask.name)
    assert torch.equal(trace.mask, mask.make(3, 3))
    assert trace.options.mask == mask.name
    assert f"{mask.name} mask" in describe_options(trace)
    assert mask.code.format(queries=3, keys=3) in to_code(trace)
    assert f"{mask.name}: {mask.meaning}" in " ".join(help_text("attention").split())
    assert complete(f"%%attention --mask {mask.name[:-1]}")[1] == [mask.name]
    assert CONTROLS["mask"].choices[mask.name] == (mask.name, mask.name)


def test_the_saved_cell_keeps_it(mask):
    line, *_ = to_cell(attend(INDIAN, mask=mask.name)).splitlines()
    assert read_line(line.removeprefix("%%attention"))["mask"] == mask.name


def test_it_can_be_chosen_on_the_page_and_left_again(mask):
    trace = attend(INDIAN)
    masked = change(experiment_of(trace), trace, {"kind": "option", "name": "mask", "value": mask.name}).experiment
    assert torch.equal(masked.run().output, attend(INDIAN, mask=mask.name).output)
    again = change(masked, masked.run(), {"kind": "option", "name": "mask", "value": NONE}).experiment
    assert torch.equal(again.run().output, trace.output)


def test_the_magic_runs_with_it(mask):
    shell = InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "attn_magic")
        trace = shell.run_cell_magic("attention", f"--mask {mask.name}", "1.16 0.23\n0.57 1.36\n4.41 -2.16")
        assert torch.equal(trace.output, attend(INDIAN, mask=mask.name).output)
    finally:
        InteractiveShell.clear_instance()


def test_the_table_needs_no_torch():
    program = "import sys; import attn_magic.options; assert not {'torch', 'numpy', 'jaxtyping'} & set(sys.modules), sorted(sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr == ""
