"""The three servers of a stack as a group: their ports, their keys, their account, and how the project reaches them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from devstack import postgres, temporal, valkey
from devstack.account import Account
from devstack.folder import DataFolder
from devstack.options import StackOptions
from devstack.ports import LOOPBACK, Ports
from devstack.processes import Program
from devstack.secrets import StackSecrets

Note = Callable[[str, str], None]


def metrics_part(number: int) -> str:
    """The name of a worker's metrics port."""
    return f"worker-{number}_metrics"


@dataclass(frozen=True)
class Servers:
    """Each `…_program` chooses its ports first, so that another try after a failed start gets free ones."""

    folder: DataFolder
    options: StackOptions
    secrets: StackSecrets
    ports: Ports
    note: Note

    @cached_property
    def account(self) -> Account:
        return postgres.postgres_account(self.folder)

    def initdb_program(self) -> Program | None:
        return postgres.initdb_program(self.folder, self.account, self.secrets.postgres_password)

    def postgres_program(self) -> Program:
        self.take("postgres")
        return postgres.postgres_program(
            self.folder,
            self.account,
            port=self.ports["postgres"],
            password=self.secrets.postgres_password,
            more=self.options.postgres,
        )

    async def ensure_database(self) -> None:
        await postgres.ensure_database(self.ports["postgres"], self.secrets.postgres_password)

    def valkey_program(self) -> Program:
        self.take("valkey")
        return valkey.valkey_program(self.folder, port=self.ports["valkey"], password=self.secrets.valkey_password)

    def temporal_program(self) -> Program:
        for part in temporal.PORTS:
            self.take(part)
        return temporal.temporal_program(self.folder, self.ports, time_skipping=self.options.time_skipping)

    def take(self, part: str) -> None:
        """Choose the part's port and say so when it is not the usual one."""
        taken = self.ports.take(part)
        if taken is not None:
            self.note(part, f"port {taken} is taken: using {self.ports[part]}")

    @property
    def api(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['api']}"

    def metrics(self, workers: int) -> dict[str, str]:
        """Where Prometheus finds the API and each worker that was started."""
        parts = ((f"worker-{number}", metrics_part(number)) for number in range(1, workers + 1))
        found = {name: f"http://{LOOPBACK}:{self.ports[part]}/metrics" for name, part in parts if part in self.ports}
        return {"api": f"{self.api}/metrics", **found}

    def environment(self) -> dict[str, str]:
        """What the stack decides for the project's processes. Every port is chosen by now."""
        return {
            "ORDERSAGA_ENVIRONMENT": "development",
            "ORDERSAGA_PROFILE": self.options.profile,
            "ORDERSAGA_DATA_DIR": str(self.folder.root),
            "ORDERSAGA_DATABASE_URL": postgres.database_url(self.ports["postgres"], self.secrets.postgres_password),
            "ORDERSAGA_REDIS_URL": valkey.valkey_url(self.ports["valkey"], self.secrets.valkey_password),
            "ORDERSAGA_API": self.api,
            "ORDERSAGA_API_HOST": LOOPBACK,
            "ORDERSAGA_API_PORT": str(self.ports["api"]),
            "ORDERSAGA_PUBLIC_URL": self.api,
            "TEMPORAL_ADDRESS": temporal.temporal_address(self.ports),
            "TEMPORAL_NAMESPACE": temporal.NAMESPACE,
            "TEMPORAL_CONFIG_FILE": str(temporal.client_configuration(self.folder)),
            **self.secrets.environment(),
            **self.options.environment,
        }
