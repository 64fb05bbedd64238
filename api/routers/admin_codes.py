"""The pool of codes of digital goods, for operators: filled and counted, never read (R-TYPE-4)."""

from datetime import UTC, datetime

from fastapi import APIRouter, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Operator
from api.problems import not_found, responses
from api.schemas.codes import CodePoolView, CodesAdded, CodesBody
from api.schemas.values import Identifier
from api.services import UsesServices
from ordersaga.domain.catalogue import Delivery, Sku
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.persistence import catalogue, codes

router = APIRouter(
    prefix="/v1/admin/skus/{sku}/codes",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid", "body_malformed", "not_found"),
)


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses("rule_invalid"))
async def add_codes(services: UsesServices, _: Operator, sku: Identifier, body: CodesBody) -> CodesAdded:
    """Put codes into the pool of a SKU. The same codes again do no harm: a code is entered once, wherever it was."""
    sealed = [services.codes.seal(code) for code in body.codes]
    async with services.database.transaction() as connection:
        found = await _sku(connection, sku)
        kind = ORDER_TYPES.get(found.order_type)
        if kind is None or kind.ships:
            raise RuleInvalid("sku", f"goods of the type {found.order_type} are shipped and have no codes")
        if found.delivery is not Delivery.CODES:
            raise RuleInvalid("sku", f"it is delivered as an {found.delivery} and has no codes")
        known = await codes.add(connection, sku, sealed, datetime.now(UTC))
    return CodesAdded(sku=sku, added=len(sealed) - len(known), known=known)


@router.get("")
async def count_codes(services: UsesServices, _: Operator, sku: Identifier) -> CodePoolView:
    """How many codes are free, held and sold."""
    async with services.database.reading() as connection:
        await _sku(connection, sku)
        counted = await codes.counts(connection, sku)
    return CodePoolView(sku=sku, **{state.value: number for state, number in counted.items()})


async def _sku(connection: AsyncConnection, sku: str) -> Sku:
    known = (await catalogue.goods(connection, [sku])).skus
    if sku not in known:
        raise not_found()
    return known[sku]
