"""Malformed rows are named by file, line and reason; their orders are left out whole; the rest is read."""

from pathlib import Path

import pytest

import cli
from cli.marketplace.reading import FILES, Marketplace, read_marketplace
from ordersaga.domain.money import Money

DEMO_ORDERS = Path(cli.__file__).parent / "demo_orders"
ORDERS, ITEMS, PRODUCTS = FILES
HEADERS = {name: (DEMO_ORDERS / name).read_text().splitlines()[0] for name in FILES}

GOOD: dict[str, tuple[str, ...]] = {
    ORDERS: (
        "one,ana,sao paulo,SP,delivered,2026-03-02 09:14:11,,,",
        "two,bruno,recife,PE,canceled,2026-03-02 09:14:11,,,",
    ),
    ITEMS: ("one,1,cup,potter,10.5,2.25", "one,2,cup,potter,10.5,2.25", "two,1,cup,potter,10.50,2.2"),
    PRODUCTS: ("cup,housewares,250.5,10.2,8.0,9",),
}


def read(folder: Path, **changed: tuple[str, ...]) -> Marketplace:
    for name, rows in GOOD.items():
        lines = (HEADERS[name], *changed.get(name.removesuffix(".csv"), rows))
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_marketplace(folder)


def order_ids(found: Marketplace) -> list[str]:
    return [order.order_id for order in found.orders]


def complaints(found: Marketplace) -> list[str]:
    return [str(bad) for bad in found.malformed]


def test_an_order_has_its_items_and_sums_to_the_cent(tmp_path: Path) -> None:
    found = read(tmp_path)
    one, two = found.orders
    assert (one.goods, one.freight, one.payable) == (Money(2100, "BRL"), Money(450, "BRL"), Money(2550, "BRL"))
    assert [one.cancelled, two.cancelled] == [False, True]
    assert one.quantities().total() == 2
    assert len(one.quantities()) == 1
    assert (found.malformed, found.left_out) == ((), ())


def test_measures_become_whole_grams_and_millimetres_rounded_up(tmp_path: Path) -> None:
    product = read(tmp_path).orders[0].items[0].product
    assert (product.weight_g, product.length_mm, product.width_mm, product.height_mm) == (251, 102, 90, 80)


def test_a_product_without_measures_is_still_a_product(tmp_path: Path) -> None:
    found = read(tmp_path, products=("cup,,,,,",))
    assert order_ids(found) == ["one", "two"]
    assert found.orders[0].items[0].product.weight_g is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("one,2,cup,potter,ten,2.25", "price: 'ten' is not a decimal number"),
        ("one,2,cup,potter,10.555,2.25", "price: '10.555' has more decimals than BRL (2)"),
        ("one,2,cup,potter,,2.25", "price is missing"),
        ("one,2,cup,potter,-10.5,2.25", "price -10.5 is negative"),
        ("one,2,cup,potter,10.5,-2", "freight_value -2 is negative"),
        ("one,2,cup,potter,1e3,2.25", "price: '1e3' is not a decimal number"),
        ("one,2,cup,potter,99999999999999,1", "price 99999999999999 is beyond any price"),
        ("one,2,cup,,10.5,2.25", "seller_id is missing"),
        ("one,2,mug,potter,10.5,2.25", "product mug is unknown"),
        ("one,1,cup,potter,10.5,2.25", "order_item_id 1 appears twice in order one"),
        ("one,0,cup,potter,10.5,2.25", "order_item_id '0' is not a whole number from 1"),
        ("one,two,cup,potter,10.5,2.25", "order_item_id 'two' is not a whole number from 1"),
        ("one,2,cup,potter,10.5", "5 fields where the header has 6"),
        ("one,2,cup,potter,10.5,2.25,0", "7 fields where the header has 6"),
        ('one,2,"cup,potter,10.5,2.25', "not CSV: unexpected end of data"),
        ("one,2,cup,pot\x00ter,10.5,2.25", "seller_id holds characters that cannot be printed"),
    ],
)
def test_a_bad_item_leaves_its_order_out_whole_and_no_other(tmp_path: Path, row: str, reason: str) -> None:
    found = read(tmp_path, order_items=(GOOD[ITEMS][0], row, GOOD[ITEMS][2]))
    assert order_ids(found) == ["two"]
    assert complaints(found) == [f"order_items.csv:3: {reason}"]
    assert [(left.order_id, left.reason) for left in found.left_out] == [("one", f"order_items.csv:3: {reason}")]


