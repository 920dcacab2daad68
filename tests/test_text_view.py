"""The text view, compared as whole pictures at a fixed width."""

import json
import math
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pyte
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from attn_magic.attention import attend
from attn_magic.equations import Softmax
from attn_magic.notation import MINUS, format_number
from attn_magic.notices import Notice
from attn_magic.trace import AttentionTrace, Axis, Stage
from attn_magic.views.text import _break_into_lines, to_text

from .traces import INDIAN, cross_attention_with_softcap

PAYLOADS = json.loads((Path(__file__).parent / "data" / "label_payloads.json").read_text("utf-8"))["payloads"]
LABELS = {
    payload["id"]: payload["label"] if "label" in payload else "".join(part * times for part, times in payload["label_parts"]) for payload in PAYLOADS
}

CAUSAL = """\
Attention over 3 tokens: I, am, Indian
Sizes: d_model 2, d_k 2, d_v 2.
Options: weights drawn with seed 42, causal mask, softmax along each row.
Check: agrees with torch to DIFFERENCE.

── 1 Project ───────────────────────────────────────────────────────────────────

Token encodings  3 × 2
X   token_encodings
One row per token: its word embedding plus position encoding.

         dim 1    dim 2
I       1.1600   0.2300
am      0.5700   1.3600
Indian  4.4100  -2.1600

Query weights  2 × 2      Key weights  2 × 2        Value weights  2 × 2
W_q                       W_k                       W_v
The learned weights that  The learned weights that  The learned weights that
make query from tokens,   make key from tokens,     make value from tokens,
stored out × in and used  stored out × in and used  stored out × in and used
as X W_qᵀ.                as X W_kᵀ.                as X W_vᵀ.

         dim 1   dim 2             dim 1   dim 2            dim 1    dim 2
dim 1   0.5406  0.5869    dim 1  -0.1549  0.1427    dim 1  0.6233  -0.5188
dim 2  -0.1657  0.6496    dim 2  -0.3443  0.4153    dim 2  0.6146   0.1323

Query  3 × 2              Key  3 × 2                 Value  3 × 2
Q = X W_qᵀ   query        K = X W_kᵀ   key           V = X W_vᵀ   value
What each token asks      What each token offers to  What each token gives
for.                      be found by.               when it is attended to.

         dim 1    dim 2             dim 1    dim 2             dim 1   dim 2
I       0.7621  -0.0428   I       -0.1469  -0.3038   I        0.6038  0.7434
am      1.1063   0.7890   am       0.1057   0.3685   am      -0.3502  0.5303
Indian  1.1164  -2.1336   Indian  -0.9914  -2.4152   Indian   3.8695  2.4246

── 2 Compare ───────────────────────────────────────────────────────────────────

Scores  3 × 3                       Scaled scores  3 × 3
QKᵀ   scores                        QKᵀ/√d_k   scaled_scores
How well each query (row) matches   The scores divided by √2, so that
each key (column).                  long vectors do not make the
                                    softmax all or nothing.

              I       am   Indian                 I       am   Indian
I       -0.0990   0.0648  -0.6523   I       -0.0700   0.0458  -0.4612
am      -0.4022   0.4078  -3.0024   am      -0.2844   0.2883  -2.1230
Indian   0.4842  -0.6683   4.0461   Indian   0.3424  -0.4725   2.8610

Mask  3 × 3               Masked scores  3 × 3
M   mask                  QKᵀ/√d_k where M   masked_scores
Which keys a query may    The scores that the mask lets
attend to.                through; a hidden cell becomes
                          −∞, and e^−∞ is 0.

        I  am  Indian                   I       am  Indian
I       ✓   ·       ·     I       -0.0700        ·       ·
am      ✓   ✓       ·     am      -0.2844   0.2883       ·
Indian  ✓   ✓       ✓     Indian   0.3424  -0.4725  2.8610
✓ may attend              · hidden by the mask
· hidden by the mask

── 3 Normalise ─────────────────────────────────────────────────────────────────

Attention weights  3 × 3
A = softmax(QKᵀ/√d_k where M)   attention_weights
How much of its attention each query (row) gives to each key (column). Every row
sums to 1.

             I      am  Indian │  Σ row
I       1.0000       ·       · │ 1.0000
am      0.3606  0.6394       · │ 1.0000
Indian  0.0722  0.0320  0.8959 │ 1.0000
· hidden by the mask

── 4 Blend ─────────────────────────────────────────────────────────────────────

Output  3 × 2
A V   output
Each token's new encoding: all values, blended by its weights. Also called the
context vectors.

          dim 1   dim 2
I        0.6038  0.7434
am      -0.0062  0.6072
Indian   3.4989  2.2427

── How a number comes about ────────────────────────────────────────────────────

attention_weights[Indian, I] = e^(masked_scores[Indian, I] − max) / Σ_j
    e^(masked_scores[Indian, j] − max)
  max: max(0.342413, −0.472534, 2.861046) = 2.8610
  exponential: e^(0.342413 − 2.861046) = 0.0806
  sum: e^(0.342413 − 2.861046) + e^(−0.472534 − 2.861046) + e^(2.861046 −
    2.861046) = 1.1162
  quotient: 0.08057 / 1.116235 = 0.0722
How much of its attention does Indian give to I?

output[Indian, dim 1] = Σ_j attention_weights[Indian, j] × value[j, dim 1]
  = 0.07218 × 0.603767 + 0.031951 × −0.350198 + 0.895869 × 3.869459 = 3.4989
What Indian takes from the values of all tokens, dim 1.

Ask for any other, counting from 0: _.explain("masked_scores", 2, 0)
"""

