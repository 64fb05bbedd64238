"""The payment deadline: attempts are closed at the provider, which has the last word, before anything is undone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest

from devstack.stack import Stack
from tests.shop import Document, Person, Shop, moved_the_order, refused, succeeded, until

_PAST_THE_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Waited:
    """An order of two of five units whose payment deadline has passed."""

    shop: Shop
    buyer: Person
    sku: str
    order: Document

    @property
    def order_no(self) -> str:
        return str(self.order["order_no"])

    async def actions(self) -> list[str]:
        return [item["action"] for item in await self.buyer.timeline(self.order_no) if moved_the_order(item)]


Prepare = Callable[[Shop, Person, str], Awaitable[object]]


async def leave_alone(shop: Shop, buyer: Person, order_no: str) -> None:
    """The buyer walks away."""


async def open_an_attempt(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.attempts(buyer, order_no)


async def open_an_attempt_to_pay_too_late(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.attempts(buyer, order_no)


async def fail(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.pays(buyer, order_no, "fail")


async def pay_silently(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.pays(buyer, order_no, times=0)


async def pay_too_little_silently(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.pays(buyer, order_no, times=0, amount=1)


async def fail_and_pay_elsewhere_silently(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.pays(buyer, order_no, "fail")
    await shop.pays(buyer, order_no, times=0)


PREPARED: tuple[Prepare, ...] = (
    leave_alone,
    open_an_attempt,
    open_an_attempt_to_pay_too_late,
    fail,
    pay_silently,
    pay_too_little_silently,
    fail_and_pay_elsewhere_silently,
)


@pytest.fixture(scope="module")
async def waited(stack: Stack, http: httpx.AsyncClient) -> dict[str, Waited]:
    """All the deadlines at once, by the name of what was prepared: nobody waits for them one by one."""

    async def wait(prepare: Prepare) -> Waited:
        shop = await Shop.open(stack, http)
        buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
        order_no = await shop.places(buyer, (sku, 2))
        await prepare(shop, buyer, order_no)
        order = await shop.until(order_no, "payment_timed_out", "in_production", within=_PAST_THE_DEADLINE)
        return Waited(shop, buyer, sku, order)

    found = await asyncio.gather(*(wait(prepare) for prepare in PREPARED))
    return {prepare.__name__: waited for prepare, waited in zip(PREPARED, found, strict=True)}


@pytest.mark.parametrize("prepared", ["leave_alone", "open_an_attempt", "fail", "pay_too_little_silently"])
async def test_an_order_that_is_not_paid_in_time_is_undone(waited: dict[str, Waited], prepared: str) -> None:
    ended = waited[prepared]
    assert ended.order["system_status"] == "payment_timed_out"
    assert (await ended.buyer.order(ended.order_no))["status"] == "cancelled"
    assert await ended.shop.stock(ended.sku) == (5, 0)
    told = [action for action in await ended.actions() if action != "fail_payment"]
    assert told == ["submit", "reach_payment_deadline", "time_out"]


async def test_the_deadline_is_the_one_that_the_order_named(waited: dict[str, Waited]) -> None:
    ended = waited["leave_alone"]
    due_at = datetime.fromisoformat(ended.order["payment_due_at"])
    assert due_at - datetime.fromisoformat(ended.order["placed_at"]) == timedelta(seconds=20)
    reached = next(
        item for item in await ended.buyer.timeline(ended.order_no) if item["action"] == "reach_payment_deadline"
    )
    assert datetime.fromisoformat(reached["at"]) >= due_at


@pytest.mark.parametrize("prepared", ["pay_silently", "fail_and_pay_elsewhere_silently"])
async def test_a_silent_provider_is_asked_and_an_order_that_is_paid_is_paid(
    waited: dict[str, Waited], prepared: str
) -> None:
    ended = waited[prepared]
    assert ended.order["system_status"] == "in_production"
    assert ended.order["payments"][-1]["state"] == "succeeded"
    assert ended.order["payments"][-1]["provider_transaction_id"]
    assert (await ended.actions())[-2:] == ["confirm_payment", "split"]
    assert await ended.shop.stock(ended.sku) == (5, 2)


async def test_a_wrong_amount_that_a_silent_provider_took_is_seen_when_it_is_asked(waited: dict[str, Waited]) -> None:
    (payment,) = waited["pay_too_little_silently"].order["payments"]
    assert (payment["state"], payment["failure"]) == ("unexpected", "amount_mismatch")


async def test_an_attempt_left_open_is_closed_and_the_cashier_takes_no_money(waited: dict[str, Waited]) -> None:
    ended = waited["open_an_attempt"]
    (payment,) = ended.order["payments"]
    assert payment["state"] == "closed"
    late = await ended.shop.simulates(payment)
    assert (late.status_code, late.json()["code"]) == (409, "payment_closed")


async def test_money_that_comes_after_the_time_out_goes_back(waited: dict[str, Waited]) -> None:
    ended = waited["open_an_attempt_to_pay_too_late"]
    (payment,) = ended.order["payments"]
    succeeded(await ended.shop.simulates(payment, late=True))

    async def states() -> list[str]:
        order = await ended.buyer.order(ended.order_no)
        return [item["state"] for item in (*order["payments"], *order["refunds"])]

    await until(states, lambda found: found == ["unexpected", "succeeded"])
    assert await ended.shop.system_status(ended.order_no) == "payment_timed_out"
    assert await ended.shop.stock(ended.sku) == (5, 0)


async def test_nothing_can_be_done_with_an_order_that_timed_out(waited: dict[str, Waited]) -> None:
    ended = waited["leave_alone"]
    for method, action, body in (("POST", "payments", {"channel": "card"}), ("POST", "cancel", {})):
        async with ended.shop.nothing_changes(ended.buyer, ended.sku):
            answer = await ended.buyer.ask(method, f"/v1/orders/{ended.order_no}/{action}", body)
            assert refused(answer, 409, "action_not_allowed")["state"] == "payment_timed_out"
