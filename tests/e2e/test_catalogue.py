"""Somebody looks for a treatment, by touch and by keyboard, on a phone and at a desk."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from clinic.accounts.models import User
from clinic.web import clock
from tests.factories import (
    LONG_AGO,
    DeviceFactory,
    LocationFactory,
    OpeningHoursFactory,
    ProviderFactory,
    RoomFactory,
    give_hours,
)
from treatments.catalogue import load_catalogue
from treatments.models import AddOn, Treatment

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday morning in Portland
PAGES = [
    "/",
    "/what-to-expect/",
    "/visit/",
    "/no-such-page/",
    "/treatments/",
    "/treatments/?minutes=60&price=120",
    "/treatments/?area=moon",
    "/treatments/classic-face-tone/",
    "/treatments/first-visit-consultation/",
]
STEPS = ["/book/", "/book/classic-face-tone/60/", "/book/classic-face-tone/60/month/"]
# WCAG 1.4.12; what it asks of paragraphs makes pages longer, not wider
WIDE_LETTERS = """Object.assign(document.documentElement.style,
    {letterSpacing: ".12em", wordSpacing: ".16em", lineHeight: "1.5"})"""


@pytest.fixture(autouse=True)
def clinic(transactional_db, monkeypatch):
    """The whole catalogue, at two places with one aesthetician each."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    lead = User.objects.create(email="hannah@lumen.example", full_name="Hannah Vogel")
    load_catalogue(approved_by=lead, published_at=LONG_AGO, effective_from=LONG_AGO.date())
    for position, (name, person) in enumerate(
        [("Alder Street", "Mara Okafor"), ("Harbor Row", "Ruth Calloway")]
    ):
        place = LocationFactory(name=name, slug=name.lower().replace(" ", "-"), position=position)
        for day in range(7):
            OpeningHoursFactory(location=place, weekday=day)
        provider = ProviderFactory(name=person, title="Aesthetician", lane=position + 1)
        provider.treatments.set(Treatment.objects.all())
        provider.add_ons.set(AddOn.objects.all())
        give_hours(provider, place)
        RoomFactory(location=place)
        DeviceFactory(location=place)


def sideways(page) -> int:
    """By how many pixels the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_everybody_can_use_the_catalogue(page, live_server, axe, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for address in PAGES:
        page.goto(live_server.url + address)
        axe(page)
        assert sideways(page) <= 0, address


def test_nothing_scrolls_sideways_on_the_smallest_phone_or_with_wide_letters(page, live_server):
    page.set_viewport_size({"width": 320, "height": 640})
    for address in PAGES + STEPS:
        page.goto(live_server.url + address)
        assert sideways(page) <= 0, address
        page.evaluate(WIDE_LETTERS)
        assert sideways(page) <= 0, address


def test_twice_as_large_letters_fit_a_phone(browser_type, browser_type_launch_args, live_server):
    large = [*browser_type_launch_args["args"], "--blink-settings=defaultFontSize=32"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": large})
    page = browser.new_page(viewport={"width": 390, "height": 844})
    for address in PAGES + STEPS:
        page.goto(live_server.url + address)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert sideways(page) <= 0, address
    browser.close()


def test_filters_answer_to_the_keyboard_and_keep_the_focus(page, live_server):
    page.goto(f"{live_server.url}/treatments/")
    count = page.get_by_role("status").filter(has_text="treatment")
    expect(count).to_have_text("11 treatments")

    page.get_by_role("radio", name="All").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(count).to_have_text("2 treatments")
    expect(page.get_by_role("radio", name="Eyes")).to_be_focused()
    expect(page).to_have_url(re.compile(r"area=eyes"))

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(count).to_have_text("1 treatment")
    expect(page.get_by_role("checkbox", name="15 min")).to_be_focused()
    expect(page.get_by_role("link", name="Bright Eyes")).to_be_visible()

    page.get_by_label("Price").focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile(r"price=\d+"))


def test_a_filtered_list_can_be_shared_and_gone_back_to(page, context, live_server):
    page.goto(f"{live_server.url}/treatments/")
    page.locator(".chip", has_text="Jaw").click()
    count = page.locator("#count")
    expect(count).to_have_text("1 treatment")
    shared = page.url

    page.get_by_role("link", name="Jawline Focus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jawline Focus")
    page.go_back()
    expect(count).to_have_text("1 treatment")
    expect(page.get_by_role("radio", name="Jaw")).to_be_checked()
    page.go_back()
    expect(count).to_have_text("11 treatments")
    expect(page.get_by_role("radio", name="All")).to_be_checked()

    other = context.new_page()
    other.goto(shared)
    expect(other.locator("#count")).to_have_text("1 treatment")
    expect(other.get_by_role("radio", name="Jaw")).to_be_checked()


def test_choosing_length_and_place_changes_the_times_in_place(page, live_server):
    page.goto(f"{live_server.url}/treatments/classic-face-tone/")
    times = page.locator("#next-free")
    expect(times.get_by_role("link").first).to_contain_text("with Mara")
    expect(page.locator(".dock")).to_contain_text("45 min, from $145")

    page.get_by_role("radio", name="Harbor Row").focus()
    page.keyboard.press("Space")
    expect(times.get_by_role("link").first).to_contain_text("with Ruth")
    page.get_by_role("radio", name="60 min").check()
    expect(page.locator(".dock")).to_contain_text("60 min, from $170")
    expect(page).to_have_url(re.compile(r"minutes=60&location=harbor-row"))


def test_a_next_free_time_leads_to_the_times_of_its_day(page, live_server):
    page.goto(f"{live_server.url}/treatments/classic-face-tone/?minutes=60&location=harbor-row")
    path = reverse("booking:times", args=["classic-face-tone", 60])
    day = (NOW + timedelta(days=2)).date()
    with page.expect_response(lambda answer: path in answer.url) as answered:
        page.locator("#next-free").get_by_role("link").nth(1).click()

    assert answered.value.ok
    expect(page).to_have_url(f"{live_server.url}{path}?location=harbor-row&day={day}")


def test_without_javascript_the_filters_are_a_form(browser, browser_context_args, live_server):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/treatments/")
    page.locator(".chip", has_text="Neck sides").click()
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#count")).to_have_text("3 treatments")
    expect(page.get_by_role("radio", name="Neck sides")).to_be_checked()

    page.goto(f"{live_server.url}/treatments/classic-face-tone/")
    page.get_by_role("radio", name="60 min").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".dock")).to_contain_text("60 min, from $170")
    context.close()
