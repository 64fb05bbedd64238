"""The worked example of docs/pricing.md: its cart, priced, and the tables that the text has to show of it."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from api.schemas.catalogue import Catalogue
from api.schemas.quotes import CartItemBody
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.allocation import Kind, Runs
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.coupons import Coupon, CouponState, CouponTemplate
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer, Wishes
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import CartItem, Considered, PricedLine
from ordersaga.domain.pricing.settlement import settlement
from ordersaga.domain.pricing.source import Stage

TEXT = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text()
EXAMPLE = TEXT.partition("\n## A worked example\n")[2].partition("\n## ")[0]
CURRENCY = "TWD"
NOW = datetime(2026, 11, 11, 11, 11, tzinfo=UTC)

Row = tuple[str, ...]


class Example:
    """The example's cart, priced by the catalogue that the text gives."""

    def __init__(self, text: str, **choice: Any) -> None:
        rules, wishes = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
        catalogue = Catalogue.model_validate(rules)
        offers = [
            *(promotion.to_offer(promotion.code) for promotion in catalogue.promotions),
            *(benefit.to_offer(benefit.code) for benefit in catalogue.member_benefits),
        ]
        coupons = [_coupon(body.to_template(body.template)) for body in catalogue.coupons]
        skus = {body.sku: body.to_sku(body.sku) for body in catalogue.skus}
        items = [CartItemBody.model_validate(item) for item in wishes.pop("items")]
        (member,), (policy,) = catalogue.members, catalogue.points_policies
        self.pricing = price_cart(
            [CartItem(item.sku, item.quantity) for item in items],
            skus,
            {body.merchant_id: body.to_merchant(body.merchant_id) for body in catalogue.merchants},
            occasion=Occasion(
                at=NOW,
                member_tier=member.tier,
                offers=tuple(RunningOffer(offer=offer) for offer in offers),
                coupons=tuple(coupons),
                points_policy=policy.to_policy(),
                points_balance=member.points,
                gifts=skus,
                gift_stock={body.sku: sum(body.stock.values()) for body in catalogue.skus},
                wishes=Wishes(**wishes, **choice),
            ),
        )
        self.rules = sorted((*offers, *(coupon.offer for coupon in coupons)), key=_turn)
        self._stages = {offer.code: offer.applied_in for offer in self.rules} | {"points": Stage.POINTS}
        self._bought = sorted((line for line in self.pricing.order.lines if not line.gift), key=lambda line: line.sku)

    def stages(self) -> list[Row]:
        """Stage by stage what is left of each line, and what each offer takes of it."""
        rows = [("stage", "", *(line.sku for line in self._bought), "together")]
        left = [line.amount for line in self._bought]
        for stage in (Stage.GOODS, Stage.ORDER, Stage.MEMBER, Stage.COUPON, Stage.POINTS):
            rows.append((f"`{stage}`", "base", *_sums(left)))
            for code in self._codes(stage):
                taken = [_taken(line, code) for line in self._bought]
                left = [before - amount for before, amount in zip(left, taken, strict=True)]
                rows.append(("", f"`{code}`", *_sums(taken)))
        rows.append(("", "left", *_sums(left)))
        fees = [sum(item.amount for item in line.allocated(Kind.SHIPPING_FEE)) for line in self._bought]
        rows.append((f"`{Stage.SHIPPING}`", "fee", *_sums(fees)))
        rows += [
            ("", f"`{code}`", *_sums([_taken(line, code) for line in self._bought]))
            for code in self._codes(Stage.SHIPPING)
        ]
        rows.append(("", "left", *_sums([line.shipping for line in self._bought])))
        return rows

    def allocations(self) -> list[Row]:
        """Everything that is allocated to a line, and how it falls on the units."""
        rows: list[Row] = [("line", "kind", "code", "amount", "units", "borne by")]
        for line in self.pricing.order.lines:
            for number, item in enumerate(line.allocations):
                name = "" if number else f"{line.line_no} {line.sku}"
                borne_by = item.funded_by or ""
                rows.append((name, item.kind, f"`{item.code}`", money(item.amount), _runs(item.units), borne_by))
        return rows

    def units(self) -> list[Row]:
        """What each unit costs in the end."""
        rows: list[Row] = [("line", "units", "payable", "shipping", "points")]
        for line in self.pricing.order.lines:
            for unit, same in groupby(line.units()):
                numbers = (unit.payable, unit.shipping, unit.points)
                rows.append((f"{line.line_no} {line.sku}", str(len(list(same))), *map(money, numbers)))
        return rows

    def settlement(self) -> list[Row]:
        """Who bears what."""
        rows: list[Row] = [("bearer", "discount", "points", "shipping discount", "together")]
        for share in settlement(self.pricing.order.lines):
            numbers = (share.discount, share.points, share.shipping_discount, share.total)
            rows.append((share.merchant_id or "platform", *map(money, numbers)))
        return rows

    def offers(self) -> list[Row]:
        """Everything that was considered."""
        rows: list[Row] = [("offer", "takes", "reason", "missing", "excluded by")]
        for item in self.pricing.considered:
            takes = money(item.amount) if item.applied else ""
            excluded_by = f"`{item.excluded_by}`" if item.excluded_by else ""
            reason = f"`{item.reason}`" if item.reason else ""
            rows.append((f"`{item.code}`", takes, reason, _missing(item), excluded_by))
        return rows

    def totals(self) -> list[Row]:
        totals = self.pricing.order.totals
        names = ("goods", "discount", "points", "shipping", "shipping_discount", "payable")
        return [names, tuple(money(getattr(totals, name)) for name in names)]

    def _codes(self, stage: Stage) -> list[str]:
        """What takes something of the bought goods in a stage, in its turns."""
        found = {item.code for line in self._bought for item in line.allocations}
        return [code for code, at in self._stages.items() if at is stage and code in found]


def tables(text: str) -> dict[str, str]:
    """The first table below each of the text's headings, its cells without padding."""
    found = {}
    for part in text.split("\n### ")[1:]:
        title, _, below = part.partition("\n")
        table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
        if table is not None:
            rows = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in table[0].splitlines()]
            found[title] = drawn([rows[0], *rows[2:]])
    return found


def drawn(rows: Sequence[Row]) -> str:
    """A table as Markdown."""
    lines = [" | ".join(row) for row in (rows[0], ("---",) * len(rows[0]), *rows[1:])]
    return "\n".join(f"| {line} |" for line in lines)


def _coupon(template: CouponTemplate) -> Coupon:
    """The one coupon of a template, under the template's own name."""
    code = template.offer.code
    valid_from, valid_until = template.validity(NOW)
    return Coupon(
        coupon_code=code,
        template=code,
        account="alice",
        state=CouponState.AVAILABLE,
        valid_from=valid_from,
        valid_until=valid_until,
        offer=template.offer.granted_as(code),
    )


def _turn(offer: Offer) -> tuple[bool, int, str]:
    return not offer.is_line_wise, offer.priority, offer.code


def _taken(line: PricedLine, code: str) -> int:
    return sum(item.amount for item in line.allocations if item.code == code)


def _sums(amounts: Sequence[int]) -> Iterable[str]:
    return map(money, (*amounts, sum(amounts)))


def money(amount: int) -> str:
    return str(Money(amount, CURRENCY)).removesuffix(f" {CURRENCY}")


def _runs(units: Runs) -> str:
    return " + ".join(f"{count} × {money(amount)}" for count, amount in units)


def _missing(item: Considered) -> str:
    return money(item.missing_amount) if item.missing_amount else str(item.missing_count or "")
