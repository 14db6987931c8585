"""The sheet of a day: enough to work by, and no word about health."""

import pytest
from django.urls import reverse

from booking.models import Status
from booking.permissions import Role
from tests.booking.scenes import on
from tests.booking.views.browsing import text
from tests.factories import AddOnFactory, ProviderFactory, UserFactory, booked

MONDAY = "2030-03-04"


def sheet(browser, day: str = MONDAY, **query: str) -> str:
    return text(browser.get(reverse("staff:day_sheet", args=[day]), query))


def visit(scene, hour: int, **fields):
    defaults = {"provider": scene.provider, "option": scene.option, "location": scene.location}
    return booked(**defaults | {"starts_at": on(scene, 4, hour)} | fields)


def test_says_when_who_what_and_where_person_by_person(scene, desk):
    ben = ProviderFactory(name="Ben Roe")
    visit(scene, 9, client__name="Joan Petrie", room=scene.room, add_ons=[AddOnFactory(code="X05")])
    visit(scene, 9, provider=ben, client__name="Bo")

    page = sheet(desk)

    assert "<h1>Monday, March 4</h1>" in page
    assert "9:00 to 10:10 am</td><td>Joan P.</td>" in page
    assert f"<td>{scene.treatment.code} + X05</td>" in page
    assert f"<td>{scene.room.name}</td>" in page
    assert page.index(scene.provider.name) < page.index("Joan P.") < page.index("Ben Roe")
    for word in ("Petrie", scene.treatment.name, "mail.example", "555-0123", "$170"):
        assert word not in page


def test_leaves_out_what_is_off(scene, desk):
    visit(scene, 9, status=Status.CANCELLED_CLIENT)
    visit(scene, 10, status=Status.DECLINED_AT_VISIT)

    assert "Nobody is booked on this day." in sheet(desk)


def test_is_one_person_s_where_one_is_asked_for(scene, desk):
    ben = ProviderFactory(name="Ben Roe")
    visit(scene, 9, client__name="Joan Petrie")
    visit(scene, 9, provider=ben, client__name="Owen Marsh")

    page = sheet(desk, who=f"{scene.location.slug}.{ben.pk}")

    assert "Owen M." in page
    assert "Joan P." not in page


def test_somebody_who_gives_treatments_gets_their_own(scene, at_work):
    browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
    scene.provider.user = UserFactory._meta.model.objects.get(email="ana@lumen.example")
    scene.provider.save()
    visit(scene, 9, client__name="Joan Petrie")
    visit(scene, 9, provider=ProviderFactory(), client__name="Owen Marsh")

    page = sheet(browser)

    assert "Joan P." in page
    assert "Owen M." not in page


@pytest.mark.parametrize("day", ["2030-13-45", "monday"])
def test_what_is_no_date_is_no_sheet(desk, scene, day):
    assert desk.get(reverse("staff:day_sheet", args=[day])).status_code == 404


def test_one_visit_costs_as_many_queries_as_eight(scene, desk, django_assert_max_num_queries):
    visit(scene, 9)
    sheet(desk)
    with django_assert_max_num_queries(20) as for_one:
        sheet(desk)
    for hour in range(10, 17):
        visit(scene, hour, provider=ProviderFactory())

    with django_assert_max_num_queries(len(for_one)):
        sheet(desk)


def test_today_leads_to_it(scene, desk):
    where = reverse("staff:day_sheet", args=[MONDAY])

    page = text(desk.get(reverse("staff:today"), {"day": MONDAY}))

    assert f'href="{where}?who={scene.location.slug}"' in page
