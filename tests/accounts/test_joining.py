"""What was booked as a guest joins the account whose owner proved the address: never before."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking
from clinic.accounts.models import User
from clinic.clients.models import Client
from tests.accounts.signing_in import ask_for_code, code_in_letter, enter, sign_in_by_code, who
from tests.factories import ClientFactory, UserFactory, booked, open_clinic

MAYA = "maya@mail.example"


def people_of(user: User | None) -> set[str]:
    return set(Client.objects.filter(user=user).values_list("name", flat=True)) if user else set()


@pytest.fixture
def guest(db: None) -> Client:
    return ClientFactory(name="Maya Ellison", email="Maya@Mail.example")


def test_a_guest_joins_once_the_code_is_typed_and_not_before(guest: Client, client: Browser):
    ask_for_code(client, MAYA)
    enter(client, "BBBB-BBBB")
    guest.refresh_from_db()
    assert guest.user is None

    enter(client, code_in_letter())

    guest.refresh_from_db()
    assert guest.user == who(client)


def test_an_address_nobody_proved_joins_nothing(guest: Client):
    """As one that an admin wrote into an account."""
    user = UserFactory(email=MAYA)
    EmailAddress.objects.create(user=user, email=MAYA, verified=False, primary=True)
    browser = Browser()
    browser.force_login(user)
    browser.get(reverse("account:home"))

    guest.refresh_from_db()
    assert guest.user is None


def test_who_books_as_a_guest_later_joins_at_the_next_sign_in(guest: Client):
    user = who(sign_in_by_code(MAYA))
    ClientFactory(name="Leo Ellison", email=MAYA)
    assert people_of(user) == {"Maya Ellison"}

    sign_in_by_code(MAYA)

    assert people_of(user) == {"Maya Ellison", "Leo Ellison"}


def test_a_family_at_one_address_stays_several_people(guest: Client, client: Browser):
    leo = ClientFactory(name="Leo Ellison", email=MAYA)
    sign_in_by_code(MAYA, client)
    text = client.get(reverse("account:home")).content.decode()
    assert "Whose appointments would you like to see?" in text
    assert "Maya Ellison" in text
    assert "Leo Ellison" in text
    assert Client.objects.count() == 2

    chosen = client.post(reverse("account:switch"), {"client": leo.pk})

    assert chosen.headers["Location"] == reverse("account:home")
    assert client.session["client"] == leo.pk


def test_two_people_with_one_telephone_stay_apart(guest: Client):
    other = ClientFactory(name="Rosa Diaz", email="rosa@mail.example", phone=guest.phone)

    maya, rosa = (who(sign_in_by_code(email)) for email in (MAYA, other.email))

    assert people_of(maya) == {"Maya Ellison"}
    assert people_of(rosa) == {"Rosa Diaz"}


def test_nobody_sees_the_people_of_another_account(guest: Client, client: Browser):
    sign_in_by_code("rosa@mail.example", client)

    for key in (guest.pk, "", "x", "9" * 30):
        assert client.post(reverse("account:switch"), {"client": key}).status_code == 404
    assert "client" not in client.session


def test_who_is_in_an_account_is_not_taken_out_of_it(guest: Client):
    other = UserFactory()
    Client.objects.update(user=other)

    sign_in_by_code(MAYA)

    assert people_of(other) == {"Maya Ellison"}


# What is ahead


def visit_of(client: Client) -> Booking:
    booking = booked()
    Booking.objects.filter(pk=booking.pk).update(client=client)
    return booking


def test_one_sees_ones_own_visits_with_their_pages_and_no_others(guest: Client, client: Browser):
    mine, others = visit_of(guest), booked()
    sign_in_by_code(MAYA, client)

    text = client.get(reverse("account:home")).content.decode()

    assert mine.reference in text
    assert others.reference not in text


def test_who_is_signed_in_is_known_when_booking_until_they_say_otherwise(
    guest: Client, client: Browser
):
    start = reverse("booking:start")
    open_clinic()
    sign_in_by_code(MAYA, client)
    assert "Welcome back, Maya" in client.get(start).content.decode()

    client.post(reverse("booking:forget"))

    assert "Been here before?" in client.get(start).content.decode()
    assert who(client) is not None


def test_of_several_people_nobody_is_known_until_one_is_chosen(guest: Client, client: Browser):
    start = reverse("booking:start")
    open_clinic()
    leo = ClientFactory(name="Leo Ellison", email=MAYA)
    sign_in_by_code(MAYA, client)
    assert "Been here before?" in client.get(start).content.decode()

    client.post(reverse("account:switch"), {"client": leo.pk})

    assert "Welcome back, Leo" in client.get(start).content.decode()


def test_signing_in_forgets_whom_an_earlier_link_said_it_was(guest: Client, client: Browser):
    rosa = ClientFactory(name="Rosa Diaz", email="rosa@mail.example")
    session = client.session
    session["client"] = rosa.pk
    session.save()

    sign_in_by_code(MAYA, client)

    assert "client" not in client.session


# Another address


def test_another_address_counts_once_its_code_is_typed(guest: Client, client: Browser):
    user = who(sign_in_by_code(MAYA, client))
    aunt = ClientFactory(name="Aunt Ida", email="ida@mail.example")

    client.post(reverse("account_email"), {"action_add": "1", "email": "Ida@mail.example"})
    user.refresh_from_db()
    assert user.email == MAYA
    assert mail.outbox[-1].to == ["ida@mail.example"]
    client.post(reverse("account_email_verification_sent"), {"code": code_in_letter()})

    user.refresh_from_db()
    aunt.refresh_from_db()
    assert user.email == "ida@mail.example"
    assert aunt.user == user
    assert list(EmailAddress.objects.values_list("email", "verified")) == [
        ("ida@mail.example", True)
    ]
    assert mail.outbox[-1].to == [MAYA]
    assert "new e-mail address" in mail.outbox[-1].body


def test_letters_about_visits_follow_to_the_new_address(guest: Client, client: Browser):
    sign_in_by_code(MAYA, client)
    client.post(reverse("account_email"), {"action_add": "1", "email": "m.ellison@mail.example"})
    client.post(reverse("account_email_verification_sent"), {"code": code_in_letter()})

    guest.refresh_from_db()
    assert (guest.email, guest.email_key) == ("m.ellison@mail.example",) * 2


def test_an_address_of_another_account_tells_only_its_owner(guest: Client, client: Browser):
    sign_in_by_code("rosa@mail.example")
    user = who(sign_in_by_code(MAYA, client))

    asked = client.post(reverse("account_email"), {"action_add": "1", "email": "rosa@mail.example"})
    assert asked.headers["Location"] == reverse("account_email_verification_sent")
    refused = client.post(reverse("account_email_verification_sent"), {"code": code_in_letter()})

    assert "There is an account for this address already" in refused.content.decode()
    user.refresh_from_db()
    assert user.email == MAYA
