"""CPU time of a stack's parts, each with its children."""

from collections.abc import Mapping

import psutil


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: _process_tree_seconds(pid) for name, pid in pids.items()}


def _process_tree_seconds(pid: int) -> float:
    """Children that have ended are included."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
