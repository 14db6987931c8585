from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from clinic.messaging import doorbell, registry
from clinic.web import clock as real_clock
from tests.messaging.scene import Clock, Parcels, Provider, Sink, serving
from tests.services import free_port


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wall_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The same clock, read by pages, commands and tasks too."""
    monkeypatch.setattr(real_clock, "now", clock)
    return clock


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> Parcels:
    owner = Parcels()
    monkeypatch.setattr(registry, "owners", registry.owners.copy())
    registry.register("parcel", holds=owner.holds, render=owner.render, failed=owner.failed)
    return owner


@pytest.fixture
def patience(settings):
    """Leases of two minutes, and three tries with a minute after the first."""
    settings.MESSAGE_LEASE = timedelta(minutes=2)
    settings.MESSAGE_BACKOFF = timedelta(minutes=1)
    settings.MESSAGE_ATTEMPTS = 3


@pytest.fixture
def sink(settings):
    """A real server on a port of its own; Django sends to it by SMTP."""
    server = Sink()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_TIMEOUT = 5
    yield server
    controller.stop()


@pytest.fixture
def twilio(settings):
    """Twilio's web address on a port of its own, as SMS_URL names it."""
    with serving(Provider({"sid": "SM1", "status": "queued"})) as server:
        settings.SMS_URL = f"twilio+http://AC1:secret@{server.address}/+15550100"
        settings.SITE_URL = "https://book.lumen.example"
        yield server


@pytest.fixture
def postmark(settings):
    """Postmark's web address on a port of its own, as EMAIL_PROVIDER names it."""
    went = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "maya@client.example"}
    with serving(Provider(went)) as server:
        settings.EMAIL_PROVIDER = "postmark"
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "token",
            "POSTMARK_API_URL": f"http://{server.address}/",
            "WEBHOOK_SECRET": "postmark:a-long-password",
        }
        yield server


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Every ring that reached the broker."""
    heard: list[None] = []
    monkeypatch.setattr(doorbell, "_publish", lambda: heard.append(None))
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    return heard


@pytest.fixture(autouse=True)
def no_doorbell(rings: list[None]) -> None:
    """No test here needs a worker."""
