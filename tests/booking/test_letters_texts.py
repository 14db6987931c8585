"""Text messages: short, neutral, and readable on every phone."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from booking import links, services
from booking.letters import texts
from booking.letters.desk import WRITERS
from booking.models import Booking, Status
from booking.services.ledger import CLIENT, staff
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.places.models import Location
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import sent, text, write
from tests.factories import Scene, UserFactory, open_clinic

CODES = sorted(code for code, _, channel in WRITERS if channel == Message.Channel.SMS)
STOP = "Reply STOP to end texts."
SITE = "https://lumenmicrocurrent.example"


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene, settings) -> Booking:
    settings.SITE_URL = SITE
    booking = confirm(scene, on(scene, 14, 13))
    sent(booking, "M01")
    return booking


@pytest.mark.django_db
class TestWhatTheySay:
    def test_who_when_and_where_to_look(self, booking):
        manage, prepare = links.manage_url(booking), links.page_url(booking, "prepare")
        day = booking.starts_at - timedelta(hours=24)
        hour = booking.starts_at - timedelta(hours=3)

        assert text(booking, "M01") == (
            f"Lumen Microcurrent: booked for Thu, Mar 14, 2030, 1:00 pm. Details: {manage} {STOP}"
        )
        assert text(booking, "M04") == (
            f"Lumen Microcurrent: visit Thu, Mar 14, 2030, 1:00 pm. {prepare} {STOP}"
        )
        assert text(booking, "M05", now=day) == (
            f"Lumen Microcurrent: see you tomorrow at 1:00 pm. {prepare} {STOP}"
        )
        assert text(booking, "M06", now=hour) == (
            f"Lumen Microcurrent: see you today at 1:00 pm. {manage} {STOP}"
        )

    def test_go_to_the_clients_number(self, booking):
        assert write(booking, "M01", channel="sms").to == "+15035550123"

    def test_the_old_and_the_new_time_of_a_move(self, scene, booking, settings):
        settings.CLINIC_NAME = "Lumen"
        services.move(
            booking=booking, starts_at=on(scene, 15, 9), actor=staff(UserFactory()), now=NOW
        )

        assert text(booking, "M09") == (
            "Lumen: now Fri, Mar 15, 2030, 9:00 am, not Thu, Mar 14, 2030, 1:00 pm. "
            f"{links.manage_url(booking)} {STOP}"
        )

    def test_only_the_new_time_where_both_are_too_long(self, scene, booking):
        services.move(
            booking=booking, starts_at=on(scene, 15, 9), actor=staff(UserFactory()), now=NOW
        )

        assert text(booking, "M09") == (
            "Lumen Microcurrent: visit is now Fri, Mar 15, 2030, 9:00 am. "
            f"{links.manage_url(booking)} {STOP}"
        )

    @pytest.mark.parametrize("is_health_reason", [True, False])
    def test_that_a_visit_is_off_and_no_word_why(self, booking, is_health_reason):
        services.cancel(booking=booking, actor=CLIENT, is_health_reason=is_health_reason, now=NOW)

        assert text(booking, "M09") == (
            "Lumen Microcurrent: visit Thu, Mar 14, 2030, 1:00 pm is canceled. "
            f"{links.manage_url(booking)} {STOP}"
        )

    def test_the_zone_to_somebody_in_another(self, scene):
        elsewhere = confirm(scene, on(scene, 14, 13), time_zone="Asia/Kathmandu")

        assert "1:00 pm, Eastern Time." in text(elsewhere, "M01")

    @pytest.mark.parametrize("code", CODES)
    def test_neither_what_is_done_nor_how_to_cancel_by_a_reply(self, scene, booking, code):
        words = text(booking, code).lower()

        for word in (scene.treatment.name, "face", "skin", "treatment", "health", "cancel"):
            assert word.lower() not in words


NAMES = st.text(min_size=1, max_size=80) | st.sampled_from(
    [
        "Lumen",
        "Lumière Zürich",
        "Ærø & “Søn” — Skin’s Best",
        "美容院",
        "The Longest Name of a Clinic",
    ]
)
HOSTS = st.integers(min_value=4, max_value=200).map(lambda size: f"https://{'h' * size}.example")
ZONES = st.sampled_from(
    ["America/Los_Angeles", "America/Mexico_City", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
STARTS = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)
)


@pytest.mark.once
class TestHowLongTheyAre:
    @given(
        name=NAMES,
        host=HOSTS,
        here=ZONES,
        there=ZONES,
        starts_at=STARTS,
        hours=st.integers(min_value=1, max_value=100),
        code=st.sampled_from([code for code in CODES if code != "M09"]),
    )
    def test_at_most_160_letters_of_the_gsm_alphabet_whatever_the_names(
        self, name, host, here, there, starts_at, hours, code
    ):
        booking = Booking(
            client=Client(name="Maya Ellison", phone="+15035550123"),
            location=Location(name="Alder Street", time_zone=here),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            status=Status.CONFIRMED,
            time_zone=there,
            link_nonce="ab" * 16,
        )
        write = WRITERS[code, "client", "sms"]
        with (
            override_settings(CLINIC_NAME=name, SITE_URL=host),
            timezone.override(booking.location.zone),
        ):
            said = write(Message(code=code), booking, starts_at - timedelta(hours=hours)).text

        assert len(said) <= 160
        assert set(said) <= texts.GSM
        assert said.endswith(STOP)
        assert re.match(r"\S.*?: (booked|visit|see you) .*\d:\d\d [ap]m", said)
        assert f" {host}/visit/" in said or len(host) > 25

    @given(st.text(max_size=200))
    def test_any_words_become_words_a_phone_can_show(self, words):
        assert set(texts.gsm(words)) <= texts.GSM

    def test_what_typographers_write_becomes_what_a_phone_can_show(self):
        said = texts.gsm("Ærø — “Søn’s”\N{NO-BREAK SPACE}Café, Łódź…")
        assert said == 'Ærø - "Søn\'s" Café, odz...'
