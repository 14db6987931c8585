"""Moving a visit by its link: looking changes nothing, one press moves it."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from booking import links
from booking.models import Booking, Status
from booking.services import cancel, check_in, move
from booking.services.audit import findings
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import NOW, hold, on
from tests.booking.views.browsing import Page, Visitor, text
from tests.factories import (
    AddOnFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
    ProviderFactory,
    UserFactory,
    give_hours,
    open_clinic,
)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def booking(visitor: Visitor, scene) -> Booking:
    return visitor.book(on(scene, 4, 9))


@pytest.fixture
def extra(scene):
    add_on = AddOnFactory(name="Gua sha finish", slug="gua-sha")
    PriceFactory(option=None, add_on=add_on, amount=30)
    scene.provider.add_ons.add(add_on)
    return add_on


def link(booking: Booking, page: str = "manage", **query) -> str:
    address = links.page_path(booking, page)
    return f"{address}?{urlencode(query, doseq=True)}" if query else address


def key(starts_at, price: str = "170.00") -> str:
    return f"{starts_at:%Y%m%dT%H%MZ}-{price}"


def as_booked(booking: Booking, **differently) -> dict:
    return {
        "location": booking.location.slug,
        "minutes": booking.option.minutes,
        "with": booking.provider.slug,
    } | differently


def look(visitor: Visitor, booking: Booking, starts_at, *, price="170.00", **differently):
    """The last page before a move."""
    query = as_booked(booking, **differently) | {"slot": key(starts_at, price)}
    return visitor.browser.get(link(booking, "move_check", **query))


def press(visitor: Visitor, booking: Booking, starts_at, **differently):
    """Look, and press the button of the page."""
    form = Page(text(look(visitor, booking, starts_at, **differently))).form("to")
    return visitor.browser.post(form["action"].replace("&amp;", "&"), form["fields"])


def facts(booking: Booking) -> tuple:
    booking.refresh_from_db()
    return (booking.starts_at, booking.status, booking.schedule_version, booking.events.count())


def test_the_times_are_those_of_booking_with_the_visits_own_marked(other, scene, booking):
    hold(scene, on(scene, 4, 13))

    response = other.browser.get(link(booking, "move"))

    page = text(response)
    assert "Monday, March 4" in page
    assert "Mon, Mar 4, 9:00 am" in page
    assert "Your time now" in page
    form = Page(page).forms[-1]
    assert form["fields"]["with"] == booking.provider.slug
    assert key(on(scene, 4, 9)) not in form["buttons"]
    assert key(on(scene, 4, 9, 15)) in form["buttons"]  # a quarter of an hour later
    assert key(on(scene, 4, 13)) not in form["buttons"]
    assert "csrfmiddlewaretoken" not in form["fields"]  # to look is no press
    assert response["Referrer-Policy"] == "same-origin"


def test_another_day_swaps_the_times_and_not_the_page(other, booking):
    part = other.browser.get(link(booking, "move", day="2030-03-06"), headers=HTMX)

    assert "<html" not in text(part)
    assert "Wednesday, March 6" in text(part)
    days = [url for url in Page(text(part)).links if "day=2030-03-07" in url]
    assert days
    assert all(url.startswith(link(booking, "move")) for url in days)


def test_a_month_leads_back_to_the_times_to_move_to(other, booking):
    page = text(other.browser.get(link(booking, "move_month", month="2030-04")))

    assert "April 2030" in page
    assert any(
        url.startswith(link(booking, "move")) and "day=2030-04-15" in url
        for url in Page(page).links
    )


def test_one_press_moves_the_visit_and_nothing_before_it_does(other, scene, booking):
    before = facts(booking)
    page = text(look(other, booking, on(scene, 5, 13)))
    assert facts(booking) == before
    assert "Move to Tue, Mar 5, 1:00 pm" in page
    assert "The price stays as you were promised it." in page
    assert "free to change or cancel until Mon, Mar 4, 1:00 pm" in page
    assert "move it 1 more time online" in page

    response = press(other, booking, on(scene, 5, 13))

    assert response["Location"] == link(booking)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.moves) == (on(scene, 5, 13), 1)
    assert "Tuesday, March 5<br>at 1:00 pm" in text(other.browser.get(link(booking)))
    assert "the last move you can make online" in text(look(other, booking, on(scene, 6, 9)))
    assert findings(now=NOW) == []


def test_a_time_too_near_to_cancel_freely_says_so_before_the_button(
    visitor, scene, extra, wall_clock
):
    booking = visitor.book(on(scene, 6, 9))
    wall_clock.now = on(scene, 3, 20)

    page = text(look(visitor, booking, on(scene, 4, 9), add="gua-sha", price="200.00"))

    assert "free to change or cancel" not in page
    assert "Canceling the new time costs $85 from the start, but for a health reason." in page
    press(visitor, booking, on(scene, 4, 9))
    wall_clock.wait(minutes=1)
    assert "Canceling now costs $85" in text(visitor.browser.get(link(booking, "cancel")))


def test_pressing_it_twice_moves_once_without_a_word(other, scene, booking):
    form = Page(text(look(other, booking, on(scene, 5, 13)))).form("to")
    for _ in range(2):
        response = other.browser.post(form["action"], form["fields"])

    assert response["Location"] == link(booking)
    assert "changed in the meantime" not in text(other.browser.get(link(booking)))
    booking.refresh_from_db()
    assert booking.moves == 1


def test_the_difference_is_shown_line_by_line_and_charged_as_shown(other, scene, booking, extra):
    hour = OptionFactory(treatment=scene.treatment, minutes=45)
    PriceFactory(option=hour, amount=145)
    asked = {"minutes": 45, "add": "gua-sha", "price": "175.00"}

    page = text(look(other, booking, on(scene, 5, 13), **asked))
    assert "<s>$170</s> $145" in page
    assert "Gua sha finish <b>(new)</b>" in page
    assert "+ $5" in page
    press(other, booking, on(scene, 5, 13), **asked)

    booking.refresh_from_db()
    assert (booking.price, booking.option, booking.add_ons.get()) == (175, hour, extra)


def test_what_it_could_be_is_chosen_on_a_page_of_its_own(other, scene, booking, extra):
    page = text(other.browser.get(link(booking, "move_what")))
    form = Page(page).form("move")
    assert "Gua sha finish" in page
    assert "at_least" not in page

    query = form["fields"] | {"minutes": "60", "add": "gua-sha"}
    times = text(other.browser.get(form["action"], query))

    assert "Gua sha finish" in times
    assert "$200" in times
    assert "What it becomes" in times


def test_what_does_not_go_together_is_refused_where_it_is_chosen(other, scene, booking, extra):
    extra.not_with.add(scene.treatment)

    response = other.browser.get(link(booking, "move", **as_booked(booking, add="gua-sha")))

    assert response.status_code == 422
    assert "already includes" in text(response)


def test_an_extra_nobody_gives_at_the_other_place_is_named_and_no_longer_offered(
    other, scene, booking, extra
):
    elsewhere = open_clinic("America/Los_Angeles")
    elsewhere.provider.treatments.add(scene.treatment)
    asked = as_booked(booking, location=elsewhere.location.slug, add="gua-sha")

    response = other.browser.get(link(booking, "move", **asked))

    assert response.status_code == 422
    page = text(response)
    treatment, place = scene.treatment.name, elsewhere.location.name
    assert f"Nobody at {place} gives {treatment} with Gua sha finish at present" in page
    assert 'value="gua-sha"' not in page
    assert 'value="gua-sha"' in text(other.browser.get(link(booking, "move_what")))


def test_the_place_may_change_and_its_own_people_are_offered(other, scene, booking):
    elsewhere = open_clinic("America/Los_Angeles")
    elsewhere.provider.treatments.add(scene.treatment)
    asked = as_booked(booking, location=elsewhere.location.slug)

    page = text(other.browser.get(link(booking, "move", **asked)))
    assert "Pacific Time" in page
    assert elsewhere.provider.first_name in page
    press(
        other,
        booking,
        on(elsewhere, 6, 9),
        location=elsewhere.location.slug,
        **{"with": elsewhere.provider.slug},
    )

    booking.refresh_from_db()
    assert booking.location == elsewhere.location


def test_another_person_costs_their_price(other, scene, booking):
    hana = ProviderFactory(
        name="Hana Mori", slug="hana", treatments=[scene.treatment], price_list=PriceListFactory()
    )
    give_hours(hana, scene.location)
    PriceFactory(option=scene.option, price_list=hana.price_list, amount=190)

    page = text(look(other, booking, on(scene, 5, 13), price="190.00", **{"with": "hana"}))

    assert "Hana Mori" in page
    assert "<s>$170</s> $190" in page


class TestRefusals:
    def test_a_time_that_was_just_taken_shows_the_closest(self, other, scene, booking):
        form = Page(text(look(other, booking, on(scene, 5, 13)))).form("to")
        hold(scene, on(scene, 5, 13))
        before = facts(booking)

        response = other.browser.post(form["action"], form["fields"])

        assert response.status_code == 409
        assert "1:00 pm was just taken" in text(response)
        nearest = Page(text(response)).forms[0]
        assert nearest["action"] == link(booking, "move_check")
        assert len(nearest["buttons"]) == 3
        assert facts(booking) == before

    def test_a_price_that_changed_is_shown_before_anything_moves(
        self, other, scene, booking, extra
    ):
        query = as_booked(booking, add="gua-sha")
        PriceFactory(option=None, add_on=extra, amount=35)

        response = other.browser.post(
            link(booking, "move_to", **query),
            {"slot": key(on(scene, 5, 13), "200.00"), "version": 0},
        )

        assert response.status_code == 409
        assert "The price of that time is not the one you saw." in text(response)
        assert facts(booking)[0] == on(scene, 4, 9)

    def test_a_page_from_before_the_visit_changed_moves_nothing(self, other, scene, booking):
        form = Page(text(look(other, booking, on(scene, 5, 13)))).form("to")
        move(booking=booking, starts_at=on(scene, 6, 9), actor=staff(UserFactory()), now=NOW)
        before = facts(booking)

        response = other.browser.post(form["action"], form["fields"])

        assert response["Location"] == link(booking)
        assert "has changed in the meantime" in text(other.browser.get(link(booking)))
        assert facts(booking) == before

    def test_a_third_move(self, other, scene, booking):
        form = Page(text(look(other, booking, on(scene, 7, 9)))).form("to")
        for day in (5, 6):
            press(other, booking, on(scene, day, 9))
        before = facts(booking)

        assert other.browser.get(link(booking, "move"))["Location"] == link(booking)
        form["fields"]["version"] = str(booking.schedule_version)
        other.browser.post(form["action"], form["fields"])

        page = text(other.browser.get(link(booking)))
        assert "as often as it can be online" in page
        assert link(booking, "move") not in Page(page).links
        assert facts(booking) == before

    def test_into_notice(self, other, scene, booking, wall_clock):
        response = other.browser.post(
            link(booking, "move_to", **as_booked(booking)),
            {"slot": key(on(scene, 1, 17)), "version": 0},
        )

        assert response.status_code == 409
        assert "too soon for us to prepare" in text(response)
        assert facts(booking)[0] == on(scene, 4, 9)

    def test_out_of_notice(self, other, scene, booking, wall_clock):
        wall_clock.now = booking.starts_at - timedelta(hours=11)

        response = other.browser.get(link(booking, "move"))

        assert response["Location"] == link(booking)
        page = text(other.browser.get(link(booking)))
        assert "less than 12 hours ahead. Please call us" in page
        assert link(booking, "move") not in Page(page).links

    @pytest.mark.parametrize("ended", ["cancelled", "begun", "over"])
    def test_of_what_is_canceled_has_begun_or_is_over(
        self, ended, other, scene, booking, wall_clock
    ):
        data = {"slot": key(on(scene, 8, 9)), "version": "0"}
        to = link(booking, "move_to", **as_booked(booking))
        if ended == "cancelled":
            cancel(booking=booking, actor=CLIENT, now=NOW)
        else:
            wall_clock.now = booking.starts_at + timedelta(hours=2 * (ended == "over"))
        data["version"] = booking.schedule_version
        before = facts(booking)

        pages = ("move", "move_month", "move_what", "move_check")
        answers = [other.browser.get(link(booking, page)) for page in pages]
        answers.append(other.browser.post(to, data))

        assert {answer["Location"] for answer in answers} == {link(booking)}
        said = text(other.browser.get(link(booking)))
        assert ("canceled already" if ended == "cancelled" else "begun or is over") in said
        assert facts(booking) == before

    def test_of_somebody_who_is_here_already(self, other, scene, booking, wall_clock):
        wall_clock.now = booking.starts_at - timedelta(minutes=10)
        check_in(booking=booking, actor=staff(UserFactory()), now=wall_clock.now)

        other.browser.get(link(booking, "move"))

        assert "begun or is over" in text(other.browser.get(link(booking)))

    @pytest.mark.parametrize("page", ["move", "move_month", "move_what", "move_check", "move_to"])
    def test_a_link_that_is_altered_or_old_opens_nothing(self, page, other, booking, wall_clock):
        ask = other.browser.post if page == "move_to" else other.browser.get
        altered = ask(link(booking, page).replace("/visit/", "/visit/x"))
        wall_clock.now = booking.ends_at + timedelta(days=31)

        for response in (altered, ask(link(booking, page))):
            assert response.status_code == 404
            assert "Maya" not in text(response)

    def test_what_nobody_can_read(self, other, booking):
        assert other.browser.get(link(booking, "move", minutes="17")).status_code == 404
        assert other.browser.get(link(booking, "move", minutes="x")).status_code == 422
        assert other.browser.get(link(booking, "move_check", slot="soon")).status_code == 422
        response = other.browser.post(link(booking, "move_to"), {"slot": "soon"})
        assert response["Location"] == link(booking)
        assert facts(booking)[2] == 0

    def test_looking_changes_nothing(self, other, scene, booking):
        """Mail scanners open every link they find."""
        before = facts(booking)
        other.browser.get(link(booking))
        for page in ("move", "move_month", "move_what", "move_check", "cancel"):
            other.browser.get(link(booking, page))
        for page in ("move_to", "undo", "rebook", "another"):
            assert other.browser.get(link(booking, page)).status_code == 303

        assert facts(booking) == before
        assert Booking.objects.filter(status=Status.HELD).count() == 0


def test_the_times_cost_the_same_for_a_full_diary(
    other, scene, booking, django_assert_max_num_queries
):
    url = link(booking, "move", day="2030-03-04")
    other.browser.get(url)
    with django_assert_max_num_queries(21) as few:
        other.browser.get(url)
    for hour in (11, 13, 15):
        hold(scene, on(scene, 4, hour))

    with django_assert_max_num_queries(21) as many:
        other.browser.get(url)

    assert len(many) == len(few)
