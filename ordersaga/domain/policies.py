"""The timers, limits and rules of an order type, as data that an order is pinned to when it is placed."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """One version of the rules of one order type (R-TYPE-1, R-STK-4, R-PAY-3, R-CNF-1, R-CMP-1, R-SPL-1, R-REV-7).

    Durations are whole seconds; weights are grams; volumes are cubic millimetres.
    """

    payment_seconds: int = 15 * 60
    closing_payment_seconds: int = 5 * 60
    review_seconds: int = 86_400
    lease_seconds: int = 60
    grant_seconds: int = 86_400
    confirm_seconds: int = 10 * 86_400
    after_sales_seconds: int = 7 * 86_400
    claim_review_seconds: int = 2 * 86_400
    stop_seconds: int = 4 * 3_600
    astray_seconds: int = 2 * 86_400
    return_seconds: int = 7 * 86_400
    return_reminder_seconds: int = 5 * 86_400
    return_transit_seconds: int = 14 * 86_400
    inspection_seconds: int = 3 * 86_400
    escalation_seconds: int = 3 * 86_400
    consent_seconds: int = 3 * 86_400
    parcel_weight_limit_g: int = 30_000
    parcel_volume_limit_mm3: int = 180_000_000
    parcel_count_limit: int = 200

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")

    def to_document(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Policies":
        """Read a stored version; knobs that are newer than the document take their defaults."""
        return cls(**document)


PRODUCTION = Policies()
DEMO = Policies(
    payment_seconds=20,
    closing_payment_seconds=10,
    review_seconds=20,
    lease_seconds=10,
    grant_seconds=30,
    confirm_seconds=4,
    after_sales_seconds=3,
    claim_review_seconds=6,
    stop_seconds=6,
    astray_seconds=6,
    return_seconds=6,
    return_reminder_seconds=3,
    return_transit_seconds=20,
    inspection_seconds=20,
    escalation_seconds=4,
    consent_seconds=6,
)
PROFILES = {"demo": DEMO, "production": PRODUCTION}
