from datetime import time, timedelta

import pytest
from django.urls import reverse

from booking import links
from booking.models import Booking, Status
from tests.booking.scenes import NOW, on
from tests.booking.views.browsing import Page, Visitor, text
from tests.factories import (
    ClosureFactory,
    PriceFactory,
    PriceListFactory,
    ProviderFactory,
    booked,
    give_hours,
    open_clinic,
)
from treatments.models import Price


def test_the_first_free_time_is_one_press_away(visitor):
    page = text(visitor.browser.get(visitor.times_url()))

    assert "Tomorrow at 9:00 am with Ana" in page
    first = Page(page).forms[0]
    assert first["buttons"] == ["20300302T1400Z-170.00"]
    assert (
        visitor.browser.post(
            first["action"], first["fields"] | {"slot": first["buttons"][0]}
        ).status_code
        == 303
    )


def test_days_say_in_words_why_they_have_no_times(scene, visitor):
    ClosureFactory(location=scene.location, starts_on=NOW.date() + timedelta(days=3))
    booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        starts_at=on(scene, 5, 9),
        ends_at=on(scene, 5, 18),
        room=scene.room,
        devices=[scene.console],
    )

    page = text(visitor.browser.get(visitor.times_url()))

    strip = page[page.index('class="days"') : page.index("</ul>", page.index('class="days"'))]
    states = [part.split("</i>")[0].strip() for part in strip.split("<i>")[1:]]
    assert states[:6] == ["Too soon", "31 free", "31 free", "Closed", "Full", "31 free"]


def test_a_few_best_times_come_first_and_all_are_one_tap_away(visitor):
    page = text(visitor.browser.get(visitor.times_url(day="2030-03-04")))

    form = Page(page).forms[-1]
    assert page.index("Best times") < page.index("All 31 times")
    assert "20300304T1400Z-170.00" in form["buttons"]
    assert len(set(form["buttons"])) == 31


def test_a_person_is_shown_with_their_price_and_only_their_times(scene, visitor):
    hana = ProviderFactory(
        name="Hana Mori", slug="hana", treatments=[scene.treatment], price_list=PriceListFactory()
    )
    give_hours(hana, scene.location, days=[0])
    PriceFactory(option=scene.option, price_list=hana.price_list, amount=190)

    page = text(visitor.browser.get(visitor.times_url(**{"with": "hana", "day": "2030-03-05"})))

    assert "Hana" in page
    assert "$190" in page
    assert "Hana does not work on this day." in page
    assert "Mon, Mar 4" in page


def test_with_anyone_and_different_prices_the_summary_says_from(scene, visitor):
    hana = ProviderFactory(
        name="Hana Mori", treatments=[scene.treatment], price_list=PriceListFactory()
    )
    give_hours(hana, scene.location)
    PriceFactory(option=scene.option, price_list=hana.price_list, amount=150)

    page = text(visitor.browser.get(visitor.times_url()))

    assert "from $150" in page


def test_choosing_another_day_answers_with_the_times_alone(visitor):
    whole = visitor.browser.get(visitor.times_url())
    part = visitor.browser.get(visitor.times_url(day="2030-03-06"), headers={"HX-Request": "true"})

    assert "HX-Request" in whole["Vary"]
    assert "<html" in text(whole)
    assert "<html" not in text(part)
    assert "Wednesday, March 6" in text(part)
    back = visitor.browser.get(
        visitor.times_url(),
        headers={"HX-Request": "true", "HX-History-Restore-Request": "true"},
    )
    assert "<html" in text(back)


def test_a_month_is_a_table_with_counts_and_works_as_a_page(visitor):
    url = visitor.times_url(month="2030-04").replace("/?", "/month/?")
    page = text(visitor.browser.get(url))

    assert "April 2030" in page
    assert "<table" in page
    assert any("day=2030-04-15" in link for link in Page(page).links)
    assert not any("day=2030-05" in link for link in Page(page).links)


def test_a_month_ends_with_the_diary(visitor):
    url = visitor.times_url(month="2031-12").replace("/?", "/month/?")

    assert "April 2030" in text(visitor.browser.get(url))


