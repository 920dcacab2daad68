"""What is said about each stage of self-attention: its title, its symbol, its sentences, and the equation that made it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from attn_magic.equations import Contraction, Elementwise, Equation, Softmax
from attn_magic.notation import Number
from attn_magic.trace import Axis, Stage


@dataclass(frozen=True)
class StageWords:
    """Everything about a stage but its numbers. `rows` and `columns` name what they count."""

    title: str
    symbol: str
    act: str
    meaning: str
    rows: str
    columns: str
    sentence: str
    equation: Equation | None = None


def build_stages(
    values: Mapping[str, Tensor], tokens: Sequence[str], features: Sequence[str], *, col_dim: int, temperature: Number
) -> tuple[Stage, ...]:
    """The stages of self-attention, in order, from their numbers; steps that were left out have none and are left out."""
    d_k, d_v = len(values["W_q"]), len(values["W_v"])
    labels = {"token": tokens, "query": tokens, "key": tokens, "d_model": features, "d_k": count_up("dim", d_k), "d_v": count_up("dim", d_v)}
    return tuple(
        Stage(
            name=name,
            title=entry.title,
            symbol=entry.symbol,
            act=entry.act,
            meaning=entry.meaning,
            value=values[name],
            rows=Axis(entry.rows, labels[entry.rows]),
            columns=Axis(entry.columns, labels[entry.columns]),
            equation=entry.equation,
            sentence=entry.sentence,
        )
        for name, entry in _entries(values, d_k, col_dim, temperature).items()
    )


def count_up(noun: str, n: int) -> tuple[str, ...]:
    """Labels for what has no names of its own.

    >>> count_up("token", 3)
    ('token 1', 'token 2', 'token 3')
    """
    return tuple(f"{noun} {place}" for place in range(1, n + 1))


def _entries(values: Mapping[str, Tensor], d_k: int, col_dim: int, temperature: Number) -> dict[str, StageWords]:
    compare, last = _compare(values, d_k, temperature)
    along, over = ("row", "columns") if col_dim == 1 else ("column", "rows")
    weights = StageWords(
        "Attention weights",
        f"A = softmax({compare[last].symbol})",
        "Normalise",
        f"How much of its attention each query (row) gives to each key (column). Every {along} sums to 1.",
        "query",
        "key",
        "How much of its attention does {row} give to {column}?",
        Softmax(last, over),
    )
    return {**_PROJECT, **compare, "attention_weights": weights, "output": _OUTPUT}


def _compare(values: Mapping[str, Tensor], d_k: int, temperature: Number) -> tuple[dict[str, StageWords], str]:
    """The entries from the scores to what the softmax takes, and the name of that."""
    entries, last = {"scores": _SCORES}, "scores"
    if "scaled_scores" in values:
        meaning = f"The scores divided by √{d_k}, so that long vectors do not make the softmax all or nothing."
        sentence = "The score of {row} with {column}, made independent of the length of their vectors."
        equation = Elementwise(("/", last, ("sqrt", "d_k")), {"d_k": d_k})
        entries["scaled_scores"] = _scores("Scaled scores", f"{entries[last].symbol}/√d_k", meaning, sentence, equation)
        last = "scaled_scores"
    if "tempered_scores" in values:
        meaning = "The scores divided by a temperature: above 1 the weights become more even, below 1 sharper."
        sentence = "The score of {row} with {column} at this temperature."
        equation = Elementwise(("/", last, "temperature"), {"temperature": temperature})
        entries["tempered_scores"] = _scores("Tempered scores", f"{entries[last].symbol}/T", meaning, sentence, equation)
        last = "tempered_scores"
    if "masked_scores" in values:
        meaning = "The scores that the mask lets through; a hidden cell becomes −∞, and e^−∞ is 0."
        sentence = "What is left of the score of {row} with {column} behind the mask."
        equation = Elementwise(("where", "mask", last, -math.inf))
        entries["mask"] = _scores("Mask", "M", "Which keys a query may attend to.", "May {row} attend to {column}?")
        entries["masked_scores"] = _scores("Masked scores", f"{entries[last].symbol} where M", meaning, sentence, equation)
        last = "masked_scores"
    return entries, last


def _scores(title: str, symbol: str, meaning: str, sentence: str, equation: Equation | None = None) -> StageWords:
    return StageWords(title, symbol, "Compare", meaning, "query", "key", sentence, equation)


def _weights(letter: str, product: str) -> StageWords:
    meaning = f"The learned weights that make {product} from tokens, stored out × in and used as X W_{letter}ᵀ."
    sentence = f"How much {{column}} of a token counts towards {{row}} of its {product}."
    return StageWords(f"{product.capitalize()} weights", f"W_{letter}", "Project", meaning, "d_v" if letter == "v" else "d_k", "d_model", sentence)


def _projection(letter: str, title: str, meaning: str, rows: str, columns: str, sentence: str) -> StageWords:
    equation = Contraction("ik,jk->ij", ("token_encodings", f"W_{letter}"))
    return StageWords(title, f"{letter.upper()} = X W_{letter}ᵀ", "Project", meaning, rows, columns, sentence, equation)


_PROJECT = {
    "token_encodings": StageWords(
        "Token encodings",
        "X",
        "Project",
        "One row per token: its word embedding plus position encoding.",
        "token",
        "d_model",
        "Given: {column} of {row}.",
    ),
    "W_q": _weights("q", "query"),
    "W_k": _weights("k", "key"),
    "W_v": _weights("v", "value"),
    "query": _projection("q", "Query", "What each token asks for.", "query", "d_k", "What {row} asks for, {column}."),
    "key": _projection("k", "Key", "What each token offers to be found by.", "key", "d_k", "What {row} offers to be found by, {column}."),
    "value": _projection("v", "Value", "What each token gives when it is attended to.", "key", "d_v", "What {row} gives, {column}."),
}

_SCORES = _scores(
    "Scores",
    "QKᵀ",
    "How well each query (row) matches each key (column).",
    "How well does what {row} asks for match what {column} offers?",
    Contraction("ik,jk->ij", ("query", "key")),
)

_OUTPUT = StageWords(
    "Output",
    "A V",
    "Blend",
    "Each token's new encoding: all values, blended by its weights. Also called the context vectors.",
    "query",
    "d_v",
    "What {row} takes from the values of all tokens, {column}.",
    Contraction("ij,jk->ik", ("attention_weights", "value")),
)