PLAIN_FROM_COMPARE_ON = """\
── 2 Compare ───────────────────────────────────────────────────────────────────

Scores  3 × 3                       Scaled scores  3 × 3
QKᵀ   scores                        QKᵀ/√d_k   scaled_scores
How well each query (row) matches   The scores divided by √2, so that
each key (column).                  long vectors do not make the
                                    softmax all or nothing.

              I       am   Indian                 I       am   Indian
I       -0.0990   0.0648  -0.6523   I       -0.0700   0.0458  -0.4612
am      -0.4022   0.4078  -3.0024   am      -0.2844   0.2883  -2.1230
Indian   0.4842  -0.6683   4.0461   Indian   0.3424  -0.4725   2.8610

── 3 Normalise ─────────────────────────────────────────────────────────────────

Attention weights  3 × 3
A = softmax(QKᵀ/√d_k)   attention_weights
How much of its attention each query (row) gives to each key (column). Every row
sums to 1.

             I      am  Indian │  Σ row
I       0.3573  0.4011  0.2416 │ 1.0000
am      0.3410  0.6047  0.0542 │ 1.0000
Indian  0.0722  0.0320  0.8959 │ 1.0000

── 4 Blend ─────────────────────────────────────────────────────────────────────

Output  3 × 2
A V   output
Each token's new encoding: all values, blended by its weights. Also called the
context vectors.

         dim 1   dim 2
I       1.0100  1.0641
am      0.2040  0.7057
Indian  3.4989  2.2427

── How a number comes about ────────────────────────────────────────────────────

attention_weights[Indian, I] = e^(scaled_scores[Indian, I] − max) / Σ_j
    e^(scaled_scores[Indian, j] − max)
  max: max(0.342413, −0.472534, 2.861046) = 2.8610
  exponential: e^(0.342413 − 2.861046) = 0.0806
  sum: e^(0.342413 − 2.861046) + e^(−0.472534 − 2.861046) + e^(2.861046 −
    2.861046) = 1.1162
  quotient: 0.08057 / 1.116235 = 0.0722
How much of its attention does Indian give to I?

output[Indian, dim 1] = Σ_j attention_weights[Indian, j] × value[j, dim 1]
  = 0.07218 × 0.603767 + 0.031951 × −0.350198 + 0.895869 × 3.869459 = 3.4989
What Indian takes from the values of all tokens, dim 1.

Ask for any other, counting from 0: _.explain("scaled_scores", 2, 0)
"""


def causal() -> AttentionTrace:
    return attend(INDIAN, tokens="I am Indian", mask="causal")


def random_trace(n: int, d_model: int, **options) -> AttentionTrace:
    return attend(torch.randn(n, d_model, generator=torch.Generator().manual_seed(5)), **options)


