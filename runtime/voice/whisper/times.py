"""What was said when, by the times that Whisper writes between words.

Source: the loop over windows of its makers (whisper/transcribe.py). Tokens in, stretches out.
"""

from collections.abc import Sequence
from itertools import pairwise

from runtime.voice.whisper.rules import TIME_S

Stretch = tuple[float, float, tuple[int, ...]]
"""Begin and end in seconds from the window's beginning, and the tokens between."""


def stretches(tokens: Sequence[int], first: int, length: float) -> tuple[tuple[Stretch, ...], float]:
    """The stretches of a window that is `length` seconds long, and how much of it is understood.

    `first` is the token of 0.00 s. Words behind the last pair of times may be cut off, and are left to the next window.
    """
    times = [(place, (token - first) * TIME_S) for place, token in enumerate(tokens) if token >= first]
    pairs = [place for (place, _), (following, _) in pairwise(times) if following == place + 1]
    if not pairs:
        words = tuple(token for token in tokens if token < first)
        begin = times[0][1] if times and times[0][0] == 0 else 0.0
        ends = bool(times) and times[-1][1] > begin
        stop = min(times[-1][1], length) if ends else length
        return ((begin, stop, words),) if words else (), length
    at = dict(times)
    closed = len(tokens) > 1 and tokens[-1] >= first > tokens[-2]
    cuts = [0, *(pair + 1 for pair in pairs), *([len(tokens)] if closed else [])]
    found = []
    for begin, end in pairwise(cuts):
        part = tokens[begin:end]
        words = tuple(token for token in part if token < first)
        start = (part[0] - first) * TIME_S if part[0] >= first else 0.0
        stop = (part[-1] - first) * TIME_S if part[-1] >= first else length
        if words:
            found.append((min(start, length), min(stop, length), words))
    # Times without words between them: there is nothing that the next window could understand better.
    whole = closed or not found
    return tuple(found), length if whole else min(at[pairs[-1]], length)
