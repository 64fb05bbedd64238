"""Ports on the loopback: the well-known one where it is free, any other where it is taken."""

import contextlib
import socket
from collections.abc import Mapping
from types import MappingProxyType

import psutil

LOOPBACK = "127.0.0.1"
PREFERRED: Mapping[str, int] = MappingProxyType(
    {
        "api": 8000,
        "temporal": 7233,
        "temporal_ui": 8233,
        "postgres": 54329,
        "valkey": 63790,
        "worker-1_metrics": 9464,
    }
)


class Ports:
    """The ports of one stack. Each part keeps its port until that is found taken before the part runs."""

    def __init__(self, api: int | None = None) -> None:
        """`api` is the preferred port of the API; 0 takes any free port for every part, as tests do."""
        self._preferred = {} if api == 0 else {**PREFERRED, **({"api": api} if api else {})}
        self._chosen: dict[str, int] = {}

    def __getitem__(self, part: str) -> int:
        return self._chosen[part]

    def __contains__(self, part: str) -> bool:
        return part in self._chosen

    def take(self, part: str) -> int | None:
        """Choose the port of a part that does not run yet. Answers the wanted port when that was taken."""
        wanted = self._chosen.get(part) or self._preferred.get(part, 0)
        others = {port for name, port in self._chosen.items() if name != part}
        if wanted and wanted not in others and is_free(wanted):
            self._chosen[part] = wanted
            return None
        self._chosen[part] = _any_free(others)
        return wanted or None


def is_free(port: int) -> bool:
    """Whether nothing listens there. Connections that a stopped server left in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def ensure_listens(pid: int, port: int) -> None:
    """Raises `LookupError` when it is not this process that listens there: somebody else may answer just as well."""
    with contextlib.suppress(psutil.AccessDenied):  # then it cannot be known
        connections = psutil.Process(pid).net_connections("tcp")
        if not any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections):
            raise LookupError(f"process {pid} does not listen on port {port}")


def _any_free(others: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in others:
            return port
