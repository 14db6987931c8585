"""Every letter there is, about a visit that has everything: what holds for all of them."""

import re
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from booking import letters, message_plan
from booking.letters.desk import WRITERS
from booking.models import Alert, Booking, Status
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import both_forms, sent, write
from tests.factories import (
    AddOnFactory,
    InstructionFactory,
    InstructionVersionFactory,
    PriceFactory,
    UserFactory,
    open_clinic,
)
from treatments.models import InstructionKind

pytestmark = pytest.mark.django_db
EMAIL = Message.Channel.EMAIL
WRITTEN = [
    pytest.param((code, role, channel, occurrence), id=f"{code} {role} {channel} {occurrence}")
    for code, role, channel in WRITERS
    for occurrence in (("1", "2") if code in {"M13", "M15"} else ("1",))
]
MAILS = [entry for entry in WRITTEN if entry.values[0][2] == EMAIL]
QUERIES = {"M01": 1, "M03": 1, "M04": 1, "M05": 1, "M09": 3, "M11": 1, "M13": 1}
NOT_IN_SUBJECTS = (
    *("face", "eye", "brow", "jaw", "neck", "skin", "health", "irritat", "pregnan", "medic"),
    *("treatment", "prescri", "retin", "laser", "tone", "finish", "maya", "ellison"),
)


@pytest.fixture
def booking() -> Booking:
    """A first visit with an extra and texts, of somebody in another zone; told, then moved."""
    scene = open_clinic()
    prep = InstructionFactory()
    care = InstructionFactory(kind=InstructionKind.AFTERCARE)
    InstructionVersionFactory(
        instruction=prep,
        lines=["Come with a bare face.", "Set scrubs and acids aside in the two days before. " * 3],
        steps=[{"when": "7 days before", "do": "Ask your prescriber.", "hours": -168}],
    )
    InstructionVersionFactory(instruction=care, lines=["No sauna."])
    scene.treatment.instructions.add(prep, care)
    extra = AddOnFactory(name="Eye focus")
    PriceFactory(option=None, add_on=extra, amount=Decimal(30))
    scene.provider.user = UserFactory()
    scene.provider.add_ons.add(extra)
    scene.provider.save()
    booking = confirm(scene, on(scene, 14, 13), time_zone="Asia/Kathmandu")
    booking.lines.create(position=1, code="X03", name="Eye focus, 10 min", amount=Decimal(30))
    sent(booking, "M01")
    return booking


def written(booking: Booking, code: str, role: str, channel: str, occurrence: str) -> Letter:
    """The letter as it goes about a day before the visit."""
    now = booking.starts_at - timedelta(hours=25)
    return write(booking, code, recipient=role, channel=channel, occurrence=occurrence, now=now)


def test_whatever_is_planned_is_written():
    planned = {
        (entry.code, "client", entry.channel)
        for entry in (*message_plan.CONFIRMATION, *message_plan.CHANGE, *message_plan.PLAN)
    }
    besides = {("M09", "provider", EMAIL), ("R01", "client", EMAIL)}

    assert planned | besides == set(WRITERS)


def test_what_nobody_wrote_is_an_error(booking):
    for code, channel in [("M99", EMAIL), ("M11", Message.Channel.SMS)]:
        with pytest.raises(LookupError):
            write(booking, code, channel=channel)


@pytest.mark.parametrize("entry", WRITTEN)
def test_subjects_say_nothing_of_what_is_done_nor_of_anybodys_health(booking, entry):
    subject = written(booking, *entry).subject.lower()

    for word in (*NOT_IN_SUBJECTS, booking.option.treatment.name.lower()):
        assert word not in subject


@pytest.mark.parametrize("entry", MAILS)
def test_the_preview_line_is_as_neutral_as_the_subject(booking, entry):
    html = written(booking, *entry).html
    preview = re.search(r'<div class="preview"[^>]*>(.*?)</div>', html, re.S)

    assert preview is not None
    assert preview[1].strip()
    for word in NOT_IN_SUBJECTS:
        assert word not in preview[1].lower()


@pytest.mark.parametrize("entry", MAILS)
def test_html_brings_all_it_needs(booking, entry):
    html = written(booking, *entry).html

    tags = Tags()
    tags.feed(html)
    assert tags.seen.isdisjoint({"script", "link", "img", "iframe", "object", "form", "input"})
    assert "url(" not in html
    assert "@import" not in html
    assert '<html lang="en-us"' in html
    assert 'width="560"' in html
    assert "{{" not in html
    assert "None" not in html
    assert tags.loose == []


@pytest.mark.parametrize("entry", MAILS)
def test_text_keeps_to_72_columns_and_links_to_their_own_line(booking, entry):
    text = written(booking, *entry).text

    for line in text.splitlines():
        if "://" in line:
            assert re.fullmatch(r"https?://\S+", line)
        else:
            assert len(line) <= 72
    assert "\n\n\n" not in text
    assert "\N{NO-BREAK SPACE}" not in text


@pytest.mark.parametrize("entry", MAILS)
def test_html_and_text_lead_to_the_same_pages(booking, entry):
    letter = written(booking, *entry)

    in_text = set(re.findall(r"^https?://\S+$", letter.text, re.M))
    in_html = set(re.findall(r'href="(https?://[^"]+)"', letter.html))
    assert in_text == in_html != set()


@pytest.mark.parametrize("entry", WRITTEN)
def test_letters_ask_few_questions(booking, entry, django_assert_max_num_queries):
    with_facts = Booking.objects.with_facts().get(pk=booking.pk)
    code, role, channel, occurrence = entry
    message = Message(
        subject=f"booking:{booking.pk}",
        code=code,
        recipient=role,
        channel=channel,
        occurrence=occurrence,
    )
    for number in range(9):
        text = InstructionVersionFactory(lines=[f"One more, {number}."])
        booking.instruction_versions.add(text)

    with django_assert_max_num_queries(QUERIES.get(code, 0)):
        letters.letter(message, with_facts, booking.starts_at - timedelta(hours=25))


@pytest.mark.parametrize(
    "status", [Status.CONFIRMED, Status.CANCELLED_CLIENT, Status.CANCELLED_LATE]
)
def test_no_name_breaks_a_letter(booking, status):
    booking.client.name = "100%_<b>Maya</b>%(name)s{{x}} Ellison"
    booking.client.save()
    booking.status = status
    booking.save()

    for entry in MAILS:
        letter = written(booking, *entry.values[0])
        assert "<b>" not in letter.html
        assert "100%_<b>Maya</b>%(name)s{{x}}" in letter.text


def test_the_words_differ_with_what_the_recipient_may_know(booking):
    alert = Alert.objects.create(booking=booking, kind=Alert.Kind.CALL, raised_at=NOW)
    mails = [
        letters.alert_letter(alert, UserFactory(), NOW),
        letters.day_sheet(booking.provider, booking.starts_at.date(), [], UserFactory(), NOW),
    ]
    for mail in mails:
        for words in both_forms(mail):
            assert "You get this because you work here." in words
            assert "preferences" not in words


class Tags(HTMLParser):
    """Which tags a page has, and which of its tables say that they are not data."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.loose: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag == "table" and dict(attrs).get("role") != "presentation":
            self.loose.append(tag)
