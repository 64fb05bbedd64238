"""`ordersaga token`: one line, by the folder's key or the environment's, and never in production."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from api.authentication import Authenticator, Caller, Role
from cli.main import app
from devstack.folder import DataFolder
from devstack.secrets import load_or_generate_secrets
from ordersaga.settings import AuthSettings

MERCHANT = ["token", "--role", "merchant", "--sub", "mia", "--merchant-id", "M1"]


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ORDERSAGA_ENVIRONMENT", "ORDERSAGA_AUTH__DEVELOPMENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORDERSAGA_DATA_DIR", str(tmp_path / "data"))


async def caller_of(token: str, secret: str) -> Caller:
    return await Authenticator(AuthSettings(development_secret=SecretStr(secret))).authenticate(token)


async def test_a_token_of_the_folders_key_is_one_line_that_the_api_takes(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    secret = load_or_generate_secrets(folder.secrets).development_secret
    said = CliRunner().invoke(app, MERCHANT)
    assert said.exit_code == 0
    assert said.stdout.count("\n") == 1
    assert await caller_of(said.stdout.strip(), secret) == Caller("mia", Role.MERCHANT, "M1", None)


async def test_the_environments_key_goes_before_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "a-key-of-the-environment-of-32-bytes-or-more"
    monkeypatch.setenv("ORDERSAGA_AUTH__DEVELOPMENT_SECRET", secret)
    said = CliRunner().invoke(app, MERCHANT)
    assert (await caller_of(said.stdout.strip(), secret)).subject == "mia"


def test_a_folder_without_keys_is_refused_with_what_to_do() -> None:
    said = CliRunner().invoke(app, MERCHANT)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert "ordersaga up" in said.stderr


def test_production_knows_no_development_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERSAGA_ENVIRONMENT", "production")
    monkeypatch.setenv("ORDERSAGA_AUTH__DEVELOPMENT_SECRET", "a-key-of-the-environment-of-32-bytes-or-more")
    said = CliRunner().invoke(app, MERCHANT)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert "production" in said.stderr
