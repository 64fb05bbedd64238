"""Screening: what is found of a submit once, and kept with it: the limits that count it, and what risk control says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ordersaga.domain.purchase_limits import LimitHold, Period, Window
from ordersaga.domain.risk import ALLOWED, Assessment, Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a submit came from, as pseudonyms; `None` is unknown."""

    ip: str | None = None
    device: str | None = None


UNKNOWN = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    limits: tuple[LimitHold, ...] = ()
    assessment: Assessment = ALLOWED

    def to_document(self) -> dict[str, Any]:
        """As JSON-ready data; an order that nothing was found of has an empty one."""
        document: dict[str, Any] = {}
        if self.limits:
            document["limits"] = [_limit_to_document(hold) for hold in self.limits]
        if self.assessment.reasons:
            document["verdict"] = self.assessment.verdict.value
            document["reasons"] = [asdict(reason) for reason in self.assessment.reasons]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Screening":
        reasons = (
            Reason(**{**reason, "verdict": Verdict(reason["verdict"])}) for reason in document.get("reasons", ())
        )
        return cls(
            limits=tuple(_limit_from_document(hold) for hold in document.get("limits", ())),
            assessment=Assessment.of(reasons),
        )


def _limit_to_document(hold: LimitHold) -> dict[str, Any]:
    return {
        "code": hold.code,
        "subject": hold.subject,
        "units": hold.units,
        "allowed": hold.allowed,
        "period": hold.window.period.value,
        "seconds": hold.window.seconds,
    }


def _limit_from_document(document: Mapping[str, Any]) -> LimitHold:
    values = {name: document[name] for name in ("code", "subject", "units", "allowed")}
    return LimitHold(window=Window(Period(document["period"]), document["seconds"]), **values)
