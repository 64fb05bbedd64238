"""How a process of ours loads its modules: nothing of them is garbage, so nothing is looked for among them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Around the imports of a process that is started often or stays: a fifth of the CPU of its start was collection.

    What was loaded is left out of every later collection, too.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
