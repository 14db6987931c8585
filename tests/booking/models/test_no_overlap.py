"""A resource is in one place at a time, whoever writes: the net under every service."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation

from booking.constraints import NoOverlap
from booking.models import Allocation, Booking
from tests.factories import BookingFactory, RoomFactory

GUARD = "a_resource_is_in_one_place_at_a_time"
DAY = datetime(2027, 11, 5, tzinfo=UTC)
ONE, TWO = DAY.replace(hour=13), DAY.replace(hour=14)
HALF_PAST = DAY.replace(hour=13, minute=30)

# 13:30Z, as other programs may write it. The tests choose the other end so that no check of the
# table is in the way: only the guard is left to refuse.
SPELLINGS = [
    "2027-11-05 13:30:00",
    "2027-11-05T13:30:00Z",
    "2027-11-05 13:30:00Z",
    "2027-11-05 13:30:00+00:00",
    "2027-11-05 13:30:00.000000",
    "2027-11-05 13:30:00.5",
    "2027-11-05 09:30:00-04:00",
    "2027-11-05T09:30:00-04:00",
    "2027-11-05 19:15:00+05:45",
    "2027-11-05 02:30:00-11:00",
]
# What SQLite would store, and put into the wrong place among the others
NO_INSTANTS = [
    "2027-11-05 13:61:00",
    "2027-11-05 12:59:60",
    "2027-11-05 13:30:00..5",
    "2027-11-05 13:30:00 ",
    "2027-11-04 37:30:00",
    "2027-11-05",
    "13:30:00",
    "now",
    1825421400,
    2461715.0625,
    b"2027-11-05 13:30:00",
]


def keep(resource_id: int, start: datetime, end: datetime) -> Allocation:
    """Keep the resource for a booking of its own."""
    return Allocation.objects.create(
        booking=BookingFactory(), resource_id=resource_id, starts_at=start, ends_at=end
    )


def insert(booking: Booking, resource_id: int, start: object, end: object) -> None:
    """Write an allocation past every line of ours."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO booking_allocation (booking_id, resource_id, starts_at, ends_at) "
            "VALUES (%s, %s, %s, %s)",
            [booking.pk, resource_id, start, end],
        )


@pytest.fixture
def room_id(db: None) -> int:
    """A room that is kept from 13:00 to 14:00 UTC."""
    room_id = RoomFactory().pk
    keep(room_id, ONE, TWO)
    return room_id


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (ONE, TWO),
        (HALF_PAST, HALF_PAST + timedelta(hours=1)),
        (HALF_PAST - timedelta(hours=1), HALF_PAST),
        (ONE + timedelta(minutes=5), TWO - timedelta(minutes=5)),
        (ONE - timedelta(hours=1), TWO + timedelta(hours=1)),
        (TWO - timedelta(microseconds=1), TWO + timedelta(hours=1)),
    ],
)
def test_a_time_that_shares_an_instant_with_another_is_refused(room_id, start, end):
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        keep(room_id, start, end)


def test_times_that_only_touch_are_both_kept(room_id):
    keep(room_id, ONE - timedelta(hours=1), ONE)
    keep(room_id, TWO, TWO + timedelta(hours=1))


def test_another_room_is_another_diary(room_id):
    keep(RoomFactory().pk, ONE, TWO)


def test_a_kept_time_cannot_be_moved_onto_another(room_id):
    later = keep(room_id, TWO, TWO + timedelta(hours=1))

    later.starts_at = HALF_PAST
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        later.save(update_fields=["starts_at"])
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        Allocation.objects.filter(pk=later.pk).update(starts_at=HALF_PAST)
    elsewhere = keep(RoomFactory().pk, ONE, TWO)
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        Allocation.objects.filter(pk=elsewhere.pk).update(resource=room_id)


def test_a_kept_time_does_not_stand_in_its_own_way(room_id):
    kept = Allocation.objects.get(resource=room_id)

    kept.starts_at, kept.ends_at = HALF_PAST, TWO + timedelta(minutes=30)
    kept.save(update_fields=["starts_at", "ends_at"])
    kept.full_clean()


def test_many_at_once_are_checked_one_by_one(room_id):
    bookings = BookingFactory.create_batch(2)
    spans = [(TWO, TWO + timedelta(hours=1)), (TWO + timedelta(minutes=30), TWO.replace(hour=16))]

    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        Allocation.objects.bulk_create(
            Allocation(booking=booking, resource_id=room_id, starts_at=start, ends_at=end)
            for booking, (start, end) in zip(bookings, spans, strict=True)
        )
    assert Allocation.objects.filter(resource=room_id).count() == 1


