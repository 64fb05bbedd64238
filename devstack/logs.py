"""One log file per child: the last run's is kept beside this run's, and a long run's is cut when it grows large."""

import asyncio
import os
import shutil
from pathlib import Path

LARGE = 50_000_000
_LOOK_EVERY_SECONDS = 60.0


def rotate(logs: Path) -> None:
    """Before a run: what the last one wrote becomes `<part>.log.1`."""
    for log in logs.glob("*.log"):
        if log.stat().st_size:
            log.replace(_previous(log))


async def keep_small(logs: Path, *, large: int = LARGE) -> None:
    """Until cancelled: copies a large log to `<part>.log.1` and empties it. Its writer appends, so it writes on."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        await asyncio.to_thread(cut, logs, large)


def cut(logs: Path, large: int) -> None:
    for log in logs.glob("*.log"):
        if log.stat().st_size > large:
            shutil.copyfile(log, _previous(log))
            os.truncate(log, 0)


def _previous(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")
