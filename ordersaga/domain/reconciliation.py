"""Differences between the books: what kinds there are, and what becomes of one that is found, or found no more.

The same difference found again is the same item: its key is its kind and its subject. One that is not found any more is
`gone` by itself; an operator may say that it is dealt with, or that it is none.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ordersaga.domain.errors import ActionNotAllowed


class Kind(StrEnum):
    """What differs. The words are stable: operators and programs know them."""

    STOCK_DIFFERS = "stock_differs"
    RESERVATIONS_DIFFER = "reservations_differ"
    STOCK_HELD_FOR_NOTHING = "stock_held_for_nothing"
    CODES_HELD_FOR_NOTHING = "codes_held_for_nothing"
    POINTS_DIFFER = "points_differ"
    POINTS_HELD_FOR_NOTHING = "points_held_for_nothing"
    COUPON_DIFFERS = "coupon_differs"
    COUPON_HELD_FOR_NOTHING = "coupon_held_for_nothing"
    COUPONS_ISSUED_DIFFER = "coupons_issued_differ"
    BUDGET_DIFFERS = "budget_differs"
    BUDGET_HELD_FOR_NOTHING = "budget_held_for_nothing"
    QUOTA_DIFFERS = "quota_differs"
    LIMIT_DIFFERS = "limit_differs"
    LIMIT_HELD_FOR_NOTHING = "limit_held_for_nothing"
    PAYMENT_MISSING = "payment_missing"
    PAYMENT_NOT_TAKEN = "payment_not_taken"
    UNEXPECTED_MONEY_KEPT = "unexpected_money_kept"
    REFUNDED_DIFFERS = "refunded_differs"
    REFUNDS_EXCEED_PAYMENT = "refunds_exceed_payment"
    REFUND_STUCK = "refund_stuck"
    ORDER_REFUNDED_AND_WAITING = "order_refunded_and_waiting"
    CASE_REFUNDED_AND_WAITING = "case_refunded_and_waiting"
    CASE_REFUNDS_DIFFER = "case_refunds_differ"
    CLAIMS_DIFFER = "claims_differ"
    ORDER_WITHOUT_RUN = "order_without_run"
    CASE_WITHOUT_RUN = "case_without_run"
    REFUND_WITHOUT_RUN = "refund_without_run"
    GROUP_WITHOUT_RUN = "group_without_run"
    PARCEL_WITHOUT_RUN = "parcel_without_run"
    RUN_WITHOUT_PURPOSE = "run_without_purpose"
    CAPTURE_UNKNOWN_HERE = "capture_unknown_here"
    CAPTURE_UNKNOWN_THERE = "capture_unknown_there"
    CAPTURE_DIFFERS = "capture_differs"
    REFUND_UNKNOWN_HERE = "refund_unknown_here"
    REFUND_UNKNOWN_THERE = "refund_unknown_there"
    REFUND_DIFFERS = "refund_differs"
    REFUND_NOT_TAKEN_NOTE_OF = "refund_not_taken_note_of"
    REFUND_PAID_TWICE = "refund_paid_twice"


class Severity(StrEnum):
    """`MONEY`: somebody has too much or too little. `HELD`: something is kept from others. `BOOKS`: a sum is wrong."""

    MONEY = "money"
    HELD = "held"
    BOOKS = "books"


class Fix(StrEnum):
    """A repair that is safe and may be repeated. `RELEASE`: what is held for nothing goes back. `RESTART`: a run
    goes on where its subject stands. `ASK`: the provider is asked again, and its answer taken as any report.
    """

    RELEASE = "release"
    RESTART = "restart"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Rule:
    """How grave a kind is, and what may be done by pressing a button; nothing where a person has to think."""

    severity: Severity
    fix: Fix | None = None


RULES: Mapping[Kind, Rule] = {
    Kind.STOCK_DIFFERS: Rule(Severity.BOOKS),
    Kind.RESERVATIONS_DIFFER: Rule(Severity.BOOKS),
    Kind.STOCK_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.CODES_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.POINTS_DIFFER: Rule(Severity.BOOKS),
    Kind.POINTS_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.COUPON_DIFFERS: Rule(Severity.BOOKS),
    Kind.COUPON_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.COUPONS_ISSUED_DIFFER: Rule(Severity.BOOKS),
    Kind.BUDGET_DIFFERS: Rule(Severity.BOOKS),
    Kind.BUDGET_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.QUOTA_DIFFERS: Rule(Severity.BOOKS),
    Kind.LIMIT_DIFFERS: Rule(Severity.BOOKS),
    Kind.LIMIT_HELD_FOR_NOTHING: Rule(Severity.HELD, Fix.RELEASE),
    Kind.PAYMENT_MISSING: Rule(Severity.MONEY),
    Kind.PAYMENT_NOT_TAKEN: Rule(Severity.MONEY),
    Kind.UNEXPECTED_MONEY_KEPT: Rule(Severity.MONEY, Fix.RESTART),
    Kind.REFUNDED_DIFFERS: Rule(Severity.BOOKS),
    Kind.REFUNDS_EXCEED_PAYMENT: Rule(Severity.MONEY),
    Kind.REFUND_STUCK: Rule(Severity.MONEY, Fix.RESTART),
    Kind.ORDER_REFUNDED_AND_WAITING: Rule(Severity.HELD, Fix.RESTART),
    Kind.CASE_REFUNDED_AND_WAITING: Rule(Severity.HELD, Fix.RESTART),
    Kind.CASE_REFUNDS_DIFFER: Rule(Severity.MONEY),
    Kind.CLAIMS_DIFFER: Rule(Severity.BOOKS),
    Kind.ORDER_WITHOUT_RUN: Rule(Severity.HELD, Fix.RESTART),
    Kind.CASE_WITHOUT_RUN: Rule(Severity.HELD, Fix.RESTART),
    Kind.REFUND_WITHOUT_RUN: Rule(Severity.MONEY, Fix.RESTART),
    Kind.GROUP_WITHOUT_RUN: Rule(Severity.HELD, Fix.RESTART),
    Kind.PARCEL_WITHOUT_RUN: Rule(Severity.HELD, Fix.RESTART),
    Kind.RUN_WITHOUT_PURPOSE: Rule(Severity.HELD),
    Kind.CAPTURE_UNKNOWN_HERE: Rule(Severity.MONEY, Fix.ASK),
    Kind.CAPTURE_UNKNOWN_THERE: Rule(Severity.MONEY),
    Kind.CAPTURE_DIFFERS: Rule(Severity.MONEY),
    Kind.REFUND_UNKNOWN_HERE: Rule(Severity.MONEY),
    Kind.REFUND_UNKNOWN_THERE: Rule(Severity.MONEY),
    Kind.REFUND_DIFFERS: Rule(Severity.MONEY),
    Kind.REFUND_NOT_TAKEN_NOTE_OF: Rule(Severity.MONEY, Fix.ASK),
    Kind.REFUND_PAID_TWICE: Rule(Severity.MONEY),
}


class ItemState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"
    GONE = "gone"


class Decision(StrEnum):
    RESOLVE = "resolve"
    IGNORE = "ignore"
    FIX = "fix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A difference as it was found. `subject` tells those of a kind apart, such as a SKU's shelf or a refund number.

    `concerns_at` is when that happened which it is about, where it is looked for among what happened at a time.
    """

    kind: Kind
    subject: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any]
    order_no: str | None = None
    concerns_at: datetime | None = None

    @property
    def item_id(self) -> str:
        return f"ri_{hashlib.sha256(f'{self.kind}/{self.subject}'.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A difference as operators work it off."""

    item_id: str
    kind: Kind
    subject: str
    order_no: str | None
    severity: Severity
    expected: Mapping[str, Any]
    found: Mapping[str, Any]
    state: ItemState
    first_seen: datetime
    last_seen: datetime
    concerns_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None

    @property
    def fix(self) -> Fix | None:
        return RULES[self.kind].fix