@pytest.mark.parametrize("half_past", SPELLINGS)
def test_raw_sql_is_refused_however_it_spells_the_start(room_id, half_past):
    with pytest.raises(IntegrityError, match=GUARD):
        insert(BookingFactory(), room_id, half_past, "2027-11-06 01:00:00")


@pytest.mark.parametrize("half_past", SPELLINGS)
def test_raw_sql_is_refused_however_it_spells_the_end(room_id, half_past):
    with pytest.raises(IntegrityError, match=GUARD):
        insert(BookingFactory(), room_id, "2027-11-05 02:00:00", half_past)


@pytest.mark.parametrize("half_past", SPELLINGS)
def test_raw_sql_cannot_move_a_kept_time_either(room_id, half_past):
    later = keep(room_id, TWO, TWO + timedelta(hours=11))
    with (
        pytest.raises(IntegrityError, match=GUARD),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE booking_allocation SET starts_at = %s WHERE id = %s", [half_past, later.pk]
        )


@pytest.mark.sqlite
@pytest.mark.parametrize("start", NO_INSTANTS)
def test_on_sqlite_what_is_no_instant_is_not_stored(room_id, start):
    # Which of two violated constraints is named may differ; that it is refused may not.
    with pytest.raises(IntegrityError, match="constraint failed"):
        insert(BookingFactory(), RoomFactory().pk, start, "2027-11-05 14:30:00")


@pytest.mark.sqlite
def test_on_sqlite_other_programs_meet_the_same_guard(room_id):
    """The checks and triggers call nothing that only Django's connection knows."""
    booking = BookingFactory()
    database = sqlite3.connect(":memory:")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'booking_allocation' AND sql NOT NULL "
            "ORDER BY type = 'trigger'"
        )
        for (sql,) in cursor.fetchall():
            database.execute(sql)
    write = (
        "INSERT INTO booking_allocation (booking_id, resource_id, starts_at, ends_at) "
        f"VALUES (?, {room_id}, ?, ?)"
    )
    database.execute(write, [booking.pk, "2027-11-05 13:00:00", "2027-11-05 14:00:00"])
    with pytest.raises(sqlite3.IntegrityError, match=GUARD):
        database.execute(write, [0, "2027-11-05 13:30:00", "2027-11-05 14:30:00"])
    with pytest.raises(sqlite3.IntegrityError, match="an_allocation_lasts_12_hours_at_most"):
        database.execute(write, [0, "2027-11-06 13:00:00", "2027-11-07 13:00:00"])
    database.close()


def test_the_longest_time_still_keeps_others_out_at_its_very_end(db):
    room_id = RoomFactory().pk
    end = DAY + timedelta(hours=12, milliseconds=300)
    keep(room_id, DAY, end)

    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        keep(room_id, end - timedelta(milliseconds=100), end + timedelta(hours=1))
    late = Allocation(
        booking=BookingFactory(),
        resource_id=room_id,
        starts_at=end - timedelta(milliseconds=100),
        ends_at=end + timedelta(hours=1),
    )
    with pytest.raises(ValidationError, match="Somebody else has this time"):
        late.full_clean()


def test_nothing_is_kept_longer_than_twelve_hours(db):
    keep(RoomFactory().pk, DAY, DAY + timedelta(hours=12))
    too_long = {"starts_at": DAY, "ends_at": DAY + timedelta(hours=12, minutes=1)}

    with pytest.raises(IntegrityError, match="lasts_12_hours_at_most"), transaction.atomic():
        keep(RoomFactory().pk, too_long["starts_at"], too_long["ends_at"])
    with pytest.raises(ValidationError, match="lasts_12_hours_at_most"):
        Allocation(booking=BookingFactory(), resource_id=RoomFactory().pk, **too_long).full_clean()


def test_nothing_ends_before_it_starts(db):
    with pytest.raises(IntegrityError, match="ends_after_it_starts"), transaction.atomic():
        keep(RoomFactory().pk, TWO, ONE)


def test_a_form_is_told_in_words(room_id):
    taken = Allocation(
        booking=BookingFactory(), resource_id=room_id, starts_at=HALF_PAST, ends_at=TWO
    )
    with pytest.raises(ValidationError) as refusal:
        taken.full_clean()
    assert refusal.value.messages == ["Somebody else has this time."]
    assert refusal.value.error_dict["__all__"][0].code == "overlap"


