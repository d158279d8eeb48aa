"""What a deployment must not lose: few rights, health checks, no secret, no photo on a disk."""

import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from vov_core.settings import Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
NGINX = (ROOT / "deploy" / "nginx.conf.template").read_text()
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_service_is_confined(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    own_check = "HEALTHCHECK" in DOCKERFILE and "build" in service
    assert own_check or service["healthcheck"]["test"]
    assert name == "proxy" or "ports" not in service, "only the proxy can be reached"


@pytest.mark.parametrize("name", ["app-a", "app-b"])
def test_app_processes_write_nothing(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] and service["ulimits"]["core"] == 0
    assert service["memswap_limit"] == service["mem_limit"], "no swap"
    assert "volumes" not in service
    assert all("size=" in place for place in service["tmpfs"])


def test_secrets_come_from_outside_and_must_be_set() -> None:
    words = (ROOT / "compose.yaml").read_text()
    secrets = re.findall(r"^\s+\w*(?:PASSWORD|SECRET_KEY|SECRET): (.+)$", words, re.MULTILINE)
    secrets += re.findall(r"://vov:([^@]+)@", words)
    assert len(secrets) >= 4
    assert all(re.match(r"\$\{\w+:\?", secret) or secret == '"yes"' for secret in secrets)
    example = (ROOT / "deploy" / "example.env").read_text()
    assert not re.search(r"(PASSWORD|KEY)=.+", example)


def test_links_outlast_a_process_and_every_setting_can_reach_the_app() -> None:
    app = COMPOSE["x-app"]
    assert app["environment"]["VOV_SECRET_KEY"].startswith("${VOV_SECRET_KEY:?")
    assert app["environment"]["VOV_PUBLIC_URL"].startswith("https://")
    assert app["env_file"] == [{"path": "deploy/app.env", "required": False}]
    # The store of compose.yaml is on a network without a way out: links to it would be dead.
    assert "VOV_S3_PUBLIC_ENDPOINT" not in app["environment"]
    example = (ROOT / "deploy" / "app.example.env").read_text()
    offered = re.findall(r"^#VOV_(\w+)=", example, re.MULTILINE)
    assert offered and {name.lower() for name in offered} <= {f.name for f in fields(Settings)}


def test_the_image_is_not_root_and_takes_only_what_it_needs() -> None:
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", stage, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*" and "!.streamlit/config.toml" in ignored
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", stage, re.MULTILINE):
        for path in copied.split():
            assert (ROOT / path).exists() and f"!{path}" in ignored


def test_the_proxy_lets_through_what_the_app_takes() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    most = config["server"]["maxUploadSize"]
    limit = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert limit and most < int(limit[1]) <= most + 20
    assert Settings().max_video_mb < most


def test_uploads_and_outputs_are_never_on_the_proxys_disk() -> None:
    assert "proxy_request_buffering off;" in NGINX
    assert "proxy_max_temp_file_size 0;" in NGINX
    log = re.search(r"log_format vov '(.+)'", NGINX)
    assert log
    hidden = ("uri", "request ", "remote", "http_", "args", "cookie_")
    assert not any(part in log[1] for part in hidden)


def test_the_python_of_the_image_is_the_projects() -> None:
    assert set(re.findall(r"FROM python:(\d+\.\d+)", DOCKERFILE)) == {"3.11"}


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        pytest.skip("no nginx here; tests/browser/test_stack.py insists on it")
    from deploy.stack import App, Proxy

    proxy = Proxy(tmp_path / "proxy", 8443, (App(tmp_path / "a", {}), App(tmp_path / "b", {})))
    done = subprocess.run([*proxy.command(), "-t"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_threats_name_tests_that_exist() -> None:
    words = (ROOT / "docs" / "SECURITY.md").read_text()
    named = re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py|tests/[\w/]+\.py)`", words)
    assert len(named) > 20
    known = {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert [name for name in named if not (ROOT / name).exists() and name not in known] == []


def test_no_text_of_the_project_names_a_registry() -> None:
    """Where packages come from is the operator's choice."""
    hosts = ("pypi" + r"\.org", "pythonhosted" + r"\.", "download.pytorch" + r"\.", "npmjs" + r"\.")
    pattern = re.compile("|".join(hosts))
    files = [*ROOT.glob("*"), *(ROOT / ".streamlit").glob("*")]
    for folder in ("docs", "scripts", "deploy", "vov_core", "pages", "benchmarks", "training"):
        files += (ROOT / folder).rglob("*")
    words = {".py", ".md", ".txt", ".toml", ".yaml", ".sh", ".template", ".env", ".example", ""}
    for file in (file for file in files if file.suffix in words and file.is_file()):
        assert not pattern.search(file.read_text("utf-8", "replace")), file
