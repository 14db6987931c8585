"""Who is the same person: one e-mail address and one name together."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from clinic.clients.models import Client, email_key, name_key
from tests.factories import ClientFactory, UserFactory


@pytest.mark.parametrize(
    "email", ["maya@mail.example", " Maya@Mail.Example ", "ｍaya@mail.example"]
)
def test_two_spellings_of_one_address_are_one(email):
    assert email_key(email) == "maya@mail.example"


@pytest.mark.parametrize("name", ["Zoë Straße", " zoë  STRASSE ", "Zoe\u0308\u00a0Straße"])
def test_two_spellings_of_one_name_are_one(name):
    assert name_key(name) == "zoë strasse"


def test_the_same_address_and_name_are_one_client(db):
    ClientFactory(name="Maya Ellison", email="maya@mail.example")

    with pytest.raises(IntegrityError), transaction.atomic():
        ClientFactory(name="maya  ELLISON", email="Maya@mail.example")


def test_a_family_shares_an_address(db):
    ClientFactory(name="Maya Ellison", email="home@mail.example")
    ClientFactory(name="Noor Ellison", email="home@mail.example")
    ClientFactory(name="Maya Ellison", email="maya@mail.example")

    assert Client.objects.count() == 3


def test_a_client_who_changes_name_is_found_by_the_new_one(db):
    client = ClientFactory(name="Maya Ellison")

    client.name = "Maya Stone"
    client.save(update_fields=["name"])

    client.refresh_from_db()
    assert client.name_key == "maya stone"


def test_a_form_refuses_a_second_client_of_the_same_name_and_address(db):
    ClientFactory(name="Maya Ellison", email="maya@mail.example")
    twin = Client(name="MAYA ELLISON", email="maya@mail.example", phone="+15035550123")

    with pytest.raises(ValidationError, match="already"):
        twin.full_clean()
    Client.objects.get().full_clean()


def test_a_name_that_grows_when_compared_still_fits(db):
    long = "ß" * 120
    ClientFactory(name=long, email="maya@mail.example")

    with pytest.raises(IntegrityError), transaction.atomic():
        ClientFactory(name=long, email="maya@mail.example")


def test_a_client_outlives_the_account(db):
    user = UserFactory()
    client = ClientFactory(user=user)

    user.delete()

    client.refresh_from_db()
    assert client.user is None
