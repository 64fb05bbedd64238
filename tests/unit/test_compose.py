"""The compose file, its image and its secrets, as far as they can be judged without an engine.

`compose_spec/` is the Compose Specification's own schema (Apache-2.0, its licence beside it).
"""

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from ordersaga.settings import Settings
from worker.main import DRAIN

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
TASKS = {"temporal-schema", "temporal-namespace", "migrate"}
OURS = {"migrate", "api", "worker", "simulate"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def strings(document: object) -> Iterator[str]:
    """Every string of a document, keys aside."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for value in document.values():
            yield from strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from strings(value)


def setting_names(model: type[BaseModel], prefix: str = "ORDERSAGA_") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name.upper()}"
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from setting_names(kind, f"{prefix}{name.upper()}__")


def run(
    *command: str, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own scripts, and what reads compose files here
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def make_env(folder: Path, *arguments: str) -> dict[str, str]:
    """What a fresh `.env` of a checkout in `folder` sets."""
    shutil.copytree(ROOT / "deploy", folder / "deploy", dirs_exist_ok=True)
    assert run("sh", str(folder / "deploy" / "make-env.sh"), *arguments).returncode == 0
    lines = (folder / ".env").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.removeprefix("'").removesuffix("'") for name, value in pairs}


def compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and run(*command, "version").returncode == 0:
            return command
    return None


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose_spec" / "compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


@pytest.mark.parametrize("kind", ["development", "production"])
def test_composes_own_reader_takes_the_file_with_a_fresh_env(kind: str, tmp_path: Path) -> None:
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed here")
    make_env(tmp_path, kind)
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORDERSAGA_", "COMPOSE_"))}
    profiles = ("--profile", "simulate", "--profile", "observability")
    said = run(*command, *profiles, "config", "--quiet", cwd=tmp_path, environment=environment)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - TASKS))
def test_what_keeps_running_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    if "healthcheck" in service:
        assert service["healthcheck"]["test"]
        assert service["healthcheck"].keys() >= {"interval", "timeout", "retries", "start_period"}
    else:
        assert name in OURS
        assert service["command"] == ["api"], "the image's own check is the API's"


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_task_is_tried_again_and_its_success_awaited(name: str) -> None:
    assert SERVICES[name]["restart"] == "on-failure:5"
    assert SERVICES[name]["healthcheck"] == {"disable": True}
    awaited = [service["depends_on"].get(name) for service in SERVICES.values() if "depends_on" in service]
    assert {"condition": "service_completed_successfully"} in awaited


def test_services_are_awaited_until_they_are_well() -> None:
    for service in SERVICES.values():
        for awaited, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if awaited in TASKS else "service_healthy"
            assert how == {"condition": expected}, awaited


def test_images_are_pinned_and_built_once() -> None:
    for name, service in SERVICES.items():
        image = service["image"]
        if name in OURS:
            assert re.fullmatch(r"\$\{ORDERSAGA_IMAGE:-ordersaga:\d+\.\d+\.\d+\}", image)
        else:
            assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image), image
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"${{ORDERSAGA_IMAGE:-ordersaga:{version}}}"}


def test_our_containers_may_do_little() -> None:
    for name in OURS:
        service = SERVICES[name]
        assert (service["init"], service["read_only"], service["cap_drop"]) == (True, True, ["ALL"])
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in SERVICES.values())


def test_only_the_loopback_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"api", "temporal-ui", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_secret_stands_in_the_files() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|PWD|AUTH$|KEYS?$|TOKEN", name):
                assert value is None or VARIABLE.fullmatch(value), name
    for text in strings(COMPOSE):
        for found in re.finditer(r"://\w*:(?P<password>[^@/]+)@", text):
            assert VARIABLE.fullmatch(found["password"]), text
    committed = [*(ROOT / "deploy").rglob("*"), ROOT / "docker-compose.yml", ROOT / "Dockerfile"]
    for path in (found for found in committed if found.is_file() and found.suffix != ".pyc"):
        assert not re.search(r"whsec_\w|[0-9a-f]{24}|[A-Za-z0-9+/]{40}=", path.read_text()), path
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_setting_that_it_names_exists() -> None:
    known = set(setting_names(Settings))
    assert {"ORDERSAGA_DATABASE_URL", "ORDERSAGA_AUTH__JWKS_URL", "ORDERSAGA_SANDBOX__INTERNAL_URL"} <= known
    named = {name for service in OURS for name in SERVICES[service]["environment"] if name.startswith("ORDERSAGA_")}
    assert named <= known
    in_the_image = set(re.findall(r"\b(ORDERSAGA_\w+)=", DOCKERFILE))
    assert in_the_image <= known


@pytest.mark.parametrize("kind", ["development", "production"])
def test_a_fresh_env_has_what_is_needed_and_nothing_that_nobody_reads(kind: str, tmp_path: Path) -> None:
    made = make_env(tmp_path, kind)
    used = {found["name"]: found["rest"] for text in strings(COMPOSE) for found in VARIABLE.finditer(text)}
    assert all(rest.startswith((":-", ":?")) for rest in used.values())
    needed = {name for name, rest in used.items() if rest.startswith(":?")}
    passed_on = {name for name, value in SERVICES["api"]["environment"].items() if value is None}
    assert needed <= made.keys() <= used.keys() | passed_on
    assert made["ORDERSAGA_ENVIRONMENT"] == kind


@pytest.mark.parametrize("kind", ["development", "production"])
def test_the_services_start_with_a_fresh_env(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ORDERSAGA_")]:
        monkeypatch.delenv(name)
    made = make_env(tmp_path, kind)
    for name, value in SERVICES["api"]["environment"].items():
        given = made.get(name) if value is None else VARIABLE.sub(lambda found: made.get(found["name"], ""), value)
        if given is not None:
            monkeypatch.setenv(name, given)
    if kind == "production":
        with pytest.raises(ValueError, match="production needs"):
            Settings()
        monkeypatch.setenv("ORDERSAGA_AUTH__JWKS_URL", "https://id.example/keys")
    settings = Settings()
    assert settings.environment == kind
    assert len(settings.quote.keys) == 1
    assert (settings.sandbox.payment_secret is None) == (kind == "production")


def test_an_env_is_its_owners_and_is_never_replaced(tmp_path: Path) -> None:
    made = make_env(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    said = run("sh", str(tmp_path / "deploy" / "make-env.sh"))
    assert (said.returncode, ".env is there already" in said.stderr) == (1, True)
    (tmp_path / "other").mkdir()
    other = make_env(tmp_path / "other")
    secrets = {name for name in made if re.search(r"SECRET|PASSWORD|KEYS", name)}
    assert len(secrets) == 10
    assert all(made[name] != other[name] for name in secrets)


def test_the_image_installs_by_hash_and_runs_as_nobody_in_particular() -> None:
    def last(instruction: str) -> str:
        return [line.split(None, 1)[1] for line in INSTRUCTIONS if line.startswith(f"{instruction} ")][-1]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))
    assert json.loads(last("ENTRYPOINT")) == ["ordersaga"]
    assert json.loads(last("CMD")) == ["api"]
    assert "/readyz" in last("HEALTHCHECK")
    assert re.fullmatch(r"PYTHON_TAG=3\.\d+-slim-\w+", last("ARG"))
    assert len([line for line in INSTRUCTIONS if line.startswith("FROM ")]) == 2
    fetches = [part for line in INSTRUCTIONS for part in line.split("&&") if " install " in part and "-r " in part]
    assert len(fetches) == 2
    assert all("--require-hashes" in part for part in fetches)
    assert not re.search(r"https?://(?!127\.0\.0\.1)|index-url|find-links|trusted-host", DOCKERFILE)


def test_the_image_is_built_from_what_it_needs_and_no_more() -> None:
    named = set((ROOT / ".dockerignore").read_text().splitlines())
    assert "*" in named
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    allowed = {name.removeprefix("!") for name in named if name.startswith("!")}
    locks = {f"requirements/{name}.lock" for name in ("build", "runtime")}
    assert allowed == {*packages["packages"], *locks, "pyproject.toml", "README.md"}


def test_the_image_is_built_with_the_versions_that_developers_build_with() -> None:
    def pinned(lock: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / "requirements" / lock).read_text(), flags=re.MULTILINE))

    assert pinned("build.lock") <= pinned("dev.lock")


def test_temporal_is_told_what_submit_needs_of_it() -> None:
    told = yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamicconfig.yaml").read_text())
    for switch in ("frontend.enableUpdateWorkflowExecution", "frontend.enableExecuteMultiOperation"):
        assert told[switch] == [{"value": True}]
    assert told["system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"] == [{"value": 2}]
    versions = {SERVICES[name]["image"].rpartition(":")[2] for name in ("temporal", *TASKS - {"migrate"})}
    assert len(versions) == 1, "the schema is the server's own"


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").rglob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_plain_sh(script: Path) -> None:
    assert run("sh", "-n", str(script)).stderr == ""


def test_what_is_scraped_is_what_our_processes_open() -> None:
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    found = {
        (job["job_name"], *place["names"], str(place["port"]))
        for job in scraped["scrape_configs"]
        for place in job["dns_sd_configs"]
    }
    port = SERVICES["api"]["environment"]["ORDERSAGA_METRICS_PORT"]
    assert found == {("ordersaga-api", "api", port), ("ordersaga-worker", "worker", port)}
    assert all(port not in text for service in SERVICES.values() for text in service.get("ports", []))


def test_what_a_service_mounts_is_there() -> None:
    mounted = [text.split(":")[0] for service in SERVICES.values() for text in service.get("volumes", [])]
    folders = [source for source in mounted if source.startswith("./")]
    assert len(folders) >= 7
    assert [source for source in folders if not (ROOT / source).exists()] == []


def test_a_worker_has_the_time_to_finish_its_steps() -> None:
    granted = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert granted > DRAIN.total_seconds()
