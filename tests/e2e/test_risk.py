"""Risk control over HTTP: what is denied leaves nothing, what is reviewed waits for an operator (R-STK-4).

All tests share one shop, so each rule is about a region, a device or an account of its test's own.
"""

from datetime import timedelta
from typing import Any

from temporalio.client import Client

from ordersaga.domain.messages import DECIDE_RISK, ActedBy, RiskDecision, order_workflow_id
from tests.e2e.passing_time import passes
from tests.shop import TAIPEI, Document, Person, Shop, refused


async def rules(shop: Shop, name: str, condition: Document, verdict: str = "review") -> str:
    code = f"{shop.mark}-{name}"
    await shop.operator.put(f"/v1/admin/risk-rules/{code}", {"condition": condition, "verdict": verdict})
    return code


async def suspicious(shop: Shop) -> Document:
    """An address to which nothing goes without a review."""
    region = f"Region {shop.mark}"
    await rules(shop, "region", {"kind": "address", "countries": ["TW"], "regions": [region]})
    return TAIPEI | {"region": region}


async def under_review(shop: Shop, buyer: Person, sku: str) -> str:
    return await shop.places(buyer, (sku, 2), address=await suspicious(shop))


async def submits(shop: Shop, buyer: Person, sku: str, device: str = "", **changes: Any) -> Any:
    """The answer to a submit from a device."""
    quote = await shop.previews(buyer, (sku, 1), **changes)
    headers = {"X-Device-Id": device} if device else {}
    return await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]}, headers=headers)


async def decides(shop: Shop, order_no: str, decision: str, key: str | None = None) -> Any:
    body = {"decision": decision, "note": "called the buyer"}
    return await shop.operator.ask("POST", f"/v1/orders/{order_no}/risk-decision", body, key=key)


