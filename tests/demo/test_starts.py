"""What each start of the demo does, and what it leaves alone."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from booking import demo
from booking.demo import drawing, load_demo
from booking.demo.building import PASSWORD, take_mark_away
from booking.models import Allocation, Booking, Provider, Room, Status
from clinic.accounts.models import User
from clinic.messaging.models import Message
from clinic.places.models import Location
from tests.demo.conftest import NOW, SEED, TODAY
from tests.factories import (
    ClientFactory,
    LocationFactory,
    OptionFactory,
    ProviderFactory,
    TimeOffFactory,
    booked,
    give_hours,
)
from treatments.models import Option

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def brief(monkeypatch):
    """A demo of a few days: enough to compare, quick to draw."""
    monkeypatch.setattr(demo, "DAYS_BACK", 8)
    monkeypatch.setattr(demo, "DAYS_AHEAD", 8)


def start(*, days_later=0, seed=SEED):
    return load_demo(today=TODAY + days_later * DAY, seed=seed, now=NOW + days_later * DAY)


def diary():
    rows = Booking.objects.order_by("starts_at", "reference").values_list(
        "reference",
        "status",
        "starts_at",
        "created_at",
        "provider__name",
        "option__treatment__code",
        "price",
        "client__email",
    )
    kept = Allocation.objects.order_by("starts_at", "resource__name")
    return list(rows), list(kept.values_list("resource__name", "starts_at", "ends_at"))


def drawn_anew(*, seed):
    """What a first start with `seed` draws; rolled back."""
    with transaction.atomic():
        start(seed=seed)
        drawn = diary()
        transaction.set_rollback(True)
    return drawn


def test_the_same_seed_draws_the_same_diary_and_another_draws_another(brief):
    first = drawn_anew(seed=1)

    assert first == drawn_anew(seed=1)
    assert first[0] != drawn_anew(seed=2)[0]


def test_starting_again_the_same_day_changes_nothing(brief, django_assert_max_num_queries):
    start()
    before = diary()

    with django_assert_max_num_queries(10):
        again = start()

    assert (again.is_demo, again.is_new, again.drawn, again.completed) == (True, False, 0, 0)
    assert diary() == before


def test_a_later_start_draws_the_days_that_are_new_and_no_others(brief):
    start()
    before = set(Booking.objects.values_list("pk", flat=True))

    again = start(days_later=2)

    added = Booking.objects.exclude(pk__in=before)
    assert again.drawn == added.count() > 0
    assert {visit.starts_at.astimezone(visit.location.zone).date() for visit in added} == {
        TODAY + 8 * DAY,
        TODAY + 9 * DAY,
    }
    assert all(visit.created_at <= NOW + 2 * DAY for visit in added)


def test_what_was_promised_and_is_over_is_completed_at_the_next_start(brief):
    start()
    over = Booking.objects.filter(status=Status.CONFIRMED, ends_at__lte=NOW + DAY)
    visit = over.first()
    count = over.count()

    assert start(days_later=1).completed == count > 0
    visit.refresh_from_db()
    assert (visit.status, visit.status_changed_at) == (Status.COMPLETED, visit.ends_at)
    assert visit.events.last().what == "completed"
    assert not Booking.objects.filter(status=Status.CONFIRMED, ends_at__lte=NOW + DAY).exists()


def test_after_a_long_pause_the_diary_is_whole_again(brief):
    start()

    start(days_later=30)

    today = TODAY + 30 * DAY
    days = {visit.starts_at.date() for visit in Booking.objects.filter(status="confirmed")}
    assert set(range(1, 8)) <= {(day - today).days for day in days}
    assert not Booking.objects.filter(status=Status.CONFIRMED, ends_at__lte=NOW + 30 * DAY).exists()


def test_it_works_around_the_visits_and_the_time_off_of_people(brief):
    start()
    alder = Location.objects.get(slug="alder-street")
    jonah, mara = (Provider.objects.get(slug=s) for s in ("jonah-reyes", "mara-okafor"))
    new_day = datetime(2030, 3, 13, tzinfo=UTC)  # Wednesday, beyond what was drawn
    theirs = booked(
        location=alder,
        provider=jonah,
        option=Option.objects.get(treatment__code="T06", minutes=60),
        room=Room.objects.get(name="Alder Street, room 1"),
        client=ClientFactory(),
        starts_at=new_day.replace(hour=20),
    )
    TimeOffFactory(resource=mara, starts_at=new_day, ends_at=new_day + 2 * DAY)
    before = Booking.objects.filter(pk=theirs.pk).values().get()
    kept = set(theirs.allocations.values_list("resource", "starts_at", "ends_at"))

    start(days_later=2)

    assert Booking.objects.filter(pk=theirs.pk).values().get() == before
    assert set(theirs.allocations.values_list("resource", "starts_at", "ends_at")) == kept
    that_day = Allocation.objects.filter(
        starts_at__gte=new_day + DAY / 2, starts_at__lt=new_day + DAY
    )
    assert that_day.filter(resource=jonah).exclude(booking=theirs).exists()
    assert not that_day.filter(resource=mara).exists()


def test_what_a_person_booked_or_changed_is_not_completed_for_them(brief):
    start()
    own = booked(starts_at=NOW + timedelta(hours=1))
    changed = Booking.objects.filter(status=Status.CONFIRMED, is_demo=True, ends_at__lt=NOW + DAY)
    visit = changed.first()
    Booking.objects.filter(pk=visit.pk).update(status=Status.CHECKED_IN)

    start(days_later=1)

    own.refresh_from_db()
    visit.refresh_from_db()
    assert (own.status, visit.status) == (Status.CONFIRMED, Status.CHECKED_IN)


def test_without_its_mark_the_clinic_is_its_own(brief):
    start()
    before = diary()
    take_mark_away()

    assert not start(days_later=3).is_demo
    assert diary() == before


def test_a_clinic_with_a_place_of_its_own_is_left_alone():
    LocationFactory()

    assert not start().is_demo
    assert not Provider.objects.exists()
    assert not User.objects.exists()


def test_a_place_that_a_person_opened_gets_no_visits_drawn(brief):
    start()
    place = LocationFactory()

    start(days_later=1)

    assert not place.bookings.exists()


def test_somebody_new_and_something_unpriced_do_not_stop_a_start(brief):
    start()
    alder = Location.objects.get(slug="alder-street")
    OptionFactory(minutes=45)
    unpriced = OptionFactory(treatment__device_needs=[]).treatment
    for skills in ([], [unpriced]):
        give_hours(ProviderFactory(treatments=skills), alder)

    assert start(days_later=1).drawn > 0
    assert not Booking.objects.filter(option__treatment=unpriced).exists()


def test_two_bookings_never_share_a_reference(brief, monkeypatch):
    monkeypatch.setattr(drawing, "REFERENCE_LETTERS", "ABCD")  # 4096 codes: some come up twice

    start()

    references = Booking.objects.values_list("reference", flat=True)
    assert len(set(references)) == len(references) > 100


def test_nothing_is_late(brief):
    start()

    assert Message.objects.exists()
    assert not Message.objects.planned().filter(due_at__lte=NOW).exists()


# The command


def run(*arguments: str) -> str:
    printed = StringIO()
    call_command("demo", *arguments, stdout=printed)
    return printed.getvalue()


def test_it_prints_who_can_sign_in_and_where(brief, settings):
    printed = run()

    assert f"{settings.SITE_URL}/sign-in/password/" in printed
    assert f"sam@lumen.example     {PASSWORD}" in printed
    for role in ("aesthetician", "front desk", "medical lead", "admin"):
        assert role in printed
    assert "maya@mail.example; the code arrives at" in printed


def test_told_to_stop_it_draws_nothing_any_more(brief):
    run()
    run("--stop")

    assert "leaves it alone" in run()


def test_with_debug_off_it_refuses_in_one_sentence_and_makes_nobody(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match=r"^[^.]+\.$"):
        run()
    assert not User.objects.exists()
    assert not Location.objects.exists()
