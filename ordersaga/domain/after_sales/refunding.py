"""A case's breakdown: what is owed with its units gone, less what earlier cases gave (R-REV-8)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ordersaga.domain.after_sales.bought import Bought, Departure, UnitKey, gone_with
from ordersaga.domain.after_sales.breakdown import Breakdown, UnitsBack, Withheld, Withholding
from ordersaga.domain.after_sales.earned import NOTHING_EARNED, Earned, claw_back
from ordersaga.domain.after_sales.owed import Owed, owed
from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.domain.after_sales.tenders import Given, divide, points_for


def break_down(
    bought: Bought,
    leaving: Mapping[UnitKey, Departure],
    before: Sequence[Breakdown],
    rules: AfterSalesRules,
    *,
    money_left: int,
    earned: Earned = NOTHING_EARNED,
) -> Breakdown:
    """What a case gives back whose units are `leaving`, after the cases `before`; `money_left` is what the order's
    payments can still give.
    """
    gone_before = gone_with(before)
    gone = {**gone_before, **leaving}
    given = Given.by(before)
    owed_before, owed_now = owed(bought, gone_before, rules), owed(bought, gone, rules)
    money, points_value = divide(bought, owed_now, given, rules.tenders, money_left)
    points = max(0, points_for(bought, given.points_value + points_value) - given.points)
    taken_back = claw_back(earned, bought, gone, given.earned_points, rules.earned_points, money)
    units = tuple(_units(bought, leaving))
    withheld = list(_changes(owed_before, owed_now))
    if taken_back.withheld:
        withheld.append(Withheld(reason=Withholding.EARNED_POINTS_SPENT, amount=taken_back.withheld))
    rest = sum(item.amount for item in units) - sum(item.amount for item in withheld)
    if carried := rest - (money - taken_back.withheld) - points_value:
        withheld.append(Withheld(reason=Withholding.CARRIED_OVER, amount=carried))
    return Breakdown(
        order_no=bought.order_no,
        currency=bought.currency,
        units=units,
        withheld=tuple(withheld),
        money=money - taken_back.withheld,
        points_value=points_value,
        points=points,
        earned_points=taken_back.taken,
        earned_points_short=taken_back.short,
        nothing_stays=bought.nothing_stays(gone),
    )


def _units(bought: Bought, leaving: Mapping[UnitKey, Departure]) -> Iterator[UnitsBack]:
    """Neighbours that were paid for alike as one."""
    for (line_no, share, left), keys in groupby(
        sorted(leaving), key=lambda key: (key[0], bought.share(key), leaving[key])
    ):
        yield UnitsBack(
            line_no=line_no,
            units=tuple(unit for _, unit in keys),
            goods=share.payable,
            shipping=share.shipping,
            points=share.points,
            never_shipped=left.never_shipped,
            seller_at_fault=left.seller_at_fault,
        )


def _changes(before: Owed, now: Owed) -> Iterator[Withheld]:
    """What is withheld now and was not, or less; less than zero for what was withheld and is no more."""
    earlier, later = _sums(before.withheld), _sums(now.withheld)
    for key in dict.fromkeys((*later, *earlier)):
        if change := later.get(key, 0) - earlier.get(key, 0):
            reason, source, code, line_no = key
            yield Withheld(reason=reason, amount=change, source=source, code=code, line_no=line_no)


def _sums(withheld: Iterable[Withheld]) -> dict[tuple[Withholding, str, str, int | None], int]:
    return {(item.reason, item.source, item.code, item.line_no): item.amount for item in withheld}
