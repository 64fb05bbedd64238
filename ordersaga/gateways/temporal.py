"""The connection to Temporal, by Temporal's own environment variables."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from ordersaga.contracts.search_attributes import SEARCH_ATTRIBUTES
from ordersaga.gateways.telemetry import temporal_plugins

T = TypeVar("T")

_NOT_YET = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT})
_PATIENCE = timedelta(seconds=60)
_NOT_HERE = frozenset({RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED})
"""Temporal Cloud has no operator service for clients."""
_TYPES = {
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: "Keyword",
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST: "KeywordList",
}
_DEFAULT_HOST = "localhost:7233"
"""Where Temporal's own tools look when nothing is configured."""


class SearchAttributesMissing(Exception):
    """The namespace lacks `missing` (name and type), and its server lets no client add them: somebody has to."""

    def __init__(self, namespace: str, missing: tuple[tuple[str, str], ...]) -> None:
        self.missing = missing
        wanted = " ".join(f"--search-attribute {name}={kind}" for name, kind in missing)
        super().__init__(
            f"the namespace {namespace} lacks the search attributes {', '.join(name for name, _ in missing)}, and its "
            "server lets no client add them. On Temporal Cloud make them in the namespace's settings, or by\n"
            f"    tcld namespace search-attributes add --namespace {namespace} {wanted}\n"
            "then run this again."
        )


async def connect(*, lazy: bool = False, compression: bool = False, runtime: Runtime | None = None) -> Client:
    """A client for the cluster and namespace that the environment names. A lazy one connects at its first call."""
    configured = ClientConfig.load_client_connect_config()
    configured.setdefault("target_host", _DEFAULT_HOST)
    return await Client.connect(
        **configured,
        lazy=lazy,
        runtime=runtime,
        plugins=temporal_plugins(),
        grpc_compression=GrpcCompression.GZIP if compression else GrpcCompression.NONE,
    )


async def register_search_attributes(client: Client, *, patience: timedelta = _PATIENCE) -> list[str]:
    """Make the namespace know our search attributes; the answer names those that it did not know.

    It comes when the server also searches by them: new namespaces and new attributes reach its parts with their next
    refresh, and until then runs that carry them are refused. Raises the last refusal (`RPCError`) after `patience`,
    and `SearchAttributesMissing` at once where they are made by other means, as on Temporal Cloud.
    """
    try:
        added = await _patiently(lambda: _add_missing(client), patience)
    except RPCError as refusal:
        if refusal.status not in _NOT_HERE:
            raise
        await _demand(client)
        return []
    known = " AND ".join(f"{key.name} IS NULL" for key in SEARCH_ATTRIBUTES)
    await _patiently(lambda: client.count_workflows(known), patience)
    return added


async def _add_missing(client: Client) -> list[str]:
    operator = client.operator_service
    known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    missing = [key for key in SEARCH_ATTRIBUTES if key.name not in known.custom_attributes]
    if missing:
        wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in missing}
        await operator.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        )
    return [key.name for key in missing]


async def _demand(client: Client) -> None:
    """Asked by searching, which every server lets its clients do."""
    missing = []
    for key in SEARCH_ATTRIBUTES:
        try:
            await client.count_workflows(f"{key.name} IS NULL")
        except RPCError as refusal:
            if refusal.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            missing.append((key.name, _TYPES[IndexedValueType.ValueType(key.indexed_value_type)]))
    if missing:
        raise SearchAttributesMissing(client.namespace, tuple(missing))


async def _patiently(call: Callable[[], Awaitable[T]], patience: timedelta) -> T:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            return await call()
        except RPCError as refusal:
            if refusal.status not in _NOT_YET or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.25)
