"""Codes as operators enter them, and as their buyer reads them."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.values import STORABLE, Request, Response

MOST_CODES = 1000

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=STORABLE)]


class CodesBody(Request):
    """Codes to sell. They are sealed before they are stored, and read by nobody but their buyers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"codes": ["QX7F-2MRT-9KLA", "B3ZD-8WPN-4HCE"]}]})

    codes: list[Code] = Field(min_length=1, max_length=MOST_CODES)


class CodesAdded(Response):
    """What became of the codes; those that were known are named by their places in the request, from 0 on."""

    sku: str
    added: int
    known: list[int] = Field(description="places of codes that were entered before, here or of another SKU, or twice")


class CodePoolView(Response):
    """How many codes of a SKU are in each state."""

    sku: str
    available: int
    held: int = Field(description="by orders that are not paid yet")
    sold: int


class RevealedCodes(Response):
    order_no: str
    line_no: int
    sku: str
    codes: list[str]
