"""What customers will do, decided beforehand: the same dice give the same customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

_BUYERS = 16
_CHANNELS = ("card", "wallet", "bank_transfer")


class Submitting(StrEnum):
    ONCE = "once"
    REPEATED = "several times at once, with one key"
    TWINS = "the same goods from two previews at once"
    UNHEARD = "and hangs up before the answer"


class Paying(StrEnum):
    AT_ONCE = "pays"
    AFTER_FAILURE = "pays after a failed attempt"
    AT_DEADLINE = "pays in the last moment"
    NEVER = "never pays"
    CANCELS = "cancels"
    CANCELS_WHILE_PAYING = "cancels while paying"
    TOO_LATE = "pays after the time-out"
    TWICE = "pays through two channels"
    WRONG_AMOUNT = "pays a wrong amount, then the right one"


class Regret(StrEnum):
    NOTHING = "keeps it"
    CANCELS = "cancels after paying"
    CLAIMS = "wants the money back for one of several"


class Saving(StrEnum):
    NOTHING = "without coupons and points"
    COUPON = "with the best of the coupons"
    POINTS = "with points"
    BOTH = "with coupons and points"


SPENDS_POINTS = frozenset({Saving.POINTS, Saving.BOTH})
UNEXPECTED = frozenset({Paying.TOO_LATE, Paying.TWICE, Paying.WRONG_AMOUNT})
"""Wishes that bring money which the order does not take."""

_SUBMITTING = {Submitting.ONCE: 66, Submitting.REPEATED: 14, Submitting.TWINS: 10, Submitting.UNHEARD: 10}
_PAYING = {
    Paying.AT_ONCE: 40,
    Paying.AFTER_FAILURE: 10,
    Paying.AT_DEADLINE: 7,
    Paying.NEVER: 8,
    Paying.CANCELS: 8,
    Paying.CANCELS_WHILE_PAYING: 9,
    Paying.TOO_LATE: 5,
    Paying.TWICE: 7,
    Paying.WRONG_AMOUNT: 6,
}


_REGRETTING = {Regret.NOTHING: 72, Regret.CANCELS: 14, Regret.CLAIMS: 14}
_SAVING = {Saving.NOTHING: 50, Saving.COUPON: 22, Saving.POINTS: 14, Saving.BOTH: 14}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One customer's visit, `at` seconds after the beginning.

    `points` are spent if the shop lets them. `callbacks` is how often the provider reports a payment (0: it stays
    silent), `callback_delay` how many seconds later, `dawdle` how many seconds lie between two of the customer's own
    steps.
    """

    number: int
    at: float
    buyer: str
    cart: tuple[tuple[str, int], ...]
    saving: Saving
    points: int
    submitting: Submitting
    paying: Paying
    channels: tuple[str, str]
    callbacks: int
    callback_delay: float
    dawdle: float
    changes_receiver: bool
    confirms_receipt: bool
    careless_clerk: bool
    regretting: Regret = Regret.NOTHING


def draw_wishes(
    dice: Random, skus: Sequence[str], *, seconds: float, per_second: float, unexpected_money: bool = True
) -> tuple[Wish, ...]:
    """Customers for so many seconds, spread evenly with chance."""
    times = sorted(dice.uniform(0, seconds) for _ in range(max(1, round(seconds * per_second))))
    paying = {kind: weight for kind, weight in _PAYING.items() if unexpected_money or kind not in UNEXPECTED}
    return tuple(_draw(dice, number, at, skus, paying) for number, at in enumerate(times, start=1))


def _draw(dice: Random, number: int, at: float, skus: Sequence[str], paying: dict[Paying, int]) -> Wish:
    lines = dice.sample(list(skus), k=dice.choices((1, 2, 3), (60, 30, 10))[0])
    first, second = dice.sample(_CHANNELS, k=2)
    return Wish(
        number=number,
        at=round(at, 2),
        buyer=f"buyer-{dice.randrange(_BUYERS) + 1}",
        cart=tuple((sku, dice.choices((1, 2, 3), (70, 20, 10))[0]) for sku in lines),
        saving=(saving := dice.choices(list(_SAVING), list(_SAVING.values()))[0]),
        points=dice.choices((50, 75, 120))[0] if saving in SPENDS_POINTS else 0,
        submitting=dice.choices(list(_SUBMITTING), list(_SUBMITTING.values()))[0],
        paying=dice.choices(list(paying), list(paying.values()))[0],
        channels=(first, second),
        callbacks=dice.choices((0, 1, 2, 3), (6, 70, 16, 8))[0],
        callback_delay=dice.choices((0.0, round(dice.uniform(0.5, 6), 2)), (70, 30))[0],
        dawdle=round(dice.uniform(0, 1.5), 2),
        changes_receiver=dice.random() < 0.2,
        confirms_receipt=dice.random() < 0.4,
        careless_clerk=dice.random() < 0.2,
        regretting=dice.choices(list(_REGRETTING), list(_REGRETTING.values()))[0],
    )
