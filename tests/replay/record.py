"""Records histories of the present workflows: `python -m tests.replay.record [NAME …]`, all of them without a name.

A history that was recorded is kept for as long as runs of its time may still be open: record under a new name when a
workflow changes, and let the old file prove that old runs go on (W5).
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from devstack.options import StackOptions
from devstack.stack import Stack
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import (
    CANCEL,
    CONFIRM_RECEIPT,
    RETRY_REFUND,
    SETTLE_REFUND,
    order_workflow_id,
    parcel_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.persistence.database import Database
from tests.integration.offers_stand import OffersStand
from tests.integration.order_stand import OrderStand
from tests.integration.order_worker import own_database, standing
from tests.integration.refund_stand import RefundStand
from tests.replay import order_types, way_back

FOLDER = Path(__file__).parent / "histories"
_MOMENT = timedelta(seconds=1)
_PRIVATE = frozenset({"stackTrace", "identity"})
"""Fields that name the machine on which a history was recorded; a replay does not read them."""


async def two_parcels(stand: OrderStand) -> str:
    """From placing to completion; the buyer confirms."""
    order_no = await stand.paid((await stand.shelves(), 1), (await stand.shelves(), 2))
    first, second = await stand.split_parcels(order_no)
    await stand.arrives(first)
    await stand.until(order_no, "partly_shipped")
    await stand.arrives(second)
    await stand.until(order_no, "delivered")
    await stand.asks(order_no, CONFIRM_RECEIPT)
    return await _completed(stand, order_no)


async def confirmed_by_time(stand: OrderStand) -> str:
    order_no = await stand.delivered((await stand.shelves(), 1))
    await stand.passes(order_no, timedelta(days=10) + _MOMENT)
    return await _completed(stand, order_no)


async def cancelled(stand: OrderStand) -> str:
    order_no = await stand.placed((await stand.shelves(), 1))
    await stand.attempt(order_no)
    await stand.asks(order_no, CANCEL)
    return await _ended(stand, order_no)


async def timed_out(stand: OrderStand) -> str:
    order_no = await stand.placed((await stand.shelves(), 1))
    await stand.passes(order_no, timedelta(minutes=15) + _MOMENT)
    return await _ended(stand, order_no)


async def paid_after_a_failure(stand: OrderStand) -> str:
    """And a second payment that arrives while the parcel is on its way."""
    order_no = await stand.placed((await stand.shelves(), 1))
    await stand.reports(await stand.attempt(order_no), PaymentState.FAILED)
    await stand.until(order_no, "payment_failed")
    paying, other = await stand.attempt(order_no, "wallet"), await stand.attempt(order_no)
    await stand.reports(paying)
    (parcel_no,) = await stand.split_parcels(order_no)
    await stand.reports(other)
    await stand.becomes(other, PaymentState.UNEXPECTED)
    await stand.arrives(parcel_no)
    await stand.until(order_no, "delivered")
    await stand.asks(order_no, CONFIRM_RECEIPT)
    return await _completed(stand, order_no)


async def refused(stand: OrderStand) -> str:
    submission = await stand.submits((await stand.shelves(1), 2))
    await stand.places(submission)
    return await _ended(stand, submission.order_no)


async def database_away(stand: OrderStand) -> str:
    """Every step of the way fell back to its patient form."""
    submission = await stand.submits((await stand.shelves(), 1))
    for step in ("reserve_stock", "record_order", "settle_payments", "split_order"):
        stand.away(submission.order_no, step, 4)
    await stand.places(submission)
    await stand.reports(await stand.attempt(submission.order_no))
    (parcel_no,) = await stand.split_parcels(submission.order_no)
    await stand.arrives(parcel_no)
    await stand.until(submission.order_no, "delivered")
    await stand.asks(submission.order_no, CONFIRM_RECEIPT)
    return await _completed(stand, submission.order_no)


async def database_hung(stand: OrderStand) -> str:
    """Steps that got no answer, each in its turn: found by chaos, whose runs could not be replayed after that."""
    submission = await stand.submits((await stand.shelves(), 1))
    for step in ("reserve_stock", "settle_payments"):
        stand.hang(submission.order_no, step)
    await stand.places(submission)
    await stand.reports(await stand.attempt(submission.order_no))
    (parcel_no,) = await stand.split_parcels(submission.order_no)
    await stand.arrives(parcel_no)
    await stand.until(submission.order_no, "delivered")
    await stand.asks(submission.order_no, CONFIRM_RECEIPT)
    return await _completed(stand, submission.order_no)


async def offers_paid(stand: OrderStand) -> str:
    """An order with a coupon, points and a promotion, from placing to completion; what they paid for is used."""
    offers = OffersStand.empty(stand)
    order_no = await offers.placed(await offers.purse(), (await stand.shelves(), 1))
    await stand.reports(await stand.attempt(order_no))
    (parcel_no,) = await stand.split_parcels(order_no)
    await stand.arrives(parcel_no)
    await stand.until(order_no, "delivered")
    await stand.asks(order_no, CONFIRM_RECEIPT)
    return await _completed(stand, order_no)


async def offers_timed_out(stand: OrderStand) -> str:
    offers = OffersStand.empty(stand)
    order_no = await offers.placed(await offers.purse(), (await stand.shelves(), 1))
    await offers.times_out(order_no)
    return order_workflow_id(order_no)


async def offers_refused(stand: OrderStand) -> str:
    """Sold out, after the coupon was held."""
    offers = OffersStand.empty(stand)
    submission = await offers.submits(await offers.purse(), (await stand.shelves(1), 2))
    await stand.places(submission)
    return await _ended(stand, submission.order_no)


async def offers_unavailable(stand: OrderStand) -> str:
    """Refused for its coupon, which another order holds."""
    offers = OffersStand.empty(stand)
    purse, sku = await offers.purse(), await stand.shelves()
    await offers.placed(purse, (sku, 1))
    submission = await offers.submits(purse, (sku, 1))
    await stand.places(submission)
    return await _ended(stand, submission.order_no)


async def offers_with_the_database_away(stand: OrderStand) -> str:
    """What it holds is held and given back in the patient form."""
    offers = OffersStand.empty(stand)
    submission = await offers.submits(await offers.purse(), (await stand.shelves(), 1))
    stand.away(submission.order_no, "hold_offers", 4)
    stand.hang(submission.order_no, "return_offers")
    await stand.places(submission)
    await stand.asks(submission.order_no, CANCEL)
    return await _ended(stand, submission.order_no)


async def parcel(stand: OrderStand) -> str:
    """A parcel's own run: lost on its way, and found."""
    order_no = await stand.paid((await stand.shelves(), 1))
    (parcel_no,) = await stand.split_parcels(order_no)
    await stand.carries(parcel_no, ParcelState.PACKED, ParcelState.HANDED_OVER, ParcelState.LOST)
    await stand.carries(parcel_no, ParcelState.DELIVERED)
    await stand.until(order_no, "delivered")
    return parcel_workflow_id(parcel_no)


