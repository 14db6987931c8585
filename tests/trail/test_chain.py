"""The log is written once, and shows whether somebody wrote it twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from clinic.trail import services
from clinic.trail.models import Entry, Seal
from clinic.trail.selectors import checked, end, unsealed, verify
from clinic.trail.services import KEPT, note, purge, seal

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def write(count: int, *, now: datetime = NOW) -> list[Entry]:
    """That many entries, sealed."""
    entries = [
        note(user_id=7, what="price.published", subject=f"price:{n}", now=now, amount=n)
        for n in range(count)
    ]
    seal()
    return entries


def tamper(table: str, statement: str) -> None:
    """Do what only somebody with the database in hand can: take the triggers away, and write."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
        )
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(statement)
        for _name, sql in triggers:
            cursor.execute(sql)


def refused(statement: str) -> bool:
    """Whether the database refuses `statement` as an attack on what is append-only."""
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    return True


@pytest.mark.parametrize("table", ["trail_entry", "trail_seal"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = 9", "DELETE FROM {}"])
def test_no_row_is_changed_or_deleted_even_by_hand(table, change):
    write(3)
    column = {"trail_entry": "user_id", "trail_seal": "entry_id"}[table]

    assert refused(change.format(table, column))
    assert (Entry.objects.count(), Seal.objects.count()) == (3, 3)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "replacing",
    [
        "REPLACE INTO trail_entry (id, at, what, subject, facts) VALUES ({id}, '', '', '', '{{}}')",
        "REPLACE INTO trail_seal (position, entry_id, digest) VALUES (1, 0, '')",
        "REPLACE INTO trail_seal (position, entry_id, digest) VALUES (9, {id}, '')",
    ],
)
def test_no_row_is_replaced_as_sqlite_can(replacing):
    (entry,) = write(1)

    assert refused(replacing.format(id=entry.pk))
    assert verify() is None


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["trail_entry", "trail_seal"])
def test_no_table_is_emptied_at_one_stroke(table):
    assert refused(f"TRUNCATE {table}")


def test_the_models_refuse_as_the_database_does():
    (entry,) = write(1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(what="nothing")
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()


def test_what_unlocks_is_over_with_its_transaction():
    write(1)
    with services.unlocked("purge"):
        pass

    assert refused("DELETE FROM trail_entry")


def test_a_chain_nobody_touched_is_whole():
    assert verify() is None

    write(5)

    assert verify() is None
    assert [seal.position for seal in Seal.objects.order_by("position")] == [1, 2, 3, 4, 5]
    assert unsealed() == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trail_entry SET user_id = 8 WHERE subject = 'price:2'",
        "UPDATE trail_entry SET what = 'price.withdrawn' WHERE subject = 'price:2'",
        "UPDATE trail_entry SET facts = '{\"amount\": 99}' WHERE subject = 'price:2'",
        "UPDATE trail_entry SET at = '2030-03-01 12:00:01' WHERE subject = 'price:2'",
        "UPDATE trail_entry SET subject = 'price:9' WHERE subject = 'price:2'",
        "DELETE FROM trail_entry WHERE subject = 'price:2'",
    ],
)
def test_whatever_is_changed_in_an_entry_shows_at_its_position(change):
    write(5)

    tamper("trail_entry", change)

    assert verify() == 3


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("DELETE FROM trail_seal WHERE position = 3", 3),
        ("DELETE FROM trail_seal WHERE position <= 2", 1),
        ("UPDATE trail_seal SET position = 9 WHERE position = 5", 5),
        ("UPDATE trail_seal SET entry_id = NULL WHERE position = 1", 1),
    ],
)
def test_whatever_is_changed_in_the_seals_shows_too(change, position):
    write(5)

    tamper("trail_seal", change)

    assert verify() == position


def test_a_past_that_was_cut_off_with_its_entries_shows():
    write(5)

    tamper("trail_entry", "DELETE FROM trail_entry WHERE subject IN ('price:0', 'price:1')")
    tamper("trail_seal", "DELETE FROM trail_seal WHERE position = 1")

    assert verify() == 1


