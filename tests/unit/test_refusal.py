"""What a person reads when settings or a catalogue file are refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.schemas.catalogue import Catalogue
from cli.refusal import explain

BARE = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
def test_a_missing_setting_is_named_as_its_environment_variable_without_a_traceback(command: str) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli", command],
        env=BARE,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "ORDERSAGA_DATABASE_URL: Field required" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_fault_in_a_catalogue_names_its_place_and_not_what_was_given() -> None:
    with pytest.raises(ValidationError) as refused:
        Catalogue.model_validate({"skus": [{"sku": "A", "name": "s3cret", "merchant_id": "m", "prise": 1}]})
    told = explain(refused.value)
    assert told.startswith("Catalogue: not acceptable\n")
    assert "  skus.0.price: Field required" in told
    assert "  skus.0.prise: Extra inputs are not permitted" in told
    assert "s3cret" not in told
