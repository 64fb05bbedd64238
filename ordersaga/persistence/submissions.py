"""Submissions: who was first, for a quote and for an idempotency key (R-SUB-4)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import AddressNeeded, NotFound
from ordersaga.domain.messages import Placement
from ordersaga.domain.pricing.quote import PricedOrder, from_document, to_document
from ordersaga.domain.screening import UNKNOWN, Origin
from ordersaga.persistence.tables.submissions import submissions

_WHOLE = select(submissions).where(submissions.c.order_no == bindparam("order_no"))
_LOCKED = _WHOLE.with_for_update()
_ADD = insert(submissions).on_conflict_do_nothing().returning(submissions.c.order_no)
_EARLIER = select(submissions).where(
    (submissions.c.order_no == bindparam("order_no"))
    | ((submissions.c.buyer == bindparam("buyer")) & (submissions.c.idempotency_key == bindparam("key")))
)
_KEEP_ANSWER = (
    update(submissions)
    .where((submissions.c.order_no == bindparam("number")) & submissions.c.answer.is_(None))
    .values(answer=bindparam("first_answer"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a buyer submitted. `placement` is `None` while nothing is decided; `answer` is the first answer given.

    `asked` is what the price was asked for with and does not say itself: `channel` and `promotion_codes`.
    """

    order_no: str
    quote_id: str
    buyer: str
    idempotency_key: str
    body_hash: str
    priced: PricedOrder
    receiver: Address | None
    received_at: datetime
    delivery_note: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    screening: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = UNKNOWN
    placement: Placement | None = None
    answer: Mapping[str, Any] | None = None

    @property
    def destination(self) -> Address:
        """Where the goods go. Raises `AddressNeeded`."""
        if self.receiver is None:
            raise AddressNeeded("goods are sourced by where they go", order_no=self.order_no)
        return self.receiver


async def add(connection: AsyncConnection, submission: Submission) -> bool:
    """Store a submission; `False` when its order number, quote or key is taken."""
    values = {
        "order_no": submission.order_no,
        "quote_id": submission.quote_id,
        "buyer": submission.buyer,
        "idempotency_key": submission.idempotency_key,
        "body_hash": submission.body_hash,
        "priced": to_document(submission.priced),
        "receiver": asdict(submission.receiver) if submission.receiver else None,
        "delivery_note": submission.delivery_note,
        "asked": submission.asked,
        "screening": submission.screening,
        "ip": submission.origin.ip,
        "device": submission.origin.device,
        "received_at": submission.received_at,
    }
    added = await connection.scalar(_ADD, values)
    return added is not None


async def earlier(connection: AsyncConnection, order_no: str, buyer: str, key: str) -> list[Submission]:
    """The submissions that a new one would collide with: the same order number, or the buyer's same key."""
    rows = await connection.execute(_EARLIER, {"order_no": order_no, "buyer": buyer, "key": key})
    return [_submission(row) for row in rows]


async def get(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Submission | None:
    row = (await connection.execute(_LOCKED if lock else _WHOLE, {"order_no": order_no})).one_or_none()
    return None if row is None else _submission(row)


async def known(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Submission:
    """Raises `NotFound`."""
    submission = await get(connection, order_no, lock=lock)
    if submission is None:
        raise NotFound("nothing was submitted under this order number", order_no=order_no)
    return submission


async def screening_of(connection: AsyncConnection, order_no: str) -> Mapping[str, Any]:
    """What was found of an order when it was submitted, as `Screening` reads it."""
    found = await connection.scalar(select(submissions.c.screening).where(submissions.c.order_no == order_no))
    return found or {}


async def mark_placed(connection: AsyncConnection, order_no: str) -> None:
    await connection.execute(update(submissions).where(submissions.c.order_no == order_no).values(placed=True))


async def set_priced(connection: AsyncConnection, order_no: str, priced: PricedOrder) -> None:
    """What the order costs from now on; whatever comes later reads it here."""
    await connection.execute(
        update(submissions).where(submissions.c.order_no == order_no).values(priced=to_document(priced))
    )


async def refuse(connection: AsyncConnection, order_no: str, refusal: Placement) -> Placement:
    """Refuse the submission unless it was decided before; the answer is what holds."""
    undecided = (submissions.c.order_no == order_no) & submissions.c.placed.is_(None)
    document = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
    await connection.execute(update(submissions).where(undecided).values(placed=False, refusal=document))
    decided = await get(connection, order_no)
    return refusal if decided is None or decided.placement is None else decided.placement


async def keep_answer(connection: AsyncConnection, order_no: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep the first answer, for whoever asks again with the same key; what is kept is everybody's answer."""
    kept = await connection.execute(_KEEP_ANSWER, {"number": order_no, "first_answer": answer})
    first = None if kept.rowcount else await get(connection, order_no)
    return answer if first is None or first.answer is None else first.answer


def _submission(row: Row[Any]) -> Submission:
    return Submission(
        order_no=row.order_no,
        quote_id=row.quote_id,
        buyer=row.buyer,
        idempotency_key=row.idempotency_key,
        body_hash=row.body_hash,
        priced=from_document(row.priced),
        receiver=Address(**row.receiver) if row.receiver else None,
        delivery_note=row.delivery_note,
        asked=row.asked,
        screening=row.screening,
        origin=Origin(ip=row.ip, device=row.device),
        received_at=row.received_at,
        placement=None if row.placed is None else Placement(placed=row.placed, **(row.refusal or {})),
        answer=row.answer,
    )
