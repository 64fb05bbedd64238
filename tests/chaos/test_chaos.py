"""Chaos, for seconds: customers come, parts are killed and hung, and every promise is kept (R-OPS-2)."""

from collections.abc import Mapping

import pytest

from cli.experiment.conduct import Experiment, Phase
from cli.experiment.plan import draw_plan
from devstack.stack import Stack
from tests.chaos.conftest import LONG

SEED = 9
SECONDS = 120.0 if LONG else 8.0
PER_SECOND = 2.5

pytestmark = pytest.mark.timeout(900 if LONG else 200)


class Printed:
    """What happens, for whoever has to repeat it."""

    def phase(self, phase: Phase) -> None:
        print(phase)

    def deed(self, deed: str) -> None:
        if deed:
            print(f"  {deed}")

    def orders(self, states: Mapping[str, str]) -> None:
        pass


async def test_whatever_breaks_every_promise_is_kept(frail: Stack) -> None:
    print(f"the plan: ordersaga chaos --seed {SEED} --minutes {SECONDS / 60} --orders-per-second {PER_SECOND}")
    plan = draw_plan(SEED, seconds=SECONDS, orders_per_second=PER_SECOND)
    outcome = await Experiment(frail, plan, Printed(), patience=90).run()
    assert outcome.broken == []
    assert outcome.died.total() == 0
    assert outcome.struck.total() == len(plan.faults) > 0
    assert len(outcome.journal.answered) > 0