def seen(item: Item | None, difference: Discrepancy, at: datetime) -> Item:
    """The item of a difference that was found at `at`, which may have been found before.

    What was ignored stays so as long as it is the same; what was called resolved, and is found by a later look, is not.
    """
    if item is None:
        return Item(
            item_id=difference.item_id,
            kind=difference.kind,
            subject=difference.subject,
            order_no=difference.order_no,
            severity=RULES[difference.kind].severity,
            expected=difference.expected,
            found=difference.found,
            state=ItemState.OPEN,
            first_seen=at,
            last_seen=at,
            concerns_at=difference.concerns_at,
        )
    if at < item.last_seen:
        return item
    same = (item.expected, item.found) == (difference.expected, difference.found)
    looked_since = item.decided_at is None or at > item.decided_at
    stays = (item.state is ItemState.IGNORED and same) or (item.state is ItemState.RESOLVED and not looked_since)
    return replace(
        item,
        state=item.state if stays else ItemState.OPEN,
        expected=difference.expected,
        found=difference.found,
        last_seen=at,
    )


def decide(item: Item, decision: Decision, at: datetime, *, by: str, note: str) -> Item:
    """The item after an operator's word on it. Raises `ActionNotAllowed` for one that waits for none.

    `FIX` is recorded here once it was done; whether it helped, the next look says.
    """
    if item.state not in (ItemState.OPEN, ItemState.IGNORED):
        raise ActionNotAllowed(f"the item is {item.state} already", action=decision, state=item.state)
    if decision is Decision.FIX and item.fix is None:
        raise ActionNotAllowed(f"nothing repairs {item.kind} by itself", action=decision, state=item.state)
    state = ItemState.IGNORED if decision is Decision.IGNORE else ItemState.RESOLVED
    return replace(item, state=state, decided_by=by, decided_at=at, note=note)


