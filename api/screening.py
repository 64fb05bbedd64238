"""Screening a submit: which purchase limits count it, and what risk control says of it (R-STK-3, R-STK-4).

Where a request comes from is known here as it is; what is stored are pseudonyms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import address_of
from api.hardening.rates import network_of
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import RiskDenied
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.purchase_limits import holds_of
from ordersaga.domain.risk import Assessment, RiskFacts, Trait, Verdict, assess
from ordersaga.domain.screening import Origin, Screening
from ordersaga.gateways import metrics
from ordersaga.gateways.pseudonyms import Pseudonyms, place_of
from ordersaga.persistence import risk_denials, screening

log = structlog.get_logger()

DeviceId = Annotated[
    str | None,
    Header(
        alias="X-Device-Id",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="what the storefront knows the device by; kept as a keyed digest",
    ),
]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from; unknown is empty."""

    network: str
    device: str

    def origin(self, pseudonyms: Pseudonyms) -> Origin:
        return Origin(
            ip=pseudonyms.of(Trait.IP, self.network) if self.network else None,
            device=pseudonyms.of(Trait.DEVICE, self.device) if self.device else None,
        )


async def visitor_of(request: Request, device: DeviceId = None) -> Visitor:
    return Visitor(network_of(address_of(request)), device or "")


FromVisitor = Annotated[Visitor, Depends(visitor_of)]


async def screen(
    connection: AsyncConnection,
    pseudonyms: Pseudonyms,
    order: PricedOrder,
    *,
    account: str,
    receiver: Address | None,
    visitor: Visitor,
    at: datetime,
) -> Screening:
    """What is found of a priced order, in one statement."""
    origin = visitor.origin(pseudonyms)
    found = await screening.find(
        connection,
        order,
        account=account,
        origin=origin,
        pseudonyms=_known(pseudonyms, account, receiver, visitor),
        at=at,
    )
    facts = RiskFacts(
        at=at,
        payable=order.totals.payable,
        currency=order.currency,
        country=receiver.country if receiver else None,
        region=receiver.region if receiver else None,
        listed=found.listed,
        recent=found.recent,
        first_order_at=found.first_order_at,
        completed=found.completed,
    )
    return Screening(
        limits=holds_of(order, found.limits, account=account, ip=origin.ip), assessment=assess(found.rules, facts)
    )


async def note_denial(
    connection: AsyncConnection, order_no: str, account: str, origin: Origin, assessment: Assessment, at: datetime
) -> None:
    """Keep for operators why a submit was denied; to its buyer `denied` says that it was, and nothing more."""
    await risk_denials.note(connection, order_no, account, origin, assessment.reasons, at)
    log.warning("a submit was denied", order_no=order_no, rules=[reason.rule for reason in assessment.reasons])


def denied(assessment: Assessment) -> RiskDenied | None:
    """The refusal of a denied submit: whoever tries things out does not learn which rule to get around."""
    _count(assessment)
    return RiskDenied("this order cannot be accepted") if assessment.verdict is Verdict.DENY else None


def _known(
    pseudonyms: Pseudonyms, account: str, receiver: Address | None, visitor: Visitor
) -> dict[Trait, Sequence[str]]:
    """What each trait may stand on a block-list by."""
    traits = {
        Trait.ACCOUNT: account,
        Trait.ADDRESS: place_of(receiver) if receiver else "",
        Trait.IP: visitor.network,
        Trait.DEVICE: visitor.device,
    }
    return {trait: pseudonyms.known(trait, value) for trait, value in traits.items() if value}


def _count(assessment: Assessment) -> None:
    deciding = {reason.kind for reason in assessment.reasons if reason.verdict is assessment.verdict}
    for kind in deciding or {"none"}:
        metrics.RISK_VERDICTS.labels(verdict=assessment.verdict, kind=kind).inc()
