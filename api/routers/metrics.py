"""What is counted, for Prometheus.

On the API's own port everybody may read it in development, and operators only in production, where Prometheus asks
the port that `ORDERSAGA_METRICS_PORT` opens to the inside.
"""

from fastapi import APIRouter, Depends, Request, Response

from api.access import Bearer, authenticated
from api.authentication import Role
from api.problems import Problem
from api.services import UsesServices
from ordersaga.gateways.metrics import CONTENT_TYPE
from ordersaga.gateways.scraping import Scraping

router = APIRouter(tags=["operation"], include_in_schema=False)


async def _may_read(request: Request, services: UsesServices, credentials: Bearer) -> None:
    if services.settings.environment == "development":
        return
    caller = await authenticated(request, services, credentials)
    if caller.role is not Role.OPERATOR:
        raise Problem("forbidden", "this is for the operator", role=caller.role, allowed_roles=[Role.OPERATOR])


@router.get("/metrics", dependencies=[Depends(_may_read)])
async def metrics(request: Request) -> Response:
    """The text form of this process' metrics."""
    scraping: Scraping = request.app.state.scraping
    return Response(await scraping.exposition(), media_type=CONTENT_TYPE)