def test_a_time_held_by_somebody_is_free_to_themselves_and_nobody_else(visitor, other, scene):
    visitor.hold(on(scene, 4, 9))

    mine = text(visitor.browser.get(visitor.times_url(day="2030-03-04")))
    theirs = text(other.browser.get(other.times_url(day="2030-03-04")))

    assert "20300304T1400Z" in mine
    assert "20300304T1400Z" not in theirs


def test_times_that_come_twice_in_the_night_of_the_clock_change_say_which(db, wall_clock):
    scene = open_clinic(opens=time(0), closes=time(4), minutes=15)
    wall_clock.now = NOW.replace(month=11, day=1)
    visitor = Visitor(scene).come()

    page = text(visitor.browser.get(visitor.times_url(day="2030-11-03")))

    assert "1:00 am EDT" in page
    assert "1:00 am EST" in page


def test_where_two_weeks_are_full_the_first_free_time_lies_behind_them(scene, visitor):
    ClosureFactory(
        location=scene.location,
        starts_on=NOW.date(),
        ends_on=NOW.date() + timedelta(days=20),
    )

    page = text(visitor.browser.get(visitor.times_url()))

    assert "Fri, Mar 22 at 9:00 am" in page


def test_the_page_costs_the_same_for_a_full_diary(scene, visitor, django_assert_max_num_queries):
    visitor.browser.get(visitor.times_url())
    with django_assert_max_num_queries(16) as few:
        visitor.browser.get(visitor.times_url())
    for day in range(3, 9):
        for hour in (9, 12, 15):
            booked(
                location=scene.location,
                provider=scene.provider,
                option=scene.option,
                starts_at=on(scene, day, hour),
                room=scene.room,
                devices=[scene.console],
            )
    with django_assert_max_num_queries(16) as many:
        visitor.browser.get(visitor.times_url())
    assert len(many.captured_queries) == len(few.captured_queries)


@pytest.mark.parametrize("page", ["start", "review", "details", "confirmed", "manage"])
def test_pages_cost_the_same_for_a_diary_with_many_visits(
    page, scene, visitor, other, django_assert_max_num_queries
):
    booking = visitor.hold(on(scene, 4, 9))
    if page in {"review", "details"}:
        visitor.fill_in(booking)
    elif page in {"confirmed", "manage"}:
        visitor.fill_in(booking)
        visitor.confirm(booking)
        booking.refresh_from_db()
    url = reverse("booking:start")
    if page == "manage":
        url = links.manage_url(booking)
    elif page != "start":
        url = reverse(f"booking:{page}", args=[booking.reference])
    visitor.browser.get(url)

    with django_assert_max_num_queries(13) as few:
        visitor.browser.get(url)
    for hour in (11, 13, 15):
        other.book(on(scene, 5, hour), email=f"at{hour}@mail.example")
    with django_assert_max_num_queries(13) as many:
        visitor.browser.get(url)

    assert len(many.captured_queries) == len(few.captured_queries)
    assert Booking.objects.filter(status=Status.CONFIRMED).count() >= 3


def test_who_has_no_price_is_not_offered_and_holds_nobody_up(scene, visitor):
    """Bea is booked less than Ana and would be asked first; only Ana has a price."""
    Price.objects.all().delete()
    ana, bea = scene.provider, ProviderFactory(name="Bea Ruiz", treatments=[scene.treatment])
    give_hours(bea, scene.location)
    ana.price_list = PriceListFactory()
    ana.save()
    PriceFactory(option=scene.option, amount=150, price_list=ana.price_list)
    ana.position = 2
    ana.save()

    for path in (
        visitor.times_url(),
        visitor.times_url().replace("/?", "/month/?"),
        reverse("site:home"),
        reverse("site:treatment", args=[scene.treatment.slug]),
    ):
        page = visitor.browser.get(path)
        assert page.status_code == 200, path
        assert "Bea" not in text(page), path
    assert visitor.press(on(scene, 4, 9), price="150.00").status_code == 303
    assert Booking.objects.get().provider == ana

    asked = visitor.browser.get(visitor.times_url(**{"with": bea.slug}))
    assert asked.status_code == 422
    assert "has no price yet" in text(asked)
