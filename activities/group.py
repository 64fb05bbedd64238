"""Groups of buyers: seats taken, paid for, given back; each change tells the group's run, its end the members' runs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from ordersaga.contracts.group import (
    DecidedGroup,
    DecideGroup,
    GroupActivities,
    LeaveSeat,
    Member,
    Membership,
    PaySeat,
    TakenSeat,
    TakeSeat,
)
from ordersaga.domain.errors import NotFound, PlacingTimedOut
from ordersaga.domain.group import Group, Prospect, SeatState, code_of, no_group
from ordersaga.domain.group_buy import GROUP_CODE
from ordersaga.domain.lifecycle.group import INITIAL
from ordersaga.domain.messages import GROUP_CHANGED, GROUP_DECIDED, group_workflow_id, order_workflow_id
from ordersaga.persistence import groups, inbox, submissions
from ordersaga.persistence.database import Database
from ordersaga.persistence.submissions import Submission


class Groups(GroupActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(GroupActivities.take_seat)
    async def take_seat(self, request: TakeSeat) -> TakenSeat:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no)
            group = await groups.of_order(connection, request.order_no)
            if await groups.has_left(connection, request.order_no):
                raise PlacingTimedOut("what this order held was given back already")
            if group is None:
                group = await _take(connection, submission, request.at)
        return TakenSeat(group_code=group.code, expires_at=group.expires_at)

    @implements(GroupActivities.pay_seat)
    async def pay_seat(self, request: PaySeat) -> Membership:
        async with self._database.transaction() as connection:
            group = await groups.of_order(connection, request.order_no, lock=True)
            if group is None:
                return Membership(prospect=Prospect.LOST)
            paid = group.with_paid(request.order_no, request.at)
            await _store(connection, group, paid, request.order_no)
            await _heard(connection, request.order_no, request.at)
        return _membership(paid, request.order_no)

    @implements(GroupActivities.leave_seat)
    async def leave_seat(self, request: LeaveSeat) -> Membership:
        async with self._database.transaction() as connection:
            if await groups.bury(connection, request.order_no, request.at):
                return Membership(prospect=Prospect.LOST)
            group = await groups.of_order(connection, request.order_no, lock=True)
            if group is None:
                return Membership(prospect=Prospect.LOST)
            seat, left = group.seat_of(request.order_no), group.without(request.order_no, request.at)
            await _store(connection, group, left, request.order_no)
            await _heard(connection, request.order_no, request.at)
            if left != group and seat is not None and seat.state is SeatState.PAID:
                # If the worker dies now, nobody else tells the run that it has nothing to wait for any more.
                await _tell_order(connection, request.order_no, "left")
        return _membership(left, request.order_no)

    @implements(GroupActivities.decide)
    async def decide(self, request: DecideGroup) -> DecidedGroup:
        async with self._database.transaction() as connection:
            group = await groups.get(connection, request.group_code, lock=True)
            if group is None:
                raise NotFound("there is no such group", group_code=request.group_code)
            run = group_workflow_id(group.code)
            await inbox.take(connection, [run], request.at)
            decided = group.decided(request.at)
            if decided != group:
                await groups.save(connection, group, decided)
                for seat in decided.living:
                    await _tell_order(connection, seat.order_no, decided.state)
        return DecidedGroup(
            campaign=decided.campaign,
            size=decided.size,
            state=decided.state,
            expires_at=decided.expires_at,
            members=[Member(order_no=seat.order_no, state=seat.state) for seat in decided.living],
        )


async def _take(connection: AsyncConnection, submission: Submission, at: datetime) -> Group:
    sale: Mapping[str, Any] = submission.priced.sale or {}
    if GROUP_CODE in sale:
        group = await groups.get(connection, sale[GROUP_CODE], lock=True)
        if group is None:
            raise no_group(sale[GROUP_CODE])
    else:
        group = Group(
            code=code_of(submission.order_no),
            campaign=submission.priced.campaign or "",
            size=sale["size"],
            leader=submission.buyer,
            state=INITIAL,
            opened_at=at,
            expires_at=at + timedelta(seconds=sale["seconds"]),
            updated_at=at,
        )
        await groups.add(connection, group)
    taken = group.with_seat(submission.order_no, submission.priced.campaign or "", submission.buyer, at)
    await _store(connection, group, taken, submission.order_no)
    return taken


async def _store(connection: AsyncConnection, before: Group, after: Group, order_no: str) -> None:
    """Keep a change of a seat, with what makes the group's run begin or look again."""
    seat = after.seat_of(order_no)
    if after == before or seat is None:
        return
    await groups.save(connection, before, after)
    run, event_id = group_workflow_id(after.code), f"{order_no}:{seat.state}"
    await inbox.wake(connection, run, GROUP_CHANGED, source="group_seat", event_id=event_id, subject=run)


async def _tell_order(connection: AsyncConnection, order_no: str, what: str) -> None:
    run, event_id = order_workflow_id(order_no), f"{order_no}:{what}"
    await inbox.wake(connection, run, GROUP_DECIDED, source="group", event_id=event_id, subject=order_no)


async def _heard(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """What the order's run was told until now it is about to know."""
    await inbox.take(connection, [order_no], at)


def _membership(group: Group, order_no: str) -> Membership:
    return Membership(
        prospect=group.prospect(order_no),
        group_code=group.code,
        size=group.size,
        paid=sum(seat.state is SeatState.PAID for seat in group.living),
    )
