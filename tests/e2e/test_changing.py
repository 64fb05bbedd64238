"""Changing an order before payment: what it would cost, what comes back, and who is faster, the change or the money."""

import asyncio

import pytest

from tests.e2e.unhurried import UnhurriedShop
from tests.marketing import Marketing, off, percent, sek
from tests.shop import Document, Person, Shop, refused, succeeded, twd


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """An order can be changed for as long as it may be paid."""
    return unhurried


def path_of(order_no: str, rest: str = "/changes") -> str:
    return f"/v1/orders/{order_no}{rest}"


async def previewed(buyer: Person, order_no: str, *lines: tuple[int, int], **more: str) -> Document:
    body = {"lines": [{"line_no": line_no, "quantity": quantity} for line_no, quantity in lines], **more}
    return await buyer.post(path_of(order_no, "/changes/preview"), body)


async def accepted(buyer: Person, order_no: str, preview: Document) -> Document:
    return await buyer.post(path_of(order_no), {"change_token": preview["change_token"]})


async def audited(shop: Shop, order_no: str) -> list[Document]:
    findings: list[Document] = (await shop.operator.get(path_of(order_no, "/audit")))["findings"]
    return findings


async def test_a_smaller_order_gives_back_what_its_price_does_not_rest_on_and_is_paid_at_its_new_price(
    shop: Shop,
) -> None:
    marketing, buyer = Marketing(shop), shop.buyer()
    tea, cup = await marketing.shelves_for_points(10_000), await marketing.shelves_for_points(5_000)
    budget = await marketing.promotes("tenth", percent(1000), tea, budget=sek(100_000))
    coupon = await marketing.grants("large", off(1_000, "SEK"), tea, cup, to=buyer, minimum_amount=sek(30_000))
    limit = {"goods": {"skus": [tea]}, "subject": "account", "quantity": 4, "period": "ever"}
    await shop.operator.put(f"/v1/admin/limits/{shop.mark}-four", limit)
    await marketing.gives_points(buyer, 2_000)
    order_no = await shop.places(buyer, (tea, 4), (cup, 1), coupon_codes=[coupon], points=1_500)
    assert (await buyer.order(order_no))["totals"]["payable"] == sek(25_000)
    old = await shop.attempts(buyer, order_no)

    async with shop.nothing_changes(buyer, tea, cup):
        preview = await previewed(buyer, order_no, (1, 1), (2, 0))
        stale = await previewed(buyer, order_no, (2, 0))
    assert (preview["before"]["totals"]["payable"], preview["after"]["totals"]["payable"]) == (sek(25_000), sek(4_500))
    assert preview["payable_change"] == sek(-20_500)
    assert [(item["line_no"], item["quantity_before"], item["quantity_after"]) for item in preview["lines"]] == [
        (1, 4, 1),
        (2, 1, 0),
    ]
    assert {offer["code"]: offer["reason"] for offer in preview["offers"]}[coupon] == "minimum_not_reached"

    changed = await accepted(buyer, order_no, preview)
    again = await accepted(buyer, order_no, preview)
    assert (changed["totals"], changed["lines"]) == (preview["after"]["totals"], again["lines"])
    assert [(line["line_no"], line["quantity"]) for line in changed["lines"]] == [(1, 1)]
    assert [payment["state"] for payment in changed["payments"]] == ["closed"]
    assert (await shop.stock(tea), await shop.stock(cup)) == ((100, 1), (100, 0))
    assert await marketing.points_of(buyer) == (2_000, 450)
    assert await marketing.coupon_states(buyer) == {coupon: "returned"}
    promotion = await shop.operator.get(f"/v1/admin/promotions/{budget}")
    assert (promotion["spent"], promotion["used"]) == (sek(1_000), 1)
    (change,) = (await shop.operator.get(path_of(order_no)))["items"]
    assert (change["before"]["totals"]["payable"], change["after"]["totals"]["payable"]) == (25_000, 4_500)
    assert (change["actor"], change["action"]) == (buyer.subject, "change_order")
    outdated = await buyer.ask("POST", path_of(order_no), {"change_token": stale["change_token"]})
    assert refused(outdated, 409, "change_outdated")["reason"] == "order_changed"
    # Three more of the limit's four are free again.
    assert (await shop.previews(buyer, (tea, 3), coupon_codes=[]))["warnings"] == []

    assert not (await shop.simulates(old)).is_success
    payment = await shop.pays(buyer, order_no)
    assert payment["amount"] == sek(4_500)
    order = await shop.until(order_no, "in_production")
    assert [line["quantity"] for parcel in order["parcels"] for line in parcel["lines"]] == [1]
    assert await marketing.points_of(buyer) == (1_550, 0)
    assert await audited(shop, order_no) == []
    told = [item["action"] for item in await buyer.timeline(order_no)]
    assert told[:6] == ["submit", "pay", "close_attempt", "change_order", "pay", "confirm_payment"]
    refused(await buyer.ask("POST", path_of(order_no, "/changes/preview"), {"lines": []}), 409, "action_not_allowed")


