"""What a command that looks over the whole shop talks to beside the database: Temporal and the payment providers."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from temporalio.client import Client

from devstack.folder import DataFolder
from devstack.ready import find_stack
from devstack.secrets import load_secrets
from ordersaga.domain.messages import TASK_QUEUE
from ordersaga.domain.reconciliation import Patience
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.runs import OpenRuns
from ordersaga.gateways.temporal import connect
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings


@dataclass(frozen=True, slots=True)
class Neighbours:
    database: Database
    open_runs: OpenRuns
    providers: PaymentProviders
    patience: Patience


@contextlib.asynccontextmanager
async def neighbours(data_dir: Path | None, database: Database) -> AsyncIterator[Neighbours]:
    """Those that the environment names where it names a database, else those of the running stack."""
    settings = _settings() if data_dir is None else None
    beside = await _configured(settings, database) if settings else await _of_stack(data_dir, database)
    try:
        yield beside
    finally:
        await beside.providers.aclose()


def _settings() -> Settings | None:
    try:
        return Settings()
    except ValidationError:
        return None


async def _configured(settings: Settings, database: Database) -> Neighbours:
    secret = settings.sandbox.payment_secret
    providers = PaymentProviders.build(
        public_url=settings.public_url,
        sandbox_secret=secret.get_secret_value() if secret else None,
        sandbox_url=settings.sandbox.internal_url,
    )
    open_runs = OpenRuns(await connect(), settings.task_queue)
    return Neighbours(database, open_runs, providers, settings.reconciliation.patience)


async def _of_stack(data_dir: Path | None, database: Database) -> Neighbours:
    addresses = find_stack(data_dir, None)
    kept = load_secrets(DataFolder(Path(addresses.data_dir)).secrets)
    providers = PaymentProviders.build(public_url=addresses.api, sandbox_secret=kept.payment_webhook_secret)
    client = await Client.connect(addresses.temporal, namespace=addresses.namespace)
    return Neighbours(database, OpenRuns(client, TASK_QUEUE), providers, Patience())
