"""Two records of one person become one, and are taken apart again."""

from datetime import timedelta

import pytest

from booking import tokens
from booking.errors import NotNow
from booking.feeds import PURPOSE, contents, feed_for
from booking.models import Booking, Status
from booking.permissions import Role
from booking.selectors.duplicates import likely_duplicates, side
from booking.services import confirm_booking
from booking.services.calendars import close_feed, open_feed
from booking.services.merging import merge_clients, take_apart
from booking.services.privacy import erase_client, everything_about, purge
from clinic.clients.links import client_for, token_of
from clinic.clients.models import Client, ClientMerge, ConsentKind
from clinic.clients.selectors import preferences
from clinic.clients.services import add_note, change_contact, join_account, record_consent
from clinic.trail.models import Entry
from tests.booking.scenes import NOW, confirm, hold, on, type_details, visitor
from tests.factories import (
    MONDAY_9AM,
    BookingFactory,
    ClientFactory,
    UserFactory,
    booked,
    open_clinic,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def dana():
    return UserFactory(groups=[Role.FRONT_DESK])


@pytest.fixture
def kept() -> Client:
    return ClientFactory(name="Maya Ellison", email="maya@mail.example", phone="+15035550123")


@pytest.fixture
def merged() -> Client:
    """The same person, booked by phone under a name misheard, with another address."""
    return ClientFactory(name="Maia Ellison", email="m@work.example", time_zone="America/Chicago")


def merge(kept: Client, merged: Client, user) -> ClientMerge:  # type: ignore[no-untyped-def]
    return merge_clients(kept=kept, merged=merged, user=user, now=NOW)


def owned(client: Client) -> dict[str, list[int]]:
    """What stands under `client`, by primary keys."""
    return {
        name: list(getattr(client, name).order_by("pk").values_list("pk", flat=True))
        for name in ("bookings", "consents", "notes", "feeds", "merged")
    }


@pytest.fixture
def full(kept, merged, dana) -> Client:
    """The duplicate with a bit of everything."""
    for day in (1, 2):
        booked(client=merged, starts_at=MONDAY_9AM + day * DAY)
    booked(client=kept, starts_at=MONDAY_9AM)
    ClientFactory(name="M. Ellison", merged_into=merged)
    add_note(client=merged, text="Rings twice", user=dana, now=NOW)
    record_consent(
        client=merged,
        kind=ConsentKind.MARKETING_EMAIL,
        is_given=True,
        wording_version="1",
        source="booking",
        now=NOW,
    )
    open_feed(owner=merged, now=NOW)
    return merged


def test_all_that_was_the_duplicates_goes_over(kept, full, dana):
    before = owned(full)

    merge(kept, full, dana)

    kept.refresh_from_db()
    full.refresh_from_db()
    assert full.merged_into == kept
    assert not any(owned(full).values())
    after = owned(kept)
    assert all(set(rows) <= set(after[name]) for name, rows in before.items())
    assert len(after["bookings"]) == 3
    assert full.pk in after["merged"]
    assert preferences(kept)[ConsentKind.MARKETING_EMAIL]
    assert kept.time_zone == "America/Chicago"
    assert (kept.email, kept.name) == ("maya@mail.example", "Maya Ellison")


def test_taken_apart_everything_is_back_and_what_came_since_stays(kept, full, dana):
    before = owned(kept), owned(full)
    done = merge(kept, full, dana)
    later = booked(client=kept, starts_at=MONDAY_9AM + 9 * DAY)

    take_apart(merge=done, user=dana, now=NOW + DAY)
    take_apart(merge=done, user=dana, now=NOW + 2 * DAY)  # a second press

    kept.refresh_from_db()
    full.refresh_from_db()
    assert full.merged_into is None
    assert kept.time_zone == ""
    mine, theirs = owned(kept), owned(full)
    assert theirs == before[1]
    assert mine["bookings"] == [*before[0]["bookings"], later.pk]
    done.refresh_from_db()
    assert (done.undone_by, done.undone_at) == (dana, NOW + DAY)
    said = Entry.objects.filter(subject=f"client:{kept.pk}").order_by("pk")
    assert [entry.what for entry in said][-2:] == ["client.merged", "client.taken_apart"]


def test_who_has_no_address_takes_that_of_the_duplicate_of_the_same_name(kept, dana):
    by_phone = ClientFactory(name="Maya Ellison", email="", phone="+15035550177")

    done = merge(by_phone, kept, dana)

    by_phone.refresh_from_db()
    assert by_phone.email == "maya@mail.example"
    take_apart(merge=done, user=dana, now=NOW)
    by_phone.refresh_from_db()
    assert by_phone.email == ""
    assert Client.objects.get(pk=kept.pk).email_key == "maya@mail.example"


def test_a_booking_under_name_and_address_of_the_duplicate_is_the_kept_ones(kept, merged, dana):
    merge(kept, merged, dana)
    scene = open_clinic()

    visit = confirm(scene, on(scene, 5, 10), name="Maia Ellison", email="M@work.example")

    assert visit.client == kept
    assert Client.objects.count() == 2


def test_who_signs_in_with_the_address_of_the_duplicate_finds_the_kept_record(kept, merged, dana):
    merge(kept, merged, dana)
    user = UserFactory(email="m@work.example")

    assert join_account(user=user, email=user.email) == 1

    kept.refresh_from_db()
    merged.refresh_from_db()
    assert (kept.user, merged.user) == (user, None)


def test_the_account_of_the_duplicate_goes_over_and_comes_back(kept, merged, dana):
    merged.user = UserFactory()
    merged.save()
    user = merged.user

    done = merge(kept, merged, dana)
    assert list(user.clients.all()) == [kept]

    take_apart(merge=done, user=dana, now=NOW)
    assert list(user.clients.all()) == [merged]


def test_old_links_lead_to_the_kept_record(kept, merged, dana):
    token = token_of(merged)
    merge(kept, merged, dana)

    assert client_for(token) == kept


def test_both_calendar_addresses_show_the_visits_of_the_kept_record_until_they_end(
    kept, merged, dana
):
    mine, theirs = open_feed(owner=kept, now=NOW), open_feed(owner=merged, now=NOW)
    visit = booked(client=merged)

    merge(kept, merged, dana)

    for feed in (mine, theirs):
        found = feed_for(tokens.token_of(feed.nonce, purpose=PURPOSE))
        assert found is not None
        assert visit.reference.lower().encode() in contents(found, now=NOW)
    close_feed(owner=kept, now=NOW)
    theirs.refresh_from_db()
    assert theirs.revoked_at


def test_who_was_merged_is_nobodys_twin(kept, merged, dana):
    merge(kept, merged, dana)

    change_contact(
        client=kept,
        name="Maia Ellison",
        email="m@work.example",
        phone="",
        time_zone="",
        user=dana,
        now=NOW,
    )

    kept.refresh_from_db()
    assert kept.email == "m@work.example"


def test_the_name_another_has_by_now_keeps_a_merge_together(kept, merged, dana):
    done = merge(kept, merged, dana)
    ClientFactory(name=merged.name, email=merged.email)

    with pytest.raises(NotNow, match="Another client has this name"):
        take_apart(merge=done, user=dana, now=NOW)
    merged.refresh_from_db()
    assert merged.merged_into == kept


def test_merges_are_taken_apart_the_last_one_first(kept, merged, dana):
    third = ClientFactory()
    first = merge(merged, third, dana)
    second = merge(kept, merged, dana)
    third.refresh_from_db()
    assert third.merged_into == kept

    with pytest.raises(NotNow, match="Take that apart first"):
        take_apart(merge=first, user=dana, now=NOW)
    take_apart(merge=second, user=dana, now=NOW)
    take_apart(merge=first, user=dana, now=NOW)

    assert not Client.objects.exclude(merged_into=None).exists()


class TestRefused:
    def test_two_with_visits_at_one_time_are_two_people(self, kept, merged, dana):
        booked(client=kept)
        clash = booked(client=merged, starts_at=MONDAY_9AM + timedelta(minutes=30))

        with pytest.raises(NotNow, match=clash.reference):
            merge(kept, merged, dana)
        assert clash.client == merged

    def test_visits_that_touch_or_were_canceled_are_no_reason(self, kept, merged, dana):
        booked(client=kept)
        booked(client=merged, starts_at=MONDAY_9AM + timedelta(hours=1))
        BookingFactory(client=merged, status=Status.CANCELLED_CLIENT)

        merge(kept, merged, dana)

        assert kept.bookings.count() == 3

    def test_two_accounts(self, kept, merged, dana):
        for client in (kept, merged):
            client.user = UserFactory()
            client.save()

        with pytest.raises(NotNow, match="Both sign in"):
            merge(kept, merged, dana)

    def test_who_was_merged_or_erased_already(self, kept, merged, dana):
        merge(kept, merged, dana)
        with pytest.raises(NotNow, match="merged meanwhile"):
            merge(ClientFactory(), merged, dana)
        with pytest.raises(NotNow, match="erased"):
            merge(kept, ClientFactory(erased_at=NOW), dana)
        with pytest.raises(NotNow, match="one record already"):
            merge(kept, kept, dana)


class TestForgotten:
    def test_who_the_duplicates_were_is_forgotten_with_the_kept_one(self, kept, merged, dana):
        add_note(client=merged, text="Rings twice", user=dana, now=NOW)
        done = merge(kept, merged, dana)

        erase_client(client=kept, now=NOW)

        merged.refresh_from_db()
        assert merged.erased_at
        assert "work.example" not in merged.email
        assert not kept.notes.exists()
        with pytest.raises(NotNow, match="erased"):
            take_apart(merge=done, user=dana, now=NOW)

    def test_a_duplicate_is_not_purged_by_itself(self, kept, merged, dana):
        Client.objects.update(created_at=NOW - 8 * 365 * DAY)
        booked(client=kept)
        merge(kept, merged, dana)

        assert purge(now=NOW)["clients"] == 0

    def test_the_export_has_notes_and_other_names(self, kept, merged, dana):
        add_note(client=merged, text="Rings twice", user=dana, now=NOW)
        merge(kept, merged, dana)

        found = everything_about(kept, now=NOW)

        assert found["notes"][0]["text"] == "Rings twice"
        assert found["known_as_well"][0]["email"] == "m@work.example"


class TestLikely:
    @pytest.mark.parametrize(
        ("differs", "reasons"),
        [
            ({"name": "maya  ELLISON", "phone": ""}, ["the same name"]),
            ({"name": "Joan Petrie"}, ["the same number"]),
            (
                {"name": "Maya Elison", "email": "MAYA@mail.example", "phone": ""},
                ["a name spelt nearly alike", "the same address"],
            ),
            ({"name": "Maya Ellison"}, ["the same name", "the same number"]),
        ],
    )
    def test_says_why(self, kept, differs, reasons):
        other = ClientFactory(**differs)

        (found,) = likely_duplicates(kept)

        assert (found.client, found.reasons) == (other, reasons)

    def test_a_family_at_one_address_is_not_one_person(self, kept):
        ClientFactory(name="Noah Ellison", email="maya@mail.example", phone="")
        ClientFactory(name="Maia Ellison", phone="")
        ClientFactory(name="Maya Ellison", phone="", merged_into=kept)

        assert likely_duplicates(kept) == []

    def test_the_likeliest_come_first_in_one_query(self, kept, django_assert_num_queries):
        ClientFactory(name="Joan Petrie")
        twin = ClientFactory(name="Maya Ellison")

        with django_assert_num_queries(1):
            assert likely_duplicates(kept)[0].client == twin


def test_a_side_counts_what_it_brings(full, django_assert_num_queries):
    BookingFactory(client=full, status=Status.EXPIRED_HOLD)

    with django_assert_num_queries(5):
        found = side(full)

    assert (found.visits, found.ahead, found.consents, found.notes) == (2, 2, 1, 1)
    assert found.has_feed


def test_a_visit_that_was_held_for_the_duplicate_is_confirmed_for_the_kept_one(kept, merged, dana):
    scene, who = open_clinic(), visitor(merged)
    held = hold(scene, on(scene, 5, 10), who=who)
    type_details(who)
    merge(kept, merged, dana)
    confirm_booking(booking=held, visitor=who, now=NOW)

    assert Booking.objects.get(pk=held.pk).client == kept
