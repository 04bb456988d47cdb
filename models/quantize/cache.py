"""A cache of keys and values in eight bits: one scale a channel of a head, fixed when the bundle is built.

Knows numbers; how large keys and values become is measured by `models.calibrate`, how they are stored is onnxruntime's
(GroupQueryAttention in its contrib schema): level = round(value / scale), held to -128 to 127.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
CacheType = Literal["float32", "int8"]
"""numpy's name of what a key or a value is remembered as."""

_LEVELS: Final = 127
_ROOM: Final = 1.25
"""How much further another text may go than the one that was measured; what is beyond is cut off (ADR 16)."""


def channel_scales(peaks: Array, rotated: int) -> Array:
    """Scales `[kv, D]` for values whose largest magnitudes are `peaks` `[kv, D]`; positions turn the first `rotated`.

    What is turned is measured at the positions of a short text and met at all of a long one. A pair of channels shares
    one length, which no position changes: its scale is made for the longest that both peaks allow, which is room enough
    for other texts. A channel that was silent gets the scale of one a hundred times below the loudest.
    """
    half = rotated // 2
    pairs = np.hypot(peaks[:, :half], peaks[:, half:rotated])
    reach = np.concatenate([pairs, pairs, peaks[:, rotated:] * _ROOM], axis=1)
    loudest = reach.max(axis=1, keepdims=True)
    least = np.where(loudest > 0, loudest / _LEVELS, np.float32(_LEVELS))
    scales: Array = (np.maximum(reach, least) / _LEVELS).astype(np.float32)
    return scales
