"""Looking at a message before it goes."""

import pytest
from django.urls import reverse

from booking.samples import SAMPLES
from clinic.messaging.models import Message
from tests.booking.views.browsing import Page, text

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.slug}-{s.channel}")


def page_of(slug: str, channel: str = "email", name: str = "preview") -> str:
    return reverse(f"staff:{name}", args=["K7P-2QX", slug, channel])


def test_the_visit_leads_to_the_first_message(desk, booking):
    assert reverse("staff:previews", args=["K7P-2QX"]) in text(
        desk.get(reverse("staff:visit", args=["K7P-2QX"]))
    )
    response = desk.get(reverse("staff:previews", args=["K7P-2QX"]))
    assert response["Location"] == page_of("M01")


@every_sample
def test_every_message_has_its_page(sample, desk, booking):
    assert desk.get(page_of(sample.slug, sample.channel)).status_code == 200


def test_an_e_mail_is_shown_with_its_subject_its_files_and_as_plain_text(desk, booking):
    page = text(desk.get(page_of("M01")))

    assert "You are booked: Sunday, March 3 at 9:00 am" in page
    assert "maya@mail.example" in page
    assert "appointment.ics" in page
    assert "Come with a bare face." in page
    assert page_of("M01", name="preview_html") in page


def test_a_text_is_shown_with_its_length(desk, booking):
    page = text(desk.get(page_of("M04", "sms")))

    letter = desk.get(page_of("M04", "sms")).context["letter"]
    assert f"{len(letter.text)} of 160 characters" in page
    assert "(503) 555-0123" in page
    assert "<iframe" not in page
    assert "Send a test" not in page


def test_the_html_of_a_preview_can_run_and_load_nothing(desk, booking):
    response = desk.get(page_of("M01", name="preview_html"))

    rules = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rules
    assert "sandbox" in rules
    assert "script-src" not in rules
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Hello Maya" in text(response)


def test_a_test_goes_to_the_one_who_pressed(desk, booking):
    form = Page(text(desk.get(page_of("M04")))).form("test")

    response = desk.post(form["action"])

    (message,) = Message.objects.all()
    assert response["Location"] == page_of("M04")
    assert message.subject == f"test:{booking.pk}:client:1"
    assert message.recipient.startswith("staff:")
    assert "A test is on its way to dana@lumen.example." in text(desk.get(page_of("M04")))


def test_a_test_is_sent_by_a_press_only_and_never_as_a_text(desk, booking):
    assert desk.get(page_of("M04", name="test"))["Location"] == page_of("M04")
    assert desk.post(page_of("M04", "sms", name="test")).status_code == 404
    assert not Message.objects.exists()


def test_what_nobody_wrote_is_not_found(desk, booking):
    for url in (page_of("M07"), page_of("M01", "fax"), page_of("M05-2")):
        assert desk.get(url).status_code == 404


def test_a_preview_costs_the_same_for_every_visit(desk, booking, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        desk.get(page_of("M09"))
