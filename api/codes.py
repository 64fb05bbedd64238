"""The first look at a code: decided, audited and marked in one transaction under the order's lock (R-TYPE-4)."""

from datetime import UTC, datetime

from api.access import acted_by, actor_of
from api.authentication import Caller
from api.problems import not_found
from api.schemas.codes import RevealedCodes
from api.services import Services
from api.standing import owned
from ordersaga.domain.codes import HoldState
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.persistence import codes, digital_holds, orders, transitions


async def reveal(services: Services, caller: Caller, order_no: str, line_no: int) -> RevealedCodes:
    """The codes of a line; the same ones each time. From the first time on the order cannot be returned.

    A 404 for what is not the caller's; raises `ActionNotAllowed` before delivery, and once the order is given back.
    """
    at = datetime.now(UTC)
    async with services.database.transaction() as connection:
        order = await owned(connection, caller, order_no, lock=True)
        lines = {line.line_no: line for line in (await orders.lines_of(connection, [order_no]))[order_no]}
        if line_no not in lines:
            raise not_found()
        machine = order_type(order.order_type).version(order.table_version)
        machine.next(order.state, Action.REVEAL_CODE, actor_of(caller))
        if await digital_holds.standing(connection, order_no) is not HoldState.DELIVERED:
            raise ActionNotAllowed("the order is being returned", action=Action.REVEAL_CODE, state=order.state)
        found = await codes.of_line(connection, order_no, line_no)
        if not found:
            raise ActionNotAllowed("this line has no codes", action=Action.REVEAL_CODE, state=order.state)
        opened = [services.codes.open(code.digest, code.sealed) for code in found]
        if any(code.revealed_at is None for code in found):
            await codes.mark_revealed(connection, order_no, line_no, at)
            await transitions.record(
                connection,
                order_no,
                action=Action.REVEAL_CODE,
                from_state=order.state,
                to_state=order.state,
                at=at,
                by=acted_by(caller, f"line {line_no}"),
            )
    return RevealedCodes(order_no=order_no, line_no=line_no, sku=lines[line_no].sku, codes=opened)
