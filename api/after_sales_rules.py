"""The shop's rules for what comes back, set alone or with a catalogue."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.persistence import after_sales_rules, coupons


async def put_rules(connection: AsyncConnection, rules: AfterSalesRules, at: datetime) -> int:
    """The version of these rules, which hold for orders that are placed from now on. The template that they name must
    be there.
    """
    template = rules.apology_template
    if template is not None and await coupons.get_template(connection, template) is None:
        raise Problem(
            "reference_unknown",
            f"apology_template: there is no {template}",
            field="apology_template",
            unknown=[template],
        )
    return await after_sales_rules.publish(connection, rules, at)