def test_every_change_of_a_model_has_its_migration(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# Changes of the table: SQLite makes it anew for most of them.


def guard(start: str = "starts_at") -> NoOverlap:
    return NoOverlap(
        name=GUARD,
        partition_by=["resource"],
        start=start,
        end="ends_at",
        longest=timedelta(hours=12),
    )


CHANGES: dict[str, list[Operation]] = {
    "a field altered": [
        migrations.AlterField("allocation", "ends_at", models.DateTimeField(db_index=True))
    ],
    "a field added": [
        migrations.AddField("allocation", "note", models.CharField(max_length=20, null=True))
    ],
    "a field added with a default of the database": [
        migrations.AddField("allocation", "note", models.CharField(max_length=20, db_default="%s"))
    ],
    "a foreign key added": [
        migrations.AddField(
            "allocation", "deputy", models.ForeignKey("booking.room", models.CASCADE, null=True)
        )
    ],
    "a field added and removed": [
        migrations.AddField("allocation", "note", models.CharField(max_length=20, null=True)),
        migrations.RemoveField("allocation", "note"),
    ],
    "an instant renamed": [
        migrations.RenameField("allocation", "starts_at", "begins_at"),
    ],
    "an instant renamed and the constraint with it": [
        migrations.RemoveConstraint("allocation", GUARD),
        migrations.RemoveConstraint("allocation", "an_allocation_ends_after_it_starts"),
        migrations.RemoveConstraint("allocation", "an_allocation_lasts_12_hours_at_most"),
        migrations.RemoveIndex("allocation", "booking_all_resourc_724289_idx"),
        migrations.RenameField("allocation", "starts_at", "begins_at"),
        migrations.AddConstraint("allocation", guard("begins_at")),
        migrations.AddField("allocation", "note", models.CharField(max_length=20, null=True)),
    ],
    "the constraint replaced": [
        migrations.RemoveConstraint("allocation", GUARD),
        migrations.AddConstraint("allocation", guard()),
    ],
    "another constraint removed": [
        migrations.RemoveConstraint("allocation", "a_booking_takes_a_resource_once")
    ],
    "the table renamed": [
        migrations.RenameModel("allocation", "Keeping"),
    ],
    "the table renamed and altered": [
        migrations.RenameModel("allocation", "Keeping"),
        migrations.AddField("keeping", "note", models.CharField(max_length=20, null=True)),
    ],
    "what it points at renamed": [
        migrations.RenameModel("booking", "Visit"),
    ],
    "what it points at altered": [
        migrations.AlterField("resource", "name", models.CharField(max_length=99)),
    ],
}


@contextmanager
def changed(operations: list[Operation]) -> Iterator[None]:
    """Run `operations` as the next migration of `booking` does, and undo them at the end."""
    state = MigrationExecutor(connection).loader.project_state()
    migration = migrations.Migration("changed", "booking")
    migration.operations = operations
    with connection.schema_editor(atomic=True) as editor:
        migration.apply(state.clone(), editor)
    try:
        yield
    finally:
        with connection.schema_editor(atomic=True) as editor:
            migration.unapply(state.clone(), editor)


def allocation_table() -> tuple[str, str]:
    """Return what the table and its start are called now."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        table = next(name for name in ("booking_keeping", "booking_allocation") if name in tables)
        description = connection.introspection.get_table_description(cursor, table)
    columns = {column.name for column in description}
    (start,) = columns & {"starts_at", "begins_at"}
    return table, start


def assert_guarded(*, room_id: int, later_id: int, other_id: int) -> None:
    """Check that the room is kept from 13:00 to 15:00 UTC against raw SQL, and not at 15:00."""
    table, start = allocation_table()
    write = (
        f"INSERT INTO {table} (booking_id, resource_id, {start}, ends_at) "
        f"VALUES ({other_id}, {room_id}, %s, %s)"
    )
    move = f"UPDATE {table} SET {start} = %s WHERE id = {later_id}"
    with connection.cursor() as cursor:
        for sql, values in [
            (write, ["2027-11-05 13:30:00", "2027-11-05 14:30:00"]),
            (write, ["2027-11-05T09:30:00-04:00", "2027-11-05T09:45:00-04:00"]),
            (move, ["2027-11-05 13:30:00"]),
        ]:
            with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
                cursor.execute(sql, values)
        cursor.execute(write, ["2027-11-05 15:00:00", "2027-11-05 16:00:00"])
        cursor.execute(f"DELETE FROM {table} WHERE booking_id = {other_id}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", CHANGES)
def test_the_guard_outlives_a_change_of_the_table_and_the_way_back(change):
    room_id = RoomFactory().pk
    keep(room_id, ONE, TWO)
    rows = {
        "room_id": room_id,
        "later_id": keep(room_id, TWO, TWO + timedelta(hours=1)).pk,
        "other_id": BookingFactory().pk,
    }

    with changed(CHANGES[change]):
        assert_guarded(**rows)
    assert_guarded(**rows)
