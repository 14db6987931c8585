import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from clinic.places.models import OpeningHours
from clinic.site.selectors import opening_week
from clinic.web import clock
from tests import factories

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday noon in New York
PAGES = ["/", "/what-to-expect/", "/visit/", "/first-free/", "/no-such-page/"]


@pytest.fixture(autouse=True)
def on_a_friday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode().replace("\N{NO-BREAK SPACE}", " "))


@pytest.mark.django_db
def test_the_front_page_shows_the_first_free_time_before_anyone_asks(client):
    scene = factories.open_clinic("America/New_York", price=Decimal(170))

    page = text_of(client.get("/first-free/"))
    assert f"tomorrow at 12:00 pm with {scene.providers[0].first_name}" in page
    assert "$170" in page


@pytest.mark.django_db
def test_a_fortnight_without_times_says_where_later_ones_are(client):
    scene = factories.open_clinic()
    factories.TimeOffFactory(
        resource=scene.provider, starts_at=NOW, ends_at=NOW + timedelta(days=20)
    )

    assert "Nothing is free" in text_of(client.get("/first-free/"))


@pytest.mark.django_db
def test_the_finder_answers_for_what_was_chosen_and_forgives_what_it_does_not_know(client):
    factories.open_clinic(price=Decimal(110))
    other = factories.open_clinic(price=Decimal(190))
    chosen = {"treatment": other.option.treatment.slug, "location": other.location.slug}

    assert "$190" in text_of(client.get("/first-free/", chosen))
    assert client.get("/first-free/", {"treatment": "no-such", "location": "x"}).status_code == 200


@pytest.mark.django_db
def test_a_price_spans_what_it_costs_by_who_and_where(client):
    scene = factories.open_clinic(providers=2, price=Decimal(150))
    lead = scene.providers[0]
    lead.price_list = factories.PriceListFactory()
    lead.save()
    factories.PriceFactory(option=scene.option, price_list=lead.price_list, amount=Decimal(165))

    page = text_of(client.get("/"))
    assert "$150 to $165" in page


@pytest.mark.django_db
def test_what_nobody_gives_or_has_no_price_is_not_on_the_front_page(client):
    unpriced = factories.open_clinic()
    unpriced.option.prices.all().delete()
    ungiven = factories.OptionFactory(treatment__name="Ungiven Tone")
    factories.PriceFactory(option=ungiven)

    page = text_of(client.get("/"))
    assert unpriced.option.treatment.name not in page
    assert "Ungiven Tone" not in page


@pytest.mark.django_db
def test_the_front_page_costs_the_same_for_one_treatment_as_for_many(
    client, django_assert_max_num_queries
):
    scene = factories.open_clinic(providers=4, rooms=3)
    for minutes in (15, 30, 45):
        for _ in range(4):
            option = factories.OptionFactory(minutes=minutes)
            factories.PriceFactory(option=option)
            option.treatment.providers.set(scene.providers)
    with django_assert_max_num_queries(20):
        assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_visit_page_puts_days_with_the_same_hours_together(client):
    location = factories.LocationFactory(name="Alder Street", time_zone="America/Los_Angeles")
    for day in range(6):
        factories.OpeningHoursFactory(
            location=location, weekday=day, opens_at=time(9), closes_at=time(19, 30)
        )
    factories.ClosureFactory(location=location, starts_on=date(2030, 3, 8), reason="Staff training")
    factories.ClosureFactory(location=location, starts_on=date(2029, 3, 8), reason="Long ago")

    page = text_of(client.get("/visit/"))
    assert "Monday to Saturday" in page
    assert "9 am to 7:30 pm" in page
    assert "Staff training, Fri, Mar 8" in page
    assert "Long ago" not in page


def test_a_week_is_told_in_runs_of_days():
    noon, evening = time(12), time(18)
    rows = [OpeningHours(weekday=day, opens_at=noon, closes_at=evening) for day in (0, 1, 2, 4, 5)]
    assert [(row.days, row.hours) for row in opening_week(rows)] == [
        ("Monday to Wednesday", [(noon, evening)]),
        ("Thursday", []),
        ("Friday and Saturday", [(noon, evening)]),
        ("Sunday", []),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_style_or_script(client, path):
    factories.open_clinic()
    response = client.get(path)
    html = response.content.decode()
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\s(style|on[a-z]+)=", html)
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES[:-1])
def test_a_clinic_with_nothing_in_it_yet_still_has_its_pages(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.django_db
def test_robots_may_not_read_the_staff_pages_and_old_programs_find_the_icon(client):
    assert "Disallow: /admin/" in client.get("/robots.txt").content.decode()
    assert client.get("/favicon.ico").url.endswith(".svg")


@pytest.mark.django_db
def test_a_wrong_address_is_told_kindly(client):
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert "This page is not here" in text_of(response)


@pytest.mark.django_db
def test_an_unknown_host_gets_a_page_without_its_name(client):
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "We could not read that" in text_of(response)


@pytest.mark.django_db
def test_a_form_whose_page_was_open_too_long_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/admin/login/")
    assert response.status_code == 403
    assert "The page was open too long" in text_of(response)

    by_script = Client(enforce_csrf_checks=True).post(
        "/admin/login/", headers={"HX-Request": "true"}
    )
    assert by_script["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_our_own_failure_is_told_without_anything_that_could_fail_again(client, monkeypatch):
    def broken(**_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("clinic.site.selectors.places", broken)
    client.raise_request_exception = False
    response = client.get("/visit/")
    assert response.status_code == 500
    assert "Your appointments are safe" in text_of(response)
