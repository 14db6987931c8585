"""Finding clients, and who may be found by whom."""

from datetime import timedelta

import pytest
from django.db import connection

from booking.models import Status
from booking.permissions import Role, clients_of
from booking.selectors.finding import find_clients
from clinic.clients.models import Client
from tests.booking.scenes import NOW
from tests.factories import BookingFactory, ClientFactory, ProviderFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana(db):
    return UserFactory(groups=[Role.FRONT_DESK])


@pytest.fixture
def maya(db) -> Client:
    ClientFactory(name="Joan Petrie", email="joan@post.example", phone="+15035550199")
    return ClientFactory(name="Maya Ellison", email="Maya@mail.example", phone="+15035550123")


@pytest.mark.parametrize(
    "typed",
    [
        "Maya Ellison",
        "ellison",
        " ELLISON  maya ",
        "lli",
        "maya@MAIL.example",
        "mail.ex",
        "(503) 555-0123",
        "+1 503 555 0123",
        "001 503.555.0123",
        "0123",
    ],
)
def test_a_client_is_found_by_parts_of_name_address_or_number(maya, dana, typed):
    assert find_clients(typed, user=dana, now=NOW) == [maya]


@pytest.mark.parametrize("typed", ["", "m", "   ", "\0", "%", "__", "--", "()", "12", "zz 0123"])
def test_what_names_nobody_finds_nobody(maya, dana, typed):
    assert find_clients(typed, user=dana, now=NOW) == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    "typed", ["Elison", "maja elison", "Maya Elisson", "elliso n", "mayaellison"]
)
def test_a_misspelt_name_is_found_on_postgresql(maya, dana, typed):
    assert find_clients(typed, user=dana, now=NOW) == [maya]


@pytest.mark.postgres
def test_finding_by_likeness_reads_an_index(maya, dana):
    found = Client.objects.filter(name_key__trigram_word_similar="elison")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "client_found" in found.explain()


def test_who_is_called_that_comes_before_who_is_only_named_like_it(dana):
    second = ClientFactory(name="Ann Mayara")
    first = ClientFactory(name="Maya Holm")
    third = ClientFactory(name="Zoe Holm", email="maya.zoe@mail.example")

    assert find_clients("maya", user=dana, now=NOW) == [first, second, third]


def test_no_more_are_found_than_are_looked_at(dana, django_assert_num_queries):
    ClientFactory.create_batch(20)
    dana.has_perm("clients.view_client")

    with django_assert_num_queries(1):
        assert len(find_clients("maya", user=dana, now=NOW)) == 12


def test_who_was_merged_or_erased_is_not_found(maya, dana):
    ClientFactory(name="Maya Ellison", email="old@mail.example", merged_into=maya)
    ClientFactory(name="Maya Ellison", email="gone@mail.example", erased_at=NOW)

    assert find_clients("maya", user=dana, now=NOW) == [maya]


@pytest.mark.parametrize("days", [-7, 0, 7])
def test_an_aesthetician_finds_clients_until_seven_days_around_a_visit(days):
    ana = ProviderFactory(user=UserFactory(groups=[Role.AESTHETICIAN]))
    visit = BookingFactory(provider=ana, starts_at=NOW + timedelta(days=days))
    BookingFactory(starts_at=NOW)

    assert list(clients_of(ana.user, now=NOW)) == [visit.client]
    assert find_clients("maya", user=ana.user, now=NOW) == [visit.client]


@pytest.mark.parametrize("days", [-8, 8])
def test_farther_from_a_visit_its_client_is_not_the_aestheticians_to_look_at(days):
    ana = ProviderFactory(user=UserFactory(groups=[Role.AESTHETICIAN]))
    BookingFactory(provider=ana, starts_at=NOW + timedelta(days=days))

    assert not clients_of(ana.user, now=NOW).exists()


def test_a_hold_that_lapsed_makes_nobody_a_client_of_the_aesthetician():
    ana = ProviderFactory(user=UserFactory(groups=[Role.AESTHETICIAN]))
    BookingFactory(provider=ana, starts_at=NOW, status=Status.EXPIRED_HOLD)

    assert not clients_of(ana.user, now=NOW).exists()


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.FRONT_DESK, True),
        (Role.MEDICAL_LEAD, True),
        (Role.ADMIN, True),
        (Role.AESTHETICIAN, False),
        (Role.CLIENT, False),
    ],
)
def test_who_sees_everybody(maya, role, sees):
    assert clients_of(UserFactory(groups=[role]), now=NOW).contains(maya) == sees
