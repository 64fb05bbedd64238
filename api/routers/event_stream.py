"""The Redis stream of events, for operators (R-ORD-3)."""

from typing import Any

from fastapi import APIRouter
from redis.exceptions import RedisError

from api.access import Operator
from api.problems import responses, unavailable
from api.schemas.webhook_endpoints import StreamRestart, StreamView
from api.services import Services, UsesServices
from ordersaga.persistence import events

router = APIRouter(
    prefix="/v1/admin/event-stream",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "unavailable"),
)


@router.get("", response_model=StreamView)
async def get_stream(services: UsesServices, _: Operator) -> dict[str, Any]:
    """How far the stream is, and how far it could be."""
    return await _view(services)


@router.post("/rebuild", response_model=StreamView, responses=responses("request_invalid"))
async def rebuild_stream(services: UsesServices, _: Operator, body: StreamRestart) -> dict[str, Any]:
    """Empty the stream and publish again what comes behind `after`, as far back as its length reaches.

    Consumer groups stay, where they were: `XGROUP SETID` sends them back.
    """
    async with services.database.transaction() as connection:
        head = await events.head(connection)
    try:
        await services.downstream.stream.restart(min(body.after, head))
    except RedisError as error:
        raise unavailable("Redis") from error
    return await _view(services)


async def _view(services: Services) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        head = await events.head(connection)
    try:
        state = await services.downstream.stream.state()
    except RedisError as error:
        raise unavailable("Redis") from error
    return {"key": services.downstream.stream.key, "last_position": state.last, "length": state.length, "head": head}