def one_stage(value: torch.Tensor, **parts) -> AttentionTrace:
    """A trace of a single given stage."""
    rows, columns = (tuple(f"{letter}{place}" for place in range(1, size + 1)) for letter, size in zip("rc", value.shape, strict=True))
    stage = Stage("given", "Given", "G", "Look", "What was given.", value, Axis("row", rows), Axis("column", columns), **parts)
    return AttentionTrace((stage,), rows)


def picture(text: str, title: str) -> str:
    """The lines of one stage that stands alone, from its title to the end of its numbers."""
    lines = text.split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith(f"{title}  "))
    blank = [place for place, line in enumerate(lines) if not line and place > start]
    return "\n".join(lines[start : blank[1]])


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.split("\n"))


def without_codes(text: str) -> str:
    """`text` without its colours, in lines without trailing spaces."""
    return "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).split("\n"))


def on_this_processor(text: str, trace) -> str:
    """torch's own function differs in the last bit from one processor to another."""
    return text.replace("agrees with torch to DIFFERENCE", str(trace.check())).rstrip("\n")


class TestPictures:
    def test_the_causal_example_at_80_columns(self):
        assert to_text(causal()) == on_this_processor(CAUSAL, causal())

    def test_the_plain_example_at_80_columns_without_mask(self):
        trace = attend(INDIAN, tokens="I am Indian")
        project = CAUSAL.partition("── 2 Compare")[0].replace("causal mask", "no mask")
        assert to_text(trace) == on_this_processor(project + PLAIN_FROM_COMPARE_ON, trace)

    def test_print_shows_the_same(self):
        assert str(causal()) == on_this_processor(CAUSAL, causal())

    def test_a_softmax_down_the_columns_shows_that_rows_do_not_sum_to_one(self):
        text = to_text(attend(INDIAN, tokens="I am Indian", col_dim=0))
        assert "softmax down each column" in text
        numbers = picture(text, "Attention weights").split("\n\n")[1]
        assert numbers == (
            "               I      am  Indian │  Σ row\n"
            "I         0.3014  0.3484  0.0346 │ 0.6845\n"
            "am        0.2433  0.4441  0.0066 │ 0.6939\n"
            "Indian    0.4553  0.2075  0.9588 │ 1.6216\n"
            "Σ column  1.0000  1.0000  1.0000 │"
        )

    def test_a_trace_of_one_token_and_one_feature(self):
        text = to_text(attend([[2.0]], tokens="one"))
        assert text.startswith("Attention over 1 token: one\n")
        assert picture(text, "Attention weights").endswith("        one │  Σ row\none  1.0000 │ 1.0000")

    @pytest.mark.parametrize("title", ["Softcap", "Masked scores"])
    def test_every_head_of_a_stage_nobody_knows_is_a_table_of_its_own(self, title):
        trace = cross_attention_with_softcap()
        shown = picture(to_text(trace, 90), title)
        assert f"{title}  2 × 3 × 4" in shown
        for head in ("head 1", "head 2"):
            assert head in shown
        stage = trace[title.lower().replace(" ", "_")]
        for value in stage.value.flatten().tolist():
            assert value == -math.inf or format_number(value).replace(MINUS, "-") in shown

    def test_heads_stand_side_by_side_where_they_fit(self):
        assert picture(to_text(cross_attention_with_softcap(), 120), "Attention weights").split("\n\n")[1] == (
            "head 1                                          head 2\n"
            "         the     cat      is  asleep │  Σ row            the     cat      is  asleep │  Σ row\n"
            "le    0.0267  0.5131       ·  0.4602 │ 1.0000   le    0.0421  0.3575       ·  0.6004 │ 1.0000\n"
            "chat       ·       ·       ·       · │ 0        chat       ·       ·       ·       · │ 0\n"
            "dort  0.4293       ·  0.2853  0.2853 │ 1.0000   dort  0.0432       ·  0.4308  0.5260 │ 1.0000\n"
            "· hidden by the mask\n"
            "head 1, chat: every key is hidden, nothing to attend to.\n"
            "head 2, chat: every key is hidden, nothing to attend to."
        )

    def test_the_sizes_of_cross_attention_name_the_keys_beside_the_tokens_of_the_title(self):
        assert "Sizes: head 2, d_k 2, key 4, d_v 3." in to_text(cross_attention_with_softcap())

    def test_precision_comes_from_the_trace(self):
        trace = causal()
        text = to_text(replace(trace, options=replace(trace.options, precision=2)))
        assert "Indian  0.07  0.03    0.90 │  1.00" in text


