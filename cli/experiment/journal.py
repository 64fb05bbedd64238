"""What customers were told, written down by themselves: the shop's promises are judged by it."""

from collections import Counter
from dataclasses import dataclass, field

from cli.client import Answer, ApiProblem

_UNDECIDED = frozenset(
    {"duplicate_submission", "quote_changed", "coupon_unavailable", "points_unavailable", "offer_exhausted"}
)


@dataclass(slots=True, kw_only=True)
class Submission:
    """One use of an idempotency key. `order_no` and `code` tell the first answer: an order, or a refusal's code."""

    buyer: str
    quote_token: str
    key: str
    order_no: str | None = None
    code: str | None = None

    @property
    def may_come_again(self) -> bool:
        """Refused for a twin that was an order already, or for what the price rests on: before anything was decided
        about this one.
        """
        return self.code in _UNDECIDED

    def hear(self, answer: Answer) -> str | None:
        """Take an answer; what differs from an earlier one is told, for the same key promises the same answer."""
        order_no = str(answer.body["order_no"]) if answer.status == 201 else None
        code = None if order_no else str(answer.body.get("code", answer.status))
        first = (self.order_no, self.code)
        if first == (None, None) or self.may_come_again:
            self.order_no, self.code = order_no, code
        elif first != (order_no, code):
            return f"answered {self.order_no or self.code} first and {order_no or code} later"
        return None


@dataclass(slots=True)
class Journal:
    """`answered` is order number → buyer, of every 201; `changed` are keys whose answer changed; `failures` are answers
    that no customer should see; `listed` is order number → buyer, as found in the buyers' own lists."""

    submissions: list[Submission] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    changed: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    def submits(self, submission: Submission) -> Submission:
        self.submissions.append(submission)
        return submission

    def hears(self, submission: Submission, answer: Answer) -> None:
        """Note the answer to a submit."""
        subject = submission.order_no or f"{submission.buyer}'s {submission.key}"
        if answer.status >= 500:
            self.failures.append((subject, f"a submit was answered {answer.status}: {answer.body}"))
            return
        first = submission.code is None
        change = submission.hear(answer)
        if change is not None:
            self.changed.append((subject, change))
        if submission.order_no is not None:
            self.answered[submission.order_no] = submission.buyer
        elif submission.code is not None and first:
            self.refusals[submission.code] += 1

    def refused(self, subject: str, problem: ApiProblem, allowed: frozenset[str]) -> None:
        """Note a refusal of anything else; one that is not `allowed` is a failure."""
        if problem.code not in allowed:
            self.failures.append((subject, str(problem)))
        else:
            self.refusals[problem.code] += 1