def test_entries_are_sealed_once_in_the_order_they_came(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        first, second = (note(user_id=7, what="a.b", now=NOW, n=n) for n in range(2))

    assert len(callbacks) == 1
    assert list(Seal.objects.order_by("position").values_list("entry", flat=True)) == [
        first.pk,
        second.pk,
    ]
    assert seal() == 0
    assert verify() is None


def test_a_sealer_that_fails_breaks_nothing_and_the_next_one_does_its_work(
    monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def fails() -> bool:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(services, "_is_alone", fails)
        with django_capture_on_commit_callbacks(execute=True):
            note(user_id=7, what="a.b", now=NOW)
    assert "on_commit" in caplog.text
    assert unsealed() == 1

    assert seal() == 1


def test_what_was_overlooked_for_long_is_sealed_by_the_clock(monkeypatch):
    monkeypatch.setattr(services, "LATE", 2)
    for _ in range(5):
        note(user_id=7, what="a.b", now=NOW)

    assert seal() == 2
    assert seal(everything=True) == 3
    assert verify() is None


def test_facts_survive_both_databases_as_they_were_sealed():
    note(
        user_id=None,
        what="a.b",
        now=NOW + timedelta(microseconds=123),
        price=services.Decimal("145.50"),
        ratio=0.1,
        big=10**15,
        on=NOW.date(),
        rows={3, 1},
        none=None,
        text="Zoë ✓",
    )
    seal()

    assert Entry.objects.get().facts["price"] == "145.50"
    assert verify() is None


# Retention


def test_what_is_older_than_seven_years_goes_and_the_chain_stays_whole():
    write(3, now=NOW - KEPT - timedelta(days=1))
    kept = write(2)

    assert purge(now=NOW) == 3
    seal()

    assert set(Entry.objects.filter(what="price.published")) == set(kept)
    assert verify() is None
    assert Entry.objects.get(what="log.purged").facts["count"] == 3
    assert purge(now=NOW) == 0


def test_a_second_purge_goes_on_where_the_first_ended():
    write(2, now=NOW - KEPT - timedelta(days=1))
    purge(now=NOW)
    seal()
    write(2, now=NOW + timedelta(days=1))

    assert purge(now=NOW + KEPT + timedelta(hours=1)) == 1  # the entry of the first one
    seal()

    assert verify() is None
    assert Seal.objects.order_by("position").first().position == 3


def test_a_log_of_which_all_is_too_old_begins_anew_where_it_ended():
    write(4, now=NOW - KEPT - timedelta(days=1))

    assert purge(now=NOW) == 4
    seal()

    assert verify() is None
    assert [link.position for link in Seal.objects.order_by("position")] == [4, 5]


def test_what_is_not_sealed_is_not_purged():
    note(user_id=7, what="a.b", now=NOW - KEPT - timedelta(days=1))

    assert purge(now=NOW) == 0


def test_a_purge_that_nobody_wrote_down_shows():
    write(5)
    with services.unlocked("purge"):
        Entry.objects.filter(seal__position__lte=3).delete()
        Seal.objects.filter(position__lt=3).delete()

    assert verify() == 1


# The command


def test_the_command_says_whether_the_chain_is_whole():
    write(2)
    out = StringIO()
    call_command("log", "verify", stdout=out)
    assert "whole" in out.getvalue()
    assert end().digest in out.getvalue()

    tamper("trail_entry", "UPDATE trail_entry SET user_id = 8 WHERE subject = 'price:1'")
    with pytest.raises(CommandError, match="position 2"):
        call_command("log", "verify", stdout=out)


def parts() -> list[tuple[int, int, int | None]]:
    """The whole chain checked three links at a time, the latest first: since, until, broken."""
    found, until = [], 0
    while True:
        part = checked(at_most=3, until=until)
        found.append((part.since, part.until, part.broken))
        if not part.since:
            return found
        until = part.since


def test_a_long_chain_is_checked_part_by_part_and_no_part_is_large(django_assert_max_num_queries):
    write(8)

    with django_assert_max_num_queries(7):
        assert checked(at_most=3).is_last
    assert parts() == [(5, 8, None), (2, 5, None), (0, 2, None)]


@pytest.mark.parametrize("position", range(1, 9))
def test_in_whichever_part_it_is_a_change_is_found(position):
    written = write(8)
    tamper(
        "trail_entry", f"UPDATE trail_entry SET what = 'x' WHERE id = {written[position - 1].pk}"
    )

    assert [broken for *_part, broken in parts() if broken] == [position]


@pytest.mark.parametrize("position", [2, 5])
def test_a_change_that_is_sealed_anew_breaks_the_part_behind_it(position):
    """The border of two parts hides nothing."""
    written = write(8)
    tamper(
        "trail_entry", f"UPDATE trail_entry SET what = 'x' WHERE id = {written[position - 1].pk}"
    )
    before = Seal.objects.get(position=position - 1).digest
    entry = Entry.objects.get(pk=written[position - 1].pk)
    forged = services.digest_of(before, entry)
    tamper("trail_seal", f"UPDATE trail_seal SET digest = '{forged}' WHERE position = {position}")

    assert [broken for *_part, broken in parts() if broken] == [position + 1]


def test_after_a_purge_the_first_part_begins_where_the_purge_ended():
    write(4, now=NOW - KEPT - timedelta(days=1))
    write(4)
    purge(now=NOW)
    seal()

    assert {broken for *_part, broken in parts()} == {None}
    assert verify() is None
