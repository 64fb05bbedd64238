"""What a quote says of its offers, and how an order's money falls on its parcels, as tables."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from cli.client import JsonObject
from cli.purchase import money_of
from ordersaga.domain.money import Money


def considered(quote: JsonObject) -> Table:
    """Every offer that was considered: what it takes off, or why it does not apply."""
    table = Table("offer", "of", "takes off", "why not", box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.columns[2].justify = "right"
    for offer in quote["offers"]:
        taken = str(money_of(offer["amount"])) if offer["applied"] else ""
        table.add_row(_name(offer), offer["source"].replace("_", " "), taken, _why_not(offer))
    return table


def applied(quote: JsonObject) -> dict[str, Money]:
    """What each applied offer takes off, by its code."""
    return {offer["code"]: money_of(offer["amount"]) for offer in quote["offers"] if offer["applied"]}


def compared(quotes: Mapping[str, JsonObject]) -> Table:
    """The totals of quotes beside each other, by what each of them is called."""
    table = Table("", *_TOTALS, box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, quote in quotes.items():
        table.add_row(name, *(str(money_of(quote["totals"][one])) for one in _TOTALS))
    return table


def parcels(order: JsonObject) -> Table:
    """What of the order's money falls on each parcel."""
    table = Table("parcel", "goods inside", "goods", "delivery", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in table.columns[2:]:
        column.justify = "right"
    for parcel in order["parcels"]:
        inside = ", ".join(f"{line['quantity']} × {line['sku']}" for line in parcel["lines"])
        shares = (sum_of(parcel, "payable"), sum_of(parcel, "shipping"))
        table.add_row(parcel["parcel_no"], inside, *(str(share) for share in shares))
    return table


def sum_of(document: JsonObject, name: str) -> Money:
    """The sum of an amount over a document's lines."""
    first, *others = (money_of(line[name]) for line in document["lines"])
    return sum(others, start=first)


_TOTALS = ("goods", "discount", "points", "shipping", "payable")


def _name(offer: JsonObject) -> str:
    return "points" if offer["source"] == "points" else str(offer["name"] or offer["code"])


def _why_not(offer: JsonObject) -> str:
    if offer["applied"]:
        return ""
    return ", ".join((str(offer["reason"]).replace("_", " "), *_details(offer)))


def _details(offer: JsonObject) -> Iterator[str]:
    missing = offer["missing"] or {}
    if missing.get("amount"):
        yield f"{money_of(missing['amount'])} missing"
    if missing.get("count"):
        yield f"{missing['count']} missing"
    if offer["excluded_by"]:
        yield f"by {offer['excluded_by']}"
    if offer["at_most"]:
        yield f"at most {offer['at_most']}"
