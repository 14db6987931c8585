"""Staff join by invitation: a link for one address, once, for a week, that can be taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.accounts import invitations
from clinic.accounts.models import Invitation, User
from clinic.web import clock
from tests.accounts.signing_in import (
    PASSWORD,
    ask_for_code,
    code_in_letter,
    enter,
    member,
    second_step_of,
    sign_in_by_code,
    who,
)
from tests.factories import UserFactory

LEE = "lee@lumen.example"
LINK = re.compile(r"http\S+/join/\S+")


@pytest.fixture
def manager(db: None) -> Browser:
    """A browser in which an admin of the clinic is signed in."""
    browser = Browser()
    browser.force_login(UserFactory(is_staff=True, groups=[Role.ADMIN]))
    return browser


def invite(manager: Browser, email: str = LEE, role: str = Role.FRONT_DESK) -> HttpResponse:
    fields = {"email": email, "role": Group.objects.get(name=role).pk}
    return manager.post(reverse("admin:accounts_invitation_add"), fields)


@pytest.fixture
def link(manager: Browser) -> str:
    """The link of the letter that invites Lee to the front desk."""
    assert invite(manager).status_code == 302
    (letter,) = mail.outbox
    assert letter.to == [LEE]
    found = LINK.search(letter.body)
    assert found
    return found[0]


def join(browser: Browser, link: str, **fields: str) -> HttpResponse:
    return browser.post(link, {"name": "Lee Park", "password": PASSWORD, **fields})


def test_the_link_leads_to_a_name_a_password_and_the_second_step(link: str, client: Browser):
    assert "as front desk" in client.get(link).content.decode()
    assert not User.objects.filter(email=LEE).exists()

    joined = join(client, link)

    lee = User.objects.get(email=LEE)
    assert joined.status_code == 302
    assert who(client) == lee
    assert (lee.full_name, lee.is_staff, lee.is_superuser) == ("Lee Park", True, False)
    assert [group.name for group in lee.groups.all()] == [Role.FRONT_DESK]
    assert client.get("/admin/").headers["Location"] == reverse("mfa_index")


def test_no_password_is_needed_by_who_wants_a_passkey(link: str, client: Browser):
    join(client, link, password="")

    assert not User.objects.get(email=LEE).has_usable_password()
    assert client.get(reverse("mfa_add_webauthn")).status_code == 200


def test_a_poor_password_is_refused_beside_the_field_and_nobody_joins(link: str, client: Browser):
    for password in ("short", "1234567890", "password123"):
        refused = join(client, link, password=password)

        assert refused.status_code == 422
        assert refused.context["form"].errors["password"]
    assert not User.objects.filter(email=LEE).exists()


def test_the_link_works_once(link: str):
    join(Browser(), link)

    for answer in (Browser().get(link), join(Browser(), link, name="Eve")):
        assert answer.status_code == 404
        assert "This invitation is over" in answer.content.decode()
    assert User.objects.get(email=LEE).full_name == "Lee Park"


def test_opening_the_link_changes_nothing(link: str, client: Browser):
    client.get(link)
    client.head(link)

    assert Invitation.objects.get().accepted_at is None
    assert client.get(link).status_code == 200


def test_a_link_is_over_after_a_week(link: str, client: Browser):
    now = clock.now()
    token = link.rstrip("/").rpartition("/")[2]

    assert invitations.invitation_for(token, now=now + timedelta(days=6, hours=23))
    assert not invitations.invitation_for(token, now=now + timedelta(days=7, minutes=1))


def test_an_invitation_that_was_taken_back_lets_nobody_in(
    link: str, manager: Browser, client: Browser
):
    chosen = {"action": "take_back", "_selected_action": [Invitation.objects.get().pk]}
    manager.post(reverse("admin:accounts_invitation_changelist"), chosen)

    assert join(client, link).status_code == 404
    assert not User.objects.filter(email=LEE).exists()


def test_a_new_invitation_ends_the_one_before(link: str, manager: Browser, client: Browser):
    invite(manager, role=Role.AESTHETICIAN)

    assert join(client, link).status_code == 404


@pytest.mark.parametrize("tampered", ["1", "1.abc", "2", "x", "1.", "0x1.abc"])
def test_a_link_that_was_made_up_is_nobodys(link: str, client: Browser, tampered: str):
    assert client.get(reverse("account_join", args=[tampered])).status_code == 404
    changed = link.replace("/join/", "/join/9")
    assert client.get(changed).status_code == 404


def test_who_is_invited_cannot_sign_in_as_staff_before_accepting(link: str, client: Browser):
    ask_for_code(client, LEE)
    enter(client, code_in_letter())

    lee = who(client)
    assert lee is not None
    assert not lee.works_here
    assert client.get("/admin/", follow=True).status_code == 403


def test_who_has_an_account_keeps_it_and_its_second_step(manager: Browser):
    dana = member("dana@lumen.example")
    codes = second_step_of(dana)
    invite(manager, email="Dana@lumen.example", role=Role.ADMIN)
    found = LINK.search(mail.outbox[0].body)
    assert found
    browser = Browser()

    asked = join(browser, found[0], password="another long way")

    assert asked.headers["Location"] == reverse("mfa_authenticate")
    assert who(browser) is None
    browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert who(browser) == dana
    dana.refresh_from_db()
    assert dana.check_password(PASSWORD)


def test_somebody_else_at_the_browser_is_signed_out_first(link: str):
    browser = sign_in_by_code("maya@mail.example")

    join(browser, link)

    assert who(browser).email == LEE


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMIN])
def test_nobody_but_an_admin_invites(db, role: str):
    browser = Browser()
    browser.force_login(UserFactory(is_staff=True, groups=[role]))

    assert invite(browser).status_code == 403
    assert mail.outbox == []


def test_nobody_is_invited_as_a_client(manager: Browser):
    assert invite(manager, role=Role.CLIENT).status_code == 200
    assert mail.outbox == []


def test_nobody_invites_themselves_to_another_role(manager: Browser):
    email = str(who(manager).email).upper()

    refused = invite(manager, email=email, role=Role.MEDICAL_LEAD)

    assert "Your own roles are changed by a colleague." in refused.content.decode()
    assert mail.outbox == []


def test_with_the_mail_server_down_the_admin_gets_the_link_to_hand_on(manager: Browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    fields = {"email": LEE, "role": Group.objects.get(name=Role.FRONT_DESK).pk}
    said = manager.post(reverse("admin:accounts_invitation_add"), fields, follow=True)

    found = LINK.search(said.content.decode())
    assert found
    assert Browser().get(found[0].partition("<")[0]).status_code == 200