_SHARED = frozenset({Kind.RUN_WITHOUT_PURPOSE})
"""Found by several checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a check found. An incomplete one found more than it tells; `since` is how far back it looked, and `about`
    how the subjects begin that it looked at, where other checks find the same kind.
    """

    check: str
    kinds: frozenset[Kind]
    at: datetime
    differences: tuple[Discrepancy, ...] = field(default=())
    complete: bool = True
    since: datetime | None = None
    about: str = ""

    def would_have_found(self, item: Item) -> bool:
        """Whether an item that it did not find is gone."""
        if not self.complete or item.kind not in self.kinds or item.last_seen >= self.at:
            return False
        if item.kind in _SHARED and not item.subject.startswith(self.about):
            return False
        return self.since is None or item.concerns_at is None or item.concerns_at >= self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What counts as still under way: the last `settle_seconds`; refunds for `refund_seconds`. The provider's list is
    compared for the last `window_seconds`, and `most` differences of a kind are told.
    """

    settle_seconds: float = 60
    refund_seconds: float = 86_400
    window_seconds: float = 7 * 86_400
    most: int = 1000

    def at(self, moment: datetime, *, since: datetime | None = None) -> "Horizon":
        settle = timedelta(seconds=self.settle_seconds)
        return Horizon(
            at=moment,
            settled=moment - settle,
            abandoned=moment - _PLACING * settle,
            stuck=moment - timedelta(seconds=self.refund_seconds),
            since=since or moment - timedelta(seconds=self.window_seconds),
            most=self.most,
        )


_PLACING = 10
"""A submit that nobody decided may wait longer: its run tries to give back for as long as a neighbour is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """The moments that a look at the books goes by: what moved since `settled` is under way, and what was submitted
    since `abandoned` may still be placed; a refund that stands still since `stuck` is stuck.
    """

    at: datetime
    settled: datetime
    abandoned: datetime
    stuck: datetime
    since: datetime
    most: int
