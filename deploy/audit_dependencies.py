"""`python -m deploy.audit_dependencies`: are there known vulnerabilities in what the lock files name?

One that is known fails, unless `requirements/accepted-vulnerabilities.toml` says why it does not matter and until when.
Where nobody can be asked – without a network, behind a mirror without advisories – it says so loudly and passes.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements/dev.lock", "requirements/runtime.lock")
ACCEPTED = ROOT / "requirements/accepted-vulnerabilities.toml"
SECONDS = 15.0
"""For all sources, which are asked at once: without a network, `make check` must not wait."""

EVERYTHING = "*"
SOURCES = ("pypi", "osv")
_OPTIONS = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "--timeout=4")


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """`names` are its id and its aliases: PYSEC-…, CVE-…, GHSA-…."""

    package: str
    version: str
    names: frozenset[str]
    fixed_in: tuple[str, ...] = ()

    def is_same(self, other: "Vulnerability") -> bool:
        return self.package == other.package and not self.names.isdisjoint(other.names)

    def __str__(self) -> str:
        fix = f"fixed in {' or '.join(self.fixed_in)}" if self.fixed_in else "not fixed yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))}, {fix}"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A vulnerability that we live with: why, and the last day on which that holds."""

    name: str
    package: str
    reason: str
    until: date

    def covers(self, found: Vulnerability) -> bool:
        return self.package == found.package and self.name in found.names


@dataclass(frozen=True, slots=True)
class Report:
    """The packages that were asked about, what is known of them, and why others could not be asked about."""

    audited: frozenset[str] = frozenset()
    found: tuple[Vulnerability, ...] = ()
    unaudited: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: "Report") -> "Report":
        """What two sources say together: each may know what the other does not."""
        audited = self.audited | other.audited
        new = [one for one in other.found if not any(one.is_same(known) for known in self.found)]
        heard = audited | {EVERYTHING} if audited else audited
        missing = {name: why for name, why in (self.unaudited | other.unaudited).items() if name not in heard}
        return Report(audited, (*self.found, *new), missing)


def accepted_in(text: str) -> list[Acceptance]:
    """Raises `ValueError` where a reason or a last day is missing: an acceptance without them is none."""
    try:
        found = [Acceptance(**entry) for entry in tomllib.loads(text).get("accepted", [])]
    except TypeError as error:
        raise ValueError(f"an acceptance has name, package, reason and until: {error}") from error
    for entry in found:
        if not entry.reason.strip() or type(entry.until) is not date:
            raise ValueError(f"{entry.name}: give a reason, and until = a date like 2026-12-31")
    return found


def read_report(text: str) -> Report:
    """The JSON of pip-audit."""
    dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    asked = [item for item in dependencies if "skip_reason" not in item]
    found = {
        Vulnerability(
            item["name"],
            item["version"],
            frozenset([known["id"], *known.get("aliases", [])]),
            tuple(known.get("fix_versions", [])),
        )
        for item in asked
        for known in item["vulns"]
    }
    skipped = {item["name"]: item["skip_reason"] for item in dependencies if "skip_reason" in item}
    return Report(frozenset(item["name"] for item in asked), tuple(sorted(found, key=str)), skipped)


def ask(command: Sequence[str], seconds: float) -> Report:
    """What pip-audit says; a report of nothing when it cannot, or not in time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=ROOT)  # noqa: S603 - our own tool
    except (OSError, subprocess.TimeoutExpired) as error:
        return Report(unaudited={EVERYTHING: f"pip-audit did not answer: {type(error).__name__}"})
    try:
        return read_report(done.stdout)
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.strip().splitlines() or ["pip-audit said nothing that can be read"]
        return Report(unaudited={EVERYTHING: lines[-1][:200]})


def judge(report: Report, accepted: Sequence[Acceptance], today: date) -> tuple[list[str], bool]:
    """What to tell, and whether it is well."""
    told, is_well = [], True
    for found in report.found:
        reasons = [entry for entry in accepted if entry.covers(found)]
        if any(today <= entry.until for entry in reasons):
            told.append(f"accepted: {found} ({reasons[0].reason}; until {reasons[0].until})")
            continue
        expired = f" (accepted until {reasons[0].until} only)" if reasons else ""
        told.append(f"VULNERABLE: {found}{expired}")
        is_well = False
    gone = [entry for entry in accepted if not any(entry.covers(found) for found in report.found)]
    if report.audited and not report.unaudited:
        told += [f"no longer found, remove it from the file: {entry.name} of {entry.package}" for entry in gone]
    if report.unaudited:
        why = next(iter(report.unaudited.values()))
        missing = ", ".join(sorted(report.unaudited)) if report.audited else "DEPENDENCIES"
        told.append(f"!!! {missing} NOT AUDITED: {why}")
        told.append("!!! run `make check` where pypi.org or api.osv.dev can be reached before you release")
    told.append(f"{len(report.audited)} packages audited, {len(report.found)} known vulnerabilities")
    return told, is_well


def main() -> int:
    locks = [f"--requirement={lock}" for lock in LOCKS]
    audit = [sys.executable, "-m", "pip_audit", *_OPTIONS, *locks]
    with ThreadPoolExecutor() as at_once:
        pypi, osv = at_once.map(lambda source: ask([*audit, f"--vulnerability-service={source}"], SECONDS), SOURCES)
    report = pypi | osv
    told, is_well = judge(report, accepted_in(ACCEPTED.read_text()), datetime.now(UTC).date())
    print(*told, sep="\n", file=sys.stdout if is_well and report.audited else sys.stderr)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
