"""A change in an order's run: providers that do not answer, answers that are lost, money that comes too late."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

from ordersaga.domain.messages import CHANGE, AcceptedChange
from ordersaga.domain.order_change import reduced
from ordersaga.domain.payment import PaymentState
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.persistence import audit, catalogue, order_changes, submissions
from ordersaga.persistence.order_changes import ChangeProposal
from tests.goods import cart, priced
from tests.integration.order_runs import BUYER
from tests.integration.order_stand import OrderStand
from tests.shop import until

DEADLINE = timedelta(minutes=15)


async def accepts(stand: OrderStand, order_no: str, **quantities: int) -> AcceptedChange:
    """What the API stores of an accepted preview: line `line_<number>` → units that stay."""
    wanted = {int(name.removeprefix("line_")): units for name, units in quantities.items()}
    async with stand.database.transaction() as connection:
        before = (await submissions.known(connection, order_no)).priced
        items = reduced(before.lines, wanted)
        found = await catalogue.goods(connection, [item.sku for item in items])
        after = priced(
            cart(*((item.sku, item.quantity) for item in items)),
            list(found.skus.values()),
            list(found.merchants.values()),
        )
        proposal = ChangeProposal(
            proposal_id=f"chg_{secrets.token_hex(12)}",
            order_no=order_no,
            based_on=len(await order_changes.repriced(connection, order_no)),
            priced=after,
        )
        await order_changes.propose(connection, proposal, datetime.now(UTC))
    return AcceptedChange(proposal_id=proposal.proposal_id, by=BUYER)


async def quantities(stand: OrderStand, order_no: str) -> list[tuple[int, int]]:
    return [(line.line_no, line.quantity) for line in (await stand.order(order_no)).lines]


async def test_a_change_is_made_once_whatever_fails_and_old_attempts_pay_nothing(order_stand: OrderStand) -> None:
    stand = order_stand
    tea, cup = await stand.shelves(9), await stand.shelves(9)
    order_no = await stand.placed((tea, 3), (cup, 2))
    old, due_at = await stand.attempt(order_no), (await stand.order(order_no)).payment_due_at
    first, late = await accepts(stand, order_no, line_1=1), await accepts(stand, order_no, line_2=1)

    stand.mute(order_no, "change_order", 4)
    stand.away(order_no, "settle_payments", 1)
    assert await stand.asks(order_no, CHANGE, first) == "awaiting_payment"
    assert await stand.asks(order_no, CHANGE, first) == "awaiting_payment"
    assert await quantities(stand, order_no) == [(1, 1), (2, 2)]
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 1), (9, 2))
    assert (await stand.payment(old.payment_id)).state is PaymentState.CLOSED
    outdated = await stand.refusal(order_no, CHANGE, late)
    assert (outdated.type, outdated.details[0]["reason"]) == ("change_outdated", "order_changed")

    assert await stand.asks(order_no, CHANGE, await accepts(stand, order_no, line_1=0)) == "awaiting_payment"
    assert await quantities(stand, order_no) == [(2, 2)]
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 0), (9, 2))
    await stand.reports(old)
    assert (await stand.becomes(old, PaymentState.UNEXPECTED)).failure == "not_awaited"
    order = await stand.order(order_no)
    assert (order.state, order.payment_due_at) == ("awaiting_payment", due_at)
    async with stand.database.transaction() as connection:
        actions = [row.action for row in (await audit.read(connection, order_no)).chain]
        assert actions.count("change_order") == 2
    await stand.passes(order_no, DEADLINE)
    assert await stand.ends(order_no) == "payment_timed_out"
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 0), (9, 0))


async def test_an_attempt_that_no_provider_closes_or_that_was_paid_stands_before_the_change(
    order_stand: OrderStand,
) -> None:
    stand, sku = order_stand, await order_stand.shelves(9)
    order_no = await stand.placed((sku, 3))
    payment, change = await stand.attempt(order_no), await accepts(stand, order_no, line_1=1)
    stand.provider.answers[payment.payment_id] = ProviderUnavailable("fake is away")
    waiting = asyncio.create_task(stand.refusal(order_no, CHANGE, change))
    await until(lambda: asyncio.sleep(0, stand.provider.closed[payment.payment_id]), bool)
    await stand.passes(order_no, timedelta(minutes=1))
    assert (await waiting).type == "action_not_allowed"
    assert (await quantities(stand, order_no), await stand.held(sku)) == ([(1, 3)], (9, 3))

    stand.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    refusal = await stand.refusal(order_no, CHANGE, await accepts(stand, order_no, line_1=2))
    assert refusal.type == "action_not_allowed"
    await stand.until(order_no, "in_production")
    assert (await quantities(stand, order_no), await stand.held(sku)) == ([(1, 3)], (9, 3))
