"""The rooms of the project: which there are, what may not be in them, and what the lock files may not say."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = {
    "cli": "entrances",
    "devstack": "entrances",
    "api": "processes",
    "worker": "processes",
    "workflows": "flows",
    "activities": "flows",
    "ordersaga": "the core",
}
OUTSIDE = {"tests": "tests", "bench": "measurements"}
PURE = ("ordersaga/domain",)
KEPT_EMPTY = ("workflows", "activities", "ordersaga/domain", "ordersaga/contracts")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "misc", "base"}


def packages(folder: Path) -> set[str]:
    return {found.parent.name for found in folder.glob("*/__init__.py")}


def sources() -> Iterator[Path]:
    for package in (*LAYERS, *OUTSIDE):
        yield from (ROOT / package).rglob("*.py")


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_top_level_package_is_classified() -> None:
    assert packages(ROOT) - OUTSIDE.keys() == LAYERS.keys()


def test_import_linter_and_the_wheel_know_the_same_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["importlinter"]["root_packages"]) == LAYERS.keys()
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == LAYERS.keys()
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == LAYERS.keys()


def test_nothing_in_the_project_imports_its_tests_or_measurements() -> None:
    offenders = [
        f"{path.relative_to(ROOT)} imports {module}"
        for package in LAYERS
        for path in (ROOT / package).rglob("*.py")
        for module in imported(path)
        if module.partition(".")[0] in OUTSIDE
    ]
    assert offenders == []


@pytest.mark.parametrize("folder", PURE)
def test_rules_import_the_standard_library_and_themselves_only(folder: str) -> None:
    own = folder.replace("/", ".")
    offenders = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in (ROOT / folder).rglob("*.py")
        for module in imported(path)
        if module.partition(".")[0] not in sys.stdlib_module_names and not module.startswith(own)
    ]
    assert offenders == []


def test_rules_ask_no_clock_and_roll_no_dice() -> None:
    """Time and ids are arguments of a rule."""
    impure = re.compile(r"datetime\.now|time\.time\(|utcnow|uuid\.|secrets\.|random\.|os\.environ|date\.today")
    assert [str(path) for path in (ROOT / "ordersaga/domain").rglob("*.py") if impure.search(path.read_text())] == []


@pytest.mark.parametrize("folder", KEPT_EMPTY)
def test_packages_that_workflows_load_have_empty_init_files(folder: str) -> None:
    filled = [str(path) for path in (ROOT / folder).rglob("__init__.py") if path.read_text().strip()]
    assert filled == []


def test_tests_shadow_no_package() -> None:
    """`tests/workflows/__init__.py` without `tests/__init__.py` would be the package `workflows`."""
    assert (ROOT / "tests/__init__.py").exists()
    bare = [path for path in (ROOT / "tests").rglob("test_*.py") if not (path.parent / "__init__.py").exists()]
    assert bare == []


def test_no_file_is_named_for_nothing_in_particular() -> None:
    assert [str(path) for path in sources() if path.stem in VAGUE or path.parent.name in VAGUE] == []


@pytest.mark.parametrize("name", ["runtime.lock", "dev.lock"])
def test_lock_files_carry_hashes_and_no_address_of_an_index(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    requirements = [block for block in re.split(r"\n(?=[a-zA-Z])", text) if re.match(r"[a-zA-Z0-9_.\[\]-]+==", block)]
    assert len(requirements) > 20
    assert [block.splitlines()[0] for block in requirements if "--hash=sha256:" not in block] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_documents_name_no_machine_of_ours() -> None:
    written = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml"]
    private = re.compile(r"/(?:root|home|Users)/|--(?:extra-)?index-url")
    assert [str(path.relative_to(ROOT)) for path in written if private.search(path.read_text())] == []
