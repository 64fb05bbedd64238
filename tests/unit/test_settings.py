"""Settings: what production refuses, and how the database's address is read."""

import base64
from dataclasses import replace

import pytest
from pydantic import ValidationError

from ordersaga.domain.inquiry import PACES
from ordersaga.domain.policies import DEMO, PRODUCTION
from ordersaga.persistence.engine import engine_at
from ordersaga.settings import Settings

NEEDED = {"database_url": "postgresql://user:hunter2@host:5432/shop", "redis_url": "redis://host"}
IDENTITY_PROVIDER = {"jwks_url": "https://id.example/keys"}
KEY = base64.b64encode(bytes(32)).decode()
KEPT_SECRETS = {"audit": {"keys": {"k1": KEY}}, "encryption": {"keys": {"k1": KEY}}}


def settings(**values: object) -> Settings:
    return Settings.model_validate(NEEDED | values)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"auth": {**IDENTITY_PROVIDER, "development_secret": "x" * 32}}, "auth.development_secret"),
        ({"auth": {}}, "auth.public_key or auth.jwks_url"),
        (
            {"auth": IDENTITY_PROVIDER, **KEPT_SECRETS, "sandbox": {"payment_secret": "whsec_eA=="}},
            "sandbox.payment_secret",
        ),
        ({"auth": IDENTITY_PROVIDER}, "audit.keys"),
        ({"auth": IDENTITY_PROVIDER, "audit": KEPT_SECRETS["audit"]}, "encryption.keys"),
    ],
)
def test_production_refuses_keys_that_guard_nothing(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(environment="production", **values)
    assert settings(environment="development", **values)


def test_all_that_production_lacks_is_said_at_once() -> None:
    with pytest.raises(ValidationError, match=r"auth\.jwks_url; audit\.keys: .*; encryption\.keys"):
        settings(environment="production")


def test_production_starts_with_an_identity_providers_key() -> None:
    assert settings(environment="production", auth=IDENTITY_PROVIDER, **KEPT_SECRETS).environment == "production"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_usual_form_of_the_databases_address_leads_to_our_driver(scheme: str) -> None:
    given = f"{scheme}://postgres:secret@postgres:5432/postgres"
    driven = settings(database_url=given).database_driver_url
    assert driven == "postgresql+asyncpg://postgres:secret@postgres:5432/postgres"


@pytest.mark.parametrize("parameter", ["pgbuoncer=true", "channel_binding=require", "sslmod=verify-full"])
def test_a_parameter_of_the_database_that_would_not_be_obeyed_is_refused(parameter: str) -> None:
    with pytest.raises(ValueError, match=parameter.partition("=")[0]):
        engine_at(f"postgresql://user:hunter2@host/shop?{parameter}")


def test_a_pooler_of_transactions_asks_for_an_address_past_it() -> None:
    pooled = "postgresql://user:hunter2@pooler:6432/shop?pgbouncer=true"
    with pytest.raises(ValidationError, match="database_direct_url"):
        settings(database_url=pooled)
    read = settings(database_url=pooled, database_direct_url="postgresql://user:hunter2@host/shop")
    assert ":6432/" in read.database_driver_url
    assert read.database_session_url == "postgresql+asyncpg://user:hunter2@host/shop"


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ValidationError, match="percent-encoded") as refused:
        settings(database_url="postgresql://user:hunter2@host:port/shop")
    assert "hunter2" not in str(refused.value)


def test_addresses_with_passwords_are_not_printed() -> None:
    assert "hunter2" not in repr(settings())


def test_an_order_type_that_is_not_named_takes_the_profiles_policies() -> None:
    assert settings(profile="demo").policies_of("standard") == DEMO
    assert settings().policies_of("standard") == PRODUCTION


def test_one_order_types_policies_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERSAGA_POLICIES", '{"standard": {"payment_seconds": 60}}')
    read = settings(profile="demo")
    assert read.policies_of("standard") == replace(DEMO, payment_seconds=60), "the rest comes from the profile"
    assert read.policies_of("presale") == DEMO


@pytest.mark.parametrize("knobs", [{"payment_secnds": 60}, {"payment_seconds": 0}, {"payment_seconds": "soon"}])
def test_policies_that_are_misspelt_or_impossible_are_refused(knobs: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="payment_sec"):
        settings(policies={"standard": knobs})


def test_a_refusal_does_not_show_what_it_was_given() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(environment="production", sandbox={"payment_secret": "whsec_c2VjcmV0"}, auth="hunter3")
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize("key", ["short", base64.b64encode(bytes(31)).decode(), "?" * 44])
def test_a_key_that_is_not_32_bytes_is_refused_by_its_id(key: str) -> None:
    with pytest.raises(ValidationError, match="key k7"):
        settings(audit={"keys": {"k7": key}})


def test_the_last_key_seals_unless_another_is_named() -> None:
    keys = {"old": KEY, "new": KEY}
    assert settings(audit={"keys": keys}).audit.ring().current == "new"
    assert settings(audit={"keys": keys, "current_key": "old"}).audit.ring().current == "old"
    with pytest.raises(ValidationError, match="current_key"):
        settings(audit={"keys": keys, "current_key": "lost"})


def test_providers_are_asked_at_the_profiles_pace_unless_another_is_named() -> None:
    assert settings(profile="demo").inquiry_pace == PACES["demo"]
    assert settings(inquiry={"first_seconds": 5}).inquiry_pace == replace(PACES["production"], first_seconds=5)
    with pytest.raises(ValidationError, match="inquiry"):
        settings(inquiry={"first_seconds": 60, "longest_seconds": 30})
