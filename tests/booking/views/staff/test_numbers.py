"""The owner's page of numbers: who may look, what it says, and what it never says."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking, Status
from booking.permissions import Role
from booking.selectors.numbers.behind import BEHIND
from booking.selectors.numbers.definitions import METRICS
from booking.selectors.numbers.figures import Figure, written
from clinic.web import clock
from clinic.web.charts import FLOOR, TOP, chart, scale
from tests.factories import Scene, UserFactory, booked, open_clinic

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 31, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    return open_clinic("America/New_York", providers=2)


@pytest.fixture
def owner(client: Browser) -> Browser:
    """A browser in which an admin of the clinic is signed in."""
    client.force_login(UserFactory(groups=[Role.ADMIN], is_staff=True))
    return client


def visit(scene: Scene, days_ago: int, **fields: object) -> Booking:
    starts_at = NOW - timedelta(days=days_ago)
    made = {
        "location": scene.location,
        "provider": scene.provider,
        "option": scene.option,
        "starts_at": starts_at,
        "status": Status.COMPLETED,
    }
    return booked(**(made | fields))


def figures(answer: HttpResponse) -> dict[str, Figure]:
    return {figure.metric.slug: figure for figure in answer.context["figures"]}


def test_the_page_says_each_number_with_its_definition_and_the_visits_behind_it(owner, scene):
    for days_ago in (3, 4, 5, 33):
        visit(scene, days_ago)
    visit(scene, 6, status=Status.NO_SHOW, fee_owed=85)

    answer = owner.get(reverse("staff:numbers"))

    assert answer.status_code == 200
    text = answer.content.decode()
    found = figures(answer)
    assert (found["revenue"].text, found["revenue"].before_text) == ("$510", "$170")
    assert (found["no_show"].text, found["no_show"].part, found["no_show"].whole) == ("25%", 1, 4)
    assert found["fees"].text == "$85"
    for metric in METRICS:
        assert str(metric.name) in text
        if metric.slug in found:
            assert str(metric.definition) in text.replace("&#x27;", "'")
    assert f"{reverse('staff:numbers_visits', args=['no_show'])}?" in text


def test_every_number_leads_to_exactly_the_visits_it_counts(owner, scene):
    for days_ago in (3, 4, 5):
        visit(scene, days_ago)
    visit(scene, 6, status=Status.NO_SHOW)
    visit(scene, 7, status=Status.CANCELLED_LATE)
    answer = owner.get(reverse("staff:numbers"), {"range": "30"})

    for slug, figure in figures(answer).items():
        if figure.whole is None or slug in {"retention"}:  # which counts clients
            continue
        for name, count in ((figure.metric.part, figure.part), (figure.metric.whole, figure.whole)):
            behind = owner.get(
                f"{reverse('staff:numbers_visits', args=[name])}?{answer.context['query']}"
            )
            assert behind.context["page"].paginator.count == count, slug


def test_a_list_of_visits_names_nobody(owner, scene):
    kept = visit(scene, 3, client__name="Maya Ellison", client__email="maya@mail.example")
    visit(scene, 4, client__name="Maya Ellison", status=Status.DECLINED_AT_VISIT)

    for name in BEHIND:
        answer = owner.get(reverse("staff:numbers_visits", args=[name]))
        assert answer.status_code == 200
        assert "Maya" not in answer.content.decode()
        assert "eclined" not in answer.content.decode()
    text = owner.get(reverse("staff:numbers_visits", args=["booked"])).content.decode()
    assert reverse("staff:visit", args=[kept.reference]) in text


def test_few_of_anything_about_health_are_not_counted_aloud(owner, scene):
    visit(scene, 4, status=Status.DECLINED_AT_VISIT)

    text = owner.get(reverse("staff:numbers")).content.decode()

    assert text.count("fewer than 5") == 4


def test_what_is_counted_of_health_in_a_part_does_not_tell_of_the_few_elsewhere(owner, scene):
    for _ in range(5):
        visit(scene, 4, status=Status.DECLINED_AT_VISIT)
    visit(scene, 4, provider=scene.providers[1], status=Status.DECLINED_AT_VISIT)

    def declined(**asked: object) -> int | None:
        care = owner.get(reverse("staff:numbers"), asked).context["report"].care
        return care and care.declined

    assert declined() == 6
    assert declined(provider=scene.provider.pk) is None
    assert declined(place=scene.location.pk) is None
    assert declined(treatment=scene.treatment.pk) is None


def test_days_place_person_and_treatment_narrow_it_down(owner, scene):
    elsewhere = open_clinic("America/Los_Angeles")
    visit(scene, 3)
    visit(scene, 20, provider=scene.providers[1])
    visit(elsewhere, 3)

    def booked_of(**asked: object) -> int:
        return int(figures(owner.get(reverse("staff:numbers"), asked))["booked"].value or 0)

    assert booked_of() == 3
    assert booked_of(range="7") == 2
    assert booked_of(place=scene.location.pk) == 2
    assert booked_of(provider=scene.providers[1].pk) == 1
    assert booked_of(treatment=elsewhere.treatment.pk) == 1
    assert booked_of(range="custom", first_on="2030-03-28", last_on="2030-03-28") == 2
    assert booked_of(range="week") == 2


def test_time_booked_is_left_out_where_a_roster_cannot_be_divided(owner, scene):
    visit(scene, 3)

    one = figures(owner.get(reverse("staff:numbers"), {"treatment": scene.treatment.pk}))
    person = figures(owner.get(reverse("staff:numbers"), {"provider": scene.provider.pk}))

    assert not {"time_booked", "rooms", "devices"} & one.keys()
    assert "time_booked" in person
    assert not {"rooms", "devices"} & person.keys()


@pytest.mark.parametrize(
    "asked",
    [
        {"range": "custom"},
        {"range": "custom", "first_on": "2030-03-02", "last_on": "2030-03-01"},
        {"range": "custom", "first_on": "2028-03-02", "last_on": "2030-03-01"},
        {"range": "custom", "first_on": "soon", "last_on": "2030-03-01"},
        {"range": "custom", "first_on": "0001-01-01", "last_on": "0001-01-05"},
        {"range": "custom", "first_on": "9999-12-01", "last_on": "9999-12-31"},
        {"provider": "9" * 20},
    ],
)
def test_what_makes_no_sense_is_refused_beside_their_field(owner, scene, asked):
    answer = owner.get(reverse("staff:numbers"), asked)

    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()


def test_charts_say_what_they_show_and_hold_to_the_content_policy(owner, scene):
    for days_ago in range(3, 20):
        visit(scene, days_ago)

    text = owner.get(reverse("staff:numbers")).content.decode()

    charts = re.findall(r'<svg class="chart"[^>]*role="img" aria-label="([^"]+)"', text)
    assert len(charts) == 3
    assert charts[0].startswith("Revenue by week: $2,890 in all")
    assert text.count("Show as table") == 3
    assert not re.findall(r"<style|\sstyle=|\son[a-z]+=", text)


def test_a_clinic_without_a_place_has_nothing_to_count(owner):
    assert "nothing to count" in owner.get(reverse("staff:numbers")).content.decode()


def test_a_clinic_without_a_visit_has_numbers_all_the_same(owner, scene):
    answer = owner.get(reverse("staff:numbers"))

    assert answer.status_code == 200
    assert figures(answer)["no_show"].text == "–"


def test_the_page_costs_the_same_for_many_visits(owner, scene, django_assert_max_num_queries):
    for days_ago in range(3, 28):
        visit(scene, days_ago)

    with django_assert_max_num_queries(34):
        owner.get(reverse("staff:numbers"))
    with django_assert_max_num_queries(15):
        owner.get(reverse("staff:numbers_visits", args=["completed"]))


def test_the_sheet_has_the_numbers_and_no_formula(owner, scene):
    scene.provider.name = "=1+1 Lund"
    scene.provider.save()
    visit(scene, 3)

    answer = owner.get(reverse("staff:numbers_export"))

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    (revenue,) = [line for line in lines if (line["Who"], line["Number"]) == ("All", "Revenue")]
    assert revenue["Value"] == "170.00"
    assert {line["Who"] for line in lines} >= {"All", "'=1+1 Lund"}


def test_the_sheet_of_a_part_says_of_what(owner, scene):
    visit(scene, 3)

    answer = owner.get(
        reverse("staff:numbers_export"),
        {"place": scene.location.pk, "treatment": scene.treatment.pk},
    )

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (revenue, *_rest) = csv.DictReader(io.StringIO(text))
    assert revenue["Who"] == f"{scene.location}, {scene.treatment}"


@pytest.mark.parametrize("name", ["numbers_export", "numbers_visits"])
def test_nothing_is_counted_of_days_that_make_no_sense(owner, scene, name):
    url = reverse(f"staff:{name}", args=["booked"] if name == "numbers_visits" else [])

    answer = owner.get(url, {"range": "custom", "first_on": "2030-03-02"})

    assert answer["Location"].startswith(f"{reverse('staff:numbers')}?range=custom")
    assert owner.get(answer["Location"]).status_code == 422


def test_minutes_fees_and_prices_of_the_visits_behind_a_number_are_added_up(owner, scene):
    for days_ago in (3, 4):
        visit(scene, days_ago, status=Status.NO_SHOW, fee_owed=Decimal("85.50"))
    visit(scene, 5)

    answer = owner.get(reverse("staff:numbers_visits", args=["fees"]))

    (foot,) = re.findall(r"<tfoot>(.*?)</tfoot>", answer.content.decode(), re.S)
    assert re.findall(r"<td[^>]*>([^<]+)</td>", foot) == ["120", "$171", "$340"]


def test_only_who_may_see_the_numbers_sees_them(client, scene):
    for role in (Role.AESTHETICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD):
        client.force_login(UserFactory(groups=[role], is_staff=True))
        for url in (
            reverse("staff:numbers"),
            reverse("staff:numbers_export"),
            reverse("staff:numbers_visits", args=["booked"]),
        ):
            assert client.get(url).status_code == 403


# How it is written and drawn


@pytest.mark.parametrize(
    ("unit", "value", "before", "text"),
    [
        ("percent", 3.1, 4.9, "\N{MINUS SIGN} 1.8 points"),
        ("percent", 78.0, 77.0, "+ 1 point"),
        ("money", 38_420, 36_250, "+ 6%"),
        ("money", 100, 0, ""),
        ("days", 15.0, 14.0, "+ 1 day"),
        ("count", 5, 5, "no change"),
        ("percent", None, 5.0, ""),
    ],
)
def test_a_change_is_written_in_points_days_or_per_cent(unit, value, before, text):
    metric = next(metric for metric in METRICS if metric.unit == unit)

    assert Figure(metric, value, before).difference_text == text


def test_less_of_a_bad_thing_is_better():
    no_show = next(metric for metric in METRICS if metric.slug == "no_show")

    assert Figure(no_show, 3.0, 5.0).is_better is True
    assert Figure(no_show, 5.0, 3.0).is_better is False
    assert Figure(no_show, 5.0, 5.0).is_better is None
    assert Figure(no_show, 3.0, 5.0, is_growing=True).is_better is None


def test_numbers_are_written_as_on_the_page():
    assert written(3.14159, "percent") == "3.1%"
    assert written(78.4, "percent") == "78%"
    assert written(1234, "count") == "1,234"
    assert written(1, "days") == "1 day"
    assert written(14.5, "days") == "14.5 days"
    assert written(None, "money") == "–"


@pytest.mark.parametrize("highest", [0.5, 1, 3, 4, 9.7, 97, 101, 9_999, 20_000, 123_456])
def test_an_axis_holds_its_highest_value_in_a_few_round_steps(highest):
    top, step = scale(highest)

    assert top >= highest
    assert top - step < highest
    assert 1 <= round(top / step) <= 5


def test_bars_stand_on_the_floor_as_high_as_their_value():
    drawn = chart(["a", "b", "c"], [0, 50, 100], [100, 50, 0], least=10)

    assert [mark.y + mark.height for mark in drawn.marks] == [FLOOR] * 3
    assert [mark.height for mark in drawn.marks] == [0, (FLOOR - TOP) / 2, FLOOR - TOP]
    assert len(drawn.previous.split()) == 3
