"""What a draft would do, publishing it, taking it back, and its history."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from booking.models import Status
from clinic.trail.models import Entry
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.factories import (
    LocationFactory,
    PriceFactory,
    booked,
)
from tests.treatments.price_pages.desk import (
    APRIL,
    EDIT,
    HTMX,
    INDEX,
    PUBLISH,
    START,
    bulk,
    fields,
    publish,
    text,
    type_in,
)
from treatments import services
from treatments.models import Price, PriceChange

pytestmark = pytest.mark.django_db


def test_the_preview_counts_promises_and_estimates_a_month(sam, scene):
    def visit(**asked):
        booked(location=scene.location, provider=scene.provider, option=scene.option, **asked)

    for days in (2, 40, 80):
        visit(starts_at=NOW - timedelta(days=days), status=Status.COMPLETED)
    visit(starts_at=NOW + timedelta(days=10))
    visit(starts_at=NOW + timedelta(days=40), reference="K7P-2QX")
    visit(
        starts_at=NOW + timedelta(days=41),
        status=Status.HELD,
        held_until=NOW + timedelta(minutes=5),
    )
    type_in(sam, scene, "176")
    sam.post(START, {"effective_from": str(APRIL), "reason": "The rent"})

    words = text(sam.get(INDEX))

    assert "2 booked sessions keep their price , also from April 1 on." in words
    assert "1 of them is being booked just now." in words
    assert "+$6 a month, about" in words  # three of them, 6 more each, in 90 days
    assert "In the last 90 days 3 of these were sold." in words
    listed = text(sam.get(reverse("prices:promised")))
    assert "2 sessions" in listed
    assert "K7P-2QX" in listed


def test_everything_in_the_table_is_one_tick(sam, scene):
    bulk(sam, scene, offers=["every"], columns=["every"])

    priced = Price.objects.filter(price_list=None, location=None, withdrawn_at=None)
    changed = {edit["cell"] for edit in PriceChange.objects.get().edits}
    assert {f"o{pk}-l0-p0" for pk in priced.values_list("option", flat=True) if pk} <= changed


def test_the_draft_says_which_price_scheduled_before_takes_over(sam, scene):
    type_in(sam, scene, "175")
    publish(sam, day=date(2030, 6, 1))
    type_in(sam, scene, "180")

    sam.post(START, {"effective_from": str(APRIL), "reason": "The rent"})
    assert "From June 1 on $175 counts, as scheduled before." in text(sam.get(INDEX))

    sam.post(START, {"effective_from": "2030-06-02", "reason": "The rent"})
    assert "as scheduled before" not in text(sam.get(INDEX))


def test_a_draft_starts_tomorrow_unless_a_day_is_chosen(sam, scene, monkeypatch):
    """In New York and Los Angeles, where it is still February, tomorrow is March 2."""
    LocationFactory(time_zone="America/Los_Angeles")
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(hour=7, minute=30))
    type_in(sam, scene, "175")

    page = sam.get(INDEX)
    (day,) = re.findall(r'<input[^>]* name="effective_from"[^>]*>', page.content.decode())
    assert 'value="2030-03-02"' in day
    assert 'min="2030-03-01"' in day
    assert "Schedule for March 2" in text(page)
    assert "You can undo this until the day it starts." in text(page)

    sam.post(START, {"effective_from": "2030-03-01", "reason": "The rent"})
    assert "It counts at once, so it cannot be undone" in text(sam.get(INDEX))

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=3))  # that day has passed
    assert "Schedule for March 5" in text(sam.get(INDEX))


def test_the_day_and_the_reason_are_kept_and_show_what_they_do(sam, scene):
    type_in(sam, scene, "175")

    answer = sam.post(START, {"effective_from": str(APRIL), "reason": "The"}, headers=HTMX)

    assert "Schedule for April 1" in text(answer)
    draft = PriceChange.objects.get()
    assert (draft.effective_from, draft.reason) == (APRIL, "The")
    past = sam.post(START, {"effective_from": "2030-02-28", "reason": ""}, headers=HTMX)
    assert past.status_code == 422


def test_what_was_typed_in_another_window_is_counted_as_well(sam, scene):
    type_in(sam, scene, "175")
    type_in(sam, scene, "190", location=scene.location.pk)  # while the first window stays open

    answer = sam.post(START, {"effective_from": str(APRIL), "reason": "The"}, headers=HTMX)

    assert '<h2 id="draft-title" hx-swap-oob="true">2 changes</h2>' in answer.content.decode()


def test_a_draft_is_published_and_shown_beside_todays_price(sam, scene):
    type_in(sam, scene, "175")

    done = publish(sam)

    change = PriceChange.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse("prices:change", args=[change.pk]))
    assert change.prices.get().amount == 175
    words = text(sam.get(INDEX))
    assert "$175 from Apr 1" in words
    assert "Starts Apr 1" in words
    assert "No changes yet" in words


def test_a_second_press_publishes_nothing_more(sam, scene):
    type_in(sam, scene, "175")
    page = sam.get(INDEX).content.decode()
    hidden = dict(re.findall(r'name="(draft|looked_at)" value="(\w+)"', page))
    sent = hidden | {"effective_from": str(APRIL), "reason": "The rent"}

    answers = [sam.post(PUBLISH, sent) for _press in range(2)]

    assert {answer["Location"] for answer in answers} == {
        reverse("prices:change", args=[hidden["draft"]])
    }
    assert Price.objects.filter(amount=175).count() == 1
    assert Entry.objects.filter(what="price.published").count() == 1


def test_who_waited_too_long_is_asked_to_press_once_more(sam, scene, monkeypatch):
    type_in(sam, scene, "175")
    monkeypatch.setattr(services.prices, "SETTLES", timedelta(0))

    answer = publish(sam)

    assert answer.status_code == 409
    assert "Please press once more." in text(answer)
    assert 'value="The rent"' in answer.content.decode()
    assert not Price.objects.filter(amount=175).exists()


@pytest.mark.parametrize(
    ("day", "why", "says"),
    [
        ("", "The rent", "Choose the day from which it counts."),
        ("2030-02-28", "The rent", "The first day from which prices can change is 03/01/2030."),
        (APRIL, "", "Say why, for whoever looks at it later."),
    ],
)
def test_without_a_day_or_a_reason_nothing_is_published(sam, scene, day, why, says):
    type_in(sam, scene, "175")

    answer = publish(sam, day=day, why=why)

    assert answer.status_code == 422
    assert says in text(answer)
    assert Price.objects.count() == 1


def test_what_is_out_of_the_band_is_said_and_not_published(sam, scene):
    type_in(sam, scene, "250")

    answer = publish(sam)

    assert answer.status_code == 409
    assert "$250 is outside the price band, $100 to $200." in text(answer)
    assert Price.objects.count() == 1


def test_the_second_admin_is_told_what_changed_and_settles_it(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    type_in(rita, scene, "160")
    type_in(sam, scene, "175")
    publish(sam)

    answer = publish(rita)

    assert answer.status_code == 409
    assert "Nothing you typed is lost" in text(answer)
    assert "Sam Whitlock changed $170 to $175 from April 1" in text(answer)
    assert "160" in fields(answer).values()
    (cell,) = re.findall(r'name="cell" value="([^"]+)"', answer.content.decode())
    rita.post(reverse("prices:settle"), {"cell": cell, "mine": "1"})
    assert publish(rita, why="As before").status_code == 303
    assert Price.objects.latest("pk").amount == 160


def test_somebody_elses_price_is_kept_instead(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    type_in(rita, scene, "160")
    type_in(sam, scene, "175")
    publish(sam)
    page = rita.get(INDEX)
    (cell,) = re.findall(r'name="cell" value="([^"]+)"', page.content.decode())

    rita.post(reverse("prices:settle"), {"cell": cell, "theirs": "1"})

    assert "No changes yet" in text(rita.get(INDEX))


def test_a_page_left_open_overwrites_nothing_it_did_not_type(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    page = rita.get(INDEX)
    type_in(sam, scene, "175")
    publish(sam, day="2030-03-01")

    rita.post(EDIT, fields(page))

    assert not PriceChange.objects.filter(published_at=None).exists()


def test_a_change_is_undone_before_it_starts(sam, scene):
    type_in(sam, scene, "175")
    publish(sam)
    change = PriceChange.objects.get()

    sam.post(reverse("prices:undo", args=[change.pk]))

    assert "from Apr 1" not in text(sam.get(INDEX))
    words = text(sam.get(reverse("prices:change", args=[change.pk])))
    assert "Undone by Sam Whitlock" in words
    assert "undone Mar 1, 2030" in text(sam.get(reverse("prices:history")))


def test_what_has_begun_is_drafted_anew_in_one_press(sam, scene):
    type_in(sam, scene, "175")
    publish(sam, day="2030-03-01")
    page = reverse("prices:change", args=[PriceChange.objects.get().pk])

    sam.post(f"{page}undo/")
    refused = sam.get(page)
    sam.post(f"{page}again/")

    assert "This change has begun" in text(refused)
    assert "$175 $170" in text(sam.get(INDEX))


def test_a_discarded_draft_can_be_brought_back_by_its_author_alone(sam, scene, sign_in):
    type_in(sam, scene, "175")
    aside = sam.post(reverse("prices:discard"))["Location"]
    assert "No changes yet" in text(sam.get(INDEX))

    assert sign_in("Rita Holm").get(aside).status_code == 404
    sam.post(f"{aside}take-up/")

    assert "$170 $175" in text(sam.get(INDEX))


def test_the_history_says_who_when_old_new_and_why(sam, scene, django_assert_max_num_queries):
    type_in(sam, scene, "175")
    publish(sam)
    for _number in range(30):
        PriceFactory()

    with django_assert_max_num_queries(18):
        words = text(sam.get(reverse("prices:history"), {"code": scene.treatment.code}))

    assert "$170 $175 Apr 1, 2030 Mar 1, 2030 Sam Whitlock The rent" in words
    assert "2 prices" in words
    file = sam.get(reverse("prices:history_file"), {"code": scene.treatment.code})
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert len(file.getvalue().decode().splitlines()) == 3
