"""What a batch takes of the memory, the next one takes again, and nobody looks through it."""

import platform
import subprocess
import sys

import pytest

BATCHES = """
import gc, resource
import numpy as np
from stream_detector.worker import memory

{}

def batch():
    arrays = [np.ones(2**17) for _ in range(16)]
    objects = [[] for _ in range(5_000)]

def new_pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

collections = []
gc.callbacks.append(lambda phase, info: collections.append(phase))
batch()
before = new_pages()
for _ in range(10):
    batch()
print(new_pages() - before, len(collections))
"""
"""Each takes 16 MB in pieces of 1 MB, which are 4,096 pages, and frees them."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_batch_costs_no_new_memory_and_no_collection_after_the_first() -> None:
    pages, collections = measured("memory.prepare()")

    assert pages < 500
    assert collections == 0

    # As it is without: else this would tell nothing.
    pages, collections = measured("")

    assert pages > 20_000
    assert collections > 10


def measured(prepare: str) -> tuple[int, int]:
    """New pages that ten batches took after the first one, and collections meanwhile."""
    code = BATCHES.format(prepare)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pages, collections = run.stdout.split()
    return int(pages), int(collections)
