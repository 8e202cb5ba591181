"""How a worker treats its memory: what a batch takes, the next one takes again."""

import ctypes
import gc

_GARBAGE_OBJECTS = 50_000
"""New objects after which the garbage collector looks through them; a batch of 500 readings makes
some 6,000."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""As in glibc's ``malloc.h``; see mallopt(3)."""

_KEPT_BYTES = 64 << 20
"""Free memory that is not given back; a batch of 500 readings of 59 sensors takes some 5 MB."""

_LARGE_BYTES = 16 << 20
"""What is as large as this is taken from the system, and given back, by itself."""


def prepare() -> None:
    """Spare the readings the garbage collector, and the system's giving and taking of memory.

    The collector looks for objects that only hold each other. A batch leaves none, so all of it is
    freed at once without; looked through after every 700 objects, as is usual, a reading costs an
    eighth more. And glibc gives free memory back to the system, which clears each page anew when
    the next batch takes it: that halves how fast the arrays of a batch are computed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS)
    # Only glibc has it; without, it is slower.
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