class TestWords:
    def test_notices_stand_before_the_stages_each_in_its_own_paragraph(self):
        notices = (Notice("one-dim", "A single list of 4 numbers was read as one token."), Notice("other", "Another thing to know. " * 5))
        text = to_text(replace(causal(), notices=notices))
        assert "\n\n! A single list of 4 numbers was read as one token.\n\n! Another thing to know. Another" in text
        assert text.index("! Another") < text.index("1 Project")
        assert widest(text) <= 80

    def test_options_are_said_in_words(self):
        trace = attend(INDIAN, mask=[[True, False, True]] * 3, weights="identity", scale=False)
        assert "Options: identity weights, mask as given, scores not divided by √d_k, softmax\nalong each row." in to_text(trace)

    def test_a_trace_made_by_hand_claims_no_seed(self):
        assert "seed" not in to_text(cross_attention_with_softcap())

    def test_the_hint_at_the_end_works_as_it_is_written(self):
        trace = cross_attention_with_softcap()
        hint = to_text(trace).split("\n")[-1].partition(": ")[2]
        assert hint == '_.explain("masked_scores", 2, 0, head=0)'
        assert eval(hint, {"_": trace}).stage == "masked_scores"

    def test_the_examples_are_those_of_explain(self):
        trace = causal()
        for name in ("attention_weights", "output"):
            assert str(trace.explain(name, 2, 0)) in to_text(trace, 200)

    def test_a_long_sum_is_summed_up(self):
        assert "(60 more: " in to_text(random_trace(64, 3))

    def test_acts_are_numbered_as_they_come(self):
        assert re.findall(r"^── (.*?) ─", to_text(causal()), re.MULTILINE) == [
            "1 Project",
            "2 Compare",
            "3 Normalise",
            "4 Blend",
            "How a number comes about",
        ]

    def test_a_stage_whose_symbol_is_its_name_says_it_once(self):
        assert re.search(r"^W_q +W_k +W_v$", to_text(causal()), re.MULTILINE)


class TestNumbers:
    def test_decimal_points_stand_below_each_other_and_zero_is_not_almost_zero(self):
        text = to_text(one_stage(torch.tensor([[1.5, 0.0], [-1234.5, 1e-26], [3.2e9, 0.25]])))
        assert picture(text, "Given").split("\n\n")[1] == (
            "                c1          c2\nr1      1.5000      0\nr2  -1234.5000      1.0000e-26\nr3      3.2000e+09  0.2500"
        )

    def test_numbers_that_are_not_finite_are_shown_as_they_are(self):
        text = to_text(one_stage(torch.tensor([[math.nan, -math.inf, 1.0], [math.inf, 2.0, 0.5]])))
        assert picture(text, "Given").split("\n\n")[1] == ("     c1      c2      c3\nr1  NaN      -∞  1.0000\nr2    ∞  2.0000  0.5000")

    def test_products_too_large_for_float32_are_told_before_all_stages(self):
        text = to_text(attend([[3e38, 3e38], [1.0, 2.0], [0.5, 3.0]]))
        assert re.search(r"^! .*is the first stage that is not finite", text, re.MULTILINE)
        assert text.index("! ") < text.index("1 Project")
        assert "NaN" in text

    def test_a_row_that_may_attend_to_nothing_says_so(self):
        mask = [[True, True, False], [False, False, False], [True, True, True]]
        text = to_text(attend(INDIAN, tokens="I am Indian", mask=mask))
        assert picture(text, "Attention weights").split("\n\n")[1] == (
            "             I      am  Indian │  Σ row\n"
            "I       0.4711  0.5289       · │ 1.0000\n"
            "am           ·       ·       · │ 0\n"
            "Indian  0.0722  0.0320  0.8959 │ 1.0000\n"
            "· hidden by the mask\n"
            "am: every key is hidden, nothing to attend to."
        )

    def test_minus_infinity_is_no_hidden_cell_where_no_mask_put_it(self):
        text = to_text(one_stage(torch.tensor([[-math.inf, 1.0]])))
        assert "-∞" in text
        assert "hidden" not in text

    def test_numbers_can_be_copied_into_code(self):
        table = picture(to_text(causal()), "Output").split("\n\n")[1]
        assert [float(number) for number in table.split("\n")[2].split()[1:]] == [-0.0062, 0.6072]

    @settings(max_examples=15)
    @given(st.data())
    def test_every_finite_number_of_a_small_trace_is_in_the_text(self, data):
        n, d_model = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
        numbers = st.floats(-1e4, 1e4, width=32)
        x = data.draw(st.lists(st.lists(numbers, min_size=d_model, max_size=d_model), min_size=n, max_size=n))
        trace = attend(x, mask=data.draw(st.sampled_from([None, "causal"])))
        words = set(to_text(trace, 160).split())
        for stage in trace:
            for value in [] if stage.is_mask else stage.value.flatten().tolist():
                assert not math.isfinite(value) or value == 0 or format_number(value).replace(MINUS, "-") in words


