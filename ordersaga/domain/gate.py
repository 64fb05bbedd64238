"""The gate before a sale that more people come to than there are units (R-TYPE-2).

It keeps away whom the database would refuse anyway, and promises nothing: PostgreSQL is the arbiter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.errors import CampaignUnavailable, PurchaseLimitExceeded, Refused, SoldOut
from ordersaga.domain.purchase_limits import PurchaseLimit


@dataclass(frozen=True, slots=True)
class GateKey:
    """Which gate: there is one for each SKU of a gated order type, and one campaign at a time behind it."""

    order_type: str
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Who wants to enter, with how many units. Without an `order_no` it is only a look; `campaign` is the quote's."""

    account: str
    units: int
    order_no: str = ""
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """An order that was placed, and for how many units it counts against the gate's limit."""

    order_no: str
    account: str
    units: int


@dataclass(frozen=True, slots=True)
class GateLimit:
    """At most so many units for an account while the campaign runs; `code` is the purchase limit's."""

    code: str
    units: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a gate knows already: the orders of a campaign as far as the event at `position` tells of them."""

    campaign: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What PostgreSQL knows of a campaign: `free` units, those that leased orders have `taken` of it, and its `orders`,
    all of them or, for a gate that has `Seen` some, those that changed since; `position` is that of the last event
    that they include.
    """

    campaign: Campaign
    limit: GateLimit | None
    free: int
    taken: Mapping[str, int] = field(default_factory=dict)
    orders: tuple[Counted, ...]
    position: int


class Outcome(StrEnum):
    """What a gate answers. `known` is an order that entered before; `other` a quote of another campaign than the
    present; `unguarded` goods that are in no campaign; `unknown` a gate that has to be built first.
    """

    ADMITTED = "admitted"
    KNOWN = "known"
    NOT_OPEN = "not_open"
    ENDED = "ended"
    LIMITED = "limited"
    SOLD_OUT = "sold_out"
    OTHER = "other"
    UNGUARDED = "unguarded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`facts` are those of the outcome: see `refusal`. `settled` is a known order that is placed; `first` whoever is
    the one to build an unknown gate.
    """

    outcome: Outcome
    campaign: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    settled: bool = False
    first: bool = False

    def refusal(self, sku: str, wanted: int) -> Refused | None:
        """The error that this answer is; `None` if it is no refusal."""
        match self.outcome:
            case Outcome.NOT_OPEN | Outcome.ENDED:
                return self._closed()
            case Outcome.LIMITED:
                allowed, used = self.facts["allowed"], self.facts["used"]
                return PurchaseLimitExceeded(
                    f"{allowed} at most, and {used} are bought already",
                    limit=self.facts["limit"],
                    allowed=allowed,
                    used=used,
                    wanted=wanted,
                )
            case Outcome.SOLD_OUT:
                left = self.facts["left"]
                text = f"{left} left of {sku}" if left else f"{sku} is sold out"
                return SoldOut(text, campaign=self.campaign, sku=sku, wanted=wanted, left=left)
            case _:
                return None

    def _closed(self) -> Refused:
        is_early = self.outcome is Outcome.NOT_OPEN
        name = "starts_at" if is_early else "ends_at"
        when = datetime.fromtimestamp(self.facts["at"] / 1000, UTC).isoformat()
        text = f"{self.campaign} {'has not begun' if is_early else 'is over'}"
        return CampaignUnavailable(text, campaign=self.campaign, reason=self.outcome.value, **{name: when})


def limit_at_gate(campaign: Campaign, limit: PurchaseLimit | None, at: datetime) -> GateLimit | None:
    """The limit of a campaign as its gate can count it: by all orders of the campaign, and by them alone.

    One of a shorter period, or of a category, is left to the order's run, which counts every limit.
    """
    if limit is None or not limit.enabled or limit.goods.categories:
        return None
    if campaign.sku not in (limit.goods.skus or {campaign.sku}):
        return None
    if campaign.order_type not in (limit.goods.order_types or {campaign.order_type}):
        return None
    since, _ = limit.window.span(at)
    if since is not None and since > campaign.starts_at:
        return None
    return GateLimit(limit.code, limit.quantity)
