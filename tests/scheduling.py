"""Which process runs a file of tests, where several do: files that share a stack of their own go to the same one."""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it ships no types

_TOGETHER = {
    "tests/e2e/test_lost_steps.py": "tests/e2e/test_crashes.py",
    "tests/chaos/test_chaos.py": "tests/chaos/test_survival.py",
}
"""A file that asks for a stack, and the other one that does; a start costs about nine seconds of CPU."""


class SharedStackScheduling(LoadFileScheduling):  # type: ignore[misc]
    """Like `--dist loadfile`, with files that belong together as one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _TOGETHER.get(file, file)