async def test_what_cannot_be_changed_is_refused_with_its_reason(shop: Shop) -> None:
    marketing, buyer, sku, gift = Marketing(shop), shop.buyer(), await shop.shelves(), await shop.shelves()
    await marketing.promotes("with", {"kind": "gift", "sku": gift}, sku, minimum_amount=twd(30_000))
    await marketing.promotes("much", off(15_000), sku, minimum_amount=twd(30_000))
    order_no = await shop.places(buyer, (sku, 3))
    (_, given) = (await buyer.order(order_no))["lines"]
    assert given["gift"]

    for lines, reason in (
        ([(9, 1)], "unknown_line"),
        ([(2, 0)], "gift"),
        ([(1, 4)], "more_than_ordered"),
        ([(1, 0)], "nothing_left"),
        ([(1, 3)], "nothing_changes"),
    ):
        body = {"lines": [{"line_no": line_no, "quantity": quantity} for line_no, quantity in lines]}
        answer = await buyer.ask("POST", path_of(order_no, "/changes/preview"), body)
        assert refused(answer, 422, "change_invalid")["reason"] == reason
    unknown = await buyer.ask("POST", path_of(order_no, "/changes/preview"), {"shipping_option": "balloon"})
    refused(unknown, 422, "shipping_option_unknown")

    # With the threshold the discount and the gift are lost: two cost more than three did, and the preview says so.
    preview = await previewed(buyer, order_no, (1, 2))
    assert preview["payable_change"]["amount"] > 0
    token = {"change_token": preview["change_token"]}
    for who, status, code in ((shop.buyer("mallory"), 404, "not_found"), (shop.merchant(), 403, "forbidden")):
        refused(await who.ask("POST", path_of(order_no), token), status, code)
    other = await shop.places(buyer, (sku, 1))
    assert refused(await buyer.ask("POST", path_of(other), token), 422, "change_invalid")["reason"] == "unknown_token"
    assert (await shop.stock(sku), await shop.stock(gift)) == ((100, 4), (100, 1))
    await marketing.promotes("much", off(1_000), sku, minimum_amount=twd(1_000))
    problem = refused(await buyer.ask("POST", path_of(order_no), token), 409, "change_outdated")
    assert problem["reason"] == "price_changed"
    assert await accepted(buyer, order_no, problem["preview"])
    assert (await shop.stock(sku), await shop.stock(gift)) == ((100, 3), (100, 0))
    await buyer.post(path_of(order_no, "/cancel"))
    assert (await shop.stock(sku), await audited(shop, order_no)) == ((100, 1), [])


