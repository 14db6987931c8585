"""What the generator drew respects all that a clinic respects."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import Sum

from booking.models import (
    ACTIVE,
    Allocation,
    Booking,
    Device,
    Provider,
    Resource,
    Room,
    Status,
    TimeOff,
)
from booking.services.audit import findings
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.places.models import Closure, Location
from tests.demo.conftest import NOW, TODAY
from treatments.models import Visibility

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]

AHEAD = [TODAY + timedelta(days=n) for n in range(60)]


def hours_on(provider, day, zone):
    """The stretches a provider works on a day, in UTC, with holidays and days off left out."""
    for hours in provider.working_hours.all():
        closed = hours.location.closures.filter(starts_on__lte=day, ends_on__gte=day)
        if hours.weekday != day.weekday() or closed.exists():
            continue
        start = datetime.combine(day, hours.starts_at, zone).astimezone(UTC)
        end = datetime.combine(day, hours.ends_at, zone).astimezone(UTC)
        away = provider.time_off.filter(starts_at__lt=end, ends_at__gt=start)
        if not away.exists():
            yield start, end


def visits():
    return Booking.objects.select_related(
        "location", "provider", "option__treatment", "client"
    ).prefetch_related("allocations__resource__device", "add_ons", "lines")


@pytest.mark.parametrize("slug", ["alder-street", "harbor-row"])
def test_about_sixty_percent_of_the_next_sixty_days_is_booked(slug):
    location = Location.objects.get(slug=slug)
    bookable = booked = timedelta()
    for provider in Provider.objects.filter(working_hours__location=location).distinct():
        for day in AHEAD:
            for start, end in hours_on(provider, day, location.zone):
                bookable += end - start
                for kept in provider.allocations.filter(starts_at__lt=end, ends_at__gt=start):
                    booked += kept.ends_at - kept.starts_at

    assert 0.56 < booked / bookable < 0.65


def test_everybody_is_treated_within_the_hours_of_who_treats_them():
    hours = defaultdict(list)
    for provider in Provider.objects.all():
        zone = provider.working_hours.first().location.zone
        for n in range(-21, 60):
            hours[provider.pk] += hours_on(provider, TODAY + timedelta(days=n), zone)
    kept = Allocation.objects.filter(resource__kind="provider")

    assert kept.count() > 500
    for allocation in kept:
        assert any(
            start <= allocation.starts_at and allocation.ends_at <= end
            for start, end in hours[allocation.resource_id]
        )


def test_everything_starts_on_the_quarter_hour_of_the_wall():
    for visit in visits():
        assert visit.starts_at.astimezone(visit.location.zone).minute % 15 == 0
        assert not visit.starts_at.second


def test_every_visit_keeps_what_it_needs_and_one_that_is_off_keeps_nothing():
    for visit in visits():
        kept = {a.resource.kind: a for a in visit.allocations.all()}
        if visit.status not in ACTIVE:
            assert not kept
            continue
        offers = [visit.option.treatment, *visit.add_ons.all()]
        needs = [need for offer in offers for need in offer.needs]
        turnover = visit.ends_at + visit.option.buffer
        assert kept["provider"].resource_id == visit.provider_id
        assert kept["provider"].ends_at == kept["room"].ends_at == turnover
        assert ("device" in kept) == bool(needs)
        if needs:
            device = kept["device"]
            assert all(device.resource.device.device_kind in need for need in needs)
            assert device.ends_at == visit.ends_at + timedelta(minutes=5)
        assert {a.resource.location_id for a in kept.values()} <= {visit.location_id, None}


def test_nobody_gives_what_they_have_not_learned_and_nothing_hidden_is_given():
    for visit in visits():
        given, extras = visit.option.treatment, set(visit.add_ons.all())
        assert given in visit.provider.treatments.all()
        assert extras <= set(visit.provider.add_ons.all())
        assert {offer.visibility for offer in (given, *extras)} == {Visibility.PUBLIC}


def test_the_devices_contend():
    """At some moment every console and handheld is in use while somebody at work has no visit."""
    alder = Location.objects.get(slug="alder-street")
    units = Device.objects.filter(location=alder, device_kind__in=["console", "handheld"])
    contended = 0
    for kept in Allocation.objects.filter(resource__in=units):
        at = kept.starts_at
        in_use = Allocation.objects.filter(starts_at__lte=at, ends_at__gt=at)
        if in_use.filter(resource__in=units).count() < len(units):
            continue
        day = at.astimezone(alder.zone).date()
        busy = set(in_use.values_list("resource", flat=True))
        contended += any(
            start <= at < end
            for provider in Provider.objects.exclude(pk__in=busy)
            for start, end in hours_on(provider, day, alder.zone)
        )

    assert contended


def test_the_day_off_the_holiday_and_the_broken_device_are_ahead_and_kept_free():
    absent = list(TimeOff.objects.select_related("resource"))

    assert {away.resource.kind for away in absent} == {"provider", "device"}
    for away in absent:
        assert away.starts_at > NOW
        assert not away.resource.allocations.filter(
            starts_at__lt=away.ends_at, ends_at__gt=away.starts_at
        ).exists()
    assert Closure.objects.filter(starts_on__gt=TODAY).count() == 2
    for closure in Closure.objects.all():
        begins = [v.astimezone(closure.location.zone).date() for v in starts_at(closure.location)]
        assert closure.starts_on not in begins


def starts_at(location):
    return Booking.objects.filter(location=location).values_list("starts_at", flat=True)


def test_what_is_over_was_completed_mostly_and_what_is_ahead_is_confirmed():
    over = Counter(visits().filter(ends_at__lte=NOW).values_list("status", flat=True))
    ahead = Counter(visits().filter(ends_at__gt=NOW).values_list("status", flat=True))

    assert over[Status.COMPLETED] > 0.8 * over.total()
    assert 0 < over[Status.NO_SHOW] < 0.1 * over.total()
    assert 0 < over[Status.CANCELLED_CLIENT] < 0.15 * over.total()
    assert over[Status.CONFIRMED] == 0
    assert ahead[Status.CONFIRMED] > 0.8 * ahead.total()
    assert not ahead.keys() & {Status.COMPLETED, Status.NO_SHOW, Status.HELD}


def test_every_visit_was_booked_with_notice_and_tells_its_history():
    for visit in visits().prefetch_related("events", "instruction_versions"):
        assert visit.created_at <= min(NOW, visit.starts_at - timedelta(hours=24))
        assert visit.created_at >= visit.starts_at - timedelta(days=60)
        first, *rest = visit.events.all()
        assert (first.what, first.at) == ("confirmed", visit.created_at)
        assert len(rest) == (visit.status != Status.CONFIRMED)
        if rest:
            assert rest[0].data["to"] == visit.status
            assert visit.created_at <= rest[0].at == visit.status_changed_at <= NOW
        codes = {text.instruction.code for text in visit.instruction_versions.all()}
        assert ("A-STD" in codes) != visit.option.treatment.is_consultation


def test_every_price_is_the_sum_of_its_lines():
    sums = dict(Booking.objects.annotate(sum=Sum("lines__amount")).values_list("pk", "sum"))

    assert sums == dict(Booking.objects.values_list("pk", "price"))


def test_who_came_late_to_cancel_or_not_at_all_owes_half_the_treatment():
    for visit in visits():
        owed = visit.status in {Status.CANCELLED_LATE, Status.NO_SHOW}
        assert visit.fee_owed == (visit.lines.all()[0].amount / 2 if owed else 0)
        if visit.status == Status.CANCELLED_CLIENT:
            assert visit.status_changed_at <= visit.free_until


def test_every_confirmation_due_was_sent_when_the_visit_was_booked():
    sent = {message.subject: message for message in Message.objects.filter(code="M01")}

    assert not Message.objects.planned().filter(due_at__lte=NOW).exists()
    for visit in visits():
        message = sent[f"booking:{visit.pk}"]
        assert (message.sent_at, message.sent_to) == (visit.created_at, visit.client.email)


def test_most_have_read_the_preparation_that_was_sent_and_some_have_not():
    near = visits().filter(
        status=Status.CONFIRMED,
        starts_at__gt=NOW,
        starts_at__lt=NOW + timedelta(days=2),
        created_at__lt=NOW - timedelta(days=1),
    )
    read = near.filter(readings__acknowledged_at__isnull=False)

    assert 0.5 < read.count() / near.count() < 1


def test_nobody_has_two_visits_at_once_or_two_ahead_before_the_first():
    by_client = defaultdict(list)
    for visit in visits().filter(status__in=ACTIVE).order_by("starts_at"):
        by_client[visit.client_id].append(visit)

    for theirs in by_client.values():
        for earlier, later in pairwise(theirs):
            assert later.starts_at - earlier.ends_at > timedelta(days=2)
        if not any(visit.status == Status.COMPLETED for visit in theirs):
            assert len(theirs) == 1
        assert [visit.extra_minutes for visit in theirs[1:]] == [0] * len(theirs[1:])


def test_it_writes_to_nobody_real():
    addresses = {
        *User.objects.values_list("email", flat=True),
        *Client.objects.values_list("email", flat=True),
        *Message.objects.exclude(sent_to="").values_list("sent_to", flat=True),
    }
    numbers = [str(client.phone) for client in Client.objects.all()]
    numbers += [place.phone.replace(" ", "") for place in Location.objects.all()]

    assert {address.rpartition(".")[2] for address in addresses} == {"example"}
    assert {number[-7:-2] for number in numbers} == {"55501"}


def test_the_audit_has_nothing_to_say():
    assert findings(now=NOW) == []


def test_all_that_it_drew_is_marked_as_drawn():
    assert not Booking.objects.filter(is_demo=False).exists()
    assert not Client.objects.filter(is_demo=False).exists()


def test_rooms_and_devices_are_those_of_the_handbook():
    kinds = Counter(Device.objects.values_list("location__slug", "device_kind"))

    assert kinds == {
        ("alder-street", "console"): 2,
        ("alder-street", "handheld"): 1,
        ("alder-street", "led"): 1,
        ("harbor-row", "console"): 1,
        ("harbor-row", "handheld"): 1,
    }
    assert Counter(Room.objects.values_list("location__slug", flat=True)) == {
        "alder-street": 3,
        "harbor-row": 2,
    }
    assert Resource.objects.filter(kind="provider").count() == 6
