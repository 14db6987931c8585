"""A client prepares, cares for the skin, and says a day later how it is; and what we may send."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from booking import links
from booking.models import Booking, Reading, SkinAnswer, SkinCheck, Status
from clinic.clients import links as client_links
from clinic.clients.models import ConsentKind
from clinic.clients.selectors import preferences
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.scenes import confirm
from tests.factories import LONG_AGO, UserFactory, open_clinic
from treatments.catalogue import load_catalogue
from treatments.models import Instruction

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday morning in Portland
MONDAY_NINE = datetime(2030, 3, 4, 17, tzinfo=UTC)
Check = Callable[[Page], None]


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """The clinic's clock, which stands still until a test moves it."""
    told = {"now": NOW}
    monkeypatch.setattr(clock, "now", lambda: told["now"])
    monkeypatch.setattr(doorbell, "_publish", lambda: None)  # nobody delivers mail here
    return told


@pytest.fixture
def booking(transactional_db: None) -> Booking:
    """Monday at nine, with the handbook's texts for the whole face and the eyes."""
    cache.clear()  # nobody came before
    scene = open_clinic("America/Los_Angeles")
    load_catalogue(approved_by=UserFactory(), published_at=LONG_AGO, effective_from=LONG_AGO.date())
    texts = ["P-STD", "P-EYE", "A-STD", "A-EYE"]
    scene.treatment.instructions.set(Instruction.objects.filter(code__in=texts))
    return confirm(scene, MONDAY_NINE, now=NOW - timedelta(days=1))


@pytest.fixture
def visit_over(booking: Booking, wall_clock: dict[str, datetime]) -> Booking:
    """It took place; it is Tuesday, a day after its end."""
    Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)
    wall_clock["now"] = booking.ends_at + timedelta(days=1)
    booking.refresh_from_db()
    return booking


@pytest.fixture
def fits(axe: Check) -> Check:
    """Return a check that a page is fit for everybody, on the narrowest phone too."""

    def check(page: Page) -> None:
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
    width: int, scheme: str, page: Page, booking: Booking, wall_clock: dict[str, Any], fits: Check
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    client = booking.client
    assert client is not None

    for name in ("prepare", "aftercare", "check_in"):
        page.goto(links.page_url(booking, name))
        fits(page)
    Booking.objects.update(status=Status.COMPLETED)
    wall_clock["now"] = booking.ends_at + timedelta(days=1)
    page.goto(links.page_url(booking, "aftercare"))
    fits(page)
    page.goto(links.check_in_url(booking, SkinAnswer.CALM))
    fits(page)
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("That is good to know")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Please call me").click()
    expect(page.get_by_text("We will call you")).to_be_visible()
    fits(page)
    page.goto(client_links.preferences_url(client))
    fits(page)
    page.goto(client_links.unsubscribe_url(client, ConsentKind.CARE_TIPS))
    fits(page)


def test_loading_and_scrolling_tells_nothing_and_the_first_press_once(page: Page, booking: Booking):
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url) if _is_told(request.url) else None)

    page.goto(links.page_url(booking, "prepare"))
    page.evaluate("scrollTo(0, 500)")
    page.evaluate("dispatchEvent(new PointerEvent('pointerdown'))")  # by a script, not a person
    page.wait_for_timeout(300)
    assert told == []
    assert not Reading.objects.exists()

    with page.expect_response(lambda response: _is_told(response.url)) as answer:
        page.get_by_role("heading", name="How to get ready").click()
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)

    assert answer.value.status == 204
    assert len(told) == 1
    reading = Reading.objects.get()
    assert (reading.page, reading.acknowledged_at) == ("prep", None)


def _is_told(url: str) -> bool:
    return url.endswith("/opened/")


def test_somebody_reads_and_says_so_with_the_keyboard_alone(page: Page, booking: Booking):
    page.goto(links.page_url(booking, "prepare"))
    button = page.get_by_role("button", name="I have read this")

    for _ in range(40):
        if button.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("You told us on Friday, March")).to_be_in_viewport()
    assert Reading.objects.get().acknowledged_at == NOW


def test_without_scripts_all_of_it_works(
    browser: Browser, booking: Booking, wall_clock: dict[str, Any]
):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(links.page_url(booking, "prepare"))
    page.get_by_role("button", name="I have read this").click()
    expect(page.get_by_text("You told us on Friday, March")).to_be_visible()
    Booking.objects.update(status=Status.COMPLETED)
    wall_clock["now"] = booking.ends_at + timedelta(days=1)

    page.goto(links.page_url(booking, "check_in"))
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("link", name="Choose one of the three answers.")).to_be_visible()
    page.get_by_label("Still irritated").check()
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("Thank you. We will call you.")).to_be_visible()

    assert SkinCheck.objects.get().needs_call
    context.close()


def test_one_press_chooses_and_one_sends(page: Page, visit_over: Booking):
    page.goto(links.check_in_url(visit_over, SkinAnswer.IRRITATED))
    expect(page.get_by_label("Still irritated")).to_be_checked()
    assert not SkinCheck.objects.exists()

    page.get_by_role("button", name="Send answer").click()

    expect(page.get_by_text("Thank you. We will call you.")).to_be_visible()
    expect(page).to_have_url(re.compile("/check-in/$"))
    assert SkinCheck.objects.get().needs_call


def test_a_client_says_what_we_may_send(page: Page, booking: Booking):
    client = booking.client
    assert client is not None
    page.goto(client_links.preferences_url(client))

    page.get_by_label("Texts about my appointments").check()
    page.get_by_label("Care tips").uncheck()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(page.get_by_label("Texts about my appointments")).to_be_checked()
    wanted = preferences(client)
    assert wanted[ConsentKind.SERVICE_SMS]
    assert not wanted[ConsentKind.CARE_TIPS]


def test_one_press_ends_one_kind(page: Page, booking: Booking):
    client = booking.client
    assert client is not None
    page.goto(client_links.unsubscribe_url(client, ConsentKind.CARE_TIPS))
    assert preferences(client)[ConsentKind.CARE_TIPS]

    page.get_by_role("button", name="Stop them").click()

    expect(page.get_by_role("heading", name="no more care tips")).to_be_visible()
    assert not preferences(client)[ConsentKind.CARE_TIPS]
