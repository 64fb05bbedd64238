"""The order that an exchange ends in: its number, its goods, what was paid for in their place (R-REV-6, R-TYPE-6)."""

from collections.abc import Mapping, Sequence

from ordersaga.domain.after_sales.case import Case, CaseLine
from ordersaga.domain.catalogue import Sku, StockPolicy
from ordersaga.domain.errors import ReplacementUnavailable
from ordersaga.domain.order_numbers import order_no_of
from ordersaga.domain.pricing.allocation import Allocation, Kind
from ordersaga.domain.pricing.quote import PricedLine, PricedOrder, Replaced, Totals
from ordersaga.domain.pricing.source import Bearer
from ordersaga.domain.sourcing import Demand

EXCHANGE = "exchange"
"""The order's type, and the source of what takes its price off."""


def replacement_no(case: Case) -> str:
    """The number of the order that this case ends in: what is kept for it is kept under that number."""
    return order_no_of(f"{EXCHANGE}:{case.case_no}", case.opened_at)


def require_alike(line_no: int, bought: Sku, wanted: Sku | None) -> None:
    """Another SKU in place of the one that was bought: nothing is charged or refunded for the difference, so there is
    to be none.

    Raises `ReplacementUnavailable`.
    """
    if wanted is None:
        reason = "unknown_sku"
    elif wanted.merchant_id != bought.merchant_id:
        reason = "other_seller"
    elif wanted.price != bought.price:
        reason = "other_price"
    elif (wanted.order_type, wanted.transport_class) != (bought.order_type, bought.transport_class):
        reason = "other_kind"
    else:
        return
    raise ReplacementUnavailable(
        f"line {line_no} cannot be exchanged for this: {reason.replace('_', ' ')}", line_no=line_no, reason=reason
    )


def demands(case: Case, goods: Mapping[int, Sku]) -> list[Demand]:
    """What an approved exchange keeps: all that is claimed, from the general shelf. `goods` are SKUs by line."""
    return [Demand(line.line_no, goods[line.line_no].sku, case.merchant_id, len(line.units)) for line in case.lines]


def priced(
    case: Case, lines: Sequence[PricedLine], goods: Mapping[int, Sku], *, currency: str, shipping_option: str
) -> PricedOrder:
    """The order of an exchange whose goods were accepted. Lines keep the numbers that they have in the case's order."""
    bought = {line.line_no: line for line in lines}
    sent = tuple(_line(case, line, bought[line.line_no], goods[line.line_no]) for line in case.lines if line.taken)
    return PricedOrder(
        order_type=EXCHANGE,
        currency=currency,
        shipping_option=shipping_option,
        shipping_options={shipping_option: 0},
        lines=sent,
        totals=Totals.of(sent),
        replaces=case.case_no,
    )


def _line(case: Case, claimed: CaseLine, bought: PricedLine, sku: Sku) -> PricedLine:
    """Its price, and one share that takes all of it; the merchant bears that, who was paid for it before."""
    count, price = len(claimed.taken), sku.price.amount
    taken_off = Allocation(
        kind=Kind.DISCOUNT,
        source=EXCHANGE,
        code=case.case_no,
        name="Exchange",
        funded_by=Bearer.MERCHANT,
        amount=count * price,
        units=((count, price),),
    )
    return PricedLine(
        line_no=claimed.line_no,
        sku=sku.sku,
        name=sku.name,
        attributes=sku.attributes,
        category=sku.category,
        merchant_id=sku.merchant_id,
        quantity=count,
        unit_price=price,
        amount=count * price,
        allocations=(taken_off,),
        points=0,
        payable=0,
        shipping=0,
        gift=False,
        weight_g=sku.weight_g,
        volume_mm3=sku.volume_mm3,
        transport_class=sku.transport_class,
        stock_policy=StockPolicy.DEDUCT_AT_SUBMIT,
        replaces=_paid_for(case, claimed, bought),
    )


def _paid_for(case: Case, claimed: CaseLine, bought: PricedLine) -> Replaced:
    if bought.replaces is not None:
        return bought.replaces.of(claimed.taken)
    return Replaced(order_no=case.order_no, line_no=claimed.line_no, units=claimed.taken)
