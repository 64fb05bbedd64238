"""Purchase limits: how many units of some goods one account, or one address of the net, may buy (R-STK-3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.pricing.scope import lies_within

LONGEST_SECONDS = 366 * 86_400
"""The longest rolling period."""


class Subject(StrEnum):
    """Whose units are counted together."""

    ACCOUNT = "account"
    IP = "ip"


class Period(StrEnum):
    """Over what units are counted: the last so many seconds, or a calendar period of UTC; weeks begin on Mondays."""

    ROLLING = "rolling"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class Window:
    """A period as a limit uses it; `seconds` belong to a rolling one."""

    period: Period
    seconds: int | None = None

    def __post_init__(self) -> None:
        if self.period is not Period.ROLLING:
            if self.seconds is not None:
                raise RuleInvalid("seconds", f"has no meaning with the period {self.period}")
        elif self.seconds is None or not 0 < self.seconds <= LONGEST_SECONDS:
            raise RuleInvalid("seconds", f"must be 1 to {LONGEST_SECONDS} with the period {Period.ROLLING}")

    def span(self, at: datetime) -> tuple[datetime | None, datetime | None]:
        """What is counted at a moment: from the first on, before the second; `None` is without end.

        A rolling span has no second: an order that is late does not see past those that came before it.
        """
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        match self.period:
            case Period.EVER:
                return None, None
            case Period.ROLLING:
                # Exclusive of the moment itself: what was bought then is free again when the seconds are over.
                return at - timedelta(seconds=self.seconds or 0, microseconds=-1), None
            case Period.DAY:
                return midnight, midnight + timedelta(days=1)
            case Period.WEEK:
                monday = midnight - timedelta(days=midnight.weekday())
                return monday, monday + timedelta(days=7)
            case Period.MONTH:
                first = midnight.replace(day=1)
                return first, (first + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedGoods:
    """Goods by SKU, category, order type or campaign; what is named in several ways has to fit all of them.

    `everything` stands for goods without a name, so that forgetting one does not limit the whole shop.
    """

    everything: bool = False
    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        named = self.skus or self.categories or self.order_types or self.campaigns
        if not named and not self.everything:
            raise RuleInvalid("goods", "names no goods; say everything: true if all are meant")
        if self.everything and named:
            raise RuleInvalid("goods.everything", "cannot be true while the limit names goods")

    def units_of(self, order: PricedOrder) -> int:
        """How many units of the order it is about. Gifts are not bought."""
        if self.order_types and order.order_type not in self.order_types:
            return 0
        if self.campaigns and order.campaign not in self.campaigns:
            return 0
        return sum(
            line.quantity
            for line in order.lines
            if not line.gift
            and (not self.skus or line.sku in self.skus)
            and (not self.categories or lies_within(line.category, self.categories))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLimit:
    """At most `quantity` units of `goods` for each subject within `window`. Raises `RuleInvalid`."""

    code: str
    goods: LimitedGoods
    subject: Subject
    quantity: int
    window: Window
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise RuleInvalid("quantity", "must be more than zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHold:
    """What an order counts for, as it was found when it was submitted: so many `units` of `allowed`.

    `subject` is an account's name, or the pseudonym of an address.
    """

    code: str
    subject: str
    units: int
    allowed: int
    window: Window

    def exceeds(self, used: int) -> bool:
        return used + self.units > self.allowed

    def free_at(self, earlier: Sequence[tuple[datetime, int]], at: datetime) -> datetime | None:
        """When these units may be had, as far as is known now; `None` if never.

        `earlier` are the moments and units that count at present.
        """
        if self.units > self.allowed:
            return None
        if self.window.period is not Period.ROLLING:
            return self.window.span(at)[1]
        used = sum(units for _, units in earlier)
        for moment, units in sorted(earlier):
            used -= units
            if not self.exceeds(used):
                return moment + timedelta(seconds=self.window.seconds or 0)
        return None


def holds_of(
    order: PricedOrder, limits: Iterable[PurchaseLimit], *, account: str, ip: str | None
) -> tuple[LimitHold, ...]:
    """What an order counts for. Without a known address it counts for no limit of addresses."""
    subjects = {Subject.ACCOUNT: account, Subject.IP: ip}
    return tuple(
        LimitHold(code=limit.code, subject=subject, units=units, allowed=limit.quantity, window=limit.window)
        for limit in sorted(limits, key=lambda limit: limit.code)
        if limit.enabled and (subject := subjects[limit.subject]) and (units := limit.goods.units_of(order))
    )
