"""Memory that a model had goes back to the system when the model has left: freeing alone leaves it with the process."""

import ctypes
import gc


def give_back() -> None:
    """Free what only refers to itself, and have the C library let go of what is free. Takes some tenths of a second.

    glibc keeps freed pages for whoever asks next (malloc_trim(3)): of a model that was loaded and left, hundreds of
    megabytes. Another C library has its own ways, and is left to them.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except AttributeError:
        return
    trim(ctypes.c_size_t(0))
