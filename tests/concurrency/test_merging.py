"""Merging clients while they book, and while somebody else merges them the other way."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from booking import services
from booking.models import Booking, Status
from booking.services.desk import Newcomer, book_visit
from booking.services.forms import Details, complete_form
from booking.services.ledger import staff
from booking.services.merging import merge_clients, take_apart
from booking.visitors import Visitor
from clinic.accounts.models import User
from clinic.clients.models import Client, ClientMerge
from tests.booking.scenes import NOW, hold, on, type_details, visitor, wish_for
from tests.concurrency.racing import errors, laps, lingering, race
from tests.factories import ClientFactory, UserFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)


def merging(kept: Client, merged: Client, user: User) -> Callable[[], object]:
    def press() -> object:
        both = Client.objects.in_bulk([kept.pk, merged.pk])
        merge_clients(kept=both[kept.pk], merged=both[merged.pk], user=user, now=NOW)
        return None

    return press


def confirming(booking: Booking, who: Visitor) -> Callable[[], object]:
    def press() -> object:
        read = Booking.objects.get(pk=booking.pk)
        services.confirm_booking(booking=read, visitor=who, now=NOW)
        return None

    return press


@pytest.mark.parametrize("slow", ["merging", "confirming", "nobody"])
@pytest.mark.parametrize("is_older", [True, False])
def test_a_visit_confirmed_while_its_client_is_merged_is_the_kept_ones(slow, is_older):
    user = UserFactory()
    for _ in range(laps(2, 5)):
        scene, who = open_clinic(), visitor()
        kept, merged = ClientFactory(), ClientFactory()
        if is_older:
            kept, merged = merged, kept
        booking = hold(scene, on(scene, 4, 10), who=who)
        type_details(who, name=merged.name, email=merged.email)
        jobs = {
            "merging": merging(kept, merged, user),
            "confirming": confirming(booking, who),
        }
        if slow in jobs:
            jobs[slow] = lingering(jobs[slow])

        assert errors(race(list(jobs.values()))) == {"won": 2}

        booking.refresh_from_db()
        assert (booking.status, booking.client) == (Status.CONFIRMED, kept)
        assert not merged.bookings.exists()
        assert not merged.consents.exists()


def test_of_two_who_merge_the_same_two_one_does_it():
    user = UserFactory()
    for _ in range(laps(3, 8)):
        one, other = ClientFactory(), ClientFactory()
        jobs = [merging(one, other, user), merging(other, one, user)]

        outcomes = race([lingering(job, seconds=0.05) for job in jobs])

        assert errors(outcomes) == {"won": 1, "NotNow": 1}
        assert Client.objects.filter(pk__in=[one.pk, other.pk], merged_into=None).count() == 1


@pytest.mark.parametrize("slow", ["merging", "completing"])
def test_details_completed_under_the_name_of_whom_the_client_is_merged_into(slow):
    user = UserFactory()
    for _ in range(laps(2, 5)):
        scene = open_clinic()
        known = ClientFactory()
        visit = book_visit(
            wish=wish_for(scene, provider=scene.provider),
            starts_at=on(scene, 5, 10),
            price_shown=None,
            person=Newcomer(name="Maya by phone", phone=f"+1503555{1000 + known.pk}"),
            request_key=uuid4(),
            actor=staff(user),
            now=NOW,
        )
        told = Details(
            consents=["treatment", "data"],
            name=known.name,
            email=known.email,
            phone="+15035550123",
        )
        begun = visit.client

        def completing(visit: Booking = visit, told: Details = told) -> None:
            read = Booking.objects.get(pk=visit.pk)
            complete_form(booking=read, details=told, source="form", now=NOW)

        jobs = {"merging": merging(known, begun, user), "completing": completing}
        jobs[slow] = lingering(jobs[slow])

        found = errors(race(list(jobs.values())))

        assert found in ({"won": 2}, {"won": 1, "NotNow": 1})
        visit.refresh_from_db()
        begun.refresh_from_db()
        assert (visit.status, visit.client, begun.merged_into) == (Status.CONFIRMED, known, known)


def test_a_merge_is_taken_apart_once_while_the_client_books():
    user = UserFactory()
    for _ in range(laps(2, 5)):
        scene, who = open_clinic(), visitor()
        merged, kept = ClientFactory(), ClientFactory()
        merging(kept, merged, user)()
        done = ClientMerge.objects.latest("pk")
        booking = hold(scene, on(scene, 4, 10), who=who)
        type_details(who, name=merged.name, email=merged.email)

        def apart(done: ClientMerge = done) -> object:
            merge = ClientMerge.objects.select_related("kept", "merged").get(pk=done.pk)
            take_apart(merge=merge, user=user, now=NOW)
            return None

        outcomes = race([apart, apart, confirming(booking, who)])

        assert errors(outcomes) == {"won": 3}
        booking.refresh_from_db()
        assert booking.client in {kept, merged}
        assert Client.objects.get(pk=merged.pk).merged_into is None
