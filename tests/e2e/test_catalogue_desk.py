"""An admin edits the catalogue and a text, the medical lead approves it: by keyboard and touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.permissions import Role, sync_roles
from clinic.messaging import doorbell
from tests.factories import InstructionVersionFactory, UserFactory, open_clinic
from treatments.models import Instruction, InstructionVersion, Treatment

LAPTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    by_hand = "phone" in request.node.name
    size = PHONE if by_hand else LAPTOP
    is_scripted = "without_scripts" not in request.node.name
    more = {"viewport": size, "has_touch": by_hand, "java_script_enabled": is_scripted}
    return {**browser_context_args, **more}


@pytest.fixture
def treatment(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Treatment:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    found = open_clinic("America/Los_Angeles").treatment
    found.name, found.summary = "Classic Face Tone", "The whole face, from jaw to brow."
    found.what_it_is = found.suits = found.feels_like = found.side_effects = "As it is."
    found.save()
    return found


@pytest.fixture
def text(live_server: Any) -> Instruction:
    version = InstructionVersionFactory(
        instruction__code="P-STD",
        instruction__name="Preparation",
        lines=["Pause retinol three days ahead.", "Come with a bare face."],
    )
    return version.instruction


@pytest.fixture
def sign_in(live_server: Any, context: BrowserContext) -> Callable[..., None]:
    """Return what signs somebody of a role in at this browser."""

    def come(role: str, name: str) -> None:
        sync_roles()
        browser = Browser()
        browser.force_login(UserFactory(full_name=name, groups=[role], is_staff=True))
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        context.add_cookies([cookie])

    return come


def test_at_a_laptop_a_treatment_is_previewed_put_right_and_saved_by_keyboard(
    sign_in: Callable[..., None],
    page: Page,
    live_server: Any,
    treatment: Treatment,
    axe: Callable[[Page], None],
):
    sign_in(Role.ADMIN, "Sam Whitlock")
    page.goto(f"{live_server.url}{reverse('catalogue:index')}")
    axe(page)
    page.get_by_role("link", name="Classic Face Tone").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Classic Face Tone")).to_be_visible()
    axe(page)

    page.get_by_label("In one sentence").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Painless, for the whole face.")
    page.get_by_role("button", name="Preview what is typed").focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe[name=as-client]")
    expect(frame.get_by_text("As typed. Nothing is saved yet.")).to_be_visible()
    expect(frame.get_by_text("Painless, for the whole face.")).to_be_visible()

    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("We do not write “Painless”.")
    expect(page.get_by_label("In one sentence")).to_have_value("Painless, for the whole face.")
    axe(page)
    page.get_by_label("In one sentence").fill("For the whole face.")
    page.get_by_role("button", name="Save", exact=True).press("Enter")

    expect(page.get_by_text("Saved. It counts from now on")).to_be_visible()
    treatment.refresh_from_db()
    assert treatment.summary == "For the whole face."


def test_on_a_phone_a_treatment_is_retired_and_offered_again(
    sign_in: Callable[..., None],
    page: Page,
    live_server: Any,
    treatment: Treatment,
    axe: Callable[[Page], None],
):
    sign_in(Role.ADMIN, "Sam Whitlock")
    page.goto(f"{live_server.url}{reverse('catalogue:treatment', args=[treatment.pk])}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("link", name="Retire Classic Face Tone").tap()
    expect(page.get_by_text("No visit is touched.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Retire Classic Face Tone").tap()

    expect(page.get_by_role("heading", name="No longer offered")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Offer it on the site again").tap()
    expect(page.get_by_text("Classic Face Tone is offered again.")).to_be_visible()


def test_at_a_laptop_a_text_is_written_handed_in_and_approved_by_keyboard(
    sign_in: Callable[..., None],
    page: Page,
    live_server: Any,
    treatment: Treatment,
    text: Instruction,
    axe: Callable[[Page], None],
):
    sign_in(Role.ADMIN, "Sam Whitlock")
    page.goto(f"{live_server.url}{reverse('catalogue:text', args=[text.pk])}")
    axe(page)
    page.get_by_role("link", name="Write a new version").press("Enter")
    page.get_by_role("button", name="Add a sentence").press("Enter")
    expect(page.get_by_label("Sentence 3")).to_be_focused()
    page.keyboard.type("Bring a list of your medicines.")
    page.get_by_role("button", name="Move sentence 3 up").press("Enter")
    expect(page.get_by_label("Sentence 2")).to_have_value("Bring a list of your medicines.")
    expect(page.get_by_label("Sentence 2")).to_be_focused()
    axe(page)
    page.get_by_role("button", name="Hand it to the medical lead").press("Enter")
    expect(page.get_by_text("It waits for the medical lead.")).to_be_visible()

    sign_in(Role.MEDICAL_LEAD, "Hannah Vogel")
    page.goto(f"{live_server.url}{reverse('catalogue:texts')}")
    expect(page.get_by_role("link", name="Clinic 1 open")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Preparation, version 2").press("Enter")
    expect(page.locator("ins", has_text="Bring a list of your medicines.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Approve this text").press("Enter")

    expect(page.get_by_text("Approved. Clients get it")).to_be_visible()
    assert InstructionVersion.objects.get(number=2, instruction=text).approved_at is not None


def test_on_a_phone_without_scripts_the_rows_of_a_text_move_and_go(
    sign_in: Callable[..., None],
    page: Page,
    live_server: Any,
    treatment: Treatment,
    text: Instruction,
):
    sign_in(Role.ADMIN, "Sam Whitlock")
    page.goto(f"{live_server.url}{reverse('catalogue:write', args=[text.pk])}")
    page.get_by_role("button", name="Move sentence 2 up").click()
    page.get_by_role("button", name="Remove sentence 2").click()
    page.get_by_role("button", name="Preview what is typed").click()
    frame = page.frame_locator("iframe[name=as-client]")
    expect(frame.get_by_role("list").get_by_text("Come with a bare face.").first).to_be_visible()
    expect(frame.get_by_text("Pause retinol three days ahead.")).to_have_count(0)
    page.get_by_role("button", name="Save the draft").last.click()

    expect(page.get_by_role("heading", level=1, name="Preparation, version 2")).to_be_visible()
    assert InstructionVersion.objects.get(number=2, instruction=text).lines == [
        "Come with a bare face."
    ]
