import pytest

from clinic.clients import links
from tests.factories import ClientFactory

pytestmark = pytest.mark.django_db


def test_a_link_names_its_client_for_years():
    client = ClientFactory()

    assert links.client_for(links.token_of(client)) == client
    assert links.token_of(client) in links.preferences_url(client)


def test_a_link_ends_when_the_address_changes():
    client = ClientFactory(email="maya@mail.example")
    token = links.token_of(client)

    client.email = " Maya@Mail.example"
    client.save()
    assert links.client_for(token) == client
    client.email = "maya.ellison@mail.example"
    client.save()
    assert links.client_for(token) is None


@pytest.mark.parametrize(
    "token", ["", "x", "1", "1.x", "9" * 40, "٣.x", "1.\N{SNOWMAN}", "." * 300]
)
def test_what_we_did_not_sign_names_nobody(token):
    ClientFactory(pk=1)

    assert links.client_for(token) is None


def test_the_link_of_one_client_cannot_be_made_into_that_of_another():
    one, other = ClientFactory.create_batch(2)
    signature = links.token_of(one).partition(".")[2]

    assert links.client_for(f"{other.pk}.{signature}") is None