async def test_an_approved_order_can_be_paid_from_then_on(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await under_review(shop, buyer, sku)
    order = await buyer.order(order_no)
    assert (order["status"], order["status_label"], order["screening"]) == ("under_review", "Under review", None)
    assert await shop.stock(sku) == (5, 2)
    refused(await buyer.ask("POST", f"/v1/orders/{order_no}/payments", {"channel": "card"}), 409, "action_not_allowed")
    seen = await shop.operator.order(order_no)
    assert seen["screening"] == {
        "verdict": "review",
        "reasons": [{"rule": f"{shop.mark}-region", "kind": "address", "verdict": "review"}],
    }
    approved = await decides(shop, order_no, "approve", key="once")
    assert approved.json()["system_status"] == "awaiting_payment"
    assert (await decides(shop, order_no, "approve", key="once")).is_success
    assert (await buyer.order(order_no))["payment_due_at"] > order["payment_due_at"]
    (item,) = [item for item in await shop.operator.timeline(order_no) if item["action"] == "approve_risk"]
    assert (item["actor"], item["channel"], item["reason"]) == (shop.operator.subject, "api", "called the buyer")
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    for decision in ("approve", "reject"):
        refused(await decides(shop, order_no, decision), 409, "action_not_allowed")


async def test_a_rejected_order_gives_everything_back(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await under_review(shop, buyer, sku)
    own = f"/v1/orders/{order_no}/risk-decision"
    refused(await buyer.ask("POST", own, {"decision": "approve", "note": "I am honest"}), 403, "forbidden")
    refused(await shop.operator.ask("POST", own, {"decision": "approve"}), 422, "request_invalid")
    assert (await decides(shop, order_no, "reject")).json()["system_status"] == "risk_refused"
    assert (await buyer.order(order_no))["status"] == "cancelled"
    assert await shop.stock(sku) == (5, 0)
    (seen,) = [item for item in await buyer.timeline(order_no) if item["action"] == "reject_risk"]
    assert seen["reason"] == "", "why is among operators"


async def test_an_order_under_review_is_placed_without_the_attempt_that_was_asked_for(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    quote = await shop.previews(buyer, (sku, 2), address=await suspicious(shop))
    body = {"quote_token": quote["quote_token"], "payment_channel": "card"}
    first, again = [await buyer.ask("POST", "/v1/orders", body, key="once") for _ in range(2)]
    assert (first.status_code, first.json()["status"], first.json()["payments"]) == (201, "under_review", [])
    assert again.json() == first.json()


async def test_an_operator_decides_in_the_temporal_ui_by_name(shop: Shop, temporal: Client) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await under_review(shop, buyer, sku)
    word = RiskDecision(decision="approve", by=ActedBy(role="operator", subject="olga", reason="known for years"))
    await temporal.get_workflow_handle(order_workflow_id(order_no)).execute_update(DECIDE_RISK, word)
    (item,) = [item for item in await shop.operator.timeline(order_no) if item["action"] == "approve_risk"]
    assert (item["actor"], item["channel"], item["reason"]) == ("olga", "temporal_ui", "known for years")


async def test_nobody_decides_and_the_order_is_refused_in_time(shop: Shop, temporal: Client) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await under_review(shop, buyer, sku)
    await passes(temporal, timedelta(seconds=21), order_workflow_id(order_no))
    await shop.until(order_no, "risk_refused")
    assert await shop.stock(sku) == (5, 0)
    refused(await decides(shop, order_no, "approve"), 409, "action_not_allowed")


async def test_the_buyer_may_cancel_during_the_review(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    order_no = await under_review(shop, buyer, sku)
    cancelled = await buyer.post(f"/v1/orders/{order_no}/cancel", {})
    assert cancelled["status"] == "cancelled"
    assert await shop.stock(sku) == (5, 0)


async def test_who_is_on_a_block_list_is_denied_and_not_told_why(shop: Shop) -> None:
    sku, mallory = await shop.shelves(on_hand=5), shop.buyer("mallory")
    body = {"kind": "account", "account": mallory.subject, "reason": "chargebacks"}
    listed = await shop.operator.post("/v1/admin/block-lists", body, key=shop.mark)
    assert listed == await shop.operator.post("/v1/admin/block-lists", body, key=shop.mark)
    assert mallory.subject not in str(listed)
    async with shop.nothing_changes(mallory, sku):
        problem = refused(await submits(shop, mallory, sku), 403, "risk_denied")
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    (denial,) = (await shop.operator.get(f"/v1/admin/risk-denials?account={mallory.subject}"))["items"]
    assert denial["reasons"] == [{"rule": "block-lists", "kind": "block_list", "verdict": "deny"}]
    refused(await shop.operator.ask("GET", f"/v1/orders/{denial['order_no']}"), 404, "not_found")
    assert (await shop.operator.ask("DELETE", f"/v1/admin/block-lists/{listed['entry_id']}")).status_code == 204
    refused(await shop.operator.ask("DELETE", f"/v1/admin/block-lists/{listed['entry_id']}"), 404, "not_found")
    assert (await submits(shop, mallory, sku)).is_success


async def test_addresses_and_devices_are_recognised_on_their_lists(shop: Shop) -> None:
    sku, buyer, device = await shop.shelves(), shop.buyer(), f"device-{shop.mark}"
    home = TAIPEI | {"line1": f"Lane {shop.mark}, No. 7"}
    place = {name: home[name] for name in ("line1", "city", "region", "postal_code", "country")}
    for body in (
        {"kind": "address", "address": {**place, "line1": place["line1"].upper()}, "reason": "goods lost there"},
        {"kind": "device", "device": device, "reason": "stolen cards"},
        {"kind": "device", "device": device, "reason": "stolen cards, again"},
    ):
        await shop.operator.post("/v1/admin/block-lists", body)
    devices = (await shop.operator.get("/v1/admin/block-lists?kind=device"))["items"]
    assert [entry["reason"] for entry in devices] == ["stolen cards, again"]
    refused(await submits(shop, buyer, sku, address=home), 403, "risk_denied")
    refused(await submits(shop, buyer, sku, device), 403, "risk_denied")
    refused(await submits(shop, buyer, sku, "not one device"), 422, "request_invalid")
    assert (await submits(shop, buyer, sku, f"other-{device}")).is_success


async def test_a_device_that_orders_too_often_is_reviewed_and_a_submit_sent_again_is_not_judged_anew(
    shop: Shop,
) -> None:
    sku, device = await shop.shelves(), f"fast-{shop.mark}"
    await rules(shop, "fast", {"kind": "velocity", "subject": "device", "orders": 2, "seconds": 3_600})
    for name in ("ann", "bob"):
        assert (await submits(shop, shop.buyer(name), sku, device)).json()["status"] == "awaiting_payment"
    buyer = shop.buyer("cat")
    token = {"quote_token": (await shop.previews(buyer, (sku, 1)))["quote_token"]}
    answers = [await buyer.ask("POST", "/v1/orders", token, headers={"X-Device-Id": device}) for _ in range(2)]
    answers.append(await buyer.ask("POST", "/v1/orders", token))
    assert [answer.json()["status"] for answer in answers] == ["under_review"] * 3
    assert answers[0].json() == answers[2].json()


async def test_a_first_order_of_a_high_amount_is_reviewed_and_rules_that_make_no_sense_are_refused(shop: Shop) -> None:
    sku = await shop.shelves(price=900_000, currency="NOK", shipping_fee={"amount": 0, "currency": "NOK"})
    amount = {"amount": 900_000, "currency": "NOK"}
    await rules(shop, "new", {"kind": "new_account", "amount": amount, "completed_below": 1})
    assert (await submits(shop, shop.buyer(), sku)).json()["status"] == "under_review"
    path = f"/v1/admin/risk-rules/{shop.mark}-none"
    for condition, field in (
        ({"kind": "new_account", "amount": amount}, "condition.younger_than_seconds"),
        ({"kind": "velocity", "subject": "address", "orders": 1, "seconds": 1}, "condition.subject"),
    ):
        answer = await shop.operator.ask("PUT", path, {"condition": condition, "verdict": "deny"})
        assert refused(answer, 422, "rule_invalid")["field"] == field
    body = {"condition": {"kind": "horoscope"}, "verdict": "deny"}
    refused(await shop.operator.ask("PUT", path, body), 422, "request_invalid")
    body = {"condition": {"kind": "amount", "amount": amount}, "verdict": "allow"}
    refused(await shop.operator.ask("PUT", path, body), 422, "request_invalid")
    stored = await shop.operator.get(f"/v1/admin/risk-rules/{shop.mark}-new")
    assert stored["condition"]["completed_below"] == 1
    assert stored["condition"]["amount"] == amount
