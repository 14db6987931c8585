"""What was told and read of a visit, and what is missing in it."""

from datetime import datetime, timedelta

import pytest

from booking.models import Booking, Reading, Status
from booking.selectors.proof import ledger, unread_preparation
from booking.services.care import acknowledge, open_page
from tests.booking.scenes import NOW
from tests.booking.views.staff.written import alert, failed, planned, sent
from tests.factories import BookingFactory, InstructionVersionFactory, UserFactory
from treatments.models import InstructionVersion

IN_TWO_DAYS = NOW + timedelta(hours=47)
PREP = Reading.Page.PREPARATION


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch):
    monkeypatch.setattr("clinic.messaging.doorbell._publish", lambda: None)


def visit(*texts: InstructionVersion, starts_at: datetime = IN_TWO_DAYS, **fields) -> Booking:  # type: ignore[no-untyped-def]
    booking = BookingFactory(starts_at=starts_at, **fields)
    booking.instruction_versions.set(texts or [InstructionVersionFactory()])
    return booking


def read(booking: Booking, *texts: InstructionVersion) -> None:
    versions = [str(text.pk) for text in texts or booking.instruction_versions.all()]
    acknowledge(booking=booking, page=PREP, versions=versions, now=NOW)


def unread(now: datetime = NOW) -> list[Booking]:
    return unread_preparation(visits=Booking.objects.all(), now=now)


def test_messages_stand_in_the_order_in_which_they_were_promised(db):
    booking = visit()
    later, first = planned(booking, "M04", due_at=NOW), sent(booking, due_at=NOW - timedelta(1))
    other = planned(visit(), "M04")

    told = [line.message for line in ledger(booking).told]
    assert told == [first, later]
    assert other not in told


def test_a_line_names_its_recipient_and_the_texts_it_was_made_of(db):
    booking, robin = visit(), UserFactory(full_name="Robin Hale")
    (text,) = booking.instruction_versions.all()
    sent(booking, content_versions=[str(text.pk)])
    planned(booking, "M09", recipient="provider")
    planned(booking, "M19", recipient=f"staff:{robin.pk}")
    planned(booking, "M19", recipient="staff:999", occurrence="2")

    lines = {(line.message.code, line.recipient): line.texts for line in ledger(booking).told}
    assert lines == {
        ("M01", booking.client.name): [text],
        ("M09", booking.provider.name): [],
        ("M19", "Robin Hale"): [],
        ("M19", ""): [],
    }


def test_a_page_is_read_only_in_the_versions_that_were_promised(db):
    booking = visit()
    assert [(page.kind, page.is_read) for page in ledger(booking).pages] == [("prep", False)]

    open_page(booking=booking, page=PREP, now=NOW)
    assert not ledger(booking).pages[0].is_read

    read(booking)
    assert ledger(booking).pages[0].is_read

    booking.instruction_versions.add(InstructionVersionFactory())
    (page,) = ledger(booking).pages
    assert not page.is_read
    assert page.reading.acknowledged_at == NOW


def test_aftercare_is_there_to_be_read_once_the_visit_is_over(db):
    texts = InstructionVersionFactory(), InstructionVersionFactory(instruction__kind="aftercare")
    ahead, over = visit(*texts), visit(*texts, status=Status.COMPLETED)

    assert [page.kind for page in ledger(ahead).pages] == ["prep"]
    assert [page.kind for page in ledger(over).pages] == ["prep", "aftercare"]


@pytest.mark.parametrize(
    ("code", "has_own_letter", "is_missed"),
    [
        ("M04", True, True),
        ("M01", False, True),  # it brought the preparation itself
        ("M09", False, True),
        ("M01", True, False),  # M04 is still to bring it
        ("M05", True, False),
    ],
)
def test_the_visit_says_when_what_brings_the_preparation_failed(
    db, code, has_own_letter, is_missed
):
    booking = visit()
    message = failed(booking, code)
    if has_own_letter and code != "M04":
        planned(booking, "M04")

    assert ledger(booking).undelivered == (message if is_missed else None)


def test_preparation_that_went_after_all_is_not_missed(db):
    booking = visit()
    failed(booking, "M01", due_at=IN_TWO_DAYS - timedelta(hours=71))
    failed(booking, "M04", channel="sms")
    sent(booking, "M04", due_at=IN_TWO_DAYS - timedelta(hours=70))

    assert ledger(booking).undelivered is None


def test_a_ledger_costs_the_same_for_one_line_as_for_twenty(db, django_assert_num_queries):
    booking = visit()
    for number in range(20):
        robin = UserFactory()
        planned(booking, "M19", recipient=f"staff:{robin.pk}", occurrence=str(number))
        alert(booking, seen_at=NOW, seen_by=robin)
        booking.instruction_versions.add(InstructionVersionFactory())
    read(booking)
    seen = Booking.objects.with_facts().get(pk=booking.pk)

    with django_assert_num_queries(7):
        found = ledger(seen)
        assert len([str(line.texts) + line.recipient for line in found.told]) == 20
        assert len([str(alert.seen_by) for alert in found.alerts]) == 20


# Preparation that nobody read


def test_a_visit_within_48_hours_whose_preparation_is_unread_is_found(db):
    booking = visit(starts_at=NOW + timedelta(hours=48))
    assert unread() == [booking]
    assert unread(NOW - timedelta(seconds=1)) == []
    assert unread(booking.starts_at) == []

    open_page(booking=booking, page=PREP, now=NOW)
    assert unread() == [booking]

    read(booking)
    assert unread() == []


def test_having_read_an_earlier_text_is_not_having_read_this_one(db):
    old = InstructionVersionFactory()
    booking = visit(InstructionVersionFactory(instruction=old.instruction))
    read(booking, old)

    assert unread() == [booking]


def test_who_booked_within_those_48_hours_is_not_asked_for(db):
    visit(created_at=IN_TWO_DAYS - timedelta(hours=48))
    early = visit(created_at=IN_TWO_DAYS - timedelta(hours=48, seconds=1))

    assert unread() == [early]


@pytest.mark.parametrize("status", [Status.CANCELLED_CLIENT, Status.CHECKED_IN, Status.COMPLETED])
def test_a_visit_that_is_over_or_off_is_nobodys_to_read(db, status):
    visit(status=status)

    assert unread() == []


def test_a_visit_without_preparation_has_nothing_to_read(db):
    BookingFactory(starts_at=IN_TWO_DAYS)
    visit(InstructionVersionFactory(instruction__kind="aftercare"))

    assert unread() == []


def test_the_soonest_comes_first_and_twenty_cost_what_one_does(db, django_assert_num_queries):
    for hours in range(20):
        visit(starts_at=NOW + timedelta(hours=40 - hours))

    with django_assert_num_queries(3):
        found = unread()
        assert [str(v.client) + v.provider.name + v.location.name for v in found]
    assert found == sorted(found, key=lambda booking: booking.starts_at)
    assert len(found) == 20
