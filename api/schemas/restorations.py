"""What becomes of a coupon, points, a quota or a budget when its order comes to nothing."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas.rules import within
from api.schemas.values import Request, Response
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.restoration import Restoration, Restorations, Return, Undoing, to_document
from ordersaga.domain.pricing.source import Source


class RestorationBody(Request):
    """`kept` gives nothing back; `extended` gives a coupon back that is then valid for at least `days`."""

    rule: Return = Field(strict=False)
    days: Annotated[int, Field(ge=0, le=3650)] = 0


class RestorationsBody(Request):
    """How an order came to nothing, and what comes back then. What is left out stays as the shop has it by default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"timed_out": {"rule": "returned_if_valid"}, "cancelled": {"rule": "extended", "days": 7}}]
        }
    )

    refused: RestorationBody | None = None
    timed_out: RestorationBody | None = None
    cancelled: RestorationBody | None = None
    refunded: RestorationBody | None = None

    def to_restorations(self, source: Source) -> Restorations:
        """Raises `RuleInvalid`."""
        if source is Source.PRESALE:
            raise RuleInvalid("source", "an order holds nothing of a presale's discount that could be kept")
        found: dict[Undoing, Restoration] = {}
        for undoing in Undoing:
            body: RestorationBody | None = getattr(self, undoing)
            if body is None:
                continue
            with within(undoing):
                if body.rule is Return.EXTENDED and source is not Source.COUPON:
                    raise RuleInvalid("rule", f"only coupons can be extended, not a {source}")
                found[undoing] = Restoration(body.rule, body.days)
        return found


class RestorationsView(Response):
    """The whole table of a source: what was set, and the defaults for the rest."""

    source: Source
    refused: RestorationBody
    timed_out: RestorationBody
    cancelled: RestorationBody
    refunded: RestorationBody


def restorations_view(source: Source, restorations: Restorations) -> dict[str, Any]:
    return {"source": source, **to_document(restorations)}
