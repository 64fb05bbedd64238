"""Campaigns: a SKU offered as another order type, at a price and for a time (R-TYPE-2, R-TYPE-3, R-TYPE-5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

from ordersaga.domain.catalogue import Sku, StockPolicy
from ordersaga.domain.errors import CampaignUnavailable, OrderTypeMixed, RuleInvalid
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when and until when something may be paid; `None` where nothing is said of it."""

    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a campaign says beside goods, price and time. Types that need more derive from it.

    Fields are integers, texts, and times that are aware of their zone. `choices` name what the buyer may choose.
    """

    choices: ClassVar[frozenset[str]] = frozenset()

    @property
    def bonus(self) -> int:
        """What is taken off the price of each unit as a discount of its own, in minor units."""
        return 0

    @property
    def forfeit(self) -> int:
        """What a buyer loses of each unit by stepping back before it is shipped, in minor units."""
        return 0

    def due_now(self, payable: int, quantity: int) -> int:
        """What is to be paid first of `payable`, in minor units."""
        return payable

    def window(self, instalment: Instalment) -> Window:
        """When an instalment may be paid, as far as the terms say so."""
        return Window()

    def check(self, price: Money, starts_at: datetime, ends_at: datetime) -> None:
        """Raise `RuleInvalid` where these terms do not fit their campaign."""

    def to_document(self) -> dict[str, Any]:
        values = ((found.name, getattr(self, found.name)) for found in fields(self))
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values}

    @classmethod
    def of(cls, sale: Mapping[str, Any]) -> Self:
        """The terms that an order was placed under, without the buyer's choices."""
        return cls.from_document({found.name: sale[found.name] for found in fields(cls) if found.name in sale})

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Raises `RuleInvalid` naming the field that is missing, unknown or of another kind."""
        known = {found.name: found for found in fields(cls)}
        for name in document:
            if name not in known:
                raise RuleInvalid(f"terms.{name}", f"is not one of {', '.join(known) or 'nothing'}")
        return cls(**{name: _value(name, str(found.type), document) for name, found in known.items()})


def _value(name: str, kind: str, document: Mapping[str, Any]) -> Any:
    if name not in document:
        raise RuleInvalid(f"terms.{name}", "is missing")
    value = document[name]
    if "datetime" in kind:
        return _time(name, value)
    wanted = int if "int" in kind else str
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise RuleInvalid(f"terms.{name}", f"must be {'an integer' if wanted is int else 'a text'}")
    return value


def _time(name: str, value: object) -> datetime:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise RuleInvalid(f"terms.{name}", "must be an RFC 3339 time") from error
    if found.tzinfo is None:
        raise RuleInvalid(f"terms.{name}", "must say its offset from UTC")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`price` is of one unit, and replaces the SKU's from `starts_at` until `ends_at`. Goods come from a stock of the
    campaign's own when it was given one; it is `pooled` then.
    """

    code: str
    order_type: str
    name: str
    sku: str
    price: Money
    starts_at: datetime
    ends_at: datetime
    terms: Terms
    stock_policy: StockPolicy | None = None
    pooled: bool = False

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise RuleInvalid("ends_at", "must be after starts_at")
        if self.price.amount <= 0:
            raise RuleInvalid("price", "must be more than zero")
        self.terms.check(self.price, self.starts_at, self.ends_at)

    @property
    def pool(self) -> str:
        """Which stock its goods come from: its own, or the general, which is empty."""
        return self.code if self.pooled else ""

    def require_open(self, at: datetime) -> None:
        """Raises `CampaignUnavailable` before and after its time."""
        if at < self.starts_at:
            raise CampaignUnavailable(
                f"{self.code} has not begun",
                campaign=self.code,
                reason="not_open",
                starts_at=self.starts_at.isoformat(),
            )
        if at >= self.ends_at:
            raise CampaignUnavailable(
                f"{self.code} is over", campaign=self.code, reason="ended", ends_at=self.ends_at.isoformat()
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """How a cart is sold: the campaign, and the buyer's choices that belong to it. Frozen with the order."""

    campaign: Campaign
    choices: Mapping[str, str] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """What an order keeps of it."""
        return {**self.campaign.terms.to_document(), **self.choices}


def only_sku(skus: Mapping[str, Sku], order_type: str) -> str:
    """The one SKU that a cart of a campaign's goods may hold. Raises `OrderTypeMixed`: each campaign is an order."""
    if len(skus) > 1:
        raise OrderTypeMixed(
            f"an order of the type {order_type} holds one SKU; order the others by themselves",
            order_types=sorted({sku.order_type for sku in skus.values()} | {order_type}),
        )
    return next(iter(skus))
