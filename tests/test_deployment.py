"""Production as docker-compose.yml tells it: its shape, its refusals, its commands. No Docker."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
import yaml
from django.conf import settings

from tests.services import free_port

Until = Callable[[Callable[[], Any], str], None]
ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
ENVIRON = {
    "DEBUG": "0",
    "SECRET_KEY": "a-long-text-of-many-letters-that-nobody-could-guess-0123456789",
    "SITE_URL": "https://book.lumen.example",
    "ALLOWED_HOSTS": "book.lumen.example",
    "EMAIL_URL": "dummymail://",
    "TRUSTED_PROXIES": "1",
    "MESSAGE_TICK": "0.5",
}


# Its shape


def test_compose_follows_the_compose_specification():
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = run([str(Path(sys.executable).parent / command[0]), *command[1:]], os.environ)
    assert done.returncode == 0, done.stdout


def test_web_worker_and_beat_run_the_same_image():
    assert len({SERVICES[name]["image"] for name in OURS}) == 1
    assert {name for name in SERVICES if "build" in SERVICES[name]} == set(OURS)


def test_there_is_exactly_one_beat():
    beats = [name for name in OURS if "beat" in SERVICES[name]["command"]]
    assert beats == ["beat"]
    assert SERVICES["beat"]["deploy"]["replicas"] == 1
    assert not {"-B", "--beat"} & set(SERVICES["worker"]["command"])


def test_the_database_is_migrated_once_before_anything_else_starts():
    assert [name for name in OURS if "migrate" in SERVICES[name]["command"]] == ["migrate"]
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web", "worker", "beat"):
        waits_for = SERVICES[name]["depends_on"]
        assert waits_for["migrate"]["condition"] == "service_completed_successfully"
        assert waits_for["postgres"]["condition"] == "service_healthy"
        assert waits_for["redis"]["condition"] == "service_healthy"


def test_what_others_wait_for_says_how_it_is():
    assert SERVICES["web"]["healthcheck"]["test"][-1] == "/readyz"
    for name in ("postgres", "redis", "worker"):
        assert SERVICES[name]["healthcheck"]["test"]
    assert "/healthz" in (ROOT / "Dockerfile").read_text()


def test_no_secret_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "POSTGRES_PASSWORD"):
        uses = re.findall(rf"\$\{{{name}(..)", text)
        assert uses, name
        assert set(uses) == {":?"}, name


def test_only_the_web_can_be_reached_and_only_from_this_machine():
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER lumen" in last_stage


def test_the_example_names_every_variable_and_gives_no_secret():
    example = dict(
        re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)
    )
    in_settings = re.findall(
        r"(?:env(?:\.\w+)?|required)\(\s*[\"']([A-Z_]+)[\"']",
        (ROOT / "clinic/settings.py").read_text(),
    )
    in_compose = re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())
    missing = {*in_settings, *in_compose} - {"LUMEN_VERSION"} - set(example)
    assert not missing
    assert not any(example[name] for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "EMAIL_URL"))


# Its refusals


@pytest.mark.parametrize("name", ["SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "EMAIL_URL"])
@pytest.mark.parametrize("leave", ["unset", "empty"])
def test_production_does_not_start_without_what_it_needs_and_says_what(name, leave, tmp_path):
    environ = {**bare_environ(tmp_path), **ENVIRON, name: ""}
    if leave == "unset":
        del environ[name]
    done = run([sys.executable, "manage.py", "check"], environ)
    assert done.returncode != 0
    assert f"{name} is not set" in done.stdout


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        ({"EMAIL_URL": "", "EMAIL_PROVIDER": "postmark"}, ""),
        ({"EMAIL_PROVIDER": "carrierpigeon"}, "EMAIL_PROVIDER: anymail does not know"),
        ({"SMS_URL": "twilio://AC1:secret@api.twilio.com/+15551234567"}, ""),
        ({"SMS_URL": "twilio://AC1@api.twilio.com"}, "SMS_URL: twilio://SID:TOKEN@"),
    ],
)
def test_ways_out_for_mail_and_texts_are_looked_at_before_anything_starts(differs, says, tmp_path):
    environ = {**bare_environ(tmp_path), **ENVIRON, **differs}
    done = run([sys.executable, "manage.py", "check"], environ)
    assert (done.returncode != 0) == bool(says)
    assert says in done.stdout


# Its commands


@pytest.fixture(scope="module")
def production(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment of compose's services, on a database and a Redis of their own."""
    var = tmp_path_factory.mktemp("var")
    server = urlsplit(os.environ["DATABASE_URL"])
    name = f"deployment_{os.getpid()}"
    redis_url = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path="/13"))
    with psycopg.connect(server.geturl(), autocommit=True) as postgres:
        postgres.execute(f'CREATE DATABASE "{name}"')
        with redis.Redis.from_url(redis_url) as broker:
            broker.flushdb()
            yield {
                **bare_environ(var),
                **ENVIRON,
                "DATABASE_URL": urlunsplit(server._replace(path=f"/{name}")),
                "REDIS_URL": redis_url,
                "GRANIAN_HOST": "127.0.0.1",
                "GRANIAN_PORT": str(free_port()),
            }
            broker.flushdb()
        postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.postgres
