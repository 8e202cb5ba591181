"""TensorFlow and Keras, loaded without their start-up chatter and on one thread.

The trainer takes them from here only. One thread: a second one buys nothing for networks
of this size, and the weights are then the same on machines with more cores. Several
models are trained in parallel by several processes.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["keras", "tf"]


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send the process's error output, that of C++ included, to nowhere for a moment."""
    sys.stderr.flush()
    before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


os.environ["KERAS_BACKEND"] = "tensorflow"
# 3 lets only fatal errors through; what is said before it is read must be silenced by hand.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_stderr():
    import keras
    import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