async def refunded(stand: OrderStand) -> str:
    """The provider reports it, having been away first and silent then."""
    refunds = RefundStand(stand)
    payment = await refunds.refunding(ProviderUnavailable("away"))
    refund = await refunds.until(payment, RefundState.SENT)
    await refunds.passes(payment, timedelta(minutes=3))
    await refunds.reports(refund, RefundState.SUCCEEDED)
    return await _refund_ended(refunds, payment)


async def refund_retried(stand: OrderStand) -> str:
    """Refused, sent again by an operator in the Temporal UI, and paid back."""
    refunds = RefundStand(stand)
    payment = await refunds.refunding(RefundState.FAILED)
    await refunds.until(payment, RefundState.FAILED)
    await refunds.decides(payment, RETRY_REFUND)
    await refunds.reports(await refunds.until(payment, RefundState.SENT, tries=2), RefundState.SUCCEEDED)
    return await _refund_ended(refunds, payment)


async def refund_settled(stand: OrderStand) -> str:
    """Refused by a callback, and paid back by hand."""
    refunds = RefundStand(stand)
    payment = await refunds.refunding()
    await refunds.reports(await refunds.until(payment, RefundState.SENT), RefundState.FAILED)
    await refunds.until(payment, RefundState.FAILED)
    await refunds.run(payment).cancel()
    await refunds.decides(payment, SETTLE_REFUND)
    return await _refund_ended(refunds, payment)


SCENES: dict[str, Callable[[OrderStand], Awaitable[str]]] = {
    scene.__name__: scene
    for scene in (
        two_parcels,
        confirmed_by_time,
        cancelled,
        timed_out,
        paid_after_a_failure,
        refused,
        database_away,
        database_hung,
        offers_paid,
        offers_timed_out,
        offers_refused,
        offers_unavailable,
        offers_with_the_database_away,
        parcel,
        refunded,
        refund_retried,
        refund_settled,
        *order_types.LIVES,
        *way_back.LIVES,
    )
}
"""Each plays a life and gives the id of the run to keep."""
SCENES |= {
    f"{name}_revision_2": SCENES[name]
    for name in ("two_parcels", "parcel", "database_away", "presale_paid", "order_lost", "parcel_given_up", "stopped")
}
SCENES |= {f"{name}_revision_3": SCENES[name] for name in ("parcel", "parcel_given_up")}
"""Lives whose runs do otherwise since then (`revision`); the histories without it are of before."""


async def _completed(stand: OrderStand, order_no: str) -> str:
    await stand.passes(order_no, timedelta(days=7) + _MOMENT)
    return await _ended(stand, order_no)


async def _ended(stand: OrderStand, order_no: str) -> str:
    await stand.ends(order_no)
    return order_workflow_id(order_no)


async def _refund_ended(refunds: RefundStand, payment: Payment) -> str:
    await refunds.ends(payment)
    return refund_workflow_id(payment.payment_id)


async def record(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ordersaga-record-") as folder:
        options = StackOptions(data_dir=Path(folder) / "data", port=0, servers_only=True, time_skipping=True)
        async with Stack(options) as stack:
            await stack.migrate()
            settings = await own_database(stack.addresses, "recorded")
            database = Database(
                settings.database_driver_url, audit_keys=settings.audit.ring(), pool_size=settings.database_pool_size
            )
            try:
                async with standing(stack.addresses, settings, database) as stand:
                    for name in names:
                        await _keep(stand, name, await SCENES[name](stand))
            finally:
                await database.close()


async def _keep(stand: OrderStand, name: str, workflow_id: str) -> None:
    history = await stand.client.get_workflow_handle(workflow_id).fetch_history()
    document = {"workflow_id": workflow_id, **_without_private(history.to_json_dict())}
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(history.events)} events")


def _without_private(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_private(item) for key, item in value.items() if key not in _PRIVATE}
    return [_without_private(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - SCENES.keys()
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    asyncio.run(record(sys.argv[1:] or list(SCENES)))
