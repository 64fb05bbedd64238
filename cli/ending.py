"""How a process that talked to Temporal ends.

The SDK's native threads outlive the event loop and may touch the interpreter while it is being torn down, which then
aborts the process after its work is done (temporalio/sdk-python#300). So we end before the tear-down begins.
"""

import atexit
import logging
import os
import sys
from typing import NoReturn


def end(code: int) -> NoReturn:
    """Do what an orderly exit does, except for dismantling the interpreter."""
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)
