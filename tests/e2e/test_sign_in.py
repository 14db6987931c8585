"""Signing in as people do, in a real browser: by a code, with a second step, by a passkey."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from booking.permissions import Role
from clinic.accounts import invitations, services
from clinic.accounts.models import User
from clinic.messaging import mailbox
from clinic.web import clock
from tests.factories import UserFactory, booked

PASSWORD = "a long way home"
CODE = re.compile(r"^([B-Z]{4}-[B-Z]{4})\r?$", re.MULTILINE)


@pytest.fixture(autouse=True)
def letters(settings: Any, tmp_path: Any) -> None:
    """Keep letters in files, as on a developer's machine."""
    settings.EMAIL_BACKEND = f"{mailbox.__name__}.EmailBackend"
    settings.MAILBOX = tmp_path / "mail"


@pytest.fixture(autouse=True)
def patient_apps(settings: Any) -> None:
    """Take a code that ended while the browser was typing it."""
    settings.MFA_TOTP_TOLERANCE = 1


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The address of the site by a name, as passkeys belong to names."""
    address = live_server.url.replace("127.0.0.1", "localhost")
    settings.SITE_URL = address
    settings.CSRF_TRUSTED_ORIGINS = [address]
    settings.ALLOWED_HOSTS = ["localhost"]
    return address


@pytest.fixture
def passkeys(page: Page) -> Iterator[None]:
    """A device that knows its owner's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    yield
    session.detach()


def newest_code(settings: Any) -> str:
    """Return the code in the newest letter."""
    (newest, *_) = sorted(settings.MAILBOX.glob("*.eml"), reverse=True)
    found = CODE.search(newest.read_text())
    assert found, newest.read_text()
    return found[1]


def member(**fields: Any) -> User:
    user = UserFactory(email="dana@lumen.example", password=PASSWORD, is_staff=True, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in_by_code(page: Page, site: str, settings: Any, email: str) -> None:
    page.goto(f"{site}{reverse('account_login')}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="E-mail me a code").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    page.get_by_label("Code").fill(newest_code(settings))
    page.get_by_role("button", name="Sign in").click()


def test_a_client_signs_in_by_code_and_finds_what_was_booked_as_a_guest(
    page: Page, site: str, settings: Any, axe: Callable[[Page], None]
):
    booking = booked()
    page.goto(f"{site}/")
    page.get_by_role("link", name="Menu").click()
    page.get_by_role("dialog").get_by_role("link", name="Sign in").click()
    axe(page)
    page.get_by_label("E-mail").fill("Somebody")
    page.get_by_role("button", name="E-mail me a code").click()
    expect(page.get_by_role("alert").first).to_contain_text("with an @ sign")
    axe(page)

    page.get_by_label("E-mail").fill(f" {booking.client.email.upper()}")
    page.get_by_role("button", name="E-mail me a code").click()
    page.get_by_label("Code").fill("BBBB-BBBB")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_contain_text("That is not the code")
    axe(page)
    page.get_by_label("Code").fill(newest_code(settings))
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    axe(page)
    for name, heading in (("Sign-in", "How you sign in"), ("Devices", "Where you are signed in")):
        page.get_by_role("navigation", name="Your account").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        axe(page)
    page.get_by_role("link", name="Appointments", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").filter(has_text="You are signed out")).to_be_visible()


def test_signing_in_by_code_takes_no_script(browser: Browser, site: str, settings: Any):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    sign_in_by_code(page, site, settings, "maya@mail.example")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.goto(f"{site}{reverse('account_login')}")
    page.goto(f"{site}{reverse('mfa_add_webauthn')}")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    expect(page.get_by_text("A passkey needs JavaScript")).to_be_visible()
    context.close()


def test_a_client_adds_a_passkey_and_signs_in_with_it(
    page: Page, site: str, settings: Any, passkeys: None, axe: Callable[[Page], None]
):
    sign_in_by_code(page, site, settings, "maya@mail.example")
    page.get_by_role("link", name="Sign-in", exact=True).click()
    page.get_by_role("link", name="Add a passkey").click()
    axe(page)
    page.get_by_label("A name to tell it by").fill("My phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("My phone", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    page.goto(f"{site}{reverse('account_login')}?next=/account/sessions/")
    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Where you are signed in")


def test_with_a_passkey_elsewhere_a_client_still_gets_in_by_code(
    page: Page, site: str, settings: Any, passkeys: None
):
    """For a client a passkey is a shorter way, and losing the phone locks nobody out."""
    sign_in_by_code(page, site, settings, "maya@mail.example")
    page.goto(f"{site}{reverse('mfa_add_webauthn')}")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Sign out").click()

    sign_in_by_code(page, site, settings, "maya@mail.example")
    page.get_by_role("link", name="Sign-in", exact=True).click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()

    expect(page.get_by_role("link", name="Remove")).to_have_count(0)


def test_staff_sign_in_with_a_password_and_a_code_of_their_app(
    page: Page, site: str, axe: Callable[[Page], None]
):
    dana, secret = member(groups=[Role.ADMIN]), generate_totp_secret()
    TOTP.activate(dana, secret)
    recovery = RecoveryCodes.activate(dana).get_unused_codes()
    for code in (format_hotp_value(hotp_value(secret, int(time.time()) // 30)), recovery[0]):
        page.goto(f"{site}/admin/")
        axe(page)
        page.get_by_label("E-mail").fill("Dana@lumen.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your second step")
        axe(page)
        page.get_by_label("Code of your app").fill(code)
        page.get_by_role("button", name="Sign in").click()

        expect(page.locator("#site-name")).to_be_visible()
        page.get_by_role("button", name="Log out").click()


def test_who_is_invited_joins_with_a_passkey_and_gets_recovery_codes(
    page: Page, site: str, passkeys: None, axe: Callable[[Page], None]
):
    invitation = services.invite(
        email="lee@lumen.example",
        role=Group.objects.get(name=Role.FRONT_DESK),
        invited_by=UserFactory(),
        now=clock.now(),
    )
    page.goto(invitations.url_of(invitation))
    axe(page)
    page.get_by_label("Your name").fill("Lee Park")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    axe(page)

    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_label("Codes that are left").get_by_role("listitem")).to_have_count(10)
    axe(page)
    page.get_by_role("link", name="I have written them down").click()
    axe(page)
    page.goto(f"{site}/admin/")

    expect(page.locator("#site-name")).to_be_visible()


def test_who_is_invited_joins_with_a_password_and_an_app(
    page: Page, site: str, axe: Callable[[Page], None]
):
    invitation = services.invite(
        email="lee@lumen.example",
        role=Group.objects.get(name=Role.FRONT_DESK),
        invited_by=UserFactory(),
        now=clock.now(),
    )
    page.goto(invitations.url_of(invitation))
    page.get_by_label("Your name").fill("Lee Park")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Add an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    axe(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="A code for your authenticator app")).to_be_visible()
    axe(page)
    secret = page.locator("code").inner_text()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    page.get_by_label("Code of the app").fill(code)
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_label("Codes that are left").get_by_role("listitem")).to_have_count(10)
