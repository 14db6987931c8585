"""The desk of messages."""

from datetime import timedelta

import pytest
from django.urls import reverse

from booking.permissions import Role
from clinic.messaging.models import Message
from tests.booking.scenes import NOW
from tests.booking.views.browsing import Page, text
from tests.booking.views.staff.written import alert, failed, planned, sent
from tests.factories import BookingFactory, InstructionVersionFactory, UserFactory

MESSAGES = reverse("staff:messages")
WAITING = NOW - timedelta(minutes=1)


def page_of(message) -> str:  # type: ignore[no-untyped-def]
    return reverse("staff:message", args=[message.pk])


def test_the_desk_opens_with_what_waits_and_how_long(desk, booking):
    planned(booking, "M04", due_at=NOW - timedelta(minutes=3))
    planned(booking, "M05", due_at=NOW + timedelta(days=1))
    sent(booking, "M01", due_at=NOW - timedelta(seconds=10))

    response = desk.get(MESSAGES)

    page = text(response)
    assert [row.message.code for row in response.context["rows"]] == ["M04"]
    assert "Preparation and reminder" in page
    assert "<b>3 min</b><small>1 message waits</small>" in page
    assert "<b>1</b><small>in the last minute</small>" in page
    assert reverse("staff:visit", args=["K7P-2QX"]) in page
    assert "Fri, Mar 1, 6:57 am" in page  # by the clock of New York


def test_an_empty_outbox_says_that_all_has_gone(desk):
    assert "Everything that was due has gone." in text(desk.get(MESSAGES))
    assert "Nothing failed" in text(desk.get(MESSAGES, {"state": "failed"}))


def test_what_failed_is_listed_with_the_reason_and_counted(desk, booking):
    failed(booking)

    page = text(desk.get(MESSAGES, {"state": "failed"}))

    assert "refused by the server" in page
    assert 'Failed <span class="num">1</span>' in page


def test_a_search_looks_among_all_states_and_a_code_narrows_it(desk, booking):
    sent(booking, "M01")
    planned(booking, "M04", due_at=NOW + timedelta(days=1))
    planned(BookingFactory(client__name="Joan Petrie"), "M04")

    def codes(**asked: str) -> list[str]:
        rows = desk.get(MESSAGES, asked).context["rows"]
        return [row.message.code for row in rows]

    assert codes(q="maya@mail.example") == ["M04", "M01"]
    assert codes(q="maya@mail.example", code="M01") == ["M01"]
    assert codes(q="k7p2qx", state="planned") == ["M04"]
    assert codes(q="nobody@mail.example") == []
    assert codes(q="\0") == codes(q="x" * 200) == codes(state="due")
    assert codes(state="whatever") == codes(code="X99") == ["M04"]


def test_long_lists_come_in_pages_that_keep_what_was_asked(desk, booking):
    for number in range(30):
        planned(booking, "M04", occurrence=str(number))

    first = desk.get(MESSAGES, {"state": "due", "code": "M04"})
    assert len(first.context["rows"]) == 25
    (further,) = [link for link in Page(text(first)).links if "page=2" in link]
    assert "code=M04" in further
    assert len(desk.get(MESSAGES + further).context["rows"]) == 5


def test_the_desk_costs_the_same_for_one_row_as_for_twenty(desk, django_assert_num_queries):
    for number in range(20):
        visit, robin = BookingFactory(), UserFactory()
        planned(visit, "M04", due_at=WAITING)
        planned(visit, "M19", recipient=f"staff:{robin.pk}", due_at=WAITING)
        planned(visit, f"X{number}", due_at=WAITING)
        alert(visit)

    with django_assert_num_queries(18):
        page = desk.get(MESSAGES)
    assert len(page.context["rows"]) == 25


def test_a_message_shows_its_proof_and_costs_the_same_whatever_it_is_made_of(
    desk, booking, django_assert_num_queries
):
    texts = InstructionVersionFactory.create_batch(10)
    message = sent(booking, content_versions=[str(version.pk) for version in texts])

    with django_assert_num_queries(10):
        page = text(desk.get(page_of(message)))

    assert "ab12" * 16 in page
    assert message.message_id.strip("<>") in page
    assert all(str(version) in page for version in texts)


