"""A client in their own area: what is next, what was, what we know, and being forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django import test
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from booking.models import Booking, Status
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.scenes import confirm
from tests.factories import (
    LONG_AGO,
    BookingFactory,
    ClientFactory,
    UserFactory,
    booked,
    open_clinic,
)
from treatments.catalogue import load_catalogue
from treatments.models import Instruction

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday morning in Portland
MONDAY_NINE = datetime(2030, 3, 4, 17, tzinfo=UTC)
Check = Callable[[Page], None]
Maya = dict[str, Any]


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """The clinic's clock, which stands still until a test moves it."""
    told = {"now": NOW}
    monkeypatch.setattr(clock, "now", lambda: told["now"])
    monkeypatch.setattr(doorbell, "_publish", lambda: None)  # nobody delivers mail here
    return told


@pytest.fixture
def maya(transactional_db: None) -> Maya:
    """Maya: twelve visits behind her, the latest on Wednesday; the next is on Monday at nine."""
    cache.clear()  # nobody came before
    scene = open_clinic("America/Los_Angeles")
    load_catalogue(approved_by=UserFactory(), published_at=LONG_AGO, effective_from=LONG_AGO.date())
    texts = Instruction.objects.filter(code__in=["P-STD", "P-EYE", "A-STD", "A-EYE"])
    scene.treatment.instructions.set(texts)
    user = UserFactory(email="maya@mail.example", full_name="")
    known = {"name": "Maya Ellison", "email": "maya@mail.example"}
    client = ClientFactory(user=user, **known)
    facts = {
        "location": scene.location,
        "provider": scene.provider,
        "option": scene.option,
        "client": client,
    }
    behind = [
        booked(starts_at=MONDAY_NINE - timedelta(days=days), status=Status.COMPLETED, **facts)
        for days in (5, *range(12, 84, 7))
    ]
    next_ = confirm(scene, MONDAY_NINE, now=NOW - timedelta(days=1), **known)
    for visit in behind:
        visit.instruction_versions.set(next_.instruction_versions.all())
    later = BookingFactory(starts_at=MONDAY_NINE + timedelta(days=7), **facts)
    return {"user": user, "client": client, "next": next_, "later": later, "behind": behind}


def sign_in(page: Page, user: User, site: str) -> None:
    """Be signed in as of just now; the way in has its own journeys."""
    browser = test.Client()
    browser.force_login(user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": browser.cookies["sessionid"].value, "url": site}]
    )


@pytest.fixture
def area(page: Page, maya: Maya, live_server: Any) -> str:
    """The address of the site, to whose area this browser is signed in."""
    sign_in(page, maya["user"], live_server.url)
    return str(live_server.url)


@pytest.fixture
def fits(axe: Check) -> Check:
    """Return a check that a page is fit for everybody, on the narrowest phone too."""

    def check(page: Page) -> None:
        page.wait_for_load_state()  # its styles too
        axe(page)
        size = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 900})
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, page.url
        assert size is not None
        page.set_viewport_size(size)

    return check


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_fit_for_everybody(
    width: int, scheme: str, page: Page, area: str, maya: Maya, fits: Check
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)

    for name in ("home", "details", "messages", "calendar", "privacy", "everything", "erase"):
        page.goto(f"{area}{reverse(f'account:{name}')}")
        fits(page)
    for name in ("visit", "aftercare"):
        page.goto(f"{area}{reverse(f'account:{name}', args=[maya['behind'][0].reference])}")
        fits(page)
    ClientFactory(user=maya["user"], name="Leo Ellison", email="maya@mail.example")
    page.goto(f"{area}{reverse('account:home')}")
    fits(page)
    page.get_by_role("button", name="Leo Ellison").click()
    expect(page.get_by_role("heading", name="Hello, Leo")).to_be_visible()
    fits(page)
    page.goto(f"{area}{reverse('account:erase')}")
    fits(page)
    page.get_by_role("button", name="Erase my details").click()
    expect(page.get_by_role("alert").first).to_contain_text("Type your name as it stands above.")
    fits(page)
    page.goto(f"{area}{reverse('account:goodbye')}")
    fits(page)


def test_a_client_goes_through_what_is_theirs_by_touch(page: Page, area: str, maya: Maya):
    page.goto(f"{area}{reverse('account:home')}")
    expect(page.get_by_role("heading", name="Monday, March 4 at 9:00 am")).to_be_in_viewport()
    expect(page.get_by_role("region", name="What to do today")).to_contain_text("Pause retinol")

    page.get_by_role("link", name="Older").tap()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_role("link", name="Newer").tap()
    page.get_by_role("link", name="Wed, Feb 27", exact=True).tap()
    expect(page.get_by_text(maya["behind"][0].reference, exact=True)).to_be_visible()
    expect(page.get_by_text("no proof of payment")).to_be_visible()
    page.get_by_role("link", name="Aftercare").tap()
    expect(page.get_by_text("Broad-spectrum SPF 30")).to_be_visible()
    page.get_by_role("link", name="Your appointments").tap()
    page.get_by_role("link", name="Open appointment").tap()

    expect(page.get_by_role("link", name="Change the time")).to_be_visible()


def test_on_paper_there_is_the_summary_and_nothing_to_press(page: Page, area: str, maya: Maya):
    page.goto(f"{area}{reverse('account:visit', args=[maya['behind'][0].reference])}")
    page.emulate_media(media="print")

    expect(page.get_by_text("Total", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation", name="Your account")).to_be_hidden()
    expect(page.get_by_role("button", name="Book the same again")).to_be_hidden()


def test_details_are_changed_with_the_keyboard_alone(page: Page, area: str, maya: Maya):
    page.goto(f"{area}{reverse('account:details')}")
    page.get_by_label("Your name").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Maya Ellisson")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    maya["client"].refresh_from_db()
    assert maya["client"].name == "Maya Ellisson"


def test_everything_comes_as_a_file(page: Page, area: str, maya: Maya):
    page.goto(f"{area}{reverse('account:privacy')}")

    with page.expect_download() as started:
        page.get_by_role("link", name="Download as a file (JSON)").click()

    known = json.loads(Path(started.value.path()).read_text())
    assert started.value.suggested_filename == "about-me.json"
    assert len(known["visits"]) == 14


def test_without_scripts_one_books_again_and_is_forgotten(
    browser: Browser, live_server: Any, maya: Maya
):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, maya["user"], live_server.url)
    home = f"{live_server.url}{reverse('account:home')}"
    page.goto(home)
    page.get_by_role("button", name="Book again").first.click()
    expect(page.get_by_text("You are booking as Maya Ellison.")).to_be_visible()
    Booking.objects.filter(starts_at__gt=NOW).update(status=Status.CANCELLED_CLINIC)

    page.goto(home)
    page.get_by_role("link", name="Privacy").click()
    page.get_by_role("link", name="Erase my details").click()
    page.get_by_label("Type your name to confirm").fill("Maya Ellison")
    page.get_by_role("button", name="Erase my details").click()

    expect(page.get_by_role("heading", name="It is done")).to_be_visible()
    assert Client.objects.get(pk=maya["client"].pk).erased_at == NOW
    page.goto(home)
    expect(page).to_have_url(f"{live_server.url}{reverse('account_login')}?next=/account/")
    context.close()
