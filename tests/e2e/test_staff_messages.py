"""The people who work here look after what clients are told: on a tablet and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.models import Alert, Booking
from booking.permissions import Role, sync_roles
from clinic.messaging import doorbell
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.views.staff.written import alert, failed, planned, sent
from tests.factories import InstructionVersionFactory, UserFactory, booked, open_clinic

TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    size = TABLET if "tablet" in request.node.name else DESK
    return {**browser_context_args, "viewport": size, "has_touch": size is TABLET}


@pytest.fixture
def visit(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """Tomorrow's visit: its preparation failed, its client wants a call, one message waits."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    now, scene = clock.now(), open_clinic("America/Los_Angeles")
    booking = booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        reference="K7P-2QX",
        client__name="Maya Ellison",
        client__email="maya@mail.example",
        starts_at=now.replace(microsecond=0) + timedelta(hours=30),
        created_at=now - timedelta(days=5),
    )
    version = InstructionVersionFactory(instruction__code="P-STD")
    booking.instruction_versions.add(version)
    sent(booking, "M01", due_at=now - timedelta(days=5), delivered_at=now - timedelta(days=5))
    failed(
        booking,
        "M04",
        due_at=now - timedelta(hours=1),
        settled_at=now - timedelta(hours=1),
        last_error="550 no such person here",
    )
    planned(booking, "M05", due_at=now - timedelta(minutes=2), ready_at=now - timedelta(minutes=2))
    alert(booking, raised_at=now - timedelta(minutes=20))
    alert(booking, kind=Alert.Kind.NOT_DELIVERED, raised_at=now - timedelta(hours=1))
    return booking


@pytest.fixture
def at_the_desk(live_server: Any, visit: Booking, context: BrowserContext, page: Page) -> Page:
    """A page of somebody of the front desk, who has signed in."""
    sync_roles()
    browser = Browser()
    browser.force_login(
        UserFactory(email="dana@lumen.example", full_name="Dana Whitlock", groups=[Role.FRONT_DESK])
    )
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    return page


def test_on_a_tablet_a_client_is_called_and_the_preparation_sent_again_by_touch(
    at_the_desk: Page, live_server: Any, visit: Booking, axe: Callable[[Page], None]
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:alerts')}")
    expect(page.get_by_role("heading", level=1, name="Needs a person")).to_be_visible()
    expect(page.get_by_role("link", name="Needs a person 2 open")).to_be_visible()
    axe(page)
    call = page.get_by_role("link", name="Call Maya Ellison, (503) 555-0123").first
    assert call.get_attribute("href") == "tel:+15035550123"

    page.get_by_role("button", name="Done, I have called").tap()
    expect(page.get_by_text("Done. It is noted with the visit of Maya Ellison.")).to_be_visible()
    page.get_by_role("link", name="Maya Ellison", exact=True).first.tap()

    expect(page.get_by_text("Prep not delivered")).to_be_visible()
    expect(page.get_by_text("Dealt with by Dana Whitlock")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Preparation and reminder").tap()
    expect(page.get_by_text("550 no such person here")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Try again").tap()

    expect(page.get_by_text("It is tried again.")).to_be_visible()
    page.get_by_role("link", name="Visit K7P-2QX").tap()
    expect(page.get_by_role("heading", level=1, name="Maya Ellison")).to_be_visible()
    expect(page.get_by_text("Prep not delivered")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"]


def test_at_a_desk_a_message_is_found_looked_at_and_withdrawn_by_keyboard(
    at_the_desk: Page, live_server: Any, visit: Booking, axe: Callable[[Page], None]
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:messages')}")
    axe(page)
    page.get_by_label("Find a client or a visit").focus()
    page.keyboard.type("k7p2qx")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name="Maya Ellison")).to_be_visible()
    press(page, "link", "Preview")
    expect(page.get_by_text("You are booked:")).to_be_visible()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_text("Hello Maya, you are booked.")).to_be_visible()
    axe(page)
    press(page, "button", "Send a test to myself")
    expect(page.get_by_text("A test is on its way to dana@lumen.example.")).to_be_visible()
    press(page, "link", "Reminder the day before text message")
    expect(page.get_by_text("of 160 characters")).to_be_visible()
    axe(page)

    press(page, "link", "Messages")
    press(page, "link", "Reminder the day before", exact=True)
    press(page, "button", "Withdraw this message")
    expect(page.get_by_role("alert").get_by_text("Say in a few words")).to_be_visible()
    axe(page)
    page.get_by_label("Why it should not go").focus()
    page.keyboard.type("Maya called us")
    page.keyboard.press("Enter")

    expect(page.get_by_text("It will not go.")).to_be_visible()
    expect(page.get_by_text("Dana Whitlock: Maya called us")).to_be_visible()
    message = Message.objects.get(code="M05")
    assert (message.status, message.reason) == ("void", "Dana Whitlock: Maya called us")


def press(page: Page, role: Any, name: str, *, exact: bool = False) -> None:
    """Press what has the focus, put there without a pointer."""
    element = page.get_by_role(role, name=name, exact=exact).first
    element.focus()
    expect(element).to_be_focused()
    page.keyboard.press("Enter")
