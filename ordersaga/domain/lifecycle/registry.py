"""Order types meet the rest of the system here and nowhere else (R-ORD-2)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ordersaga.domain.campaigns import Terms
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import NotFound
from ordersaga.domain.group_buy import GroupBuyTerms
from ordersaga.domain.lifecycle import digital, exchange, flash_sale, group_buy, presale, standard
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Machine, Word
from ordersaga.domain.presale import PresaleTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderType:
    """An order type: what it is called, its table in every version that runs may be pinned to, and its workflow.

    The workflow is the class `workflow` of the module `workflows.<name>`, or of `module`. It `ships` parcels to an
    address, or delivers without. Goods of a type with `terms` are sold only while a campaign with such terms runs.
    A `gated` type's buyers pass the gate of its campaign before anything else is asked (`ordersaga.domain.gate`).
    One that is not `offered` comes of something else than a buyer's cart: no goods are sold as it.
    `about` says in a few sentences what is different about it. `stock_policy` overrides that of its goods; `policies`
    are the knobs, by profile, that differ from other types'.
    """

    label: Word
    workflow: str
    about: str = ""
    machines: tuple[Machine, ...]
    module: str = ""
    ships: bool = True
    terms: type[Terms] | None = None
    stock_policy: StockPolicy | None = None
    gated: bool = False
    offered: bool = True
    policies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.label.code

    @property
    def workflow_module(self) -> str:
        return self.module or f"workflows.{self.name}"

    @property
    def under_campaign(self) -> bool:
        return self.terms is not None

    @property
    def deducts_at_payment(self) -> bool:
        """Whether a paid order of this type can find that its units are gone, and give the money back."""
        return self.ships and any(row.action == Action.MISS_STOCK for row in self.machine.rows)

    @property
    def choices(self) -> frozenset[str]:
        """What the buyer of such an order may choose beside its goods."""
        return self.terms.choices if self.terms else frozenset()

    @property
    def machine(self) -> Machine:
        """The version that new orders begin with."""
        return self.machines[-1]

    def version(self, number: int) -> Machine:
        return next(machine for machine in self.machines if machine.version == number)


_TYPES = (
    OrderType(
        label=Word("standard", "Standard order", "普通訂單"),
        workflow="StandardOrder",
        about="Stock is held at submit, or taken when the order is paid, by the policy of its goods. There are 15 "
        "minutes to pay; then it is split, shipped, received and, when the time for after-sales is over, completed.",
        machines=(standard.VERSION_1, standard.VERSION_2, standard.MACHINE),
    ),
    OrderType(
        label=Word("flash_sale", "Flash sale", "秒殺"),
        workflow="FlashSaleOrder",
        about="A campaign's goods at its price, from its own stock, while it lasts: there are minutes to pay. An "
        "admission gate keeps away whoever comes too early, too late or too often.",
        machines=(flash_sale.VERSION_1, flash_sale.MACHINE),
        terms=Terms,
        stock_policy=StockPolicy.DEDUCT_AT_SUBMIT,
        gated=True,
        policies={"production": {"payment_seconds": 5 * 60}, "demo": {"payment_seconds": 10}},
    ),
    OrderType(
        label=Word("presale", "Presale", "預售"),
        workflow="PresaleOrder",
        about="A deposit, which may count for more than it is, is paid at once, the balance in a window of its own; "
        "then it is produced and shipped. The terms say what becomes of the deposit when the balance is missed, or the "
        "buyer steps back.",
        machines=(presale.VERSION_1, presale.MACHINE),
        terms=PresaleTerms,
        stock_policy=StockPolicy.DEDUCT_AT_SUBMIT,
    ),
    OrderType(
        label=Word("digital", "Digital goods", "虛擬商品"),
        workflow="DigitalOrder",
        about="Codes or entitlements: nothing is shipped, so there is no address and no fee. Paid is delivered, and "
        "delivered is received; what was not looked at can be returned until the order is completed.",
        machines=(digital.MACHINE,),
        ships=False,
        stock_policy=StockPolicy.DEDUCT_AT_SUBMIT,
        policies={"demo": {"after_sales_seconds": 12}},
    ),
    OrderType(
        label=Word("group_buy", "Group buy", "拼團"),
        workflow="GroupBuyOrder",
        about="Open a group or join one by its code; a seat is kept while its buyer pays. Once all seats are paid, all "
        "orders of the group go on; if that does not happen in time, everybody has their money back.",
        machines=(group_buy.VERSION_1, group_buy.MACHINE),
        terms=GroupBuyTerms,
    ),
    OrderType(
        label=Word("exchange", "Exchange", "換貨"),
        workflow="ExchangeOrder",
        about="What an accepted exchange sends in place of the goods that came back: kept for the buyer since the "
        "approval, with nothing to pay. What is claimed of it is settled with the order that was paid for.",
        machines=(exchange.MACHINE,),
        stock_policy=StockPolicy.DEDUCT_AT_SUBMIT,
        offered=False,
    ),
)

ORDER_TYPES = {kind.name: kind for kind in _TYPES}


def order_type(name: str) -> OrderType:
    """The order type called `name`. Raises `NotFound`."""
    if name not in ORDER_TYPES:
        raise NotFound(f"there is no order type {name!r}", order_type=name, allowed=list(ORDER_TYPES))
    return ORDER_TYPES[name]


def offered() -> tuple[str, ...]:
    """The names of the types that goods may be sold as."""
    return tuple(name for name, kind in ORDER_TYPES.items() if kind.offered)


def unshipped() -> frozenset[str]:
    """The names of the types whose goods lie in no warehouse."""
    return frozenset(name for name, kind in ORDER_TYPES.items() if not kind.ships)


def register(kind: OrderType) -> None:
    """Let the system know one more type, before its API and workers start."""
    if kind.name in ORDER_TYPES:
        raise ValueError(f"there is an order type {kind.name!r} already")
    ORDER_TYPES[kind.name] = kind


@contextmanager
def registered(kind: OrderType) -> Iterator[OrderType]:
    """`register`, for as long as the block lasts."""
    register(kind)
    try:
        yield kind
    finally:
        del ORDER_TYPES[kind.name]