class TestFolding:
    @pytest.mark.parametrize("width", [1, 20, 27, 40, 66, 80, 120, 200])
    @pytest.mark.parametrize(
        "make", [causal, cross_attention_with_softcap, lambda: random_trace(30, 17, mask="causal"), lambda: random_trace(9, 5, col_dim=0)]
    )
    def test_no_line_is_longer_than_the_width(self, width, make):
        assert widest(to_text(make(), width)) <= max(width, 20)

    def test_what_is_left_out_is_said(self):
        shown = picture(to_text(random_trace(64, 3, mask="causal")), "Attention weights").split("\n\n")[1]
        assert shown == (
            "          token 1  token 2  token 3  …  token 62  token 63  token 64 │  Σ row\n"
            "token 1    1.0000        ·        ·  …         ·         ·         · │ 1.0000\n"
            "token 2    0.1580   0.8420        ·  …         ·         ·         · │ 1.0000\n"
            "token 3    0.4427   0.1136   0.4437  …         ·         ·         · │ 1.0000\n"
            "token 4    0.2628   0.0692   0.3238  …         ·         ·         · │ 1.0000\n"
            "token 5    0.2009   0.1486   0.2252  …         ·         ·         · │ 1.0000\n"
            "token 6    0.0304   0.4149   0.0212  …         ·         ·         · │ 1.0000\n"
            "⋮               ⋮        ⋮        ⋮  …         ⋮         ⋮         ⋮ │      ⋮\n"
            "token 59   0.0162   0.0165   0.0175  …         ·         ·         · │ 1.0000\n"
            "token 60   0.0197   0.0119   0.0190  …         ·         ·         · │ 1.0000\n"
            "token 61   0.0156   0.0164   0.0171  …         ·         ·         · │ 1.0000\n"
            "token 62   0.0158   0.0168   0.0165  …    0.0165         ·         · │ 1.0000\n"
            "token 63   0.0191   0.0078   0.0218  …    0.0147    0.0194         · │ 1.0000\n"
            "token 64   0.0112   0.0291   0.0107  …    0.0155    0.0120    0.0170 │ 1.0000\n"
            "· hidden by the mask\n"
            "12 of 64 rows, 6 of 64 columns shown; sums are over all."
        )

    def test_sums_beside_a_folded_softmax_are_over_the_whole_row(self):
        trace = random_trace(64, 3)
        shown = picture(to_text(trace, 40), "Attention weights")
        assert shown.count("│ 1.0000") == 12
        assert "sums are over" in shown

    def test_labels_are_shortened_before_numbers_are_left_out(self):
        tokens = ["internationalisation", "antidisestablishment", "floccinaucinihili"]
        shown = picture(to_text(attend(INDIAN, tokens=tokens), 42), "Scores")
        assert "columns shown" not in shown
        assert "internat…" in shown

    def test_many_heads_show_the_first_and_the_last(self):
        heads = Axis("head", tuple(f"head {place}" for place in range(1, 33)))
        stage = Stage("given", "Given", "G", "Look", "Given.", torch.arange(192.0).reshape(32, 3, 2), Axis("r", "abc"), Axis("c", "xy"), heads)
        text = to_text(AttentionTrace((stage,), tuple("abc")), 120)
        heads_shown = re.findall(r"head \d+", text.partition("How a number")[0].partition("Given.")[2])
        assert heads_shown == [f"head {place}" for place in (1, 2, 3, 4, 29, 30, 31, 32)]
        assert "8 of 32 heads shown." in text

    def test_a_large_trace_is_read_by_small_windows_only(self):
        """The stages hold no numbers at all ("meta" tensors), and give them for what is asked: a corner, or the rows that are summed up."""
        n = 3000
        read = []

        class OnDemand(Stage):
            def window(self, rows, columns, head=None):
                shape = torch.empty(n, n, device="meta")[rows, columns].shape
                read.append(shape.numel())
                return torch.full(shape, 1 / n)

        axes = Axis("query", [f"token {place}" for place in range(n)]), Axis("key", [f"token {place}" for place in range(n)])
        empty = torch.empty(n, n, device="meta")
        stages = (
            OnDemand("scores", "Scores", "S", "Compare", "Scores.", empty, *axes),
            OnDemand("weights", "Weights", "W", "Normalise", "Weights.", empty, *axes, equation=Softmax("scores")),
        )
        text = to_text(AttentionTrace(stages, ("token 0",)))
        assert "12 of 3,000 rows" in text
        assert max(read) <= 12 * n

    def test_4096_tokens_print_in_well_under_a_second(self):
        """Measured in a process of its own, where annotations are not checked at every call as they are here."""
        script = (
            "import time, torch; from attn_magic.attention import attend; from attn_magic.views.text import to_text\n"
            "trace = attend(torch.randn(4096, 2), mask='causal'); to_text(attend([[1.0, 2.0]]))\n"
            "start = time.perf_counter(); text = to_text(trace); print(time.perf_counter() - start, len(text)); print(text)"
        )
        environment = {**os.environ, "PYTHONUTF8": "1"}
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, encoding="utf-8", env=environment)
        measured, _, text = done.stdout.partition("\n")
        seconds, length = measured.split()
        assert float(seconds) < 1.0
        assert int(length) < 20_000
        assert "Check: trace.check() compares this with torch" in text


