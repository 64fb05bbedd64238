"""Orders that were paid, and cases of them that are settled, in one transaction that comes to nothing: no run, provider
or other test hears of them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales.settlement import settle
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.breakdown import Breakdown
from ordersaga.domain.after_sales.case import Case, CaseLine, Kind, Reason, case_no_of
from ordersaga.domain.after_sales.commands import Command
from ordersaga.domain.after_sales.replacement import replacement_no
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment, Payment, PaymentState
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.persistence import after_sales, offer_holds, orders, payments, points, refunds, transitions
from ordersaga.persistence.database import Database
from tests.goods import TAIPEI

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SYSTEM = ActedBy(role=Actor.SYSTEM, subject="test")


class _Enough(Exception):
    """The transaction comes to nothing."""


@asynccontextmanager
async def undone(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction of which nothing stays."""
    try:
        async with database.transaction() as connection:
            yield connection
            raise _Enough
    except _Enough:
        return


@dataclass(frozen=True, slots=True)
class SettledOrder:
    connection: AsyncConnection
    order_no: str
    buyer: str

    @classmethod
    async def paid(
        cls,
        connection: AsyncConnection,
        order_no: str,
        priced: PricedOrder,
        buyer: str,
        *parts: tuple[Instalment, int],
        table_version: int = 1,
    ) -> "SettledOrder":
        """An order whose holds are used and whose `parts` were paid, one day after the other."""
        await orders.add(
            connection,
            order_no=order_no,
            buyer=buyer,
            state=State.RECEIVED,
            table_version=table_version,
            policy_version=1,
            priced=priced,
            receiver=TAIPEI,
            placed_at=AT,
            payment_due_at=AT,
        )
        await transitions.record(
            connection, order_no, action=Action.SUBMIT, from_state=None, to_state=State.RECEIVED, at=AT, by=SYSTEM
        )
        if priced.holds:
            await offer_holds.hold(connection, order_no, buyer, priced.holds, AT)
            await offer_holds.use(connection, order_no, AT)
        for day, (instalment, amount) in enumerate(parts):
            payment = Payment(
                payment_id=f"{order_no}-{instalment}",
                order_no=order_no,
                channel="card",
                provider="sandbox",
                amount=Money(amount, priced.currency),
                state=PaymentState.OPEN,
                created_at=AT + timedelta(days=day),
                instalment=instalment,
            )
            await payments.add(connection, payment)
            done = replace(payment, state=PaymentState.SUCCEEDED, received=payment.amount, paid_at=payment.created_at)
            await payments.save(connection, done)
        return cls(connection, order_no, buyer)

    async def notes(self, action: str) -> None:
        """Something has happened to it that its audit is to know of."""
        await transitions.record(
            self.connection,
            self.order_no,
            action=action,
            from_state=State.RECEIVED,
            to_state=State.RECEIVED,
            at=AT,
            by=SYSTEM,
        )

    async def claims(
        self, units: Mapping[int, Sequence[int]], kind: Kind = Kind.RETURN, reason: Reason = Reason.CHANGED_MIND
    ) -> Case:
        """A case on these units by line, approved and ready to be settled."""
        sequence = await after_sales.next_sequence(self.connection, self.order_no)
        case = Case(
            case_no=case_no_of(self.order_no, sequence),
            order_no=self.order_no,
            sequence=sequence,
            kind=kind,
            reason=reason,
            fault=reason.fault,
            state=CaseState.INSPECTING,
            table_version=MACHINE.version,
            merchant_id="own",
            opened_by_role=Actor.BUYER,
            opened_by=self.buyer,
            note=None,
            lines=tuple(CaseLine(line_no=line_no, units=tuple(numbers)) for line_no, numbers in units.items()),
            opened_at=AT,
            updated_at=AT,
        )
        await after_sales.add(self.connection, case)
        return case

    async def settles(
        self, units: Mapping[int, Sequence[int]], kind: Kind = Kind.RETURN, reason: Reason = Reason.CHANGED_MIND
    ) -> Breakdown:
        """What a case on these units gives back, now that it has."""
        case = await self.claims(units, kind, reason)
        word = ActOnCase(case_no=case.case_no, command=Command.ACCEPT, name="accept", by=SYSTEM, at=AT)
        case = await settle(self.connection, case, word)
        await after_sales.save(self.connection, case)
        assert case.settlement is not None
        found = Breakdown.from_document(case.settlement)
        documents = await refunds.of_order(self.connection, found.order_no)
        assert sum(each.amount.amount for each in documents if each.case_no == case.case_no) == found.money
        return found

    async def exchanges(self, case: Case, priced: PricedOrder) -> "SettledOrder":
        """The order that the case ends in; it costs nothing."""
        await after_sales.settle_units(self.connection, case, UnitFate.EXCHANGED)
        await after_sales.save(self.connection, replace(case, replacement_order_no=replacement_no(case)))
        return await SettledOrder.paid(self.connection, replacement_no(case), priced, self.buyer)

    async def refunded(self) -> list[int]:
        """What is on its way back of each payment."""
        return [payment.refunded for payment in await payments.of_order(self.connection, self.order_no)]

    async def points(self) -> int:
        """The account's balance, having seen that its ledger adds up to it and nothing is locked."""
        found = await points.balance(self.connection, self.buyer)
        assert (found.balance, found.locked) == (found.ledger_balance, found.ledger_locked), found
        assert found.locked == 0
        return found.balance
