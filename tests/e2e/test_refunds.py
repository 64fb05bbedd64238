"""Money that comes late, twice or wrong goes back to the buyer, once, and everybody can read so (R-PAY-3, P1, P6)."""

import asyncio

import pytest

from tests.callbacks import refund_reports
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import Document, Person, Shop, refused, succeeded, twd, until


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody is too late to pay after what went back."""
    return unhurried


async def ordered(shop: Shop) -> tuple[Person, str]:
    """A buyer and their unpaid order of 26,000 cents."""
    buyer = shop.buyer()
    return buyer, await shop.places(buyer, (await shop.shelves(on_hand=5), 2))


async def until_refund(who: Person, order_no: str, state: str) -> Document:
    """Wait until the order's one refund is in `state`."""

    async def found() -> list[Document]:
        refunds: list[Document] = (await who.order(order_no))["refunds"]
        return refunds

    (refund,) = await until(found, lambda refunds: [item["state"] for item in refunds] == [state])
    return refund


async def failed(shop: Shop, **wish: object) -> tuple[Document, str]:
    """A refund that the provider refused, as operators see it, and its order's number."""
    buyer, order_no = await ordered(shop)
    await shop.pays(buyer, order_no, amount=700, refunds={"failures": 1, "delay_s": 0, **wish})
    refund_no = (await until_refund(buyer, order_no, "failed"))["refund_no"]
    return await shop.operator.get(f"/v1/admin/refunds/{refund_no}"), order_no