@pytest.mark.redis
def test_each_command_of_compose_starts_and_does_its_work(production, tmp_path):
    for command in (
        [sys.executable, "bin/build_assets.py"],  # the image has these two done
        [sys.executable, "manage.py", "collectstatic", "--noinput"],
        command_of("migrate"),
    ):
        done = run(command, production)
        assert done.returncode == 0, done.stdout

    with redis.Redis.from_url(production["REDIS_URL"]) as broker:
        with started("beat", production, tmp_path) as until:
            until(lambda: broker.llen("celery"), "beat rings the doorbell")

        with started("worker", production, tmp_path) as until:
            test = SERVICES["worker"]["healthcheck"]["test"][1].replace("$$HOSTNAME", host_name())
            until(lambda: run(["sh", "-c", test], production).returncode == 0, "the worker answers")
            until(lambda: not broker.llen("celery"), "the worker hears the doorbell")

    with started("web", production, tmp_path) as until:
        for page in ("/healthz", "/readyz"):
            check = [sys.executable, *SERVICES["web"]["healthcheck"]["test"][2:-1], page]
            until(lambda check=check: run(check, production).returncode == 0, f"{page} is well")
        assert get("/", production)[0] == 301  # to https
        behind_proxy = {"X-Forwarded-Proto": "https"}
        status, headers, text = get("/", production, **behind_proxy)
        assert status == 200, (tmp_path / "web.log").read_text()
        assert "Strict-Transport-Security" in headers
        stylesheet = re.search(r'href="(/static/[^"]+\.css)"', text)
        assert stylesheet
        assert "immutable" in get(stylesheet[1], production, **behind_proxy)[1]["Cache-Control"]


def command_of(service: str) -> list[str]:
    """Return a service's command, its programs taken from our own environment."""
    program, *arguments = SERVICES[service]["command"]
    return [str(Path(sys.executable).parent / program), *arguments]


@contextmanager
def started(service: str, environ: dict[str, str], folder: Path) -> Iterator[Until]:
    """Run a service's command; at the end ask it to stop, which it does in peace.

    Yields a function that waits for something to become true, as long as the service lives.
    """
    command = [
        text.replace("/tmp/beat-schedule", str(folder / "beat")) for text in command_of(service)
    ]
    log = folder / f"{service}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=out, stderr=out, start_new_session=True
        )

    def until(is_so: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + 60  # more than any machine needs
        while not is_so():
            assert process.poll() is None, f"{service} ended by itself: {log.read_text()}"
            assert time.monotonic() < deadline, f"not within a minute: {what}"
            time.sleep(0.1)

    try:
        yield until
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0, log.read_text()


def get(path: str, environ: dict[str, str], **headers: str) -> tuple[int, Message, str]:
    """Ask the web service for a page under the name it answers to: status, headers, text."""
    with closing(HTTPConnection("127.0.0.1", int(environ["GRANIAN_PORT"]), timeout=20)) as web:
        web.request("GET", path, headers={"Host": ENVIRON["ALLOWED_HOSTS"], **headers})
        answer = web.getresponse()
        return answer.status, answer.headers, answer.read().decode()


def host_name() -> str:
    """Return this machine's name, which a container has in HOSTNAME."""
    return os.uname().nodename


def bare_environ(var: Path) -> dict[str, str]:
    """Return what any process needs, and none of the tests' own settings."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(var), "VAR_DIR": str(var)}


def run(command: list[str], environ: Any) -> "subprocess.CompletedProcess[str]":
    """Run `command` to its end; what it says is in stdout."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