WORDS = ["a", "word ", "  ", "long-" * 5, "你好", "e\u0301", "👩\u200d💻 ", "—", "\u3000"]


class TestLines:
    @given(st.lists(st.sampled_from(WORDS)).map("".join), st.integers(16, 40))
    def test_they_break_where_rich_breaks_them(self, text, width):
        expected = [line.plain.rstrip() for line in Text(text).wrap(Console(), width)]
        assert [line.rstrip() for line in _break_into_lines(text, width)] == expected

    def test_what_was_changed_in_place_is_what_is_shown(self):
        trace = causal()
        assert "5.0000" not in to_text(trace)
        trace.output[0, 0] = 5
        assert "Check: differs from torch by 4.4e+00." in to_text(trace)
        assert "5.0000" in to_text(trace)


class TestLabels:
    @pytest.mark.parametrize("names", [list(LABELS)[place : place + 3] for place in range(0, len(LABELS), 3)], ids=", ".join)
    def test_labels_are_data_and_break_no_alignment(self, names):
        tokens = [*(LABELS[name] for name in names), "am", "Indian"][:3]
        text = to_text(attend(INDIAN, tokens=tokens, mask="causal"))
        assert widest(text) <= 80
        assert not [character for character in text if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character != "\n"]
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f")
        table = picture(text, "Output").split("\n\n")[1].split("\n")
        numbers = ["0.6038  0.7434", "-0.0062  0.6072", "3.4989  2.2427"]
        assert all(line.endswith(f" {row}") for line, row in zip(table[1:], numbers, strict=True))
        assert len({cell_len(line) for line in table}) == 1

    @pytest.mark.parametrize(
        "label", ["[bold]", "[/]", ":smile:", "[link=http://evil.example]x[/link]", "[red]a[/red]", "\\[x]", "@page { size: A4 }"]
    )
    def test_a_label_is_no_markup(self, label):
        shown = to_text(attend(INDIAN, tokens=[label, "am", "Indian"]), 120)
        assert "output[Indian, dim 1]" in shown
        assert re.search(rf"^{re.escape(label[:17])}", shown, re.MULTILINE)

    @pytest.mark.parametrize("tokens", [["中文", "🙂", "é"], ["👩\u200d🚀", "नमस्ते", "ｆｕｌｌ"], ["e\u0301te\u0301", "Z͑ͫ̓A̴̵", ""]])
    def test_columns_are_aligned_in_terminal_cells(self, tokens):
        shown = picture(to_text(attend([[1.5, 2.5], [3.5, 4.5], [5.5, 6.5]], tokens=tokens)), "Token encodings").split("\n\n")[1].split("\n")
        assert {cell_len(line[: line.rindex(".")]) for line in shown[1:]} == {cell_len(shown[1][: shown[1].rindex(".")])}
        header = picture(to_text(attend(INDIAN, tokens=tokens)), "Attention weights").split("\n\n")[1].split("\n")
        assert {cell_len(line.partition("│")[0]) for line in header} == {cell_len(header[0].partition("│")[0])}


