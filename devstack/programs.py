"""The project's own processes: the steps that run to their end, the API, the workers, the simulator."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from devstack.environment import for_programs
from devstack.folder import DataFolder
from devstack.ports import LOOPBACK, ensure_listens
from devstack.processes import Program
from devstack.temporal import pollers

_SETTLED_SECONDS = 1.0


def metrics_environment(port: int) -> dict[str, str]:
    """Where a worker, which serves nothing else, can be scraped."""
    return {"ORDERSAGA_METRICS_HOST": LOOPBACK, "ORDERSAGA_METRICS_PORT": str(port)}


@dataclass(frozen=True, slots=True)
class Programs:
    """How the subcommands are run: `command` is what stands before the subcommand's name."""

    folder: DataFolder
    command: tuple[str, ...]
    decided: Mapping[str, str]

    def step(self, subcommand: str, *options: str) -> Program:
        """A subcommand that is run to its end, such as `migrate`."""
        return Program(
            name=subcommand,
            command=(*self.command, subcommand, *options),
            environment=for_programs(self.decided),
            log=self.folder.log_of(subcommand),
            boot_seconds=180.0,
        )

    def api(self) -> Program:
        """Ready when it says so itself."""
        url = self.decided["ORDERSAGA_PUBLIC_URL"]

        async def probe(pid: int) -> None:
            # Each try would read every certificate authority, 25 ms of CPU, for an address that is plain HTTP.
            nothing_trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            async with httpx.AsyncClient(verify=nothing_trusted, trust_env=False, timeout=4) as client:
                (await client.get(f"{url}/readyz")).raise_for_status()
            ensure_listens(pid, int(self.decided["ORDERSAGA_API_PORT"]))

        return Program(
            name="api",
            command=(*self.command, "api"),
            environment=for_programs(self.decided),
            log=self.folder.log_of("api"),
            probe=probe,
            where=url,
            stop_seconds=15.0,
        )

    def worker(self, number: int, metrics_port: int) -> Program:
        """Ready when Temporal sees it poll."""
        environment = for_programs(self.decided) | metrics_environment(metrics_port)
        queue = environment.get("ORDERSAGA_TASK_QUEUE", "orders")

        async def probe(pid: int) -> None:
            identities = await pollers(self.decided["TEMPORAL_ADDRESS"], queue, self.decided["TEMPORAL_NAMESPACE"])
            if not any(identity.startswith(f"{pid}@") for identity in identities):
                raise LookupError(f"not among the pollers of {queue}: {identities}")

        return Program(
            name=f"worker-{number}",
            command=(*self.command, "worker"),
            environment=environment,
            log=self.folder.log_of(f"worker-{number}"),
            probe=probe,
            where=f"polls {queue}",
            stop_seconds=40.0,
        )

    def simulate(self) -> Program:
        """Nobody can ask it anything: ready when it has lived for a moment."""

        async def probe(_pid: int) -> None:
            await asyncio.sleep(_SETTLED_SECONDS)

        return Program(
            name="simulate",
            command=(*self.command, "simulate"),
            environment=for_programs(self.decided),
            log=self.folder.log_of("simulate"),
            probe=probe,
        )
