"""The data folder: where each part of the stack keeps its state, and how files in it are written."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import FolderUnusable

DEFAULT = Path(".ordersaga")


def chosen_data_dir(option: Path | None = None) -> Path:
    """The data folder that the option names, or `ORDERSAGA_DATA_DIR`, or `.ordersaga` here; absolute."""
    named = option or Path(os.environ.get("ORDERSAGA_DATA_DIR") or DEFAULT)
    return Path(os.path.abspath(named.expanduser()))


@dataclass(frozen=True, slots=True)
class DataFolder:
    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def temporal(self) -> Path:
        return self.root / "temporal"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def ready(self) -> Path:
        return self.root / "ready.json"

    @property
    def processes(self) -> Path:
        return self.root / "processes.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def log_of(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def prepare(self) -> None:
        """Make what is missing. Raises `FolderUnusable` when this account may not."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.postgres.mkdir(exist_ok=True)
            for private in (self.valkey, self.temporal, self.logs):
                private.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise FolderUnusable(
                f"the data folder {self.root} cannot be used: {error.strerror or error}. "
                "Choose one that you may write with --data-dir, or run as the account that owns it."
            ) from error


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by a file with this text that only its owner may read: a reader sees the old or the new, whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
