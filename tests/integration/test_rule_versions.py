"""Rules are parsed once per process, and forgotten when there are too many."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from ordersaga.domain.pricing.documents import offer_from_document, offer_to_document
from ordersaga.domain.pricing.offers import Offer
from ordersaga.persistence.database import Database
from ordersaga.persistence.rule_versions import RuleVersions, Version
from ordersaga.persistence.tables.offers import offer_versions
from tests.integration.purses import Purses


async def test_a_rule_is_parsed_once_until_too_many_were_parsed_after_it(database: Database) -> None:
    purses = Purses.empty(database)
    parsed: list[str] = []

    def read(document: Mapping[str, Any]) -> Offer:
        parsed.append(document["code"])
        return offer_from_document(document)

    rules = RuleVersions(offer_versions, write=offer_to_document, read=read, kept=2)
    offers = [await purses.offers(code) for code in "abc"]
    async with database.transaction() as connection:
        query = select(offer_versions.c.code, offer_versions.c.version, offer_versions.c.digest)
        rows = await connection.execute(query.where(offer_versions.c.code.in_([offer.code for offer in offers])))
        versions: dict[str, Version] = {row.code: (row.code, row.version, row.digest) for row in rows}
        a, b, c = (versions[offer.code] for offer in offers)
        assert await rules.rules(connection, [b, a, a, b]) == [offers[1], offers[0], offers[0], offers[1]]
        assert await rules.rules(connection, [a, b]) == offers[:2]
        assert len(parsed) == 2
        assert await rules.rules(connection, [a, b, c]) == offers, "more than are kept"
        assert len(parsed) == 3
        assert await rules.rules(connection, [c]) == offers[2:]
        assert len(parsed) == 3, "the newest is kept"
        assert await rules.rules(connection, [a, b]) == offers[:2]
        assert len(parsed) == 4, "one was forgotten of the two that the database gave at once, in an order of its own"
