"""Policies: durations, limits, and versions that stay readable."""

from dataclasses import fields

import pytest

from ordersaga.domain.policies import DEMO, PRODUCTION, PROFILES, Policies

DAY = 86_400


def test_production_gives_15_minutes_to_pay_10_days_to_confirm_and_7_days_of_after_sales() -> None:
    assert PRODUCTION.payment_seconds == 15 * 60
    assert (PRODUCTION.confirm_seconds, PRODUCTION.after_sales_seconds) == (10 * DAY, 7 * DAY)


def test_the_demo_runs_through_every_timer_in_seconds() -> None:
    timers = [field.name for field in fields(Policies) if field.name.endswith("_seconds")]
    assert all(getattr(DEMO, name) <= 30 for name in timers)
    assert PROFILES == {"demo": DEMO, "production": PRODUCTION}


@pytest.mark.parametrize("name", [field.name for field in fields(Policies)])
@pytest.mark.parametrize("value", [0, -1])
def test_a_knob_that_is_not_positive_is_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        Policies(**{name: value})


def test_a_stored_version_reads_back_as_it_was() -> None:
    assert Policies.from_document(DEMO.to_document()) == DEMO


def test_a_version_from_before_a_knob_existed_takes_its_default() -> None:
    old = {name: value for name, value in DEMO.to_document().items() if name != "parcel_weight_limit_g"}
    assert Policies.from_document(old) == DEMO


def test_a_knob_that_nobody_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="seconds_to_pay"):
        Policies.from_document({"seconds_to_pay": 5})
