"""Coupons, points and a budget of the small shop in which all is right: each order had some of everything.

An order's two units cost 800 less 50 by a limited promotion, 100 by a coupon of its own, and 2 points worth 200; its
delivery costs 60 less 10. The completed order used all that, the cancelled one gave it back, and the one that timed out
gave back everything but its coupon.
"""

from collections.abc import Iterator

from cli.experiment.purses import (
    AccountUse,
    AllocationRow,
    CouponRow,
    CouponStep,
    HeldRow,
    LineRow,
    OfferRow,
    PointsMovement,
    PointsRow,
    Purses,
    TotalsRow,
)

SHARES = (
    ("discount", "promotion", "sale", 50),
    ("discount", "coupon", "{coupon}", 100),
    ("points", "points", "points", 200),
    ("shipping_fee", "shipping", "standard", 60),
    ("shipping_discount", "promotion", "delivery", 10),
)
COUPONS = {"completed": "used", "cancelled": "returned", "payment_timed_out": "forfeited"}
"""Order number → what became of its coupon."""


def coupon_of(order_no: str) -> str:
    return f"coupon-{order_no}"


def account_of(order_no: str) -> str:
    return f"{order_no}'s buyer"


def right_purses() -> Purses:
    return Purses(
        coupons=tuple(
            CouponRow(
                coupon_code=coupon_of(order_no), state=state, order_no=order_no if order_no == "completed" else None
            )
            for order_no, state in COUPONS.items()
        ),
        coupon_steps=tuple(step for order_no, state in COUPONS.items() for step in _steps(coupon_of(order_no), state)),
        points=tuple(
            PointsRow(account=account_of(order_no), balance=8 if order_no == "completed" else 10, locked=0)
            for order_no in COUPONS
        ),
        points_movements=tuple(
            PointsMovement(account=account_of(order_no), balance=balance, locked=locked)
            for order_no in COUPONS
            for balance, locked in ((10, 0), (0, 2), (-2, -2) if order_no == "completed" else (0, -2))
        ),
        offers=(OfferRow(source="promotion", code="sale", spent=50, used=1, budget=60, usage_limit=9),),
        account_uses=tuple(
            AccountUse(code="sale", account=account_of(order_no), period="", used=int(order_no == "completed"))
            for order_no in COUPONS
        ),
        held=tuple(item for order_no in COUPONS for item in _held(order_no)),
        totals=tuple(
            TotalsRow(
                order_no=order_no, goods=800, discount=150, points=200, shipping=50, shipping_discount=10, payable=500
            )
            for order_no in COUPONS
        ),
        lines=tuple(
            LineRow(
                order_no=order_no,
                line_no=1,
                quantity=2,
                unit_price=400,
                amount=800,
                points=200,
                payable=450,
                shipping=50,
                gift=False,
            )
            for order_no in COUPONS
        ),
        allocations=tuple(
            AllocationRow(
                order_no=order_no,
                line_no=1,
                kind=kind,
                source=source,
                code=code.format(coupon=coupon_of(order_no)),
                amount=amount,
                units=2,
                of_units=amount,
            )
            for order_no in COUPONS
            for kind, source, code, amount in SHARES
        ),
    )


def _steps(coupon: str, end: str) -> Iterator[CouponStep]:
    for before, after in ((None, "available"), ("available", "locked"), ("locked", end)):
        yield CouponStep(coupon_code=coupon, from_state=before, to_state=after)


def _held(order_no: str) -> Iterator[HeldRow]:
    items = (("promotion", "sale", 50, 0), ("coupon", coupon_of(order_no), 100, 0), ("points", "points", 200, 2))
    for source, code, amount, points in items:
        yield HeldRow(
            order_no=order_no,
            state="used" if order_no == "completed" else "returned",
            source=source,
            code=code,
            account=account_of(order_no),
            period="",
            amount=amount,
            points=points,
            returned=order_no != "completed" and (order_no, source) != ("payment_timed_out", "coupon"),
        )
