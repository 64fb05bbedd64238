"""Risk rules and block-lists as operators enter them. Which numbers make sense is said by the domain."""

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, WrapValidator
from pydantic.config import JsonDict

from api.schemas.rules import plain, untagged, within
from api.schemas.values import (
    Account,
    Identifier,
    Moment,
    MoneyBody,
    PostalCode,
    Request,
    Response,
    ShortText,
    money,
)
from ordersaga.domain.risk import RiskRule, Trait, Verdict, condition_from_document, condition_to_document

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Seconds = Annotated[int, Field(ge=0, le=2**31)]
Orders = Annotated[int, Field(ge=0, le=10**6)]
RISK_RULE_EXAMPLE: JsonDict = {
    "condition": {
        "kind": "new_account",
        "amount": {"amount": 3000000, "currency": "TWD"},
        "younger_than_seconds": 604800,
        "completed_below": 1,
    },
    "verdict": "review",
}


class ListedBody(Request):
    """The account, postal address, address of the net or device stands on its block-list."""

    kind: Literal["block_list"]
    lists: Annotated[list[Annotated[Trait, Field(strict=False)]], Field(max_length=len(Trait))]


class VelocityBody(Request):
    """It has placed `orders` orders in the last `seconds` already."""

    kind: Literal["velocity"]
    subject: Trait = Field(strict=False, description="`account`, `ip` or `device`")
    orders: Orders
    seconds: Seconds


class HighAmountBody(Request):
    """So much or more is to be paid."""

    kind: Literal["amount"]
    amount: MoneyBody


class NewAccountBody(Request):
    """So much or more is to be paid by an account whose first order is young, or that has few completed ones."""

    kind: Literal["new_account"]
    amount: MoneyBody
    younger_than_seconds: Seconds | None = None
    completed_below: Orders | None = None


class DestinationBody(Request):
    """The goods go to one of these countries; where regions are named, to one of those in it."""

    kind: Literal["address"]
    countries: Annotated[list[Country], Field(max_length=300)]
    regions: Annotated[list[ShortText], Field(default_factory=list, max_length=1000)]


ConditionBody = Annotated[
    ListedBody | VelocityBody | HighAmountBody | NewAccountBody | DestinationBody,
    Field(discriminator="kind"),
    WrapValidator(untagged),
]


class RiskRuleBody(Request):
    """An order that `condition` applies to is reviewed, or denied. The strictest of all rules decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [RISK_RULE_EXAMPLE]})

    condition: ConditionBody
    verdict: Literal["review", "deny"]
    enabled: bool = True

    def to_rule(self, code: str) -> RiskRule:
        """Raises `RuleInvalid`."""
        parameters = {name: value for name, value in plain(self.condition).items() if name != "kind"}
        amount: MoneyBody | None = getattr(self.condition, "amount", None)
        if amount is not None:
            parameters["currency"] = amount.currency
        with within("condition"):
            condition = condition_from_document(self.condition.kind, parameters)
        return RiskRule(code=code, condition=condition, verdict=Verdict(self.verdict), enabled=self.enabled)


class RiskRuleView(RiskRuleBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "big-first-order", **RISK_RULE_EXAMPLE}]})

    code: Identifier


def rule_view(rule: RiskRule) -> dict[str, Any]:
    """The rule as `RiskRuleView` describes it."""
    parameters = condition_to_document(rule.condition)
    if "currency" in parameters:
        parameters["amount"] = money(parameters["amount"], parameters.pop("currency"))
    condition = {"kind": rule.condition.kind, **parameters}
    return {"code": rule.code, "condition": condition, "verdict": rule.verdict.value, "enabled": rule.enabled}


class PlaceBody(Request):
    """A postal address without whose it is."""

    line1: ShortText
    city: ShortText
    region: ShortText
    postal_code: PostalCode
    country: Country


class _EntryBody(Request):
    reason: ShortText
    until: Moment | None = Field(None, description="for good, if left out")


class AccountEntryBody(_EntryBody):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "account", "account": "mallory", "reason": "chargebacks"}]}
    )

    kind: Literal["account"]
    account: Account


class AddressEntryBody(_EntryBody):
    kind: Literal["address"]
    address: PlaceBody


def _of_the_net(text: str) -> str:
    return str(ip_address(text))


class IpEntryBody(_EntryBody):
    """An IPv6 address stands for its network of 64 bits."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "ip", "ip": "203.0.113.7", "reason": "stolen cards"}]}
    )

    kind: Literal["ip"]
    ip: Annotated[str, StringConstraints(max_length=64), AfterValidator(_of_the_net)]


class DeviceEntryBody(_EntryBody):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "device", "device": "f3a9-77c0", "reason": "stolen cards"}]}
    )

    kind: Literal["device"]
    device: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


def _kind_of(entry: Any) -> Any:
    return entry.get("kind") if isinstance(entry, dict) else getattr(entry, "kind", None)


BlockListEntryBody = Annotated[
    Annotated[AccountEntryBody, Tag("account")]
    | Annotated[AddressEntryBody, Tag("address")]
    | Annotated[IpEntryBody, Tag("ip")]
    | Annotated[DeviceEntryBody, Tag("device")],
    Discriminator(_kind_of),
    WrapValidator(untagged),
]


class BlockListEntryView(Response):
    """Somebody on a block-list; of the value itself a hint is kept."""

    entry_id: str
    kind: Trait
    hint: str
    reason: str
    until: datetime | None
    created_at: datetime


class RiskReason(Response):
    """A rule that applied to an order."""

    rule: str
    kind: str
    verdict: str


class DenialView(Response):
    """A submit that was denied. Its `order_no` is that of no order."""

    order_no: str
    account: str
    reasons: list[RiskReason]
    at: datetime
