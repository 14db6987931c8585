"""Who can sign in to the demo, with what is printed; and nobody where DEBUG is off."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from booking import demo
from booking.demo.building import PASSWORD
from booking.demo.sign_ins import sign_ins
from booking.permissions import Role
from clinic.accounts.models import User
from tests.accounts.signing_in import sign_in_by_code, try_password, who

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]

STAFF = [role for role in Role if role != Role.CLIENT]


def test_each_role_is_printed_with_all_that_signing_in_takes(monkeypatch):
    monkeypatch.setattr(demo, "_draw", lambda **_: [])
    out = StringIO()

    call_command("demo", stdout=out)

    printed = out.getvalue().splitlines()
    assert any("maya@mail.example; the code arrives at" in line for line in printed)
    for role in STAFF:
        (line,) = [line for line in printed if line.startswith(f"  {role} ")]
        *_, email, password, code, _, _ = line.split()
        browser = Browser()
        try_password(email, password, browser=browser)
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert who(browser).groups.get().name == role


def test_a_code_works_once_and_the_next_start_has_new_ones():
    before = {person.email: person.codes for person in sign_ins() if person.codes}
    after = {person.email: person.codes for person in sign_ins() if person.codes}

    assert len(before) == len(STAFF)
    assert not any(set(before[email]) & set(after[email]) for email in before)


def test_the_client_of_the_demo_signs_in_by_code():
    (maya,) = [person for person in sign_ins() if not person.codes]

    assert who(sign_in_by_code(maya.email)).full_name == "Maya Ellison"


def test_nobody_of_the_demo_signs_in_where_it_is_none(settings):
    """Even on the database of a demo; and who is signed in is not any more."""
    people = sign_ins()
    maya = sign_in_by_code("maya@mail.example")
    assert maya.get("/account/").status_code == 200
    settings.DEMO = False

    assert maya.get("/account/").status_code == 302
    for person in people:
        if person.codes:
            browser = Browser()
            assert try_password(person.email, PASSWORD, browser=browser).status_code == 200
        else:
            browser = sign_in_by_code(person.email)
        assert who(browser) is None


def test_every_account_of_the_demo_is_marked_as_one():
    assert not User.objects.filter(is_demo=False).exists()


@pytest.mark.once
def test_with_debug_off_there_is_no_demo_whatever_else_is_set(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", "from clinic.settings import DEMO; print(DEMO)"],
        cwd=django_settings.BASE_DIR,
        env={
            "DEBUG": "0",
            "DEMO": "1",
            "VAR_DIR": str(tmp_path),
            "SECRET_KEY": "x" * 60,
            "SITE_URL": "https://book.clinic.example",
            "ALLOWED_HOSTS": "book.clinic.example",
            "EMAIL_URL": "smtp://localhost",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"
