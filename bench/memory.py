"""Resident memory of a stack's parts, each with its children."""

from collections.abc import Mapping

import psutil


def resident_bytes(pids: Mapping[str, int]) -> dict[str, int]:
    return {name: sum(one.memory_info().rss for one in _tree(pid)) for name, pid in pids.items()}


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
