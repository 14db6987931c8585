"""Whatever the log is about has a name there, and where it has a page, a link."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from booking.models import Booking, Provider, ScheduleChange
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Location, PolicyVersion
from clinic.trail import subjects
from clinic.trail.words import facts_said, said
from tests.rows import make
from treatments.models import AddOn, Instruction, InstructionVersion, Option, PriceChange, Treatment

pytestmark = pytest.mark.django_db

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
        ("catalogue.moved", "Catalogue: moved"),
        ("text.sent_back", "Text: sent back"),
        ("page.staff:retry", "Button pressed on page staff:retry"),
    ],
)
def test_what_was_done_is_said_in_words(what: str, words: str):
    assert said(what) == words


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
