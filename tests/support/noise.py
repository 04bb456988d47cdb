"""What happens to bytes on a bad line, by a generator whose seed is printed."""

import random
from collections.abc import Callable

Spoil = Callable[[bytes], bytes]


def clean(data: bytes) -> bytes:
    return data


def flipping(rng: random.Random, rate: float) -> Spoil:
    """Each byte becomes another one with that probability."""

    def spoil(data: bytes) -> bytes:
        return bytes(byte ^ rng.randrange(1, 256) if rng.random() < rate else byte for byte in data)

    return spoil


def everything(rng: random.Random, rate: float) -> Spoil:
    """Each byte is flipped, lost, doubled, swapped with its neighbour or followed by garbage with that probability."""

    def spoil(data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if rng.random() >= rate:
                out.append(byte)
                continue
            match rng.randrange(5):
                case 0:
                    out.append(byte ^ rng.randrange(1, 256))
                case 1:
                    pass
                case 2:
                    out += bytes((byte, byte))
                case 3:
                    out.insert(max(0, len(out) - 1), byte)
                case _:
                    out += bytes((byte, *rng.randbytes(rng.randrange(300))))
        return bytes(out)

    return spoil
