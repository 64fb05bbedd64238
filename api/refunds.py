"""Refunds, as orders and cases show them."""

from dataclasses import asdict
from typing import Any

from api.schemas.values import money
from ordersaga.domain.refund import Refund


def refund_document(refund: Refund) -> dict[str, Any]:
    return {**asdict(refund), "amount": money(refund.amount.amount, refund.amount.currency)}
