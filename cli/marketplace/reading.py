"""Olist's three CSV files read into orders; what cannot be used is named by file, line and reason."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from pathlib import Path

from cli.marketplace.orders import Item, MarketplaceOrder, Product
from cli.marketplace.sheet import Malformed, Row, RowInvalid, Sheet, read_sheet
from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.money import Money

FILES = ("orders.csv", "order_items.csv", "products.csv")
_ORDER_COLUMNS = ("order_id", "customer_id", "customer_city", "customer_state", "order_status")
_ITEM_COLUMNS = ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value")
_SIZES = ("product_length_cm", "product_width_cm", "product_height_cm")
_PRODUCT_COLUMNS = ("product_id", "product_category_name", "product_weight_g", *_SIZES)
_CANCELLED = frozenset({"canceled", "unavailable"})
_STATUSES = _CANCELLED | {"created", "approved", "invoiced", "processing", "shipped", "delivered"}
_MOST_MINOR_UNITS = 10**10
_LARGEST_MEASURE = 10**7


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An order that is not placed because a row of it cannot be used."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Marketplace:
    """Every usable order in the file's sequence, and all that was wrong."""

    orders: tuple[MarketplaceOrder, ...]
    left_out: tuple[LeftOut, ...]
    malformed: tuple[Malformed, ...]


def read_marketplace(folder: Path, currency: str = "BRL") -> Marketplace:
    """Read `orders.csv`, `order_items.csv` and `products.csv`. An order with one malformed row is left out whole.

    Raises `FileNotFoundError` when a file is not there.
    """
    return _Reading(currency).read(folder)


@dataclass(slots=True)
class _Heading:
    """An order's own row, before its items are known."""

    row: Row
    customer_id: str
    city: str
    state: str
    cancelled: bool


@dataclass(slots=True)
class _Reading:
    currency: str
    malformed: list[Malformed] = field(default_factory=list)
    spoilt: dict[str, str] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    headings: dict[str, _Heading | None] = field(default_factory=dict)
    items: dict[str, dict[int, Item]] = field(default_factory=lambda: defaultdict(dict))

    def read(self, folder: Path) -> Marketplace:
        sheets = [
            read_sheet(folder / name, columns)
            for name, columns in zip(FILES, (_ORDER_COLUMNS, _ITEM_COLUMNS, _PRODUCT_COLUMNS), strict=True)
        ]
        orders, items, products = sheets
        for row in products.rows:
            self._guarded(row, self._add_product, None)
        for row in orders.rows:
            self._guarded(row, self._add_order, row.fields["order_id"])
        for row in items.rows:
            self._guarded(row, self._add_item, row.fields["order_id"])
        self._spoil_by_torn_lines(sheets)
        usable = tuple(self._assembled())
        left_out = tuple(LeftOut(order_id, reason) for order_id, reason in self.spoilt.items())
        return Marketplace(usable, left_out, tuple(sorted(self.malformed, key=lambda bad: (bad.file, bad.line))))

    def _guarded(self, row: Row, add: Callable[[Row], None], order_id: str | None) -> None:
        try:
            add(row)
        except RowInvalid as error:
            self._note(row.malformed(error), order_id)

    def _note(self, bad: Malformed, order_id: str | None) -> None:
        self.malformed.append(bad)
        if order_id in self.headings:
            self.spoilt.setdefault(order_id, str(bad))

    def _add_product(self, row: Row) -> None:
        product_id = row.text("product_id")
        if product_id in self.products:
            raise RowInvalid(f"product {product_id} appears twice; the first row counts")
        length, width, height = (_millimetres(row, column) for column in _SIZES)
        self.products[product_id] = Product(
            product_id,
            row.fields["product_category_name"],
            _measure(row, "product_weight_g"),
            length,
            width,
            height,
        )

    def _add_order(self, row: Row) -> None:
        order_id = row.text("order_id")
        if order_id in self.headings:
            raise RowInvalid(f"order {order_id} appears twice")
        # Known from here on, so that its items are not taken for orphans when the rest of the row is bad.
        self.headings[order_id] = None
        status = row.text("order_status")
        if status not in _STATUSES:
            raise RowInvalid(f"order_status {status!r} is unknown")
        _check_times(row)
        self.headings[order_id] = _Heading(
            row,
            row.text("customer_id"),
            row.text("customer_city"),
            row.text("customer_state"),
            status in _CANCELLED,
        )

    def _add_item(self, row: Row) -> None:
        order_id = row.text("order_id")
        if order_id not in self.headings:
            raise RowInvalid(f"order {order_id} is not in orders.csv")
        number = _item_number(row)
        if number in self.items[order_id]:
            raise RowInvalid(f"order_item_id {number} appears twice in order {order_id}")
        product_id = row.text("product_id")
        product = self.products.get(product_id)
        if product is None:
            raise RowInvalid(f"product {product_id} is unknown")
        self.items[order_id][number] = Item(
            product, row.text("seller_id"), self._money(row, "price"), self._money(row, "freight_value")
        )

    def _money(self, row: Row, column: str) -> Money:
        try:
            money = Money.parse(row.text(column), self.currency)
        except MoneyInvalid as error:
            raise RowInvalid(f"{column}: {error}") from error
        if money.amount < 0:
            raise RowInvalid(f"{column} {row.fields[column]} is negative")
        if money.amount > _MOST_MINOR_UNITS:
            raise RowInvalid(f"{column} {row.fields[column]} is beyond any price")
        return money

    def _spoil_by_torn_lines(self, sheets: Iterable[Sheet]) -> None:
        for sheet in sheets:
            for torn in sheet.torn:
                self.malformed.append(torn.malformed)
                for order_id in torn.pieces & self.headings.keys():
                    self.spoilt.setdefault(order_id, str(torn.malformed))

    def _assembled(self) -> Iterable[MarketplaceOrder]:
        for order_id, heading in self.headings.items():
            if order_id in self.spoilt or heading is None:
                continue
            numbers = self.items.get(order_id, {})
            missing = next((number for number in range(1, len(numbers) + 1) if number not in numbers), None)
            if not numbers:
                self._note(heading.row.malformed("the order has no items"), order_id)
            elif missing is not None:
                self._note(heading.row.malformed(f"item {missing} of the order is missing"), order_id)
            else:
                items = tuple(numbers[number] for number in sorted(numbers))
                yield MarketplaceOrder(
                    order_id, heading.customer_id, heading.city, heading.state, heading.cancelled, items
                )


def _item_number(row: Row) -> int:
    text = row.text("order_item_id")
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text) > 0):
        raise RowInvalid(f"order_item_id {text!r} is not a whole number from 1")
    return int(text)


def _measure(row: Row, column: str, factor: int = 1) -> int | None:
    text = row.fields[column]
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise RowInvalid(f"{column} {text!r} is not a number") from error
    if not number.is_finite() or not 0 <= number <= _LARGEST_MEASURE:
        raise RowInvalid(f"{column} {text} is out of range")
    return int((number * factor).to_integral_value(ROUND_CEILING))


def _millimetres(row: Row, column: str) -> int | None:
    return _measure(row, column, factor=10)


def _check_times(row: Row) -> None:
    """Times are not used, but a row whose times are no times is not to be trusted."""
    for column, text in row.fields.items():
        if text and column.endswith(("_timestamp", "_at", "_date")):
            try:
                datetime.fromisoformat(text)
            except ValueError as error:
                raise RowInvalid(f"{column} {text!r} is not a time") from error
