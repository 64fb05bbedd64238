"""Paying."""

from pydantic import ConfigDict

from api.schemas.values import Identifier, Request


class PaymentRequest(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "card"}]})

    channel: Identifier