class TestColor:
    def test_without_color_there_are_no_codes(self):
        assert "\x1b" not in to_text(causal())

    @pytest.mark.parametrize("color_system", ["256", "truecolor"])
    def test_color_changes_nothing_but_colors(self, color_system):
        for trace in (causal(), cross_attention_with_softcap(), random_trace(30, 17)):
            assert without_codes(to_text(trace, 80, True, color_system=color_system)) == to_text(trace, 80)

    def test_each_number_of_colors_has_its_own_codes_in_any_order(self):
        systems = ("256", "truecolor", "256", "truecolor")
        texts = [to_text(causal(), color=True, color_system=system) for system in systems]
        assert texts[:2] == texts[2:]
        assert "48;5;" in texts[0]
        assert "48;2;" not in texts[0]
        assert "48;2;" in texts[1]

    def test_a_terminal_shows_ink_and_background_together(self):
        screen = pyte.Screen(80, 200)
        pyte.Stream(screen).feed(to_text(causal(), color=True, color_system="truecolor").replace("\n", "\r\n"))
        row = next(place for place, line in enumerate(screen.display) if line.startswith("Indian   3.4989"))
        cells = [screen.buffer[row][column] for column in range(8, 16)]
        assert {(cell.fg == "default", cell.bg == "default") for cell in cells} == {(False, False)}
        assert {cell.bg for cell in screen.buffer[row].values()} >= {"default", cells[0].bg}

    def test_hidden_cells_have_no_heat(self):
        screen = pyte.Screen(80, 200)
        pyte.Stream(screen).feed(to_text(causal(), color=True).replace("\n", "\r\n"))
        dots = [(row, column) for row, line in enumerate(screen.display) for column, sign in enumerate(line) if sign == "·"]
        assert len(dots) == 3 + 3 + 3 + 3  # the mask, the scores behind it, the weights, and three legends
        assert {screen.buffer[row][column].bg for row, column in dots} == {"default"}

    def test_ink_can_be_read_on_every_background(self):
        """At least 4.5 : 1, in both numbers of colours."""
        text = to_text(one_stage(torch.linspace(-1, 1, 300).reshape(30, 10)), 120, True)
        text += to_text(one_stage(torch.linspace(0, 1, 120).reshape(12, 10)), 120, True)
        for ink, background in set(re.findall(r"\x1b\[38;5;(\d+);48;5;(\d+)m", text)):
            assert contrast(int(ink), int(background)) >= 4.5


def contrast(ink: int, background: int) -> float:
    from rich.color import Color

    from attn_magic.views.palette import luminance

    light, dark = sorted((luminance([part / 255 for part in Color.from_ansi(number).get_truecolor()]) for number in (ink, background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_nothing_global_is_read_or_changed(monkeypatch):
    before = to_text(causal()), to_text(causal(), color=True)
    for name, value in {
        "NO_COLOR": "1",
        "FORCE_COLOR": "1",
        "COLUMNS": "33",
        "LINES": "5",
        "TERM": "dumb",
        "COLORTERM": "",
        "JUPYTER_COLUMNS": "44",
    }.items():
        monkeypatch.setenv(name, value)
    environment = dict(os.environ)
    torch.set_printoptions(precision=1, sci_mode=True)
    try:
        printed = str(torch.tensor([1 / 3]))
        assert (to_text(causal()), to_text(causal(), color=True)) == before
        assert str(torch.tensor([1 / 3])) == printed
    finally:
        torch.set_printoptions(profile="default")
    assert dict(os.environ) == environment


def test_nothing_is_written_to_the_terminal(capfd):
    to_text(causal(), color=True)
    assert capfd.readouterr() == ("", "")
