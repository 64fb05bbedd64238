"""An order's events as they happen, by server-sent events (R-ORD-3)."""

from typing import Annotated

from fastapi import APIRouter, Header, Response, status
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse

from api.access import AnyCaller, Language
from api.dossier import dossier
from api.news import News, server_sent
from api.problems import Problem, not_found, responses
from api.routers.orders import OrderNo
from api.services import UsesServices
from ordersaga.domain.lifecycle.registry import order_type

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"])

LastEventId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, le=2**31 - 1, description="the `id` of the last event that was received"),
]


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "one event per transition; `data` is an `OrderNews`, `id` its sequence",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "the order is at its end and nothing is new: do not come back"},
        **responses("unauthenticated", "not_found", "request_invalid", "rate_limited"),
    },
)
async def watch_order(
    services: UsesServices,
    caller: AnyCaller,
    language: Language,
    order_no: OrderNo,
    last_event_id: LastEventId = None,
) -> Response:
    """Everything that happened to the order, then what happens, in the caller's own words.

    The stream ends with an `end` event when the order is in a final state, and without one when the server stops:
    then reconnect with `Last-Event-ID`, as browsers do by themselves.
    """
    async with services.database.transaction() as connection:
        known = await dossier(connection, order_no, caller)
    if known is None:
        raise not_found()
    whose = f"{caller.role}:{caller.subject}"
    if services.downstream.arrivals.open_for(whose) >= services.settings.events.streams_per_caller:
        raise Problem("rate_limited", "too many event streams are open", {"Retry-After": "5"})
    machine = order_type(known.order.order_type).version(known.order.table_version)

    def news() -> News:
        return News(services.database, caller, language, order_no, machine, after=last_event_id or 0)

    if last_event_id is not None and await _is_over(news()):
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    heartbeat = services.settings.events.heartbeat_seconds
    return EventSourceResponse(
        server_sent(news(), services.downstream.arrivals, caller=whose, heartbeat=heartbeat),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _is_over(news: News) -> bool:
    """Whether nothing is left to tell and nothing will come."""
    return not await news.fresh() and news.is_over
