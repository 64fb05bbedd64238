"""What happens to one order, as it happens, in the words of whoever watches (R-STM-2, P8)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import actor_of
from api.arrivals import Arrivals, Watcher
from api.authentication import Caller, Role
from api.case_views import may_see
from api.schemas.events import OrderNews
from ordersaga.domain.lifecycle.actions import ABOUT_MONEY
from ordersaga.domain.lifecycle.table import Machine
from ordersaga.persistence import after_sales, events, parcels
from ordersaga.persistence.database import Database
from ordersaga.persistence.events import OrderEvent
from ordersaga.persistence.parcels import StoredParcel

log = structlog.get_logger()

_RETRY_MILLISECONDS = 2000


@dataclass(slots=True)
class News:
    """One caller's view of one order from the sequence `after` on. The caller may see the order: that was checked."""

    database: Database
    caller: Caller
    language: str
    order_no: str
    machine: Machine
    after: int
    state: str = ""
    read_to: int = 0
    is_over: bool = False
    own: set[str] = field(default_factory=set)

    async def fresh(self) -> list[OrderNews]:
        """What came since the last call and is theirs to see. Sets `is_over` when the order is at its end."""
        async with self.database.transaction() as connection:
            state, found = await events.of_order(connection, self.order_no, self.read_to)
            if self.caller.role in (Role.MERCHANT, Role.WAREHOUSE):
                self.own |= await self._own(connection, found)
        told = []
        for event in found:
            self.read_to = event.sequence
            if _subject(event) is None:
                self.state = event.to_state
            if event.sequence > self.after and self._may_see(event):
                told.append(self._words(event))
        self.is_over = state in self.machine.final
        return told

    async def _own(self, connection: AsyncConnection, found: Sequence[OrderEvent]) -> set[str]:
        """The numbers of parcels and cases among these that are the caller's."""
        own = set()
        if any(event.parcel_no for event in found):
            known = await parcels.of_order(connection, self.order_no)
            own |= {parcel.parcel_no for parcel in known if self._handles(parcel)}
        if any(event.case_no for event in found):
            cases = await after_sales.of_order(connection, self.order_no)
            own |= {case.case_no for case in cases if may_see(case, self.caller, "")}
        return own

    def _may_see(self, event: OrderEvent) -> bool:
        if self.caller.role not in (Role.MERCHANT, Role.WAREHOUSE):
            return True
        subject = _subject(event)
        if subject is not None:
            return subject in self.own
        return event.action not in ABOUT_MONEY

    def _handles(self, parcel: StoredParcel) -> bool:
        if self.caller.role is Role.MERCHANT:
            return parcel.merchant_id == self.caller.merchant_id
        return parcel.warehouse_id == self.caller.warehouse_id

    def _words(self, event: OrderEvent) -> OrderNews:
        status = self.machine.statuses[self.state].read_by(actor_of(self.caller))
        return OrderNews(
            order_no=self.order_no,
            sequence=event.sequence,
            at=event.at,
            type=event.type,
            subject=_subject(event) or "order",
            subject_state=event.to_state if _subject(event) else None,
            actor_role=event.actor_role,
            status=status.code,
            status_label=status.read_in(self.language),
            system_status=self.state if self.caller.role is Role.OPERATOR else None,
        )


def _subject(event: OrderEvent) -> str | None:
    """The parcel or case that moved; nothing for the order itself."""
    return event.parcel_no or event.case_no


async def server_sent(news: News, arrivals: Arrivals, *, caller: str, heartbeat: float) -> AsyncIterator[bytes]:
    """The wire form: every event with its sequence as id, comments while nothing happens, `end` at the order's end."""
    with arrivals.watching(news.order_no, caller) as watcher:
        yield format_sse_event(retry=_RETRY_MILLISECONDS)
        while not arrivals.ending:
            for item in await _fresh(news):
                yield format_sse_event(event=item.type, id=str(item.sequence), data_str=item.model_dump_json())
            if news.is_over:
                yield format_sse_event(event="end", id=str(news.read_to), data_str="{}")
                return
            if not await _waited(watcher, news, heartbeat):
                yield KEEPALIVE_COMMENT


async def _fresh(news: News) -> list[OrderNews]:
    try:
        return await news.fresh()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        # The stream stays open: the next wake or heartbeat looks again.
        log.warning("an order's news cannot be read", error=type(error).__name__)
        return []


async def _waited(watcher: Watcher, news: News, heartbeat: float) -> bool:
    watcher.sequence = news.read_to
    return await watcher.wait(heartbeat)
