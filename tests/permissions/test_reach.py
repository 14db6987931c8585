"""What a form may not reach, though the page itself is open."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.clients.models import Client
from tests.factories import ClientFactory, UserFactory


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.ADMIN])
def test_no_hand_puts_a_client_into_an_account(role):
    """That takes a code sent to the address: an account shows and erases all there is."""
    client = ClientFactory()
    user = UserFactory(groups=[role], is_staff=True)
    browser = Browser()
    browser.force_login(user)

    saved = browser.post(
        reverse("admin:clients_client_change", args=[client.pk]),
        {
            "name": "Maya Holm",
            "email": client.email,
            "phone": "+15035550123",
            "user": user.pk,
            "consents-TOTAL_FORMS": 0,
            "consents-INITIAL_FORMS": 0,
        },
    )

    assert saved.status_code == 302
    client = Client.objects.get(pk=client.pk)
    assert (client.name, client.user) == ("Maya Holm", None)
