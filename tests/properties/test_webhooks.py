"""How webhooks are tried again: pauses grow, never beyond their limit, and every try has one verdict (R-ORD-3)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.webhooks import LONGEST_WISH, Reply, RetryPlan, Verdict, retry_after

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PLANS = st.builds(
    RetryPlan,
    first_seconds=st.floats(0.01, 60),
    longest_seconds=st.floats(60, 86_400),
    tries=st.integers(1, 50),
)
REPLIES = st.builds(
    Reply,
    status=st.none() | st.integers(100, 599),
    error=st.none() | st.text(max_size=5),
    retry_after=st.none() | st.floats(0, 1e9),
)


@given(plan=PLANS, tries=st.integers(1, 10_000), draw=st.floats(0, 1))
def test_a_pause_is_between_the_half_and_the_whole_of_its_step_and_never_longer_than_the_longest(
    plan: RetryPlan, tries: int, draw: float
) -> None:
    whole = plan.pause(tries, 0)
    assert whole / 2 <= plan.pause(tries, draw) <= whole <= plan.longest_seconds
    assert whole <= plan.pause(tries + 1, 0) <= 2 * whole * (1 + 1e-9)


@given(plan=PLANS, reply=REPLIES, tries=st.integers(1, 60))
def test_only_a_success_is_delivered_and_only_the_last_failure_is_given_up(
    plan: RetryPlan, reply: Reply, tries: int
) -> None:
    verdict = plan.judge(reply, tries)
    assert (verdict is Verdict.DELIVERED) == (reply.status in range(200, 300))
    assert (verdict is Verdict.GONE) == (reply.status == 410)
    if verdict in (Verdict.DEAD, Verdict.AGAIN):
        assert (verdict is Verdict.DEAD) == (tries >= plan.tries)


@given(plan=PLANS, reply=REPLIES, tries=st.integers(1, 60), draw=st.floats(0, 1))
def test_the_endpoints_wish_makes_a_pause_longer_and_never_shorter_or_endless(
    plan: RetryPlan, reply: Reply, tries: int, draw: float
) -> None:
    wait, own = plan.wait(reply, tries, draw), plan.pause(tries, draw)
    assert own <= wait <= max(own, LONGEST_WISH)
    assert wait >= min(reply.retry_after or 0, LONGEST_WISH)


@given(seconds=st.integers(0, 10**15))
def test_a_wish_in_seconds_is_read(seconds: int) -> None:
    assert retry_after(str(seconds), NOW) == min(seconds, LONGEST_WISH)


@given(seconds=st.integers(-(10**6), 10**6))
def test_a_wish_as_a_date_is_read(seconds: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(text, NOW) == max(seconds, 0)


@given(text=st.none() | st.text(max_size=40))
def test_any_other_wish_is_ignored(text: str | None) -> None:
    found = retry_after(text, NOW)
    assert found is None or found >= 0
