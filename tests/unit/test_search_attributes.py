"""Registering search attributes waits until the server also takes them."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ordersaga.contracts.search_attributes import SEARCH_ATTRIBUTES
from ordersaga.gateways.temporal import register_search_attributes

NAMES = [key.name for key in SEARCH_ATTRIBUTES]


class FakeServer:
    """A namespace that answers after `absent` calls, and searches by what it was told after `lagging` more."""

    namespace = "default"

    def __init__(self, *, absent: int = 0, lagging: int = 0, known: tuple[str, ...] = ()) -> None:
        self.absent, self.lagging = absent, lagging
        self.known = dict.fromkeys(known)
        self.operator_service = self

    async def list_search_attributes(self, request: ListSearchAttributesRequest) -> SimpleNamespace:
        if self.absent:
            self.absent -= 1
            raise RPCError(f"Namespace {request.namespace} is not found.", RPCStatusCode.NOT_FOUND, b"")
        return SimpleNamespace(custom_attributes=self.known)

    async def add_search_attributes(self, request: AddSearchAttributesRequest) -> None:
        self.known |= dict.fromkeys(request.search_attributes)

    async def count_workflows(self, query: str) -> None:
        if self.lagging or not all(name in self.known for name in query.replace(" IS NULL", "").split(" AND ")):
            self.lagging -= 1
            raise RPCError("invalid search attribute", RPCStatusCode.INVALID_ARGUMENT, b"")


async def register(server: FakeServer, seconds: float = 5) -> list[str]:
    return await register_search_attributes(cast(Client, server), patience=timedelta(seconds=seconds))


async def test_a_namespace_that_is_being_made_and_attributes_on_their_way_are_waited_for() -> None:
    server = FakeServer(absent=1, lagging=1)
    assert await register(server) == NAMES
    assert (server.absent, server.lagging) == (0, 0)


async def test_what_the_namespace_knows_is_left_as_it_is() -> None:
    assert await register(FakeServer(known=tuple(NAMES[1:]))) == NAMES[:1]


async def test_the_wait_has_an_end_and_tells_why() -> None:
    with pytest.raises(RPCError, match="is not found"):
        await register(FakeServer(absent=1_000), seconds=0)
