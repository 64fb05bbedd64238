"""The catalogue of a replay brought in through the administration API."""

from cli.client import ApiProblem, Caller
from cli.marketplace.catalogue import Offer, document

CHUNK = 200


async def load_catalogue(operator: Caller, made: tuple[Offer, ...]) -> dict[str, str]:
    """Load every offer, in chunks. Gives the SKUs that were refused, each with the reason.

    Loading the same offers again changes nothing but sets their stock anew.
    """
    refused: dict[str, str] = {}
    for start in range(0, len(made), CHUNK):
        refused |= await _load(operator, made[start : start + CHUNK])
    return refused


async def _load(operator: Caller, chunk: tuple[Offer, ...]) -> dict[str, str]:
    try:
        await operator.post("/v1/admin/catalogue", document(chunk))
    except ApiProblem as problem:
        if problem.status in (401, 403, 404):
            raise
        if len(chunk) == 1:
            return {chunk[0].sku: str(problem)}
        # A document is taken whole or not at all: halving finds the SKUs that it was refused for.
        middle = len(chunk) // 2
        return await _load(operator, chunk[:middle]) | await _load(operator, chunk[middle:])
    return {}
