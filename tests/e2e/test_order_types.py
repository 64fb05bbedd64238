"""What is published of order types is what they live by (R-STM-1 … R-STM-3)."""

import pytest

from ordersaga.domain.lifecycle.after_sales import MACHINE as AFTER_SALES
from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from tests.shop import Shop


async def test_every_type_is_listed_with_its_name_in_both_languages(shop: Shop) -> None:
    listed = (await shop.nobody().get("/v1/order-types"))["items"]
    assert [(item["order_type"], item["label"]["zh-Hant"]) for item in listed] == [
        ("standard", "普通訂單"),
        ("flash_sale", "秒殺"),
        ("presale", "預售"),
        ("digital", "虛擬商品"),
        ("group_buy", "拼團"),
        ("exchange", "換貨"),
    ]
    assert [item["order_type"] for item in listed if not item["ships"]] == ["digital"]
    assert [item["order_type"] for item in listed if item["under_campaign"]] == ["flash_sale", "presale", "group_buy"]
    assert [item["order_type"] for item in listed if not item["offered"]] == ["exchange"]


@pytest.mark.parametrize("name", list(ORDER_TYPES))
async def test_a_types_table_words_and_diagram_are_published_whole(shop: Shop, name: str) -> None:
    machine = ORDER_TYPES[name].machine
    shown = await shop.nobody().get(f"/v1/order-types/{name}")
    assert shown["diagram"] == mermaid(machine)
    assert [(row["current"], row["action"], row["next"], row["guard"]) for row in shown["transitions"]] == [
        (row.current, row.action, row.next, row.guard) for row in machine.rows
    ]
    assert all(row["by"] and row["trigger"] in ("person", "system") for row in shown["transitions"])
    assert {item["state"]: item["final"] for item in shown["states"]} == {
        state: state in machine.final for state in machine.states
    }
    for item in shown["states"]:
        for role in ("buyer", "merchant", "operator"):
            assert item[f"{role}_status"]
            assert all(item[f"{role}_label"][language] for language in ("en", "zh-Hant"))


async def test_an_order_tells_of_each_action_that_is_not_possible_why(shop: Shop) -> None:
    buyer = shop.buyer()
    order_no = await shop.places(buyer, (await shop.shelves(), 1))
    actions = (await buyer.order(order_no))["available_actions"]
    assert {item["action"] for item in actions if item["enabled"]} == {
        "pay",
        "cancel",
        "change_order",
        "change_receiver",
        "change_delivery_note",
    }
    assert all(bool(item["reason"]) != item["enabled"] for item in actions)


async def test_the_table_of_after_sales_cases_is_published_too(shop: Shop) -> None:
    shown = await shop.nobody().get("/v1/after-sales-table")
    assert shown["diagram"] == mermaid(AFTER_SALES)
    assert [(row["current"], row["action"], row["next"]) for row in shown["transitions"]] == [
        (row.current, row.action, row.next) for row in AFTER_SALES.rows
    ]
