"""The audit finds what no service would write: each rule broken past all guards, and named."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from booking.message_plan import Trigger, follow
from booking.models import Allocation, Booking, Status
from booking.services import cancel, mark_no_show
from booking.services.audit import findings
from booking.services.ledger import CLIENT, CLINIC
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import (
    AddOnFactory,
    ClientFactory,
    LocationFactory,
    PriceFactory,
    Scene,
    booked,
    open_clinic,
)


@pytest.fixture
def scene(db: None) -> Scene:
    return open_clinic(rooms=2, consoles=2, providers=2)


@pytest.fixture
def visit(scene: Scene) -> Booking:
    """A confirmed visit on Monday at 10:00, with everything it takes."""
    return confirm(scene, on(scene, 4, 10))


def sql(statement: str, *values: object) -> None:
    """Write past every line of ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def said(*, now: datetime = NOW) -> list[tuple[str, str, str]]:
    return [(found.rule, found.row, found.says) for found in findings(now=now)]


def room_of(booking: Booking) -> Allocation:
    return booking.allocations.get(resource__kind="room")


def test_a_clinic_in_order_has_nothing_to_say(scene, visit):
    hold(scene, on(scene, 4, 12))
    let_go = hold(scene, on(scene, 5, 9))
    cancel(booking=confirm(scene, on(scene, 6, 9), name="Noor"), actor=CLIENT, now=NOW)
    missed = confirm(scene, on(scene, 7, 9), name="Lena")
    mark_no_show(booking=missed, actor=CLINIC, now=missed.ends_at)

    assert said() == []
    assert let_go.status == Status.HELD


def test_it_costs_the_same_for_many_bookings(scene, django_assert_num_queries):
    for day in (4, 5, 6, 7, 8):
        hold(scene, on(scene, day, 9))
    with django_assert_num_queries(16 + 2):  # and the savepoint inside the test's transaction
        findings(now=NOW)


# What is kept


def test_a_visit_without_its_room_is_found(visit):
    sql("DELETE FROM booking_allocation WHERE id = %s", room_of(visit).pk)

    assert said() == [
        ("allocations", visit.reference, "keeps nothing instead of one room."),
    ]


def test_a_visit_with_two_rooms_is_found(scene, visit):
    other = next(room for room in scene.rooms if room.pk != room_of(visit).resource_id)
    sql(
        "INSERT INTO booking_allocation (booking_id, resource_id, starts_at, ends_at) "
        "SELECT booking_id, %s, starts_at, ends_at FROM booking_allocation WHERE id = %s",
        other.pk,
        room_of(visit).pk,
    )

    ((rule, row, says),) = said()
    assert (rule, row) == ("allocations", visit.reference)
    assert says.endswith("instead of one room.")
    assert " and " in says


def test_a_visit_that_keeps_somebody_elses_hours_is_found(scene, visit):
    other = next(each for each in scene.providers if each.pk != visit.provider_id)
    sql("UPDATE booking_booking SET provider_id = %s WHERE id = %s", other.pk, visit.pk)

    assert said() == [
        ("allocations", visit.reference, f"keeps {visit.provider.name} instead of its provider."),
    ]


def test_a_visit_without_its_device_is_found(visit):
    sql(
        "DELETE FROM booking_allocation WHERE id = %s",
        visit.allocations.get(resource__kind="device").pk,
    )
    assert said() == [
        ("allocations", visit.reference, "keeps nothing instead of one console."),
    ]


def test_a_device_of_another_kind_is_found(visit):
    device = visit.allocations.get(resource__kind="device").resource
    sql(
        "UPDATE booking_device SET device_kind = 'led' WHERE resource_ptr_id = %s",
        device.pk,
    )
    assert said() == [
        ("allocations", visit.reference, f"keeps {device.name}, which it does not need."),
        ("allocations", visit.reference, "keeps nothing instead of one console."),
    ]


def test_an_add_on_needs_its_device_too(scene, visit):
    light = AddOnFactory(device_needs=[["led"]], minutes=1)
    visit.add_ons.add(light)

    assert (
        "allocations",
        visit.reference,
        "keeps nothing instead of one led.",
    ) in said()


def test_one_console_serves_a_treatment_and_an_add_on_that_would_do_with_less(db):
    extra = AddOnFactory(device_needs=[["handheld", "console"]])
    visit = booked(add_ons=[extra])
    PriceFactory(option=visit.option, amount=140)
    PriceFactory(option=None, add_on=extra, amount=30)
    follow(visit, Trigger.CONFIRMED, now=NOW)

    assert said() == []


def test_a_room_that_stands_somewhere_else_is_found(visit):
    room = room_of(visit).resource
    sql("UPDATE booking_resource SET location_id = %s WHERE id = %s", LocationFactory().pk, room.pk)

    assert said() == [
        ("allocations", visit.reference, f"keeps {room.name}, which stands somewhere else."),
    ]


@pytest.mark.parametrize("kind", ["provider", "room", "device"])
@pytest.mark.parametrize("end", ["starts_at", "ends_at"])
def test_a_span_that_is_not_what_was_promised_is_found(visit, kind, end):
    kept = visit.allocations.get(resource__kind=kind)
    later = getattr(kept, end) + timedelta(minutes=5)
    Allocation.objects.filter(pk=kept.pk).update(**{end: later})

    ((rule, row, says),) = said()

    assert (rule, row) == ("allocations", visit.reference)
    assert says.startswith(f"keeps {kept.resource.name} 2030-03-04 ")