async def test_money_that_comes_after_the_cancel_goes_back_and_the_order_stays_cancelled(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    await buyer.post(f"/v1/orders/{order_no}/cancel")
    succeeded(await shop.simulates(payment, late=True, times=2, refunds={"delay_s": 3600}))
    assert (await refund_reports(shop, await until_refund(buyer, order_no, "sent"), "succeeded")).status_code == 204
    refund = await until_refund(buyer, order_no, "succeeded")
    assert (refund["amount"], refund["reason"]) == (twd(26_000), "not_awaited")
    assert refund["payment_id"] == payment["payment_id"]

    order = await buyer.order(order_no)
    assert order["status"] == "cancelled"
    (shown,) = order["payments"]
    assert (shown["state"], shown["received"], shown["refunded"]) == ("unexpected", twd(26_000), twd(26_000))
    told = [item["kind"] for item in (await buyer.get("/v1/notifications"))["items"]]
    assert told.count("refunded") == 1
    actions = [item["action"] for item in await buyer.timeline(order_no)]
    assert actions[-4:] == ["receive_unexpected_payment", "request_refund", "send_refund", "complete_refund"]


async def test_of_two_payments_the_second_goes_back(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    second = await shop.attempts(buyer, order_no, "wallet")
    first = await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    succeeded(await shop.simulates(second, late=True))
    refund = await until_refund(buyer, order_no, "succeeded")
    assert refund["payment_id"] == second["payment_id"]
    states = {item["payment_id"]: item["state"] for item in (await buyer.order(order_no))["payments"]}
    assert states == {first["payment_id"]: "succeeded", second["payment_id"]: "unexpected"}
    assert await shop.system_status(order_no) == "in_production"


@pytest.mark.parametrize("amount", [1, 26_001])
async def test_a_wrong_amount_goes_back_as_it_came_and_the_order_can_still_be_paid(shop: Shop, amount: int) -> None:
    buyer, order_no = await ordered(shop)
    await shop.pays(buyer, order_no, amount=amount)
    refund = await until_refund(buyer, order_no, "succeeded")
    assert (refund["amount"], refund["reason"]) == (twd(amount), "amount_mismatch")
    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "in_production")
    assert [item["state"] for item in order["refunds"]] == ["succeeded"]


async def test_merchants_and_warehouses_see_no_refunds(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    await shop.pays(buyer, order_no, amount=1)
    await until_refund(buyer, order_no, "succeeded")
    for stranger in (shop.merchant(), shop.warehouse()):
        order = await stranger.order(order_no)
        assert (order["refunds"], order["payments"]) == ([], [])
        refused(await stranger.ask("GET", "/v1/admin/refunds"), 403, "forbidden")
    refused(await buyer.ask("GET", "/v1/admin/refunds"), 403, "forbidden")


async def test_a_refused_refund_waits_in_the_operators_list_and_is_sent_again(shop: Shop) -> None:
    refund, order_no = await failed(shop)
    assert (refund["failure"], refund["tries"], refund["order_no"]) == ("refund_rejected", 1, order_no)
    waiting = await shop.operator.get("/v1/admin/refunds?state=failed&limit=200")
    assert refund in waiting["items"]

    path, body = f"/v1/admin/refunds/{refund['refund_no']}/decision", {"decision": "retry", "note": "bank said sorry"}
    answers = [await shop.operator.ask("POST", path, body, key="again") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], "the same key is the same decision"
    await until_refund(shop.operator, order_no, "succeeded")
    assert (await shop.operator.get(f"/v1/admin/refunds/{refund['refund_no']}"))["tries"] == 2
    retried = next(item for item in await shop.operator.timeline(order_no) if item["action"] == "retry_refund")
    assert (retried["actor"], retried["channel"], retried["reason"]) == (
        shop.operator.subject,
        "api",
        "bank said sorry",
    )
    reasons = {item["action"]: item["reason"] for item in await shop.buyer().timeline(order_no)}
    assert reasons["retry_refund"] == "", "what operators write is among them"
    problem = refused(await shop.operator.ask("POST", path, body), 409, "action_not_allowed")
    assert problem["state"] == "succeeded"


async def test_an_operator_pays_back_by_hand_and_settles(shop: Shop) -> None:
    refund, order_no = await failed(shop)
    path = f"/v1/admin/refunds/{refund['refund_no']}/decision"
    for wrong in ({"decision": "settle"}, {"decision": "settle", "note": " "}, {"decision": "forget", "note": "x"}):
        refused(await shop.operator.ask("POST", path, wrong), 422, "request_invalid")
    settled = await shop.operator.post(path, {"decision": "settle", "note": "by bank transfer, receipt 4711"})
    assert (settled["state"], settled["failure"]) == ("settled", "refund_rejected")
    assert (await shop.operator.order(order_no))["refunds"][0]["state"] == "settled"
    again = await shop.operator.ask("POST", path, {"decision": "retry", "note": "x"}, key="late")
    assert refused(again, 409, "action_not_allowed")["state"] == "settled"


async def test_a_refund_that_nobody_knows_is_not_there(shop: Shop) -> None:
    refused(await shop.operator.ask("GET", "/v1/admin/refunds/rf_none"), 404, "not_found")
    body = {"decision": "retry", "note": "x"}
    refused(await shop.operator.ask("POST", "/v1/admin/refunds/rf_none/decision", body), 404, "not_found")


async def test_a_list_of_refunds_has_pages(shop: Shop) -> None:
    for _ in range(2):
        await failed(shop)
    first = await shop.operator.get("/v1/admin/refunds?limit=1")
    second = await shop.operator.get(f"/v1/admin/refunds?limit=1&cursor={first['next_cursor']}")
    assert first["items"][0]["refund_no"] != second["items"][0]["refund_no"]
    refused(await shop.operator.ask("GET", "/v1/admin/refunds?state=lost"), 422, "request_invalid")


async def test_reports_on_a_refund_may_come_twice_late_and_contradicting(shop: Shop) -> None:
    buyer, order_no = await ordered(shop)
    await shop.pays(buyer, order_no, amount=900, refunds={"delay_s": 3600})
    refund = await until_refund(buyer, order_no, "sent")
    for state in ("succeeded", "succeeded", "failed"):
        assert (await refund_reports(shop, refund, state)).status_code == 204
    await until_refund(buyer, order_no, "succeeded")
    forged = await refund_reports(shop, refund, "failed", secret="whsec_" + "A" * 43 + "=")
    refused(forged, 401, "signature_invalid")


async def test_what_a_silent_provider_does_not_report_is_asked(shop: Shop) -> None:
    """An attempt that was paid, and a refund that came back; both are waited for at once."""
    buyer, paid = await ordered(shop)
    other, wrong = await ordered(shop)
    await shop.pays(buyer, paid, times=0)
    await shop.pays(other, wrong, amount=800, refunds={"times": 0})
    await asyncio.gather(shop.until(paid, "in_production"), until_refund(other, wrong, "succeeded"))
    actions = [item["action"] for item in await buyer.timeline(paid)]
    assert "reach_payment_deadline" not in actions
