"""How a command reaches the stack that it is meant for: addresses, and the keys to speak there."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.client import Api
from devstack.errors import FolderUnusable, StackError
from devstack.folder import DataFolder
from devstack.ready import Addresses, find_stack
from devstack.secrets import load_secrets

DataDirOption = Annotated[
    Path | None, typer.Option(help="The stack's data folder.", envvar="ORDERSAGA_DATA_DIR", show_default=".ordersaga")
]
ApiOption = Annotated[
    str | None, typer.Option(help="The API's address, if not the stack's own.", envvar="ORDERSAGA_API")
]


@dataclass(frozen=True, slots=True)
class Connection:
    """`carrier_secret` is `None` where the key of the sandbox carrier is not known here."""

    addresses: Addresses
    development_secret: str
    carrier_secret: str | None

    @property
    def simulated(self) -> bool:
        """Whether the stack runs a simulated warehouse and carrier of its own."""
        return any(part.startswith("simulat") for part in self.addresses.pids)

    def api(self, *, patience: float = 30.0, connections: int = 32) -> Api:
        return Api(self.addresses.api, secret=self.development_secret, patience=patience, connections=connections)


def connect(data_dir: Path | None = None, api: str | None = None) -> Connection:
    """Find the stack and its keys: the environment first, then the data folder. Raises `StackError`."""
    addresses = find_stack(data_dir, api)
    secret = os.environ.get("ORDERSAGA_AUTH__DEVELOPMENT_SECRET")
    carrier = os.environ.get("ORDERSAGA_SANDBOX__CARRIER_SECRET")
    if secret:
        return Connection(addresses, secret, carrier)
    try:
        kept = load_secrets(DataFolder(Path(addresses.data_dir)).secrets)
    except FileNotFoundError as error:
        raise FolderUnusable(
            f"{addresses.data_dir} holds no keys: name the stack's folder with --data-dir, "
            "or set ORDERSAGA_AUTH__DEVELOPMENT_SECRET"
        ) from error
    return Connection(addresses, kept.development_secret, carrier or kept.carrier_webhook_secret)


def connect_or_exit(data_dir: Path | None = None, api: str | None = None) -> Connection:
    """`connect` for a command: what goes wrong is said in one line, and the exit code is 2."""
    try:
        return connect(data_dir, api)
    except StackError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
