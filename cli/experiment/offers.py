"""What customers may save during an experiment: promotions that run out, a few coupons each, and points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cli.client import Api, JsonObject
from cli.experiment.goods import CURRENCY

_COUPONS_EACH = 3
_POINTS_EACH = 600


@dataclass(frozen=True, slots=True)
class Offers:
    """`promotions` is code → document; each buyer gets `_COUPONS_EACH` of the coupons, and `_POINTS_EACH` points.

    What points are worth is the demo catalogue's policy.
    """

    promotions: tuple[tuple[str, JsonObject], ...]
    template: str
    coupon: JsonObject


def offers(mark: str, skus: Sequence[str], orders: int) -> Offers:
    """Offers on these goods alone, that do not last for so many orders."""
    first, second, *_ = skus
    a_tenth = {
        "name": f"Goods {first} for nine tenths, until the budget is spent",
        "effect": {"kind": "percentage", "basis_points": 1000},
        "scope": {"skus": [first]},
        "budget": _money(max(2_000, 200 * orders)),
    }
    five_off = {
        "name": f"Five off {second}, for the first orders, twice for each account",
        "effect": {"kind": "amount_off", "amount": _money(500)},
        "scope": {"skus": [second]},
        "usage_limit": max(3, orders // 8),
        "usage_limit_per_account": 2,
    }
    coupon = {
        "name": "Twenty off forty",
        "effect": {"kind": "amount_off", "amount": _money(2_000)},
        "scope": {"skus": list(skus)},
        "minimum_amount": _money(4_000),
        "limit_per_account": _COUPONS_EACH,
        "exclusion_group": f"chaos-{mark}",
    }
    return Offers(
        promotions=((f"chaos-{mark}-tenth", a_tenth), (f"chaos-{mark}-five", five_off)),
        template=f"chaos-{mark}-twenty",
        coupon=coupon,
    )


async def hand_out(api: Api, given: Offers, buyers: Iterable[str]) -> None:
    """Enter the offers, and give every buyer coupons and points, by the administration's API."""
    operator, accounts = api.operator("chaos"), sorted(buyers)
    for code, promotion in given.promotions:
        await operator.put(f"/v1/admin/promotions/{code}", promotion)
    await operator.put(f"/v1/admin/coupons/{given.template}", given.coupon)
    for number in range(_COUPONS_EACH):
        key = f"{accounts[0]}-{number}"
        await operator.post(f"/v1/admin/coupons/{given.template}/grants", {"accounts": accounts}, key=key)
    for account in accounts:
        await operator.post(f"/v1/admin/members/{account}/points", {"points": _POINTS_EACH, "document": "chaos"})


def _money(amount: int) -> JsonObject:
    return {"amount": amount, "currency": CURRENCY}
