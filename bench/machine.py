"""What was measured on, and how fast it is at the moment."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

_ADDITIONS = compile("s = 0\nfor i in range(10_000_000): s += i\n", "additions", "exec")
"""As somebody types it: with names of a module, which take twice as long as those of a function."""
REFERENCE_SECONDS = 1.2
"""How long so many additions take on the machine for which budgets are named."""


def additions_seconds() -> float:
    """CPU seconds of ten million additions in a plain loop."""
    began = time.process_time()
    exec(_ADDITIONS, {})  # noqa: S102 - the lines above
    return time.process_time() - began


def on_reference(value: float, additions: float) -> float:
    """A CPU time measured where the additions took `additions` seconds, as it would be on the reference machine."""
    return value * REFERENCE_SECONDS / additions


def described() -> dict[str, Any]:
    """The machine and the versions, for the report."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "temporalio": version("temporalio"),
        "load": os.getloadavg()[0],
        "additions_seconds": additions_seconds(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
