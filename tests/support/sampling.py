"""Sampling as one would write it on a blackboard: what the fast sampler is measured against."""

import math
from collections import Counter
from collections.abc import Sequence

from runtime.engine.request import Sampling


def distribution(
    logits: Sequence[float], sampling: Sampling, prompt: Sequence[int] = (), answer: Sequence[int] = ()
) -> list[float]:
    """The probability of each token, by sorting everything and adding up in order."""
    scores = penalised(logits, sampling, prompt, answer)
    top = max(scores)
    ranked = sorted(range(len(scores)), key=lambda token: (-scores[token], token))
    weights = {token: math.exp((scores[token] - top) / sampling.temperature) for token in ranked}
    if sampling.top_k:
        weights = {token: weights[token] for token in ranked[: sampling.top_k]}
    total, running, kept = sum(weights.values()), 0.0, {}
    for token, weight in weights.items():
        if running >= sampling.top_p * total:
            break
        kept[token] = weight
        running += weight
    likeliest = max(kept.values())
    kept = {token: weight for token, weight in kept.items() if weight >= sampling.min_p * likeliest}
    total = sum(kept.values())
    return [kept.get(token, 0.0) / total for token in range(len(logits))]


def penalised(
    logits: Sequence[float], sampling: Sampling, prompt: Sequence[int], answer: Sequence[int]
) -> list[float]:
    """Logits after penalties and bias."""
    scores = [float(value) for value in logits]
    for token in {*prompt, *answer}:
        penalty = sampling.repetition_penalty
        scores[token] = scores[token] / penalty if scores[token] > 0 else scores[token] * penalty
    for token, count in Counter(answer).items():
        scores[token] -= sampling.presence_penalty + count * sampling.frequency_penalty
    for token, bias in sampling.logit_bias.items():
        scores[token] += bias
    return scores


def chi_square(counts: Sequence[int], probabilities: Sequence[float]) -> tuple[float, float]:
    """Pearson's statistic, and the value it stays below in all but one of a million fair runs.

    The bound is the Wilson-Hilferty approximation. Cells that expect fewer than five are added together; a
    count in a cell of probability 0 gives an infinite statistic.
    """
    draws = sum(counts)
    cells = [(count, p * draws) for count, p in zip(counts, probabilities, strict=True) if p or count]
    if any(expected == 0.0 for _, expected in cells):
        return math.inf, 0.0
    small = [cell for cell in cells if cell[1] < 5]
    cells = [cell for cell in cells if cell[1] >= 5]
    if sum(expected for _, expected in small) >= 5:
        cells.append((sum(count for count, _ in small), sum(expected for _, expected in small)))
    statistic = sum((count - expected) ** 2 / expected for count, expected in cells)
    freedom = max(1, len(cells) - 1)
    part = 2 / (9 * freedom)
    return statistic, freedom * (1 - part + 4.7534 * math.sqrt(part)) ** 3
