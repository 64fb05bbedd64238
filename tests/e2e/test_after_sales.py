"""After-sales cases over HTTP: claimed, decided, sent back, inspected; of each race one lawful outcome (R-REV-7)."""

import asyncio

import httpx
import pytest

from api.authentication import Role
from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import Document, Person, Shop, refused, twd, until


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody decides for those who take their time."""
    return unhurried


async def bought(shop: Shop, *quantities: int, merchants: tuple[str, ...] = ("own",)) -> tuple[Person, Document]:
    """A buyer and their delivered order: a line of so many units at 10,000 cents for each quantity and merchant."""
    buyer = shop.buyer()
    skus = [await shop.shelves(merchant=merchant) for merchant in merchants for _ in quantities]
    order = await shop.produces(buyer, *zip(skus, quantities * len(merchants), strict=True))
    return buyer, await shop.runs_parcels(order)


def claim_on(*lines: tuple[int, int], kind: str = "refund", reason: str = "defective", **more: object) -> Document:
    named = [{"line_no": line_no, "quantity": quantity} for line_no, quantity in lines]
    return {"kind": kind, "lines": named, "reason": reason} | more


async def claims(buyer: Person, order: Document, *lines: tuple[int, int], **more: str) -> Document:
    return await buyer.post(f"/v1/orders/{order['order_no']}/after-sales", claim_on(*lines, **more))


def path_of(case: Document, what: str = "") -> str:
    return f"/v1/after-sales/{case['case_no']}{what}"


async def until_case(who: Person, case: Document, *statuses: str) -> Document:
    return await until(lambda: who.get(path_of(case)), lambda seen: seen["status"] in statuses)


def enabled(document: Document) -> set[str]:
    return {item["action"] for item in document["available_actions"] if item["enabled"]}


async def test_a_refund_is_claimed_approved_and_paid_back_and_everybody_reads_their_part(shop: Shop) -> None:
    buyer, order = await bought(shop, 3)
    assert "request_after_sales" in enabled(await buyer.order(order["order_no"]))
    path, body = f"/v1/orders/{order['order_no']}/after-sales", claim_on((1, 2), description="王小明's teapot leaks")
    case, again = await buyer.post(path, body, key="once"), await buyer.post(path, body, key="once")
    assert case["case_no"] == again["case_no"]
    refused(await buyer.ask("POST", path, claim_on((1, 1)), key="once"), 422, "idempotency_key_reused")
    problem = refused(await buyer.ask("POST", path, claim_on((1, 2))), 409, "units_not_claimable")
    assert problem["lines"] == [{"line_no": 1, "wanted": 2, "claimable": 1}]
    refused(await shop.buyer("mallory").ask("POST", path, body), 404, "not_found")

    assert (case["status"], case["quantity"], case["description"]) == ("requested", 2, "王小明's teapot leaks")
    assert enabled(case) == {"withdraw"}
    merchant = shop.merchant()
    (listed,) = (await merchant.get(f"/v1/after-sales?status=requested&order_no={order['order_no']}"))["items"]
    assert (listed["case_no"], listed["status_label"], listed["system_status"]) == (case["case_no"], "To review", None)
    assert enabled(await merchant.get(path_of(case))) == {"approve", "reject"}

    decided = await merchant.post(path_of(case, "/decision"), {"decision": "approve", "note": "sorry"}, key="yes")
    assert decided["status"] in ("refunding", "refunded")
    seen = await until_case(buyer, case, "refunded")
    assert [(item["amount"]["amount"] > 0, item["state"]) for item in seen["refunds"]] == [(True, "succeeded")]
    assert seen["settlement"]["money"] == seen["refunds"][0]["amount"]
    repeated = await merchant.post(path_of(case, "/decision"), {"decision": "approve", "note": "sorry"}, key="yes")
    assert (repeated["status"], repeated["refunds"]) == ("refunded", [])
    for other in ({"decision": "approve", "note": "well"}, {"decision": "reject", "note": "sorry"}):
        refused(await merchant.ask("POST", path_of(case, "/decision"), other, key="yes"), 422, "idempotency_key_reused")
    problem = refused(await buyer.ask("POST", path_of(case, "/withdraw")), 409, "action_not_allowed")
    assert problem["state"] == "refunded"
    (shown,) = (await buyer.order(order["order_no"]))["after_sales"]
    assert (shown["case_no"], shown["status"]) == (case["case_no"], "refunded")
    rows = [item for item in await buyer.timeline(order["order_no"]) if item["subject"] == case["case_no"]]
    assert [row["action"] for row in rows] == ["open_case", "approve_refund", "finish_case_refund"]
    assert [row["channel"] for row in rows] == ["api", "api", "workflow"]
    assert rows[0]["reason"] == "王小明's teapot leaks"
    kinds = {item["kind"] for item in (await buyer.get("/v1/notifications"))["items"] if item["case_no"]}
    assert kinds == {"claim_approved", "claim_refunded"}
    assert "claim_to_review" in {item["kind"] for item in (await merchant.get("/v1/notifications"))["items"]}


async def test_of_two_words_at_once_one_counts(shop: Shop) -> None:
    """Each on a unit of its own of one order: two approvals, approval and withdrawal, two claims on the same unit."""
    buyer, order = await bought(shop, 1, 1, 1)
    merchant, approval = shop.merchant(), {"decision": "approve", "note": "yes"}
    two_claims = await asyncio.gather(
        *(buyer.ask("POST", f"/v1/orders/{order['order_no']}/after-sales", claim_on((3, 1))) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in two_claims) == [201, 409]
    refused(next(answer for answer in two_claims if answer.status_code == 409), 409, "units_not_claimable")

    first, second = await claims(buyer, order, (1, 1), kind="return"), await claims(buyer, order, (2, 1))
    approvals, contested = await asyncio.gather(
        asyncio.gather(*(merchant.ask("POST", path_of(first, "/decision"), approval) for _ in range(2))),
        asyncio.gather(
            merchant.ask("POST", path_of(second, "/decision"), approval),
            buyer.ask("POST", path_of(second, "/withdraw"), {"note": "found it"}),
        ),
    )
    for answers in (approvals, contested):
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused(next(answer for answer in answers if answer.status_code == 409), 409, "action_not_allowed")
    assert (await buyer.get(path_of(first)))["status"] == "awaiting_return"
    won = "refunded" if contested[0].is_success else "withdrawn"
    assert (await until_case(buyer, second, "refunded", "withdrawn"))["status"] == won
    rows = [item["action"] for item in await buyer.timeline(order["order_no"]) if item["subject"] == second["case_no"]]
    assert rows[1:] == (["approve_refund", "finish_case_refund"] if won == "refunded" else ["withdraw"])

    newest = await buyer.get("/v1/after-sales?limit=1")
    before = await buyer.get(f"/v1/after-sales?limit=2&cursor={newest['next_cursor']}")
    listed = [case["case_no"] for page in (newest, before) for case in page["items"]]
    assert listed == [f"{order['order_no']}-A{number}" for number in (3, 2, 1)]
    assert (await buyer.get("/v1/after-sales?kind=exchange"))["items"] == []


async def test_a_return_is_sent_back_and_inspected_by_whom_it_concerns(shop: Shop) -> None:
    await shop.opens_merchant("other")
    buyer, order = await bought(shop, 2, merchants=("own", "other"))
    path = f"/v1/orders/{order['order_no']}/after-sales"
    mixed = refused(await buyer.ask("POST", path, claim_on((1, 1), (2, 1), kind="return")), 409, "sellers_mixed")
    assert mixed["merchant_ids"] == sorted([shop.merchant_id("own"), shop.merchant_id("other")])
    sent, approval = {"carrier": "post", "tracking_no": "RR123456789TW"}, {"decision": "approve", "note": "yes"}
    case = await claims(buyer, order, (1, 2), kind="return", description="for 王小明")
    refused(await buyer.ask("POST", path_of(case, "/return-shipment"), sent), 409, "action_not_allowed")
    await shop.merchant().post(path_of(case, "/decision"), approval)
    personal = sent | {"carrier": "王小明"}
    refused(await buyer.ask("POST", path_of(case, "/return-shipment"), personal), 422, "request_invalid")
    shipped = await buyer.post(path_of(case, "/return-shipment"), sent)
    assert shipped["return_shipment"].items() >= sent.items()

    for stranger in (shop.merchant("other"), shop.merchant("stranger")):
        refused(await stranger.ask("POST", path_of(case, "/decision"), approval), 404, "not_found")
        refused(await stranger.ask("GET", path_of(case)), 404, "not_found")
        assert (await stranger.get("/v1/after-sales"))["items"] == []
    assert case["case_no"] not in str(await shop.merchant("other").order(order["order_no"]))
    assert case["case_no"] not in str(await shop.merchant("other").timeline(order["order_no"]))
    refused(await buyer.ask("POST", path_of(case, "/decision"), approval), 403, "forbidden")
    for word in ("/withdraw", "/consent"):
        refused(await buyer.ask("POST", path_of(case, word)), 409, "action_not_allowed")

    clerk = shop.warehouse()
    (queued,) = (await clerk.get("/v1/after-sales?kind=return&status=returning"))["items"]
    assert queued["case_no"] == case["case_no"]
    seen = await clerk.get(path_of(case))
    assert (seen["description"], seen["settlement"], seen["refunds"]) == ("", None, [])
    assert "王小明" not in str(await clerk.timeline(order["order_no"]))
    assert enabled(seen) == {"receive", "accept", "refuse"}
    inspection = {"lines": [{"line_no": 1, "accepted": 1, "restock": "defective"}], "note": "one is broken"}
    refused(await shop.warehouse("else").ask("POST", path_of(case, "/inspection"), inspection), 404, "not_found")
    nothing = {"lines": [{"line_no": 1, "accepted": 0}]}
    refused(await clerk.ask("POST", path_of(case, "/inspection"), nothing), 422, "request_invalid")
    too_many = {"lines": [{"line_no": 1, "accepted": 3}]}
    refused(await clerk.ask("POST", path_of(case, "/inspection"), too_many), 422, "rule_invalid")
    await clerk.post(path_of(case, "/receipt"))
    await clerk.post(path_of(case, "/inspection"), inspection)
    done = await until_case(shop.operator, case, "refunded")
    assert [(line["quantity"], line["accepted"], line["restock"]) for line in done["lines"]] == [(2, 1, "defective")]
    refused(await clerk.ask("POST", path_of(case, "/inspection"), inspection), 409, "action_not_allowed")
    again = await claims(buyer, order, (1, 1), reason="changed_mind")
    assert again["case_no"] != case["case_no"], "what the inspection did not take may be claimed again"

    rejected = await shop.merchant().post(path_of(again, "/decision"), {"decision": "reject", "note": "used"})
    assert (rejected["status"], enabled(await buyer.get(path_of(again)))) == ("rejected", {"withdraw", "escalate"})
    await buyer.post(path_of(again, "/escalate"), {"note": "it was not"})
    refused(await shop.merchant().ask("POST", path_of(again, "/decision"), approval), 409, "action_not_allowed")
    closed = await shop.operator.post(path_of(again, "/decision"), {"decision": "reject", "note": "it was"})
    assert (closed["status"], closed["system_status"], enabled(closed)) == ("closed", "closed", set())
    problem = refused(await shop.operator.ask("POST", path_of(again, "/decision"), approval), 409, "action_not_allowed")
    assert problem["state"] == "closed"


async def test_a_preview_says_what_may_be_claimed_and_what_would_come_back(shop: Shop) -> None:
    buyer, order = await bought(shop, 2)
    path = f"/v1/orders/{order['order_no']}/after-sales/preview"
    seen = await buyer.post(path, {"kind": "return", "lines": [{"line_no": 1, "quantity": 2}], "reason": "defective"})
    (line,) = seen["claimable"]
    assert (line["cancellation"], line["refund"], line["return"], line["exchange"]) == (0, 2, 2, 2)
    back = seen["would_come_back"]
    total = sum(item[part]["amount"] for item in back["lines"] for part in ("goods", "shipping", "points"))
    withheld = sum(item["amount"]["amount"] for item in back["withheld"])
    assert total - withheld == back["money"]["amount"] + back["points_value"]["amount"]
    more = {"kind": "return", "lines": [{"line_no": 1, "quantity": 3}]}
    replaced = {"line_no": 1, "quantity": 1, "replacement_sku": "nothing-like-it"}
    refused(await buyer.ask("POST", path, more), 409, "units_not_claimable")
    refused(await buyer.ask("POST", path, more | {"kind": "cancellation"}), 409, "action_not_allowed")
    refused(await shop.buyer("mallory").ask("POST", path, more), 404, "not_found")

    for wrong, status, code in (
        (claim_on((1, 3)), 409, "units_not_claimable"),
        (claim_on((1, 1), (1, 1)), 422, "request_invalid"),
        (claim_on((1, 1), kind="cancellation"), 422, "request_invalid"),
        (claim_on((1, 1), attachments=["none-of-mine"]), 422, "attachment_invalid"),
        (claim_on(kind="exchange") | {"lines": [replaced]}, 409, "replacement_unavailable"),
        (claim_on() | {"lines": [replaced]}, 422, "request_invalid"),
    ):
        refused(await buyer.ask("POST", f"/v1/orders/{order['order_no']}/after-sales", wrong), status, code)
    assert (await buyer.order(order["order_no"]))["after_sales"] == []


async def test_after_the_window_nothing_can_be_claimed_though_the_order_waits_for_a_case(
    stack: Stack, http: httpx.AsyncClient
) -> None:
    shop = await Shop.open(stack, http)
    buyer, order = await bought(shop, 2)
    path = f"/v1/orders/{order['order_no']}"
    case = await claims(buyer, order, (1, 1), kind="return")
    await buyer.post(f"{path}/confirm-receipt")
    await until(lambda: buyer.order(order["order_no"]), lambda seen: "request_after_sales" not in enabled(seen))
    refused(await buyer.ask("POST", f"{path}/after-sales", claim_on((1, 1))), 409, "after_sales_window_closed")
    await buyer.post(path_of(case, "/withdraw"))
    await shop.until(order["order_no"], "completed")
    refused(await buyer.ask("POST", f"{path}/after-sales", claim_on((1, 1))), 409, "action_not_allowed")


async def test_a_paid_order_is_cancelled_seller_by_seller(shop: Shop) -> None:
    await shop.opens_merchant("other", shipping=3000)
    buyer, skus = shop.buyer(), [await shop.shelves(), await shop.shelves(merchant="other")]
    order = await shop.produces(buyer, (skus[0], 2), (skus[1], 1))
    path = f"/v1/orders/{order['order_no']}/cancel"
    assert "request_cancellation" in enabled(await buyer.order(order["order_no"]))
    refused(await shop.merchant("stranger").ask("POST", path), 404, "not_found")
    foreign = {"lines": [{"line_no": 1, "quantity": 1}]}
    refused(await shop.merchant("other").ask("POST", path, foreign), 409, "units_not_claimable")
    refused(await shop.operator.ask("POST", path), 422, "request_invalid")
    refused(await buyer.ask("POST", path, {"cause": "late"}), 422, "request_invalid")

    answers = [await shop.merchant("other").ask("POST", path, {"reason": "none left"}, key="out") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    (shown,) = answers[1].json()["after_sales"]
    assert (shown["kind"], shown["reason"], shown["quantity"]) == ("cancellation", "out_of_stock", 1)
    assert answers[0].json()["after_sales"][0]["status"] != "requested", "it waits for the run's own first step"

    part = await buyer.post(path, {"reason": "one will do", "lines": [{"line_no": 1, "quantity": 1}]})
    assert [case["quantity"] for case in part["after_sales"]] == [1, 1]
    await buyer.post(path)
    ended = await shop.until(order["order_no"], "refunded")
    assert {case["status"] for case in ended["after_sales"]} == {"refunded"}
    (payment,) = ended["payments"]
    assert payment["refunded"] == payment["received"] == twd(39_000)
    assert [await shop.stock(sku) for sku in skus] == [(100, 0), (100, 0)]
    refused(await buyer.ask("POST", path), 409, "action_not_allowed")

    numbers = [case["case_no"] for case in ended["after_sales"]]
    for person, mine in ((buyer, numbers), (shop.merchant("other"), numbers[:1]), (shop.warehouse(), numbers)):
        told = (await person.ask("GET", f"/v1/orders/{order['order_no']}/events")).text
        assert [number in told for number in numbers] == [number in mine for number in numbers]
        assert "after_sales.refunded" in told
    assert (await shop.warehouse().order(order["order_no"]))["lines"], "what was stopped there is still its own to see"


async def test_each_warehouse_that_has_begun_speaks_for_its_own_parcels_alone(shop: Shop) -> None:
    places = [await shop.opens_warehouse(name) for name in ("north", "south", "west")]
    buyer, sku = shop.buyer(), await shop.shelves(stock=dict.fromkeys(places, 1))
    order = await shop.produces(buyer, (sku, 3))
    parcels = {parcel["warehouse_id"]: parcel for parcel in order["parcels"]}
    for place in places[:2]:
        await shop.reports(parcels[place], "picked")
    await until(lambda: states_by_place(shop, order), lambda states: [*states.values()].count("picked") == 2)
    await buyer.post(f"/v1/orders/{order['order_no']}/cancel", {"reason": "changed my mind"})
    cancelled = await until(
        lambda: buyer.order(order["order_no"]),
        lambda seen: "requested" not in {case["status"] for case in seen["after_sales"]},
    )
    asked = [case for case in cancelled["after_sales"] if case["status"] == "stopping"]
    assert (len(cancelled["after_sales"]), len(asked)) == (3, 2), "nobody is asked about what is not begun"
    kinds = {}
    for case in asked:
        place = (await shop.operator.get(path_of(case)))["warehouse_id"]
        clerk = shop.person(Role.WAREHOUSE, f"{shop.mark}-clerk", warehouse_id=place)
        decision = {"decision": "stop" if place == places[0] else "refuse"}
        kinds[place] = (await clerk.post(path_of(case, "/stop-decision"), decision))["kind"]
    assert kinds == {places[0]: "cancellation", places[1]: "return"}
    assert await states_by_place(shop, order) == dict(zip(places, ("cancelled", "picked", "cancelled"), strict=True))
    assert await shop.stock(sku) == (3, 1)


async def states_by_place(shop: Shop, order: Document) -> dict[str, str]:
    """Warehouse → the state of its parcel."""
    seen = await shop.operator.order(order["order_no"])
    return {parcel["warehouse_id"]: parcel["state"] for parcel in seen["parcels"]}


async def test_a_refund_and_two_cancels_at_once_give_each_unit_back_once(shop: Shop) -> None:
    await shop.opens_merchant("other")
    buyer, skus = shop.buyer(), [await shop.shelves(), await shop.shelves(merchant="other")]
    order = await shop.produces(buyer, (skus[0], 1), (skus[1], 1))
    (leaving,) = (parcel for parcel in order["parcels"] if parcel["merchant_id"] == shop.merchant_id())
    await shop.reports(leaving, "handed_over")
    await shop.until(order["order_no"], "partly_shipped")
    path = f"/v1/orders/{order['order_no']}"
    claim, *cancels = await asyncio.gather(
        buyer.ask("POST", f"{path}/after-sales", claim_on((1, 1), reason="late")),
        buyer.ask("POST", f"{path}/cancel"),
        buyer.ask("POST", f"{path}/cancel"),
    )
    assert claim.status_code == 201
    assert sorted(answer.status_code for answer in cancels) == [200, 409]
    late = next(answer for answer in cancels if answer.status_code == 409)
    # By then the run may know that nothing of the order is left to ship: shipped orders are not cancelled.
    code = "action_not_allowed" if late.json().get("state") == "shipped" else "units_not_claimable"
    refused(late, 409, code)
    await shop.merchant().post(path_of(claim.json(), "/decision"), {"decision": "approve", "note": "keep it"})
    await shop.reports(leaving, "delivered")
    await shop.until(order["order_no"], "delivered")
    await buyer.post(f"{path}/confirm-receipt")
    ended = await shop.until(order["order_no"], "refunded")
    (payment,) = ended["payments"]
    assert payment["refunded"] == payment["received"]
    assert len(ended["refunds"]) == 2
