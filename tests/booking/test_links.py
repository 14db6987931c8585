"""Who has the link sees the visit, for as long as it says."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from booking import links, services
from booking.models import Booking, Status
from booking.services.ledger import CLIENT
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import BookingFactory, PolicyVersionFactory, Scene, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    return confirm(scene, on(scene, 4, 9))


def token_of(booking: Booking) -> str:
    return urlsplit(links.manage_url(booking)).path.strip("/").rpartition("/")[2]


def test_a_link_opens_its_visit_with_all_a_page_says_of_it(booking, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        opened = links.booking_for(token_of(booking), now=NOW)
        assert opened is not None
        assert str(opened.option.treatment)
        assert [line.amount for line in opened.lines.all()]
        assert list(opened.add_ons.all()) == []

    assert opened == booking


def test_the_link_in_the_letter_is_the_link_on_the_page(booking, settings):
    assert links.manage_url(booking) == links.manage_url(Booking.objects.get())
    assert links.manage_url(booking).startswith(f"{settings.SITE_URL}/visit/")
    assert len(token_of(booking)) == 22  # 128 bits


def test_an_altered_link_opens_nothing(booking):
    token = token_of(booking)
    other = "A" if token[0] != "A" else "B"

    altered = [other + token[1:], token[:-1], token + "A", token.swapcase(), "", "é" * 22, "x" * 65]
    assert [links.booking_for(each, now=NOW) for each in altered] == [None] * len(altered)


def test_what_the_database_holds_opens_nothing(booking):
    for known in (booking.link_nonce, booking.link_hash, booking.reference):
        assert links.booking_for(known, now=NOW) is None


def test_another_secret_key_makes_another_link(booking, settings):
    token = token_of(booking)
    settings.SECRET_KEY = "somebody-elses"

    assert token_of(booking) != token


def test_a_link_that_was_replaced_opens_nothing_any_more(booking):
    old = token_of(booking)

    booking.link_nonce, booking.link_hash = links.new_link()
    booking.save(update_fields=["link_nonce", "link_hash"])

    assert links.booking_for(old, now=NOW) is None
    assert links.booking_for(token_of(booking), now=NOW) == booking


def test_a_link_is_good_for_thirty_days_after_the_visit_as_promised(booking):
    last = booking.ends_at + timedelta(days=30)
    PolicyVersionFactory(values={"manage_link_days": 1})

    assert links.booking_for(token_of(booking), now=last) == booking
    assert links.booking_for(token_of(booking), now=last + timedelta(seconds=1)) is None


def test_a_link_follows_the_visit_when_it_moves_and_when_it_is_cancelled(scene, booking):
    token = token_of(booking)

    services.move(booking=booking, starts_at=on(scene, 6, 9), actor=CLIENT, now=NOW)
    services.cancel(booking=booking, actor=CLIENT, now=NOW)

    opened = links.booking_for(token, now=NOW)
    assert opened is not None
    assert (opened.status, opened.starts_at) == (Status.CANCELLED_CLIENT, on(scene, 6, 9))


def test_a_hold_has_no_link(scene):
    booking = hold(scene, on(scene, 4, 9))

    assert booking.link_hash is None
    nonce, hashed = links.new_link()
    Booking.objects.filter(pk=booking.pk).update(link_nonce=nonce, link_hash=hashed)
    booking.refresh_from_db()
    assert links.booking_for(token_of(booking), now=NOW) is None


def test_every_visit_has_a_link_of_its_own():
    made = {links.new_link() for _ in range(50)}

    assert len({nonce for nonce, _ in made}) == len({hashed for _, hashed in made}) == 50
    assert BookingFactory().link_hash is None
