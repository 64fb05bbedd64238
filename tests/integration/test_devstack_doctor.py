"""`ordersaga doctor`: what it finds on this machine, and on a stack that is and is not well."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devstack.checks import Finding, look_at_machine, look_at_stack
from devstack.options import StackOptions
from devstack.stack import Stack

SECONDS = 60.0


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The servers alone, with nothing in them."""
    options = StackOptions(data_dir=tmp_path_factory.mktemp("doctor") / "data", port=0, servers_only=True)
    stack = Stack(options)
    async with asyncio.timeout(SECONDS):
        await stack.start()
    yield stack
    async with asyncio.timeout(SECONDS):
        await stack.stop()


async def found(stack: Stack) -> dict[str, Finding]:
    return {finding.what: finding for finding in await look_at_stack(stack.addresses)}


def test_this_machine_can_run_the_stack(tmp_path: Path) -> None:
    assert [finding for finding in look_at_machine(tmp_path / "data") if not finding.good] == []


def test_that_no_stack_runs_is_told_and_not_wrong(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "cli", "doctor", "--data-dir", str(tmp_path / "data"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603  # our own command
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none runs in" in done.stdout
    assert not (tmp_path / "data").exists(), "it only looks"


async def test_what_is_missing_is_wrong_with_what_to_do(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        findings = await found(stack)
        wrong = {what for what, finding in findings.items() if not finding.good}
        assert wrong == {"migrations", "search attributes", "workers", "API is ready"}
        assert "ordersaga migrate" in findings["migrations"].advice
        assert "ordersaga up" in findings["API is ready"].advice


async def test_migrating_puts_right_what_it_was_advised_for(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        await stack.migrate()
        findings = await found(stack)
        assert findings["migrations"].good
        assert findings["search attributes"].good


async def test_a_server_that_does_not_answer_is_wrong(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        stack.kill("valkey")
        await stack.exited("valkey", SECONDS)
        assert not (await found(stack))["Valkey answers"].good
        await stack.restart("valkey")
        assert (await found(stack))["Valkey answers"].good