async def test_a_change_and_a_payment_at_once_are_one_of_them(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    fast, slow, raced = [await shop.places(buyer, (sku, units)) for units in (2, 3, 4)]

    preview, payment = await previewed(buyer, fast, (1, 1)), await shop.attempts(buyer, fast)
    succeeded(await shop.simulates(payment))
    answer = await buyer.ask("POST", path_of(fast), {"change_token": preview["change_token"]})
    refused(answer, 409, "action_not_allowed")
    assert (await shop.until(fast, "in_production"))["lines"][0]["quantity"] == 2

    preview, payment = await previewed(buyer, slow, (1, 1)), await shop.attempts(buyer, slow)
    await accepted(buyer, slow, preview)
    assert not (await shop.simulates(payment)).is_success

    preview, payment = await previewed(buyer, raced, (1, 1)), await shop.attempts(buyer, raced)
    token = {"change_token": preview["change_token"]}
    answers = await asyncio.gather(
        *(buyer.ask("POST", path_of(raced), token) for _ in range(2)), shop.simulates(payment)
    )
    order = await buyer.order(raced)
    if answers[0].is_success:
        assert (order["lines"][0]["quantity"], order["status"]) == (1, "awaiting_payment")
        assert order["refunds"] or not answers[2].is_success
    else:
        order = await shop.until(raced, "in_production")
        assert (order["lines"][0]["quantity"], order["refunds"]) == (4, [])
    assert {answer.is_success for answer in answers[:2]} == {answers[0].is_success}
    for order_no in (fast, slow, raced):
        assert await audited(shop, order_no) == []


async def test_a_delivery_note_is_for_those_who_deliver_and_every_change_keeps_what_was_before(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    quote = await shop.previews(buyer, (sku, 1))
    order_no = str((await shop.submits(buyer, quote, delivery_note="the bell is broken"))["order_no"])
    assert (await shop.merchant().order(order_no))["delivery_note"] == "the bell is broken"
    await buyer.patch(path_of(order_no, "/delivery-note"), {"note": "leave it with the porter"})
    await shop.operator.patch(path_of(order_no, "/receiver"), {"city": "Tainan"})
    await buyer.patch(path_of(order_no, "/delivery-note"), {"note": "leave it with the porter"})
    changes = (await buyer.get(path_of(order_no)))["items"]
    assert [(item["sequence"], item["action"], item["before"], item["after"]) for item in changes] == [
        (
            1,
            "change_delivery_note",
            {"delivery_note": "the bell is broken"},
            {"delivery_note": "leave it with the porter"},
        ),
        (2, "change_receiver", {"city": "Taipei"}, {"city": "Tainan"}),
    ]
    refused(await shop.buyer("mallory").ask("GET", path_of(order_no)), 404, "not_found")
    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "in_production")
    assert (await shop.warehouse().order(order_no))["delivery_note"] == "leave it with the porter"
    await shop.reports(order["parcels"][0], "label_printed")
    answer = await buyer.ask("PATCH", path_of(order_no, "/delivery-note"), {"note": None})
    refused(answer, 409, "action_not_allowed")
    assert await audited(shop, order_no) == []


async def test_a_gift_that_only_comes_with_the_smaller_order_is_held_like_what_was_bought(shop: Shop) -> None:
    marketing, buyer, sku, gift = Marketing(shop), shop.buyer(), await shop.shelves(), await shop.shelves(on_hand=1)
    group = {"exclusion_group": f"{shop.mark}-one"}
    await marketing.promotes("much", off(15_000), sku, minimum_amount=twd(30_000), **group)
    await marketing.promotes("with", {"kind": "gift", "sku": gift}, sku, **group)
    order_no = await shop.places(buyer, (sku, 3))
    assert (await shop.stock(sku), await shop.stock(gift)) == ((100, 3), (1, 0))
    preview = await previewed(buyer, order_no, (1, 1))
    assert [(item["line_no"], item["gift"], item["quantity_after"]) for item in preview["lines"]] == [
        (1, False, 1),
        (2, True, 1),
    ]
    await accepted(buyer, order_no, preview)
    assert (await shop.stock(sku), await shop.stock(gift)) == ((100, 1), (1, 1))
    await buyer.post(path_of(order_no, "/cancel"))
    assert (await shop.stock(sku), await shop.stock(gift), await audited(shop, order_no)) == ((100, 0), (1, 0), [])
