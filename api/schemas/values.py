"""The values that every document of the HTTP contract is made of."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from ordersaga.domain.catalogue import Address
from ordersaga.domain.lifecycle.registry import offered
from ordersaga.domain.money import CURRENCIES, Money

Item = TypeVar("Item")

STORABLE = r"^[^\x00]*$"
"""PostgreSQL keeps every text but one with a NUL in it."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=STORABLE)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=STORABLE)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=40, pattern=STORABLE)]
Units = Annotated[int, Field(ge=0, le=10**9)]
PostalCode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20, pattern=STORABLE)]
Amount = Annotated[int, Field(ge=0, le=10**13, description="integer minor units")]
Account = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9][^\x00-\x1f\x7f/]*$"),
    Field(description="a buyer's `sub`"),
]
Category = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"),
    Field(description="a path such as `tea/oolong`"),
]


def _iso_4217(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not an ISO 4217 currency")
    return code


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_iso_4217)]


def _offered_order_type(name: str) -> str:
    if name not in offered():
        raise ValueError(f"must be one of {', '.join(offered())}")
    return name


OrderTypeName = Annotated[str, AfterValidator(_offered_order_type)]
"""A type that goods are sold as."""


def _in_utc(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("must be a time of the years 2000 to 2199")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_in_utc)]
"""A time from outside. Years without end could not be added to."""


class Request(BaseModel):
    """What callers send: an unknown field is an error, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Response(BaseModel):
    """What we answer. Should it not fit its schema, the log is not to quote whose name and address it holds."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class MoneyBody(Request):
    """Money in minor units, e.g. `{"amount": 1999, "currency": "TWD"}` for 19.99 TWD."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 1999, "currency": "TWD"}]})

    amount: Amount
    currency: Currency

    def to_money(self) -> Money:
        return Money(self.amount, self.currency)


class MoneyView(Response):
    """Money that we answer: what we made needs no second look at every amount of every line."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 1999, "currency": "TWD"}]})

    amount: int = Field(description="integer minor units")
    currency: str


EXAMPLE_ADDRESS: JsonDict = {
    "name": "陳怡君",
    "phone": "+886 912 345 678",
    "line1": "信義路五段 7 號",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "110",
    "country": "TW",
}


class AddressBody(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ADDRESS]})

    name: ShortText
    phone: Phone
    line1: ShortText
    city: ShortText
    region: ShortText
    postal_code: PostalCode
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

    def to_address(self) -> Address:
        return Address(**self.model_dump())


class Page(Response, Generic[Item]):
    """A page of a list; `next_cursor` is `null` at the end."""

    items: list[Item]
    next_cursor: str | None = None


class TimelineItem(Response):
    at: datetime
    subject: str = Field(description="`order`, or the number of the parcel or case that moved")
    actor_role: str
    actor: str | None = Field(description="who; operators only")
    channel: str
    action: str
    from_state: str | None = Field(serialization_alias="from")
    to_state: str = Field(serialization_alias="to")
    reason: str


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}
