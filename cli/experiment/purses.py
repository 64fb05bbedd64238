"""What the books say of coupons, points, budgets, and of the money that these took off orders. Plain records."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponRow:
    coupon_code: str
    state: str
    order_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponStep:
    """One row of a coupon's movements, in the order in which they were written."""

    coupon_code: str
    from_state: str | None
    to_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsRow:
    account: str
    balance: int
    locked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsMovement:
    account: str
    balance: int
    locked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """A promotion or member benefit with what is counted of it."""

    source: str
    code: str
    spent: int
    used: int
    budget: int | None
    usage_limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    code: str
    account: str
    period: str
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """Something that an order holds, used or gave back; `state` is that of all that the order holds."""

    order_no: str
    state: str
    source: str
    code: str
    account: str
    period: str
    amount: int
    points: int
    returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsRow:
    order_no: str
    goods: int
    discount: int
    points: int
    shipping: int
    shipping_discount: int
    payable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    order_no: str
    line_no: int
    quantity: int
    unit_price: int
    amount: int
    points: int
    payable: int
    shipping: int
    gift: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRow:
    """A share on a line; `units` is on how many units it falls, `of_units` what it adds up to there."""

    order_no: str
    line_no: int
    kind: str
    source: str
    code: str
    amount: int
    units: int
    of_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purses:
    coupons: tuple[CouponRow, ...] = ()
    coupon_steps: tuple[CouponStep, ...] = ()
    points: tuple[PointsRow, ...] = ()
    points_movements: tuple[PointsMovement, ...] = ()
    offers: tuple[OfferRow, ...] = ()
    account_uses: tuple[AccountUse, ...] = ()
    held: tuple[HeldRow, ...] = ()
    totals: tuple[TotalsRow, ...] = ()
    lines: tuple[LineRow, ...] = ()
    allocations: tuple[AllocationRow, ...] = ()
