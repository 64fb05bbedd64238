"""Purchase limits as operators enter them."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.scope import Categories, Skus
from api.schemas.values import Identifier, OrderTypeName, Request, Response
from ordersaga.domain.purchase_limits import LimitedGoods, Period, PurchaseLimit, Subject, Window

LIMIT_EXAMPLE: JsonDict = {
    "goods": {"skus": ["TEA-POT-CLAY"]},
    "subject": "account",
    "quantity": 2,
    "period": "rolling",
    "seconds": 86400,
}


class LimitedGoodsBody(Request):
    """Goods by SKU, category, order type or campaign; what is named in several ways has to fit all of them."""

    everything: bool = False
    skus: Skus
    categories: Categories
    order_types: Annotated[list[OrderTypeName], Field(default_factory=list, max_length=100)]
    campaigns: Annotated[list[Identifier], Field(default_factory=list, max_length=1000)]

    def to_goods(self) -> LimitedGoods:
        """Raises `RuleInvalid`."""
        named = {name: frozenset(names) for name, names in self.model_dump(exclude={"everything"}).items()}
        return LimitedGoods(everything=self.everything, **named)


class PurchaseLimitBody(Request):
    """At most `quantity` units for each account or address of the net: within the last `seconds`, if the period is
    `rolling`, else within a calendar period of UTC.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [LIMIT_EXAMPLE]})

    goods: LimitedGoodsBody
    subject: Subject = Field(Subject.ACCOUNT, strict=False)
    quantity: Annotated[int, Field(ge=0, le=10**9)]
    period: Period = Field(Period.EVER, strict=False)
    seconds: Annotated[int, Field(ge=0, le=2**31)] | None = None
    enabled: bool = True

    def to_limit(self, code: str) -> PurchaseLimit:
        """Raises `RuleInvalid`."""
        return PurchaseLimit(
            code=code,
            goods=self.goods.to_goods(),
            subject=self.subject,
            quantity=self.quantity,
            window=Window(self.period, self.seconds),
            enabled=self.enabled,
        )


class PurchaseLimitView(PurchaseLimitBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "clay-pots", **LIMIT_EXAMPLE}]})

    code: Identifier


class LimitUseView(Response):
    """What a subject has of a limit at present. An address of the net is told by its pseudonym."""

    subject: str
    used: int


def limit_view(limit: PurchaseLimit) -> dict[str, Any]:
    """The limit as `PurchaseLimitView` describes it."""
    goods = limit.goods
    return {
        "code": limit.code,
        "goods": {
            "everything": goods.everything,
            **{name: sorted(getattr(goods, name)) for name in ("skus", "categories", "order_types", "campaigns")},
        },
        "subject": limit.subject,
        "quantity": limit.quantity,
        "period": limit.window.period,
        "seconds": limit.window.seconds,
        "enabled": limit.enabled,
    }
