"""Risk control: rules as data that look at an order and who places it; the strictest that applies decides (R-STK-4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Self

from ordersaga.domain.errors import RuleInvalid

LONGEST_SECONDS = 366 * 86_400
MOST_ORDERS = 1_000
"""So many orders at most are counted of anybody."""


class Verdict(StrEnum):
    """What becomes of a submit, from the mildest to the strictest."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"

    @property
    def severity(self) -> int:
        return tuple(Verdict).index(self)


class Trait(StrEnum):
    """What somebody who orders is known by."""

    ACCOUNT = "account"
    ADDRESS = "address"
    IP = "ip"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """What rules ask. `payable` is in minor units; `country` and `region` are the receiver's, if anything is shipped.

    `listed` are the traits that stand on a block-list. `recent` has, by the codes of velocity rules, the earlier
    orders in their time. `first_order_at` and `completed` are the account's history, up to `MOST_ORDERS`.
    """

    at: datetime
    payable: int
    currency: str
    country: str | None = None
    region: str | None = None
    listed: frozenset[Trait] = frozenset()
    recent: Mapping[str, int] = field(default_factory=dict)
    first_order_at: datetime | None = None
    completed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A trait of the order stands on one of these block-lists."""

    kind: ClassVar[str] = "block_list"
    lists: frozenset[Trait]

    def __post_init__(self) -> None:
        if not self.lists:
            raise RuleInvalid("lists", "names no list")

    def applies(self, facts: RiskFacts, code: str) -> bool:
        return bool(self.lists & facts.listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """The account, address of the net or device has placed `orders` orders in the last `seconds` already."""

    kind: ClassVar[str] = "velocity"
    subject: Trait
    orders: int
    seconds: int

    def __post_init__(self) -> None:
        if self.subject is Trait.ADDRESS:
            raise RuleInvalid("subject", "must be account, ip or device")
        _within("orders", self.orders, MOST_ORDERS)
        _within("seconds", self.seconds, LONGEST_SECONDS)

    def applies(self, facts: RiskFacts, code: str) -> bool:
        return facts.recent.get(code, 0) >= self.orders


@dataclass(frozen=True, slots=True, kw_only=True)
class HighAmount:
    """`amount` or more is to be paid. Another currency is another rule."""

    kind: ClassVar[str] = "amount"
    amount: int
    currency: str

    def __post_init__(self) -> None:
        _within("amount", self.amount)

    def applies(self, facts: RiskFacts, code: str) -> bool:
        return facts.currency == self.currency and facts.payable >= self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A high amount of an account that is new: its first order here is younger than so many seconds, or fewer than so
    many of its orders were completed. One of the two is enough.
    """

    kind: ClassVar[str] = "new_account"
    amount: int
    currency: str
    younger_than_seconds: int | None = None
    completed_below: int | None = None

    def __post_init__(self) -> None:
        _within("amount", self.amount)
        if self.younger_than_seconds is None and self.completed_below is None:
            raise RuleInvalid("younger_than_seconds", "say this or completed_below: what makes an account new")
        if self.younger_than_seconds is not None:
            _within("younger_than_seconds", self.younger_than_seconds, LONGEST_SECONDS)
        if self.completed_below is not None:
            _within("completed_below", self.completed_below, MOST_ORDERS)

    def applies(self, facts: RiskFacts, code: str) -> bool:
        return facts.currency == self.currency and facts.payable >= self.amount and self._is_new(facts)

    def _is_new(self, facts: RiskFacts) -> bool:
        if self.completed_below is not None and facts.completed < self.completed_below:
            return True
        if self.younger_than_seconds is None:
            return False
        young = timedelta(seconds=self.younger_than_seconds)
        return facts.first_order_at is None or facts.at - facts.first_order_at < young


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The goods go to one of these countries; where regions are named, to one of those in it."""

    kind: ClassVar[str] = "address"
    countries: frozenset[str]
    regions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.countries:
            raise RuleInvalid("countries", "names no country")

    def applies(self, facts: RiskFacts, code: str) -> bool:
        named = {region.casefold() for region in self.regions}
        return facts.country in self.countries and (not named or (facts.region or "").casefold() in named)


Condition = Listed | Velocity | HighAmount | NewAccount | Destination
CONDITIONS: Mapping[str, type[Condition]] = {
    kind.kind: kind for kind in (Listed, Velocity, HighAmount, NewAccount, Destination)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRule:
    """Where `condition` applies, the order is reviewed or denied."""

    code: str
    condition: Condition
    verdict: Verdict
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.verdict is Verdict.ALLOW:
            raise RuleInvalid("verdict", "must be review or deny: what no rule is about is allowed")


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that applied."""

    rule: str
    kind: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict, and every rule that applied, the strictest first."""

    verdict: Verdict = Verdict.ALLOW
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> Self:
        found = tuple(sorted(reasons, key=lambda reason: (-reason.verdict.severity, reason.rule)))
        return cls(found[0].verdict if found else Verdict.ALLOW, found)


ALLOWED = Assessment()


def assess(rules: Iterable[RiskRule], facts: RiskFacts) -> Assessment:
    """Denied if one rule denies, reviewed if one wants that, else allowed."""
    return Assessment.of(
        Reason(rule.code, rule.condition.kind, rule.verdict)
        for rule in rules
        if rule.enabled and rule.condition.applies(facts, rule.code)
    )


def condition_to_document(condition: Condition) -> dict[str, Any]:
    """Its parameters as JSON-ready data, without what was not said."""
    values = {found.name: getattr(condition, found.name) for found in fields(condition)}
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in values.items()
        if value is not None
    }


def condition_from_document(kind: str, parameters: Mapping[str, Any]) -> Condition:
    """Raises `RuleInvalid` where the parameters make no sense."""
    values: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in parameters.items()
    }
    if "lists" in values:
        values["lists"] = frozenset(Trait(name) for name in values["lists"])
    if "subject" in values:
        values["subject"] = Trait(values["subject"])
    return CONDITIONS[kind](**values)


def _within(name: str, value: int, most: int | None = None) -> None:
    if value <= 0 or (most is not None and value > most):
        raise RuleInvalid(name, "must be more than zero" if most is None else f"must be 1 to {most}")
