"""The log as an admin reads it, searches it and takes it along."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.accounts.models import User
from clinic.trail import views
from clinic.trail.models import Entry
from clinic.trail.selectors import end
from clinic.trail.services import note, seal
from clinic.trail.views import ON_A_PAGE
from clinic.web.sheets import safe
from tests.factories import ClientFactory, LocationFactory, UserFactory, booked

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana() -> User:
    return UserFactory(full_name="Dana Whitlock", is_staff=True)


@pytest.fixture
def admin(client: Browser) -> Browser:
    """A browser in which an admin of the clinic is signed in."""
    client.force_login(UserFactory(groups=[Role.ADMIN], is_staff=True))
    return client


def shown(admin: Browser, **asked: object) -> list[str]:
    """What the entries say that a search finds, in the order of the admin."""
    answer = admin.get(reverse("trail:log"), asked)
    assert answer.status_code == 200
    return [row.entry.what for row in answer.context["rows"] if row.entry.at.year == 2030]


def exported(admin: Browser, **asked: object) -> list[dict[str, str]]:
    answer = admin.post(reverse("trail:export"), asked)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_an_entry_says_who_did_what_to_what(admin, dana):
    booking = booked(reference="K7P-2QX")
    note(
        user_id=dana.pk,
        what="visit.moved",
        subject=f"booking:{booking.pk}",
        now=NOW,
        version=[1, 2],
    )

    text = admin.get(reverse("trail:log")).content.decode()

    assert "Dana Whitlock" in text
    assert "Visit moved" in text
    assert f'<a href="{reverse("staff:visit", args=["K7P-2QX"])}">K7P-2QX</a>' in text
    assert "version: 1, 2" in text


def test_what_is_gone_keeps_its_number(admin):
    note(user_id=4711, what="price.published", subject="booking:4712", now=NOW)

    text = admin.get(reverse("trail:log")).content.decode()

    assert "User 4711" in text
    assert "booking:4712" in text


def test_entries_are_found_by_person_kind_subject_and_day(admin, dana):
    other = UserFactory(is_staff=True)
    booking = booked(reference="K7P-2QX", client__name="Maya Ellison")
    note(user_id=dana.pk, what="a.one", subject=f"booking:{booking.pk}", now=NOW)
    note(user_id=other.pk, what="a.two", subject="price:1", now=NOW + timedelta(days=1))
    note(user_id=other.pk, what="b.three", subject="price:12", now=NOW + timedelta(days=2))
    note(user_id=1, what="b.four", subject=f"client:{booking.client_id}", now=NOW)

    assert shown(admin) == ["b.four", "b.three", "a.two", "a.one"]
    assert shown(admin, who=other.pk) == ["b.three", "a.two"]
    assert shown(admin, what="a.two") == ["a.two"]
    assert shown(admin, subject="k7p 2qx") == ["a.one"]
    assert shown(admin, subject="maya") == ["b.four"]
    assert shown(admin, subject="price:1") == ["a.two"]
    assert shown(admin, subject="price") == ["b.three", "a.two"]
    assert shown(admin, first_on="2030-03-02", last_on="2030-03-02") == ["a.two"]
    assert shown(admin, subject="nothing") == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"first_on": "yesterday"}, "Enter a valid date."),
        ({"first_on": "0001-01-01"}, "Choose a day."),
        ({"last_on": "9999-12-31"}, "Choose a day."),
        ({"first_on": "2030-03-02", "last_on": "2030-03-01"}, "Choose a day after the first one."),
        ({"what": "nothing.of_ours"}, "nothing.of_ours is not one of the available choices."),
        ({"who": "9" * 20}, "That choice is not one of the available choices."),
    ],
)
def test_a_search_that_makes_no_sense_is_said_beside_its_field_and_finds_nothing(
    admin, asked, says
):
    note(user_id=1, what="a.one", now=NOW)

    answer = admin.get(reverse("trail:log"), asked)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert answer.context["rows"] == []
    assert "is in the log" not in answer.content.decode()


def test_earlier_pages_go_on_where_the_last_one_ended_whatever_came_meanwhile(admin):
    for n in range(ON_A_PAGE + 5):
        note(user_id=1, what=f"n.{n}", now=NOW)
    first = admin.get(reverse("trail:log"))
    note(user_id=1, what="n.meanwhile", now=NOW)

    below = admin.get(reverse("trail:log"), {"before": first.context["before"]})

    numbers = [row.entry.what for answer in (first, below) for row in answer.context["rows"]]
    assert len(numbers) == len(set(numbers))
    assert "n.meanwhile" not in numbers
    assert {f"n.{n}" for n in range(ON_A_PAGE + 5)} <= set(numbers)


def test_a_page_costs_the_same_for_many_entries(admin, django_assert_max_num_queries):
    for _ in range(30):
        booking = booked()
        note(user_id=UserFactory().pk, what="visit.moved", subject=f"booking:{booking.pk}", now=NOW)
        note(user_id=1, what="client.changed", subject=f"client:{booking.client_id}", now=NOW)

    with django_assert_max_num_queries(14):
        admin.get(reverse("trail:log"))


def test_the_page_says_whether_the_chain_is_whole(admin):
    note(user_id=1, what="a.one", now=NOW)
    seal()

    text = admin.get(reverse("trail:log"), {"check": "latest"}).content.decode()

    assert "Nobody changed the log." in text
    assert "Nobody changed the log." not in admin.get(reverse("trail:log")).content.decode()


def test_a_long_log_is_checked_in_parts_each_leading_to_the_one_before(admin, monkeypatch):
    monkeypatch.setattr(views, "CHECKED_AT_ONCE", 2)
    for _each in range(3):
        note(user_id=1, what="a.one", now=NOW)
    seal()
    last = end().position

    latest = admin.get(reverse("trail:log"), {"check": "latest"}).content.decode()
    before = admin.get(reverse("trail:log"), {"check": last - 2}).content.decode()

    assert f"Nobody changed the entries {last - 1} to {last}." in latest
    assert f'href="?check={last - 2}"' in latest
    assert f"to {last - 2}." in before
    for nonsense in ("x", "9" * 30, "-1", "0"):
        assert admin.get(reverse("trail:log"), {"check": nonsense}).status_code == 200


def test_times_and_days_are_those_of_the_clinics_clock(admin):
    """Three in the night in UTC is seven in the evening before in Portland."""
    LocationFactory()
    note(user_id=1, what="a.night", now=datetime(2030, 3, 2, 3, tzinfo=UTC))

    page = admin.get(reverse("trail:log"))

    text = page.content.decode()
    assert "Times in Pacific Time." in text
    assert "7:00\xa0pm" in text
    assert shown(admin, first_on="2030-03-01", last_on="2030-03-01") == ["a.night"]
    assert shown(admin, first_on="2030-03-02") == []
    (line,) = exported(admin, what="a.night")
    assert line["When"] == "2030-03-01T19:00:00-08:00"


def test_the_export_has_what_the_search_finds_and_is_noted_itself(admin, dana):
    note(user_id=dana.pk, what="a.one", subject="price:1", now=NOW, amount=3)
    note(user_id=1, what="b.two", now=NOW)

    (line,) = exported(admin, what="a.one")

    assert line["Who"] == "Dana Whitlock"
    assert line["What"] == "a.one"
    assert line["Facts"] == "amount: 3"
    assert Entry.objects.latest("pk").what == "log.exported"
    assert Entry.objects.latest("pk").facts["asked"] == "a.one"


def test_no_cell_of_an_export_is_a_formula(admin):
    evil = UserFactory(full_name='=HYPERLINK("https://evil.example")')
    note(user_id=evil.pk, what="a.one", subject="+1", now=NOW)

    (line,) = exported(admin, what="a.one")

    assert line["Who"].startswith("'=")
    assert line["Of"] == "'+1"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_work_out_is_quoted(text):
    assert safe(text) == f"'{text}"
    assert safe("1-1") == "1-1"
    assert safe(-1) == -1


def test_only_an_admin_reads_the_log(client):
    for role in (Role.AESTHETICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD):
        client.force_login(UserFactory(groups=[role], is_staff=True))
        assert client.get(reverse("trail:log")).status_code == 403
        assert client.post(reverse("trail:export")).status_code == 403


def test_a_visit_to_the_address_of_the_export_takes_nothing(admin):
    before = Entry.objects.count()

    assert admin.get(reverse("trail:export")).status_code == 303
    assert Entry.objects.count() == before


def test_the_log_holds_nobodys_name_though_the_page_shows_it(admin):
    person = ClientFactory(name="Maya Ellison")
    entry = note(user_id=1, what="client.changed", subject=f"client:{person.pk}", now=NOW)

    assert "Maya Ellison" in admin.get(reverse("trail:log")).content.decode()
    assert "Maya" not in f"{entry.subject}{entry.facts}"
