"""Care around a visit, on pages that whoever has its link opens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Alert, Booking, Reading, SkinAnswer, SkinCheck, Status
from clinic.clients.links import preferences_url
from tests.booking.scenes import on
from tests.booking.views.browsing import Page, Visitor, at, text
from tests.factories import InstructionFactory, InstructionVersionFactory
from treatments.models import InstructionKind

DAY = timedelta(days=1)


@pytest.fixture
def booking(visitor, scene) -> Booking:
    """Monday the 4th at nine, with texts for before and after; today is Friday the 1st."""
    before = InstructionFactory(kind=InstructionKind.PREP)
    after = InstructionFactory(kind=InstructionKind.AFTERCARE)
    InstructionVersionFactory(
        instruction=before,
        steps=[
            {"when": "7 days before", "do": "Stop new products.", "hours": -168},
            {"when": "3 days before", "do": "Pause retinol.", "hours": -72},
            {"when": "The same day", "do": "Come with a bare face.", "hours": 0},
        ],
    )
    InstructionVersionFactory(
        instruction=after,
        steps=[
            {"when": "The day of your visit", "do": "Lukewarm water.", "hours": 0},
            {"when": "Through the second day", "do": "Shade.", "hours": 48},
            {"when": "Every day", "do": "Sunscreen."},
        ],
    )
    scene.treatment.instructions.set([before, after])
    return visitor.book(on(scene, 4, 9))


def address(booking: Booking, page: str) -> str:
    """The address of `page`, without the host."""
    manage = links.manage_url(booking).removeprefix("http://localhost:8000")
    token = manage.strip("/").rpartition("/")[2]
    return reverse(f"booking:{page}", args=[token])


def look(browser: Browser, booking: Booking, page: str, query: str = "") -> str:
    response = browser.get(address(booking, page) + query)
    assert response.status_code == 200
    return " ".join(text(response).split())


def press(browser: Browser, booking: Booking, name: str, /, **fields: Any) -> HttpResponse:
    return browser.post(address(booking, name), fields)


def complete(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)
    booking.refresh_from_db()


class TestPreparation:
    def test_every_step_stands_on_its_day_at_the_place(self, other, booking):
        page = look(other.browser, booking, "prepare")

        assert "Monday, March 4 at 9:00 am Eastern Time, with Ana" in page
        for when, day in (
            ("7 days before", "Monday, February 25"),
            ("3 days before", "Friday, March 1"),
            ("The same day", "Monday, March 4"),
        ):
            assert f"{when} <time" in page
            assert f">{day}</time>" in page

    def test_today_is_marked_and_what_lies_behind_is_quiet(self, other, booking):
        page = look(other.browser, booking, "prepare")

        behind, today, ahead = _points(page)
        assert "is-behind" in behind
        assert 'aria-current="date"' in today
        assert "Pause retinol." in today
        assert "is-behind" not in ahead
        assert "aria-current" not in ahead

    def test_a_wording_without_hours_has_no_days(self, other, booking):
        text_ = booking.instruction_versions.get(instruction__kind=InstructionKind.PREP)
        text_.steps = [{"when": "3 days before", "do": "Pause retinol."}]
        text_.save()

        page = look(other.browser, booking, "prepare")

        assert "Pause retinol." in page
        assert "<time" not in page

    def test_looking_at_it_writes_nothing(self, other, booking):
        for page in ("prepare", "acknowledge", "opened", "aftercare", "check_in", "answer"):
            other.browser.get(address(booking, page))

        assert not Reading.objects.exists()
        assert not SkinCheck.objects.exists()

    def test_the_button_says_that_it_is_read_and_in_which_wording(self, other, booking, wall_clock):
        form = Page(look(other.browser, booking, "prepare")).form("read")

        response = other.browser.post(form["action"], form["fields"])

        assert response["Location"] == address(booking, "prepare") + "#read"
        reading = booking.readings.get()
        prep = booking.instruction_versions.get(instruction__kind=InstructionKind.PREP)
        assert reading.versions == [str(prep.pk)]
        assert reading.opened_at == reading.acknowledged_at == wall_clock.now
        wall_clock.wait(hours=1)
        page = look(other.browser, booking, "prepare")
        assert "You told us on Friday, March 1 at 7:00 am that you have read this." in page
        assert "I have read this" not in page

    def test_texts_nobody_was_shown_are_not_said_to_be_read(self, other, booking):
        response = press(other.browser, booking, "acknowledge", texts="12345")

        assert response.status_code == 303
        assert not Reading.objects.exists()

    def test_a_text_that_changed_is_to_be_read_again(self, other, booking):
        Reading.objects.create(
            booking=booking,
            page="prep",
            versions=["12345"],
            opened_at=booking.created_at,
            acknowledged_at=booking.created_at,
        )

        page = look(other.browser, booking, "prepare")

        assert "The text has changed since you read it." in page
        assert "I have read this" in page

    def test_a_browser_without_the_cookie_says_nothing(self, scene, booking):
        stranger = Browser()

        for page in ("acknowledge", "opened", "answer"):
            assert stranger.post(address(booking, page), {"page": "prep"}).status_code == 403
        assert not Reading.objects.exists()

    def test_a_press_of_another_site_says_nothing(self, scene, booking):
        strict = Visitor(scene, enforce_csrf_checks=True).come()

        for page in ("acknowledge", "opened", "answer"):
            assert press(strict.browser, booking, page, page="prep").status_code == 403
        assert not Reading.objects.exists()

    def test_a_visit_that_is_off_has_nothing_to_prepare(self, other, booking):
        Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED_CLIENT)

        page = look(other.browser, booking, "prepare")

        assert "There is nothing to get ready for now" in page
        assert "I have read this" not in page

    def test_a_visit_without_texts_needs_no_preparation(self, other, booking):
        booking.instruction_versions.clear()

        page = look(other.browser, booking, "prepare")

        assert "Come as you are" in page
        assert "I have read this" not in page
        press(other.browser, booking, "acknowledge", texts="")
        assert not Reading.objects.exists()


class TestOpened:
    @pytest.mark.parametrize("name", ["prep", "aftercare"])
    def test_the_first_press_on_a_page_is_told_once(self, other, booking, name, wall_clock):
        at = wall_clock.now
        assert press(other.browser, booking, "opened", page=name).status_code == 204
        wall_clock.wait(hours=1)
        press(other.browser, booking, "opened", page=name)

        reading = Reading.objects.get()
        assert (reading.page, reading.opened_at, reading.acknowledged_at) == (name, at, None)

    def test_a_page_that_was_opened_asks_no_more(self, other, booking):
        assert "data-opened" in look(other.browser, booking, "prepare")

        press(other.browser, booking, "opened", page="prep")

        assert "data-opened" not in look(other.browser, booking, "prepare")

    def test_there_are_no_other_pages(self, other, booking):
        assert press(other.browser, booking, "opened", page="manage").status_code == 404
        assert press(other.browser, booking, "opened").status_code == 404


class TestAftercare:
    def test_before_the_visit_it_says_when_it_comes(self, other, booking):
        page = look(other.browser, booking, "aftercare")

        assert "This page fills after your visit" in page
        assert "Lukewarm" not in page

    def test_afterwards_every_step_counts_from_the_end(self, other, booking, wall_clock):
        complete(booking)
        wall_clock.now = booking.ends_at + DAY

        page = look(other.browser, booking, "aftercare")

        behind, second, daily = _points(page)
        assert ">Monday, March 4</time>" in behind
        assert "is-behind" in behind
        assert ">Wednesday, March 6</time>" in second
        assert "is-behind" not in second
        assert "<time" not in daily
        assert 'href="tel:+15035550142"' in page
        assert 'href="tel:911"' in page
        assert address(booking, "check_in") in page

    @pytest.mark.parametrize("status", [Status.NO_SHOW, Status.CANCELLED_CLINIC])
    def test_a_visit_that_did_not_take_place_needs_no_care(self, other, booking, status):
        Booking.objects.filter(pk=booking.pk).update(status=status)

        page = look(other.browser, booking, "aftercare")

        assert "did not take place" in page
        assert "Lukewarm" not in page


class TestTheQuestionADayAfter:
    @pytest.fixture(autouse=True)
    def a_day_after(self, booking, wall_clock):
        complete(booking)
        wall_clock.now = booking.ends_at + DAY

    @pytest.mark.parametrize("answer", SkinAnswer)
    def test_the_letter_chooses_and_a_press_sends(self, other, booking, answer):
        url = links.check_in_url(booking, answer).removeprefix("http://localhost:8000")

        page = text(other.browser.get(url))

        (checked,) = re.findall("<input[^>]* checked[^>]*>", page)
        assert f'value="{answer.value}"' in checked
        assert not SkinCheck.objects.exists()

    @pytest.mark.parametrize("query", ["", "?answer=9", "?answer=<script>"])
    def test_a_link_that_chooses_nothing_leaves_the_choice(self, other, booking, query):
        page = look(other.browser, booking, "check_in", query)

        assert " checked" not in page
        assert "<script>" not in page.partition("<main")[2].partition("</main>")[0]

    def test_calm_is_thanked_for(self, other, booking):
        press(other.browser, booking, "answer", answer="1")

        assert SkinCheck.objects.get().needs_call is False
        page = look(other.browser, booking, "check_in")
        assert "Thank you. That is good to know." in page
        assert not Alert.objects.exists()

    @pytest.mark.parametrize("answer", ["2", "3"])
    def test_anything_else_says_who_calls_and_whom_to_call(self, other, booking, answer):
        response = press(other.browser, booking, "answer", answer=answer)

        assert response["Location"] == address(booking, "check_in")
        page = look(other.browser, booking, "check_in")
        assert "Thank you. We will call you." in page
        assert "Ana or our medical lead calls the number ending in 0123" in page
        assert 'href="tel:+15035550142"' in page
        assert 'href="tel:911"' in page
        assert Alert.objects.get().kind == Alert.Kind.CALL

    def test_two_answers_leave_one_trace(self, other, booking):
        traces = []
        for answer in ("2", "3"):
            SkinCheck.objects.all().delete()
            press(other.browser, booking, "answer", answer=answer)
            traces.append(SkinCheck.objects.values("needs_call", "answered_at").get())

        assert traces[0] == traces[1]

    def test_calm_may_become_a_call_by_one_press(self, other, booking):
        press(other.browser, booking, "answer", answer="1")
        form = Page(look(other.browser, booking, "check_in")).form("answer")

        other.browser.post(form["action"], form["fields"])

        assert SkinCheck.objects.get().needs_call is True

    @pytest.mark.parametrize("fields", [{}, {"answer": "9"}])
    def test_without_an_answer_the_form_comes_back(self, other, booking, fields):
        response = press(other.browser, booking, "answer", **fields)

        assert response.status_code == 422
        assert "Choose one of the three answers." in text(response)
        assert not SkinCheck.objects.exists()

    def test_after_a_week_it_says_to_call(self, other, booking, wall_clock):
        wall_clock.now = booking.ends_at + 7 * DAY + timedelta(seconds=1)

        press(other.browser, booking, "answer", answer="3")

        assert "Your visit was more than a week ago" in look(other.browser, booking, "check_in")
        assert not SkinCheck.objects.exists()

    def test_before_the_visit_is_completed_it_says_when(self, other, booking):
        Booking.objects.filter(pk=booking.pk).update(status=Status.IN_PROGRESS)

        press(other.browser, booking, "answer", answer="3")

        assert "We ask you after your visit" in look(other.browser, booking, "check_in")
        assert not SkinCheck.objects.exists()

    def test_of_a_visit_that_was_missed_there_is_nothing_to_ask(self, other, booking):
        Booking.objects.filter(pk=booking.pk).update(status=Status.NO_SHOW)

        assert "There is nothing to ask" in look(other.browser, booking, "check_in")


def test_the_pages_of_the_visit_lead_to_care_and_to_what_we_send(visitor, other, booking):
    for page in (
        look(other.browser, booking, "manage"),
        text(visitor.browser.get(at("confirmed", booking))),
    ):
        assert links.page_url(booking, "prepare") in page
        assert preferences_url(booking.client) in page
    complete(booking)
    page = look(other.browser, booking, "manage")
    assert links.page_url(booking, "prepare") not in page
    assert preferences_url(booking.client) in page


@pytest.mark.parametrize("name", ["prepare", "aftercare", "check_in"])
def test_a_link_we_did_not_give_opens_nothing(name, other):
    response = other.browser.get(reverse(f"booking:{name}", args=["A" * 22]))

    assert response.status_code == 404


@pytest.mark.parametrize("name", ["prepare", "aftercare", "check_in"])
def test_nobody_keeps_these_pages_or_learns_their_address(name, other, booking):
    response = other.browser.get(address(booking, name))

    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert 'name="robots" content="noindex"' in text(response)
    assert "maya@mail.example" not in text(response)


@pytest.mark.parametrize("name", ["prepare", "aftercare", "check_in"])
@pytest.mark.parametrize("texts", [0, 8])
def test_a_page_costs_the_same_for_one_text_as_for_many(
    name, texts, other, booking, django_assert_max_num_queries
):
    if name != "prepare":
        complete(booking)
    booking.instruction_versions.add(*InstructionVersionFactory.create_batch(texts))
    url = address(booking, name)
    other.browser.get(url)

    with django_assert_max_num_queries(5):
        other.browser.get(url)


def _points(page: str) -> list[str]:
    """The points of the timeline, each with its attributes."""
    return page.partition('<ol class="timeline">')[2].partition("</ol>")[0].split("<li")[1:]
