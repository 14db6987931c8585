"""Whatever the log is about has a name there, and where it has a page, a link."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from booking.models import Booking, Happened, Provider, ScheduleChange
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Location, PolicyVersion
from clinic.trail import subjects
from clinic.trail.words import facts_said, said
from tests.rows import make
from treatments.models import AddOn, Instruction, InstructionVersion, Option, PriceChange, Treatment

pytestmark = pytest.mark.django_db

BASE, ROOMS = Path(settings.BASE_DIR), ("booking", "clinic", "treatments")
NOTED = re.compile(
    r'"((?:catalogue|client|note|place|policy|price|provider|schedule|text)\.[a-z_]+)"'
)
NOT_BY_STAFF = {
    Happened.HELD,
    Happened.EXTENDED,
    Happened.LET_GO,
    Happened.EXPIRED,
    Happened.FORM_OVERDUE,
}

KINDS: dict[str, type[Model]] = {
    "booking": Booking,
    "client": Client,
    "user": User,
    "location": Location,
    "resource": Provider,
    "provider": Provider,
    "schedule_change": ScheduleChange,
    "policy_version": PolicyVersion,
    "price_change": PriceChange,
    "treatment": Treatment,
    "option": Option,
    "add_on": AddOn,
    "instruction": Instruction,
    "instruction_version": InstructionVersion,
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_shown_by_name_and_lead_to_their_page_for_one_query(kind: str):
    keys = [make(KINDS[kind]).pk for _ in range(3)]

    with CaptureQueriesContext(connection) as queries:
        shown = subjects.shown(f"{kind}:{key}" for key in keys)

    assert len(shown) == 3
    assert len(queries) <= 1
    for each in shown.values():
        assert each.name
        if each.url:
            resolve(each.url)


def test_what_nobody_knows_keeps_its_number():
    assert subjects.shown(["martian:7", "booking:", "booking:x", ""]) == {}
    assert subjects.shown(["booking:999999"]) == {}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("visit.moved", "Visit moved"),
        ("catalogue.moved", "Order of the catalogue changed"),
        ("something.done_twice", "Something: done twice"),
        ("page.staff:retry", "Button pressed on page staff:retry"),
    ],
)
def test_what_was_done_is_said_in_words(what: str, words: str):
    assert said(what) == words


def test_whatever_is_noted_has_words_of_its_own():
    """What a service notes stands in its source; of a visit it is what its history says too."""
    sources = [path.read_text() for room in ROOMS for path in (BASE / room).rglob("*.py")]
    noted = {what for text in sources for what in NOTED.findall(text)}
    noted |= {f"visit.{what}" for what in set(Happened) - NOT_BY_STAFF}

    assert {"catalogue.moved", "price.published", "visit.moved"} <= noted
    assert sorted(what for what in noted if said(what) == made_up(what)) == []


def made_up(what: str) -> str:
    """How the log reads where nobody named it."""
    kind, act = what.split(".")
    return f"{kind}: {act}".replace("_", " ").capitalize()


def test_facts_are_said_without_braces_and_quotes():
    facts: dict[str, Any] = {
        "is_active": [True, False],
        "before": {"extras": ["X01"], "treatments": []},
        "account": None,
        "new_price": "145.50",
    }

    assert facts_said(facts) == [
        ("is active", "yes, no"),
        ("before", "extras: X01; treatments: –"),
        ("account", "–"),
        ("new price", "145.50"),
    ]
