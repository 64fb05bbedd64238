"""How a placed order compares with what the files say of it."""

from dataclasses import dataclass

from cli.client import JsonObject
from cli.marketplace.orders import MarketplaceOrder
from cli.purchase import money_of
from ordersaga.domain.money import Money

ENDS = frozenset({"completed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one order. `charged` is what was paid for it; `failure` says why it is not as it should be."""

    order: MarketplaceOrder
    order_no: str | None = None
    status: str | None = None
    parcels: int = 0
    payable: Money | None = None
    charged: Money | None = None
    failure: str | None = None


def judge(order: MarketplaceOrder, shown: JsonObject) -> Outcome:
    """Compare the order as its buyer sees it with the data: end state, parcels, every amount to the cent."""
    charged = _charged(order, shown)
    wrong = [*_wrong_end(order, shown), *wrong_totals(order, shown), *_wrong_charge(order, charged)]
    return Outcome(
        order,
        order_no=shown["order_no"],
        status=shown["status"],
        parcels=len(shown["parcels"]),
        payable=money_of(shown["totals"]["payable"]),
        charged=charged,
        failure="; ".join(wrong) or None,
    )


def wrong_totals(order: MarketplaceOrder, shown: JsonObject) -> list[str]:
    """Where the totals of a quote or an order differ from Σ price and Σ freight."""
    expected = {"goods": order.goods, "shipping": order.freight, "payable": order.payable}
    return [
        f"{name} is {found} where the data says {wanted}"
        for name, wanted in expected.items()
        if (found := money_of(shown["totals"][name])) != wanted
    ]


def _charged(order: MarketplaceOrder, shown: JsonObject) -> Money:
    paid = [money_of(payment["amount"]) for payment in shown["payments"] if payment["state"] == "succeeded"]
    return sum(paid, start=Money.zero(order.currency))


def _wrong_end(order: MarketplaceOrder, shown: JsonObject) -> list[str]:
    wanted = "cancelled" if order.cancelled else "completed"
    wrong = [] if shown["status"] == wanted else [f"ended {shown['status']} instead of {wanted}"]
    units = sum(line["quantity"] for parcel in shown["parcels"] for line in parcel["lines"])
    if not order.cancelled and units != len(order.items):
        wrong.append(f"{units} of {len(order.items)} units are in its parcels")
    if order.cancelled and units:
        wrong.append(f"{units} units were sent although it was cancelled")
    return wrong


def _wrong_charge(order: MarketplaceOrder, charged: Money) -> list[str]:
    wanted = Money.zero(order.currency) if order.cancelled else order.payable
    return [] if charged == wanted else [f"{charged} were charged instead of {wanted}"]