def test_the_buffer_is_the_one_promised_not_todays(visit):
    visit.option.buffer_minutes += 15
    visit.option.save(update_fields=["buffer_minutes"])

    assert said() == []


@pytest.mark.parametrize("status", [each for each in Status if each.startswith("cancelled")])
def test_an_ended_visit_that_keeps_anything_is_found(visit, status):
    sql("UPDATE booking_booking SET status = %s WHERE id = %s", status, visit.pk)

    ((rule, row, says),) = said()

    assert (rule, row) == ("allocations", visit.reference)
    assert says.endswith(f"although it is {status}.")


def test_a_lapsed_hold_has_two_minutes_to_be_ended(scene):
    booking = hold(scene, on(scene, 4, 10))
    lapsed = booking.held_until

    assert said(now=lapsed) == []
    assert said(now=lapsed + timedelta(minutes=1, seconds=59)) == []
    ((rule, row, says),) = said(now=lapsed + timedelta(minutes=2))
    assert (rule, row) == ("allocations", booking.reference)
    assert says.endswith("although it is a lapsed hold.")


def test_a_live_hold_that_keeps_nothing_is_found(scene):
    booking = hold(scene, on(scene, 4, 10))
    sql("DELETE FROM booking_allocation")

    assert {row for _, row, _ in said()} == {booking.reference}
    assert len(said()) == 3


# Two at a time


def unguarded(statement: str, *values: object) -> None:
    """Write as if the database had no NoOverlap."""
    name = "a_resource_is_in_one_place_at_a_time"
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked forbids the change
        sql(f"ALTER TABLE booking_allocation DROP CONSTRAINT {name}")
    else:
        sql(f"DROP TRIGGER {name}_insert")
        sql(f"DROP TRIGGER {name}_update")
    sql(statement, *values)


def test_a_resource_in_two_places_is_found_without_the_constraint(scene, visit):
    other = confirm(scene, on(scene, 4, 12), name="Noor")
    unguarded(
        "UPDATE booking_allocation SET resource_id = %s, starts_at = %s WHERE id = %s",
        room_of(visit).resource_id,
        visit.starts_at + timedelta(minutes=30),
        room_of(other).pk,
    )
    overlaps = [found for found in said() if found[0] == "overlap"]

    assert overlaps == [
        (
            "overlap",
            room_of(visit).resource.name,
            f"is kept for {visit.reference} and {other.reference} at a time, "
            "2030-03-04 15:30 to 2030-03-04 16:30 UTC.",
        )
    ]


def test_a_client_in_two_places_is_found(scene, visit):
    other = confirm(scene, on(scene, 4, 10), name="Noor")
    sql("UPDATE booking_booking SET client_id = %s WHERE id = %s", visit.client_id, other.pk)

    assert said() == [
        (
            "client",
            visit.reference,
            f"and {other.reference} are of one client, 2030-03-04 15:00 to 2030-03-04 16:15 UTC.",
        )
    ]


def test_a_visit_of_a_duplicate_is_found(visit):
    kept = ClientFactory()
    sql("UPDATE clients_client SET merged_into_id = %s WHERE id = %s", kept.pk, visit.client_id)

    assert said() == [
        ("client", visit.reference, "is of a duplicate, and not of the client it was merged into.")
    ]


# What was promised


def test_a_price_that_is_not_its_lines_is_found(visit):
    sql("UPDATE booking_bookingline SET amount = amount - 10 WHERE booking_id = %s", visit.pk)

    assert said() == [
        ("price", visit.reference, "costs $170, but its lines add up to $160."),
        (
            "price history",
            visit.reference,
            f"costs $160 for {visit.option}, which no price said then.",
        ),
    ]


def test_a_price_without_lines_is_found(visit):
    sql("DELETE FROM booking_bookingline")

    assert said() == [("price", visit.reference, "costs $170, but its lines add up to $0.")]


def test_a_visit_longer_than_what_was_booked_is_found(visit):
    sql("UPDATE booking_booking SET extra_minutes = 0 WHERE id = %s", visit.pk)

    assert said() == [("time", visit.reference, "lasts 75 minutes, but what was booked takes 60.")]


def test_a_status_nobody_knows_is_found(visit):
    sql("UPDATE booking_booking SET status = 'lost' WHERE id = %s", visit.pk)

    assert ("status", visit.reference, "has the status 'lost', which does not exist.") in said()


def test_a_confirmed_visit_nobody_was_told_of_is_found(visit):
    sql("DELETE FROM messaging_message")

    assert said() == [
        ("messages", visit.reference, "is confirmed, but no M01 was ever planned for it.")
    ]


# The command


def test_the_command_names_what_is_wrong_and_fails(visit):
    sql("DELETE FROM booking_bookingline")
    out = StringIO()

    with pytest.raises(CommandError, match="Findings: 1") as failure:
        call_command("audit", stdout=out)

    assert failure.value.returncode != 0
    assert f"{visit.reference} costs $170" in out.getvalue()


def test_the_command_is_content_with_a_clinic_in_order(visit):
    out = StringIO()

    call_command("audit", stdout=out)

    assert "as it should be" in out.getvalue()
