"""An experiment's plan: everything that is left to chance, drawn from one seed before it begins."""

from dataclasses import dataclass
from random import Random

from cli.experiment.faults import Fault, draw_faults
from cli.experiment.goods import Good, catalogue
from cli.experiment.offers import Offers, offers
from cli.experiment.wishes import Wish, draw_wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    seed: int
    seconds: float
    goods: tuple[Good, ...]
    offers: Offers
    wishes: tuple[Wish, ...]
    faults: tuple[Fault, ...]


def draw_plan(seed: int, *, seconds: float, orders_per_second: float, unexpected_money: bool = True) -> Plan:
    """The same arguments give the same plan. What comes of it also depends on the machine's pace."""
    orders = round(seconds * orders_per_second)
    goods = catalogue(str(seed), orders)
    return Plan(
        seed=seed,
        seconds=seconds,
        goods=goods,
        offers=offers(str(seed), [good.sku for good in goods], orders),
        wishes=draw_wishes(
            Random(f"wishes {seed}"),  # noqa: S311 - chance that can be repeated is the purpose
            [good.sku for good in goods],
            seconds=seconds,
            per_second=orders_per_second,
            unexpected_money=unexpected_money,
        ),
        faults=draw_faults(Random(f"faults {seed}"), seconds=seconds),  # noqa: S311 - the same
    )
