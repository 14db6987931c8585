"""A real browser for the journeys: phone-sized, offline but for our own server, watched."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

from tests.e2e.browser import chromium

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the tests' thread

LOCAL = {"localhost", "127.0.0.1", "::1"}
AXE = Path(django_settings.NODE_MODULES) / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the journeys, so that `-m "not e2e"` leaves them to their own run."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the Chromium this machine has, or the one that came with the packages."""
    program, environ = chromium()
    return {
        **browser_type_launch_args,
        "executable_path": str(program),
        "env": {**os.environ, **environ},
        "headless": True,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Browse as most clients do, on a phone held upright, in the clinic's own time zone."""
    return {
        **browser_context_args,
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "locale": "en-US",
        "timezone_id": "America/Los_Angeles",
        "reduced_motion": "reduce",
    }


@pytest.fixture
def context(context: BrowserContext) -> Iterator[BrowserContext]:
    """Keep the browser off the net; fail on requests out, script errors and a broken policy."""
    troubles: list[str] = []

    def only_local(route: Route, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"data", "blob"} or address.hostname in LOCAL:
            route.continue_()
        else:
            troubles.append(f"request to {request.url}")
            route.abort()

    def note_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            troubles.append(message.text)

    context.route("**/*", only_local)
    context.on("console", note_console)
    context.on("weberror", lambda error: troubles.append(f"script error: {error.error}"))
    yield context
    assert not troubles


@pytest.fixture(autouse=True)
def own_address(live_server: Any, settings: Any) -> None:
    """Make links in mail lead to the server under test."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Return a check that axe-core finds nothing wrong with a page, as it stands."""

    def check(page: Page) -> None:
        page.evaluate(AXE.read_text())
        violations = page.evaluate("axe.run().then(result => result.violations)")
        report = "\n".join(
            f"{each['id']} ({each['impact']}): {each['help']}: "
            + ", ".join(str(node["target"]) for node in each["nodes"])
            for each in violations
        )
        assert not violations, f"{page.url}\n{report}"

    return check
