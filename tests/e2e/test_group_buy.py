"""Group buys over HTTP: seats, payments, time, and money that goes back to the cent (R-TYPE-5)."""

import asyncio
from collections import Counter

import pytest

from tests.group_buy import PRICE, GroupBuy
from tests.shop import Document, Shop, refused, twd, until


def money_back(order: Document) -> list[tuple[str, Document]]:
    return [(refund["state"], refund["amount"]) for refund in order["refunds"]]


async def test_of_four_who_join_a_group_of_three_at_once_one_is_refused_and_the_others_go_on(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop)
    people = [shop.buyer(name) for name in ("lea", "bob", "cat", "dan")]
    opened = await buy.joins(people[0])
    code = opened["group"]["code"]
    quotes = [await buy.quotes(person, code) for person in people[1:]]
    answers = await asyncio.gather(
        *(
            person.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
            for person, quote in zip(people[1:], quotes, strict=True)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 1}
    (late,) = [answer for answer in answers if answer.status_code == 409]
    problem = refused(late, 409, "group_unavailable")
    assert (problem["reason"], problem["group_code"]) == ("full", code)
    assert problem["quote"]["sale"] == {"size": 3, "seconds": 60}, "the fresh quote opens a group of the buyer's own"
    assert await shop.stock(buy.sku) == (100, 3)
    seated = await buy.group(code)
    assert (seated["state"], seated["seats_taken"], seated["joinable"]) == ("full", 3, False)

    placed = [(person, answer.json()) for person, answer in zip(people[1:], answers, strict=True) if answer.is_success]
    members = [(people[0], opened), *placed]
    for person, order in members[:2]:
        await buy.pays(person, order)
    waiting = await people[0].order(opened["order_no"])
    assert (waiting["status"], waiting["group"]["state"]) == ("awaiting_group", "full")
    await buy.pays(*members[2])
    for person, order in members:
        await shop.until(order["order_no"], "in_production")
        actions = [item["action"] for item in await person.timeline(order["order_no"])]
        assert actions == ["submit", "pay", "confirm_payment", "fill_group", "split"]
    assert (await buy.group(code))["state"] == "filled"


async def test_a_group_that_does_not_fill_gives_the_payers_their_money_and_everybody_their_goods_back(
    shop: Shop,
) -> None:
    buy = await GroupBuy.opens(shop, seconds=8)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    first = await buy.joins(lea)
    code = first["group"]["code"]
    second, third = await buy.joins(bob, code, quantity=2), await buy.joins(cat, code)
    assert third["payment_due_at"] == third["group"]["expires_at"], "nobody pays for a group that is over"
    paid = [await buy.pays(lea, first), await buy.pays(bob, second)]
    unpaid = await shop.attempts(cat, third["order_no"])

    orders = [await shop.until(order["order_no"], "refunded") for order in (first, second)]
    assert [money_back(order) for order in orders] == [[("succeeded", payment["amount"])] for payment in paid]
    assert [order["payments"][0]["refunded"] for order in orders] == [payment["amount"] for payment in paid]
    gone = await shop.until(third["order_no"], "cancelled")
    assert [payment["state"] for payment in gone["payments"]] == ["closed"]
    assert (await buy.group(code))["state"] == "expired"
    assert await shop.stock(buy.sku) == (100, 0)
    moved = [item["action"] for item in await lea.timeline(first["order_no"]) if item["from"] != item["to"]]
    assert moved == ["submit", "confirm_payment", "expire_group", "finish_refund"]

    await shop.simulates(unpaid)
    answer = await cat.ask("POST", "/v1/quotes", buy.cart(code))
    assert refused(answer, 409, "group_unavailable")["reason"] == "expired"


async def test_the_leader_may_leave_while_the_group_forms_and_another_takes_the_seat(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop, size=2)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    first = await buy.joins(lea)
    code = first["group"]["code"]
    second = await buy.joins(bob, code)
    paid = await buy.pays(lea, first)
    assert {item["action"]: item["enabled"] for item in (await lea.order(first["order_no"]))["available_actions"]} == {
        "pay": False,
        "cancel": True,
        "change_receiver": True,
        "confirm_receipt": False,
        "review": False,
    }
    left = await lea.post(f"/v1/orders/{first['order_no']}/cancel")
    assert left["status"] in ("refunding", "refunded")
    assert money_back(await shop.until(first["order_no"], "refunded")) == [("succeeded", paid["amount"])]
    forming = await buy.group(code)
    assert (forming["state"], forming["seats_taken"], forming["joinable"]) == ("forming", 1, True)

    third = await buy.joins(cat, code)
    await buy.pays(bob, second)
    await buy.pays(cat, third)
    for order in (second, third):
        await shop.until(order["order_no"], "in_production")
    assert await shop.stock(buy.sku) == (100, 2)


async def test_who_does_not_pay_in_time_loses_the_seat_and_late_money_goes_back_by_itself(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop, size=2)
    lea, bob = shop.buyer("lea"), shop.buyer("bob")
    first = await buy.joins(lea)
    code = first["group"]["code"]
    late = await buy.joins(bob, code)
    attempt = await shop.attempts(bob, late["order_no"])
    await bob.post(f"/v1/orders/{late['order_no']}/cancel")
    assert (await buy.group(code))["seats_taken"] == 1
    again = await buy.joins(bob, code, quantity=2)
    await buy.pays(lea, first)
    await buy.pays(bob, again)
    await shop.until(again["order_no"], "in_production")
    await shop.simulates(attempt)
    closed = await shop.operator.order(late["order_no"])
    assert [payment["state"] for payment in closed["payments"]] == ["closed"]
    assert closed["system_status"] == "cancelled"


async def test_a_group_is_shown_to_who_has_its_code_and_names_nobody(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop)
    order = await buy.joins(shop.buyer("lea"))
    shown = await buy.group(order["group"]["code"])
    assert shown == {
        **order["group"],
        "campaign": buy.code,
        "order_type": "group_buy",
        "sku": buy.sku,
        "price": twd(PRICE),
        "joinable": True,
    }
    assert shop.mark not in str({name: value for name, value in shown.items() if name not in ("campaign", "sku")})
    refused(await shop.nobody().ask("GET", "/v1/groups/G-00000-00000"), 404, "not_found")


@pytest.mark.parametrize("reason", ["unknown_group", "joined_already", "other_campaign", "full", "dissolved"])
async def test_a_group_that_cannot_be_joined_is_refused_by_the_preview_and_says_why(shop: Shop, reason: str) -> None:
    buy = await GroupBuy.opens(shop, size=2)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    code, asked, wanted = "G-NOSUCH", bob, buy
    if reason != "unknown_group":
        order = await buy.joins(lea)
        code = order["group"]["code"]
    if reason == "joined_already":
        asked = lea
    elif reason == "other_campaign":
        wanted = await GroupBuy.opens(shop)
    elif reason == "full":
        await buy.joins(cat, code)
    elif reason == "dissolved":
        await lea.post(f"/v1/orders/{order['order_no']}/cancel")
        await until(lambda: buy.group(code), lambda group: group["state"] == "dissolved")
    async with shop.nothing_changes(asked, wanted.sku):
        answer = await asked.ask("POST", "/v1/quotes", wanted.cart(code))
        assert refused(answer, 409, "group_unavailable")["reason"] == reason
