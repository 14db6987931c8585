"""The desk looks after clients: by keyboard at a desk, by touch on a tablet, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.models import Booking, Status
from booking.permissions import Role, sync_roles
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.views.staff.written import sent
from tests.factories import BookingFactory, ClientFactory, UserFactory, booked, open_clinic

TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}
Check = Callable[[Page], None]


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    is_tablet = "tablet" in request.node.name
    return {
        **browser_context_args,
        "viewport": TABLET if is_tablet else DESK,
        "has_touch": is_tablet,
        "java_script_enabled": "without_scripts" not in request.node.name,
    }


@pytest.fixture
def visit(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """Tomorrow's visit of Maya, who missed an earlier one, owes for it, and is here twice."""
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
    BookingFactory(
        client=booking.client,
        location=scene.location,
        status=Status.NO_SHOW,
        starts_at=now - timedelta(days=20),
        fee_owed=Decimal(85),
    )
    sent(booking, "M01", due_at=now - timedelta(days=5), useful_until=booking.starts_at)
    ClientFactory(name="Maya Elison", email="", phone="+15035550123")
    return booking


@pytest.fixture
def dana(visit: Booking) -> User:
    sync_roles()
    return UserFactory(
        email="dana@lumen.example", full_name="Dana Whitlock", groups=[Role.FRONT_DESK]
    )


@pytest.fixture
def at_the_desk(live_server: Any, dana: User, context: BrowserContext, page: Page) -> Page:
    """A page of somebody of the front desk, who has signed in."""
    browser = Browser()
    browser.force_login(dana)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    return page


def test_at_a_desk_a_client_is_found_as_one_types_and_noted_about_by_keyboard(
    at_the_desk: Page, live_server: Any, visit: Booking, axe: Check
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:clients')}")
    axe(page)
    page.get_by_label("Find a client or a visit").focus()
    page.keyboard.type("ellis")
    expect(page.locator("#found").get_by_role("link", name="Maya Ellison")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_empty()
    page.keyboard.type("on")
    expect(page.locator("#found").get_by_role("link", name="Maya Ellison")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name="Maya Ellison")).to_be_visible()
    axe(page)
    page.get_by_label("A note").focus()
    page.keyboard.type("Rings twice")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rings twice", exact=True)).to_be_visible()
    page.get_by_role("button", name="Take away “Rings twice”").press("Enter")
    expect(page.get_by_text("Rings twice", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Rings twice", exact=True)).to_be_visible()

    page.wait_for_load_state()  # the press that took it back leads to the page anew
    page.get_by_role("link", name="Change contact").press("Enter")
    page.wait_for_url("**/contact/")
    page.get_by_label("Name").fill("Maya Holm")
    axe(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Maya Holm")).to_be_visible()
    page.get_by_role("link", name="Confirmation").press("Enter")
    page.get_by_label("Why it goes again").fill("Maya lost it")
    axe(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("It goes once more.")).to_be_visible()


def test_on_a_tablet_two_records_become_one_and_a_fee_is_paid_by_touch(
    at_the_desk: Page, live_server: Any, visit: Booking, axe: Check
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:client', args=[visit.client_id])}")
    page.get_by_role("link", name="Compare with Maya Elison").tap()
    expect(page.get_by_text("Is kept", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Make them one record").tap()
    expect(page.get_by_text("The two are one record now.")).to_be_visible()
    assert Client.objects.exclude(merged_into=None).get().name == "Maya Elison"
    axe(page)
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text("They are two records again.")).to_be_visible()
    assert not Client.objects.exclude(merged_into=None).exists()

    page.get_by_role("link", name="Fees", exact=True).tap()
    expect(page.get_by_text("$85 owed for 1 visit")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Paid at the desk by Maya Ellison").tap()
    expect(page.get_by_text("Nobody owes anything.")).to_be_visible()
    page.get_by_role("button", name="Undo for Maya Ellison").tap()
    expect(page.get_by_text("$85 owed for 1 visit")).to_be_visible()
    page.get_by_text("Waive for Maya Ellison").tap()
    page.get_by_label("Why the fee is waived").fill("Snow")
    page.get_by_role("button", name="Waive $85").tap()
    expect(page.get_by_text("Nobody owes anything.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"]


def test_at_a_desk_single_keys_work_for_who_switched_them_on_and_never_in_a_field(
    at_the_desk: Page, live_server: Any, dana: User, axe: Check
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:alerts')}")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_have_count(0)  # off until switched on

    page.goto(f"{live_server.url}{reverse('staff:settings')}")
    axe(page)
    page.get_by_role("button", name="Switch them on").press("Enter")
    expect(page.get_by_text("Keyboard shortcuts are on.")).to_be_visible()
    page.wait_for_load_state()  # the script comes last
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    axe(page)
    page.keyboard.press("t")  # nothing, while the list is open
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.keyboard.press("/")
    expect(page.get_by_label("Find a client or a visit")).to_be_focused()
    page.keyboard.type("t?/n")
    expect(page.get_by_label("Find a client or a visit")).to_have_value("t?/n")
    page.get_by_role("link", name="How you sign in").focus()
    page.keyboard.press("Alt+t")
    assert page.url.endswith(reverse("staff:settings"))
    page.keyboard.press("t")
    page.wait_for_url(f"**{reverse('staff:today')}*")
    page.keyboard.press("]")
    page.wait_for_url("**?day=*")


def test_without_scripts_one_finds_a_client_and_reads_the_list_of_keys(
    at_the_desk: Page, live_server: Any, visit: Booking
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:settings')}")
    expect(page.get_by_text("A day or a week back and on")).to_be_visible()
    page.get_by_label("Find a client or a visit").fill("elli")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Maya Ellison").first.click()
    expect(page.get_by_role("heading", level=1, name="Maya Ellison")).to_be_visible()
