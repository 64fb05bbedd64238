"""Every event since a position, for downstream systems (R-ORD-3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from api.access import Downstream
from api.problems import responses
from api.schemas.events import EventPage
from api.schemas.values import STORABLE
from api.services import UsesServices
from ordersaga.persistence import events

router = APIRouter(prefix="/v1/events", tags=["events"])

_LAST = 2**63 - 1


@router.get("", response_model=EventPage, responses=responses("unauthenticated", "forbidden", "request_invalid"))
async def list_events(
    services: UsesServices,
    _: Downstream,
    after: Annotated[int, Query(ge=0, le=_LAST, description="a position: `next_cursor` of the answer before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    types: Annotated[
        list[Annotated[str, StringConstraints(max_length=64, pattern=STORABLE)]] | None,
        Query(max_length=100, description="only these, such as `order.paid`; may be repeated"),
    ] = None,
    order_no: Annotated[str | None, Query(max_length=64, pattern=STORABLE)] = None,
) -> dict[str, Any]:
    """Events in the order of their positions. Ask again with `after=next_cursor`, for ever: it is never null."""
    async with services.database.transaction() as connection:
        head = await events.head(connection)
        found = await events.between(connection, after, head, limit=limit, types=types or (), order_no=order_no)
    # Behind the last one found nothing was left out, up to the head: nobody needs to look there again.
    reached = found[-1].position if len(found) == limit else max(after, head)
    return {"items": found, "next_cursor": str(reached)}