def test_what_failed_is_tried_again(desk, booking):
    message = failed(booking, due_at=NOW + timedelta(days=1))
    page = Page(text(desk.get(page_of(message))))
    form = page.form("retry")

    response = desk.post(form["action"])

    message.refresh_from_db()
    assert response["Location"] == page_of(message)
    assert (message.status, message.reason, message.attempts) == ("planned", "", 0)
    assert "It is tried again." in text(desk.get(page_of(message)))


def test_what_cannot_be_tried_again_says_why(desk, booking):
    message = sent(booking)
    desk.post(reverse("staff:retry", args=[message.pk]))

    page = text(desk.get(page_of(message)))
    assert "Only a message that failed can be tried again." in page
    assert "Try again</button>" not in page


def test_what_waits_is_withdrawn_with_a_name_and_a_reason(desk, booking):
    message = planned(booking)

    response = desk.post(reverse("staff:void", args=[message.pk]), {"reason": "Maya called"})

    message.refresh_from_db()
    assert response["Location"] == page_of(message)
    assert (message.status, message.reason) == ("void", "Dana Whitlock: Maya called")
    page = text(desk.get(reverse("staff:visit", args=["K7P-2QX"])))
    assert "Dana Whitlock: Maya called" in page


def test_without_a_reason_nothing_is_withdrawn(desk, booking):
    message = planned(booking)
    url = reverse("staff:void", args=[message.pk])

    response = desk.post(url, {"reason": " "})

    message.refresh_from_db()
    assert response.status_code == 422
    assert "Say in a few words why it should not go." in text(response)
    assert message.status == "planned"


def test_what_went_meanwhile_is_not_withdrawn(desk, booking):
    message = sent(booking)

    desk.post(reverse("staff:void", args=[message.pk]), {"reason": "Maya called"})

    message.refresh_from_db()
    assert message.status == "sent"
    assert "has not gone yet" in text(desk.get(page_of(message)))


@pytest.mark.parametrize("press", ["retry", "void"])
def test_a_press_gone_to_by_hand_leads_to_its_button_and_changes_nothing(desk, booking, press):
    message = failed(booking) if press == "retry" else planned(booking)
    before = message.status

    response = desk.get(reverse(f"staff:{press}", args=[message.pk]))

    message.refresh_from_db()
    assert response["Location"] == page_of(message)
    assert message.status == before


def test_who_only_reads_is_offered_no_press(at_work, booking):
    page = text(at_work(Role.MEDICAL_LEAD).get(page_of(planned(booking))))

    assert "Withdraw" not in page


def test_a_message_nobody_has_is_not_found(desk):
    assert desk.get(reverse("staff:message", args=[999])).status_code == 404


def test_a_message_that_went_is_sent_again_for_a_reason(desk, booking):
    went = sent(booking, "M01", useful_until=booking.starts_at, due_at=NOW - timedelta(hours=1))
    form = Page(text(desk.get(page_of(went)))).form("again")

    assert desk.post(form["action"], form["fields"]).status_code == 422
    desk.post(form["action"], form["fields"] | {"reason": "The client lost it"})

    assert "It goes once more." in text(desk.get(page_of(went)))
    copy = Message.objects.get(occurrence="1+1")
    assert (copy.code, copy.status) == ("M01", "planned")
    visit = text(desk.get(reverse("staff:visit", args=["K7P-2QX"])))
    assert "Message sent again" in visit
    assert "The client lost it" in visit


def test_what_no_longer_holds_is_not_sent_again_and_the_page_says_why(desk, booking):
    went = sent(booking, "M01", version=3)

    desk.post(reverse("staff:resend", args=[went.pk]), {"reason": "Lost"})

    assert "It is not sent again: the visit has changed since." in text(desk.get(page_of(went)))


def test_what_is_about_no_visit_is_not_sent_again(desk, booking):
    sheet = sent(booking, "M20", subject="day:1:2030-03-04", recipient="staff:1")

    assert reverse("staff:resend", args=[sheet.pk]) not in text(desk.get(page_of(sheet)))
    assert desk.post(reverse("staff:resend", args=[sheet.pk]), {"reason": "x"}).status_code == 404