def test_an_item_of_no_order_is_reported(tmp_path: Path) -> None:
    found = read(tmp_path, order_items=(*GOOD[ITEMS], "three,1,cup,potter,10.5,2.25"))
    assert order_ids(found) == ["one", "two"]
    assert complaints(found) == ["order_items.csv:5: order three is not in orders.csv"]


def test_an_order_that_lost_an_item_is_not_placed_in_part(tmp_path: Path) -> None:
    found = read(tmp_path, order_items=GOOD[ITEMS][1:])
    assert order_ids(found) == ["two"]
    assert complaints(found) == ["orders.csv:2: item 1 of the order is missing"]


def test_an_order_without_items_is_reported(tmp_path: Path) -> None:
    found = read(tmp_path, order_items=GOOD[ITEMS][:2])
    assert order_ids(found) == ["one"]
    assert complaints(found) == ["orders.csv:3: the order has no items"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("one,,sao paulo,SP,delivered,2026-03-02 09:14:11,,,", "customer_id is missing"),
        ("one,ana,,SP,delivered,2026-03-02 09:14:11,,,", "customer_city is missing"),
        ("one,ana,sao paulo,SP,teleported,2026-03-02 09:14:11,,,", "order_status 'teleported' is unknown"),
        ("one,ana,sao paulo,SP,delivered,yesterday,,,", "order_purchase_timestamp 'yesterday' is not a time"),
    ],
)
def test_a_bad_order_row_leaves_the_order_out_without_blaming_its_items(tmp_path: Path, row: str, reason: str) -> None:
    found = read(tmp_path, orders=(row, GOOD[ORDERS][1]))
    assert order_ids(found) == ["two"]
    assert complaints(found) == [f"orders.csv:2: {reason}"]


def test_an_order_that_appears_twice_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, orders=(*GOOD[ORDERS], GOOD[ORDERS][0]))
    assert order_ids(found) == ["two"]
    assert complaints(found) == ["orders.csv:4: order one appears twice"]


@pytest.mark.parametrize("row", ["cup,housewares,heavy,1,1,1", "cup,housewares,-1,1,1,1", "cup,housewares,NaN,1,1,1"])
def test_a_bad_product_is_unknown_to_the_items_that_name_it(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, products=(row,))
    assert found.orders == ()
    assert [left.order_id for left in found.left_out] == ["one", "two"]
    assert complaints(found)[-1].startswith("products.csv:2: product_weight_g")


def test_a_line_in_another_encoding_spoils_its_own_order_only(tmp_path: Path) -> None:
    read(tmp_path)
    path = tmp_path / ORDERS
    path.write_bytes(path.read_bytes().replace(b"sao paulo", "são paulo".encode("latin-1")))
    found = read_marketplace(tmp_path)
    assert order_ids(found) == ["two"]
    assert complaints(found)[-1] == "orders.csv:2: not UTF-8 at byte 10 of the line"


def test_a_bad_header_is_the_file_s_only_complaint(tmp_path: Path) -> None:
    read(tmp_path)
    path = tmp_path / ITEMS
    path.write_text(path.read_text().replace("freight_value", "freight"))
    found = read_marketplace(tmp_path)
    assert found.orders == ()
    assert "order_items.csv:1: the header cannot be used: no column freight_value" in complaints(found)


def test_a_byte_order_mark_windows_lines_and_empty_lines_are_nothing_wrong(tmp_path: Path) -> None:
    read(tmp_path)
    for name in FILES:
        path = tmp_path / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    found = read_marketplace(tmp_path)
    assert order_ids(found) == ["one", "two"]
    assert found.malformed == ()


def test_the_project_s_own_orders_are_all_usable() -> None:
    found = read_marketplace(DEMO_ORDERS)
    assert len(found.orders) == 12
    assert (found.malformed, found.left_out) == ((), ())
    assert sum(order.cancelled for order in found.orders) == 2
    assert max(len({item.seller_id for item in order.items}) for order in found.orders) == 3
    assert max(max(order.quantities().values()) for order in found.orders) == 3
