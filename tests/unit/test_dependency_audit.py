"""The audit of dependencies: a known vulnerability fails, a silent network does not, an acceptance has its last day."""

import json
import sys
from datetime import date
from typing import Any

import pytest

from deploy.audit_dependencies import ACCEPTED, EVERYTHING, Report, accepted_in, ask, judge, read_report

TODAY = date(2026, 11, 22)
KNOWN = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"], "description": "…"}
VULNERABLE = {"name": "widget", "version": "1.0", "vulns": [KNOWN]}
SOUND = {"name": "gadget", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "sprocket", "skip_reason": "Dependency not found on PyPI"}


def report_of(*dependencies: dict[str, Any]) -> Report:
    return read_report(json.dumps({"dependencies": dependencies, "fixes": []}))


def accepting(until: str = "2026-11-22", name: str = "CVE-1", package: str = "widget") -> str:
    return f'[[accepted]]\nname = "{name}"\npackage = "{package}"\nreason = "not used"\nuntil = {until}\n'


def test_a_known_vulnerability_fails_and_says_what_would_fix_it() -> None:
    told, is_well = judge(report_of(SOUND, VULNERABLE), [], TODAY)
    assert not is_well
    assert told[0] == "VULNERABLE: widget 1.0: CVE-1, PYSEC-1, fixed in 2.0"


def test_without_one_all_is_well() -> None:
    told, is_well = judge(report_of(SOUND), [], TODAY)
    assert (told, is_well) == (["1 packages audited, 0 known vulnerabilities"], True)


def test_an_accepted_one_passes_until_its_last_day() -> None:
    told, is_well = judge(report_of(VULNERABLE), accepted_in(accepting()), TODAY)
    assert is_well
    assert "accepted: widget" in told[0]
    assert "not used" in told[0]


@pytest.mark.parametrize(
    "acceptance",
    [accepting(until="2026-11-21"), accepting(name="CVE-2"), accepting(package="gadget")],
    ids=["expired", "another vulnerability", "another package"],
)
def test_what_is_not_accepted_today_fails(acceptance: str) -> None:
    assert not judge(report_of(VULNERABLE), accepted_in(acceptance), TODAY)[1]


def test_an_acceptance_that_is_not_needed_any_more_is_named() -> None:
    told, is_well = judge(report_of(SOUND), accepted_in(accepting()), TODAY)
    assert is_well
    assert told[0].startswith("no longer found")


def test_what_could_not_be_asked_about_is_said_loudly_and_passes() -> None:
    told, is_well = judge(report_of(UNKNOWN), [], TODAY)
    assert is_well
    assert told[0] == "!!! DEPENDENCIES NOT AUDITED: Dependency not found on PyPI"
    told, is_well = judge(report_of(SOUND, UNKNOWN), [], TODAY)
    assert is_well
    assert told[0].startswith("!!! sprocket NOT AUDITED")


def test_a_vulnerability_counts_though_others_could_not_be_asked_about() -> None:
    assert not judge(report_of(VULNERABLE, UNKNOWN), [], TODAY)[1]


@pytest.mark.parametrize(
    "code",
    ["import time; time.sleep(60)", "import sys; sys.exit('Failed to resolve')", "print('no JSON')", "print('{}')"],
    ids=["silent", "failing", "chatting", "empty"],
)
def test_an_audit_that_does_not_answer_is_an_audit_of_nothing(code: str) -> None:
    report = ask([sys.executable, "-c", code], seconds=5 if "time" not in code else 0.3)
    assert (report.audited, report.found) == (frozenset(), ())
    assert report.unaudited[EVERYTHING]


def test_two_sources_are_heard_together_and_count_nothing_twice() -> None:
    silent = Report(unaudited={EVERYTHING: "no network"})
    renamed = VULNERABLE | {"vulns": [KNOWN | {"id": "GHSA-1"}, {"id": "GHSA-2", "fix_versions": []}]}
    both = report_of(SOUND, VULNERABLE) | report_of(UNKNOWN, renamed)
    assert [sorted(found.names) for found in both.found] == [["CVE-1", "PYSEC-1"], ["GHSA-2"]]
    assert set(both.audited) == {"widget", "gadget"}
    assert set(both.unaudited) == {"sprocket"}
    for heard in (silent | report_of(SOUND), report_of(SOUND) | silent):
        assert set(heard.audited) == {"gadget"}
        assert not heard.unaudited
    assert (silent | report_of(UNKNOWN)).unaudited.keys() == {EVERYTHING, "sprocket"}


def test_an_audit_that_is_not_installed_is_an_audit_of_nothing() -> None:
    assert ask(["/no/such/program"], seconds=5).unaudited


@pytest.mark.parametrize(
    "text",
    [
        '[[accepted]]\nname = "CVE-1"\npackage = "widget"\nuntil = 2026-12-31\n',
        '[[accepted]]\nname = "CVE-1"\npackage = "widget"\nreason = " "\nuntil = 2026-12-31\n',
        '[[accepted]]\nname = "CVE-1"\npackage = "widget"\nreason = "x"\nuntil = "some day"\n',
    ],
    ids=["no reason", "an empty reason", "no day"],
)
def test_an_acceptance_needs_a_reason_and_a_day(text: str) -> None:
    with pytest.raises(ValueError, match="reason"):
        accepted_in(text)


def test_the_file_of_acceptances_can_be_read() -> None:
    accepted_in(ACCEPTED.read_text())
