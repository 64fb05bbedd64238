"""Random ways back of one order, on the real database in a transaction that comes to nothing, without a run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales.cases import AfterSales
from activities.fulfilment import Fulfilment
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.contracts.fulfilment import AdvanceParcel, ResolveParcel
from ordersaga.domain.after_sales.case import Case, Kind, Reason
from ordersaga.domain.after_sales.commands import Command, action_of
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.errors import ActionNotAllowed, OrderError
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseState
from ordersaga.domain.lifecycle.parcel import ASTRAY, ENDS, EVENTS, ParcelState, Resolution, is_shipped
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import PARCEL_REPORTED, ActedBy
from ordersaga.domain.policies import PRODUCTION
from ordersaga.persistence import after_sales, inbox, parcel_stock, parcels, payments, refunds, stocktaking
from ordersaga.persistence.case_opening import open_case, units_in
from ordersaga.persistence.database import Database
from ordersaga.persistence.verification import verify_order
from tests.integration.settled_orders import AT, SettledOrder

RESTOCKS = ("sellable", "defective")


class OneTransaction:
    """Looks like a database to activities: what each does may come to nothing by itself, and all of it does at last."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._connection.begin_nested():
            yield self._connection


@dataclass
class RandomWayBack:
    """What anybody might do with an order that was paid, in any order; refusals change nothing."""

    order: SettledOrder
    skus: list[str]
    keys: KeyRing
    dice: Random
    done: list[str] = field(default_factory=list)
    _numbers: int = 0

    @property
    def connection(self) -> AsyncConnection:
        return self.order.connection

    @property
    def database(self) -> Database:
        return cast(Database, OneTransaction(self.connection))

    async def anything(self) -> None:
        step = self.dice.choices(
            (self.a_parcel_is_reported_on, self.somebody_claims, self.somebody_speaks, self.a_parcel_is_resolved),
            (4, 3, 6, 1),
        )[0]
        await step()

    async def a_parcel_is_reported_on(self) -> None:
        found = list(await parcels.of_order(self.connection, self.order.order_no))
        await self.reports(self.dice.choice(found).parcel_no, self.dice.choice(EVENTS))

    async def reports(self, parcel_no: str, event: ParcelState) -> None:
        before = await self._state(parcel_no)
        await inbox.store(
            self.connection,
            source=f"parcel:{parcel_no}",
            event_id=self._name(),
            workflow_id=None,
            signal=PARCEL_REPORTED,
            subject=parcel_no,
            payload={"event": event, "at": "now", "by": {"role": "warehouse", "subject": "clerk"}},
            at=AT,
        )
        reached = (await Fulfilment(self.database).advance(AdvanceParcel(parcel_no=parcel_no, at=AT))).state
        if is_shipped(reached) and not is_shipped(before):
            await parcel_stock.ship(self.connection, parcel_no, AT)
            await parcel_stock.ship(self.connection, parcel_no, AT)
        self.done.append(f"{parcel_no}: {event} → {reached}")

    async def somebody_claims(self) -> None:
        units = await units_in(self.connection, self.order.order_no)
        line_nos = sorted({unit.line_no for unit in units})
        wanted = {line_no: self.dice.randint(1, 2) for line_no in self.dice.sample(line_nos, self.dice.randint(1, 2))}
        await self.claims(self.dice.choice(list(Kind)), wanted, self.dice.choice(list(Reason)))

    async def claims(self, kind: Kind, wanted: dict[int, int], reason: Reason) -> Case | None:
        try:
            async with self.connection.begin_nested():
                case = await open_case(
                    self.connection,
                    self.order.order_no,
                    kind=kind,
                    wanted=wanted,
                    reason=reason,
                    by=_by("system"),
                    at=AT,
                )
        except OrderError as refusal:
            self.done.append(f"{kind} of {wanted}: {refusal.code}")
            return None
        self.done.append(f"{kind} of {wanted}: {case.case_no}")
        return case

    async def somebody_speaks(self) -> None:
        cases = [case for case in await after_sales.of_order(self.connection, self.order.order_no) if case.is_open]
        if cases:
            case = self.dice.choice(cases)
            command, actor = self.dice.choice(_possible(case))
            await self.says(case, command, actor)
            await self.says(case, command, actor)

    async def says(self, case: Case, command: Command, actor: str, *, all_of_it: bool = False) -> None:
        details: dict[str, Any] = {}
        if command is Command.SHIP_BACK:
            details = {"carrier": "post", "tracking_no": "RR1"}
        elif command is Command.ACCEPT:
            details = {"lines": [self._inspected(line, all_of_it) for line in case.lines]}
        word = ActOnCase(
            case_no=case.case_no, command=command, name=self._name(), by=_by(actor), at=AT, details=details
        )
        try:
            standing = await AfterSales(self.database, PRODUCTION).act(word)
        except OrderError as refusal:
            self.done.append(f"{case.case_no}: {command} by {actor}: {refusal.code}")
        else:
            self.done.append(f"{case.case_no}: {command} by {actor} → {standing.state}")

    async def a_parcel_is_resolved(self) -> None:
        for parcel in await parcels.of_order(self.connection, self.order.order_no):
            await self.resolves(parcel.parcel_no, self.dice.choice(list(Resolution)))

    async def resolves(self, parcel_no: str, decision: str) -> None:
        request = ResolveParcel(parcel_no=parcel_no, decision=decision, by=_by("operator"), at=AT)
        try:
            resolved = await Fulfilment(self.database).resolve(request)
        except OrderError:
            return
        self.done.append(f"{parcel_no}: {decision} → {resolved.state}")

    async def everything_comes_back(self) -> None:
        """Parcels arrive, cases end, and all that the buyer still has is returned and accepted."""
        await self._settle_down()
        free: dict[int, int] = {}
        for unit in await units_in(self.connection, self.order.order_no):
            if unit.is_open_to(Kind.RETURN):
                free[unit.line_no] = free.get(unit.line_no, 0) + 1
        if free:
            assert await self.claims(Kind.RETURN, free, Reason.CHANGED_MIND) is not None
            await self._settle_down()

    async def _settle_down(self) -> None:
        for _ in range(40):
            rest = [
                one for one in await parcels.of_order(self.connection, self.order.order_no) if one.state not in ENDS
            ]
            cases = [case for case in await after_sales.of_order(self.connection, self.order.order_no) if case.is_open]
            if not rest and not cases:
                return
            for parcel in rest:
                if parcel.state in ASTRAY:
                    await self.resolves(parcel.parcel_no, Resolution.REFUND)
                else:
                    await self.reports(parcel.parcel_no, ParcelState.DELIVERED)
            for case in cases:
                possible = _possible(case)
                wanted = next((command for command in _LEADING_ON if command in dict(possible)), possible[0][0])
                await self.says(case, wanted, dict(possible)[wanted], all_of_it=True)
        raise AssertionError(f"it never comes to rest: {self.done[-12:]}")

    async def is_in_order(self) -> None:
        """What must hold whatever was done."""
        given = await refunds.of_order(self.connection, self.order.order_no)
        for payment in await payments.of_order(self.connection, self.order.order_no):
            documents = [refund.amount.amount for refund in given if refund.payment_id == payment.payment_id]
            assert payment.received is not None
            assert 0 <= sum(documents) == payment.refunded <= payment.received.amount
        for sku in self.skus:
            for balance in await stocktaking.balances(self.connection, sku):
                assert balance.adds_up, (sku, balance)
                assert 0 <= balance.reserved <= balance.on_hand
        await self.order.points()
        cases = {case.case_no: case for case in await after_sales.of_order(self.connection, self.order.order_no)}
        for units in (await after_sales.claims(self.connection, self.order.order_no)).values():
            for claim in units.values():
                state = cases[claim.case_no].state
                assert (claim.fate is UnitFate.CLAIMED) == (
                    cases[claim.case_no].is_open and state != CaseState.REFUNDING
                )
        assert await verify_order(self.connection, self.order.order_no, self.keys) == []

    async def fates(self) -> list[UnitFate | None]:
        """What became of each unit."""
        units = await units_in(self.connection, self.order.order_no)
        return [unit.claim.fate if unit.claim else None for unit in units]

    async def _state(self, parcel_no: str) -> ParcelState:
        found = await parcels.whereabouts(self.connection, parcel_no)
        assert found is not None
        return found.state

    def _inspected(self, line: Any, all_of_it: bool) -> dict[str, Any]:
        accepted = len(line.units) if all_of_it else self.dice.randint(0, len(line.units))
        return {"line_no": line.line_no, "accepted": accepted, "restock": self.dice.choice(RESTOCKS)}

    def _name(self) -> str:
        self._numbers += 1
        return f"{self.order.order_no}-{self._numbers}"


_LEADING_ON = (
    Command.REFUNDS_ARE_DONE,
    Command.REPLACEMENT_IS_PLACED,
    Command.STOP,
    Command.APPROVE,
    Command.ACCEPT,
    Command.SHIP_BACK,
    Command.CONSENT,
    Command.ESCALATE,
)
"""What leads a case to its end, and not in a circle."""


def _possible(case: Case) -> list[tuple[Command, str]]:
    """What somebody may say of a case, by its table."""
    found = []
    for command in Command:
        for actor in Actor:
            try:
                if MACHINE.allows(case.state, action_of(case, command), actor):
                    found.append((command, str(actor)))
            except ActionNotAllowed:
                continue
    return found


def _by(role: str) -> ActedBy:
    return ActedBy(role=role, subject="somebody", reason="because")
