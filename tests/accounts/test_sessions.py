"""One sees where one is signed in, and ends it there; the clinic ends it for who has left."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.accounts.agents import name_of
from clinic.accounts.models import User
from tests.accounts.signing_in import member, second_step_of, sign_in_by_code, who
from tests.factories import UserFactory

MAYA = "maya@mail.example"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
LIST = "usersessions_list"


@pytest.fixture
def phone(db: None) -> Browser:
    return sign_in_by_code(MAYA, Browser(headers={"User-Agent": IPHONE}))


@pytest.fixture
def laptop(phone: Browser) -> Browser:
    return sign_in_by_code(MAYA)


def is_in(browser: Browser) -> bool:
    return browser.get(reverse("account:home")).status_code == 200


def test_every_browser_is_listed_by_a_name_one_knows(phone: Browser, laptop: Browser):
    text = laptop.get(reverse(LIST)).content.decode()

    assert text.count("this browser") == 1
    assert "Safari on iPhone" in text
    assert "A browser" in text


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox on Linux",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("", "A browser"),
    ],
)
def test_browsers_are_called_as_people_call_them(agent: str, name: str):
    assert name_of(agent) == name


def test_a_lost_phone_is_signed_out_from_the_laptop(phone: Browser, laptop: Browser):
    session = UserSession.objects.get(session_key=phone.session.session_key)

    laptop.post(reverse("account_end_session", args=[session.pk]))

    assert (is_in(phone), is_in(laptop)) == (False, True)


def test_everywhere_else_at_once(phone: Browser, laptop: Browser):
    third = sign_in_by_code(MAYA)

    laptop.post(reverse("account_end_others"))

    assert [is_in(browser) for browser in (phone, laptop, third)] == [False, True, False]


def test_nobody_ends_the_sessions_of_others(phone: Browser):
    session = UserSession.objects.get()
    stranger = sign_in_by_code("rosa@mail.example")

    assert stranger.post(reverse("account_end_session", args=[session.pk])).status_code == 404
    stranger.post(reverse("account_end_others"))
    assert is_in(phone)


def test_looking_ends_nothing(phone: Browser, laptop: Browser):
    session = UserSession.objects.get(session_key=phone.session.session_key)

    for way in (
        reverse("account_end_session", args=[session.pk]),
        reverse("account_end_others"),
    ):
        assert laptop.get(way).status_code == 405
    assert is_in(phone)


def test_who_may_not_sign_in_any_more_is_signed_out_and_stays_so(phone: Browser):
    maya = who(phone)
    maya.is_active = False
    maya.save()
    assert not is_in(phone)

    maya.is_active = True
    maya.save()

    assert not is_in(phone)
    assert not UserSession.objects.exists()


@pytest.fixture
def manager(db: None) -> Browser:
    browser = Browser()
    browser.force_login(UserFactory(is_staff=True, groups=[Role.ADMIN]))
    return browser


def act(manager: Browser, action: str, user: User) -> None:
    manager.post(
        reverse("admin:accounts_user_changelist"), {"action": action, "_selected_action": [user.pk]}
    )


def test_an_admin_signs_somebody_out_everywhere(phone: Browser, manager: Browser):
    act(manager, "sign_out_everywhere", who(phone))

    assert not is_in(phone)


def test_an_admin_lets_somebody_set_up_the_second_step_anew(manager: Browser):
    dana = member()
    second_step_of(dana)

    act(manager, "forget_second_step", dana)

    assert not Authenticator.objects.filter(user=dana).exists()


def test_an_admin_touches_no_superuser(manager: Browser):
    boss = UserFactory(email="boss@lumen.example", is_superuser=True)
    second_step_of(boss)

    act(manager, "forget_second_step", boss)

    assert Authenticator.objects.filter(user=boss).exists()


def test_a_changed_address_is_nobodys_until_it_is_proved(phone: Browser, manager: Browser):
    maya = who(phone)

    manager.post(
        reverse("admin:accounts_user_change", args=[maya.pk]),
        {"email": "Other@mail.example", "full_name": "Maya", "is_active": "on"},
    )

    maya.refresh_from_db()
    assert maya.email == "other@mail.example"
    assert not maya.emailaddress_set.exists()


def test_staff_reach_this_page_too(db):
    dana = member()
    browser = Browser()
    browser.force_login(dana)

    assert browser.get(reverse(LIST)).status_code == 200
