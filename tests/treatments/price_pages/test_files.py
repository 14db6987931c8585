"""The table as a file, and a file into the draft."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils.html import escape

from clinic.trail.models import Entry
from tests.factories import (
    LocationFactory,
)
from tests.treatments.price_pages.desk import (
    text,
    type_in,
)
from treatments.models import PriceChange

pytestmark = pytest.mark.django_db


def send(browser: Browser, body: str):
    file = SimpleUploadedFile("prices.csv", body.encode())
    return browser.post(reverse("prices:import"), {"file": file})


def test_a_file_is_looked_at_and_then_taken_into_the_draft(sam, scene):
    head = "code,minutes,price_list,location,price\n"
    body = f"{head}{scene.treatment.code},60,,,175\n"

    looked = send(sam, body)

    assert looked.status_code == 200
    assert "1 price would change" in text(looked)
    assert not PriceChange.objects.exists()
    sam.post(reverse("prices:import"), {"text": body, "take": "1"})
    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == ["175.00"]
    assert Entry.objects.get(what="price.imported").facts == {"prices": 1}


def test_a_file_with_a_wrong_line_is_not_taken(sam, scene):
    head = "code,minutes,price_list,location,price\n"
    body = f"{head}{scene.treatment.code},60,,,175\nT00,60,,,175\n"

    looked = send(sam, body)
    sam.post(reverse("prices:import"), {"text": body, "take": "1"})

    assert looked.status_code == 422
    assert "3 code Nothing we offer has the code “T00”." in text(looked)
    assert not PriceChange.objects.exists()


def test_of_very_many_wrong_lines_the_first_hundred_are_listed(sam, scene):
    page = send(sam, "code,minutes,price_list,location,price\n" + "T00,60,,,175\n" * 120)

    found = page.content.decode()
    assert "120 lines cannot be taken" in found
    assert found.count("Nothing we offer has the code") == 100
    assert "Only the first 100 are listed." in found


def test_no_file_or_a_strange_one_says_so(sam, scene):
    assert "Choose a file." in text(sam.post(reverse("prices:import")))
    empty = text(send(sam, ""))
    assert "The submitted file is empty." in empty
    assert "Choose a file." not in empty
    assert escape("has to name these columns") in text(send(sam, "a,b\n1,2\n"))


def test_the_table_is_given_as_a_file_of_what_is_shown(sam, scene):
    LocationFactory(name="Elsewhere")
    type_in(sam, scene, "175")

    file = sam.get(reverse("prices:matrix_file"), {"place": scene.location.slug})

    assert "attachment; filename=" in file["Content-Disposition"]
    text = file.getvalue().decode()
    lines = text.splitlines()
    assert len(lines) == 3
    assert "Elsewhere" not in text
    assert ",170," in lines[1]
