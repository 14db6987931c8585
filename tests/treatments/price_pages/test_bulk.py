"""Many prices at once."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.treatments.price_pages.desk import (
    bulk,
    own_price,
    text,
)
from treatments.models import PriceChange

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ({}, "180.00"),
        ({"step": "0"}, "178.50"),
        ({"how": "amount", "by": "-12", "step": "1"}, "158.00"),
        ({"how": "set", "by": "165.5"}, "165.50"),
    ],
)
def test_many_prices_change_by_percent_by_an_amount_or_to_one(sam, scene, asked, amount):
    bulk(sam, scene, **asked)

    (edit,) = PriceChange.objects.get().edits
    assert Decimal(edit["amount"]) == Decimal(amount)


def test_what_is_inherited_changes_only_where_that_is_asked_for(sam, scene):
    hers = f"l{scene.provider.price_list_id}-p0"
    bulk(sam, scene, columns=["l0-p0", hers])
    assert len(PriceChange.objects.get().edits) == 1

    bulk(sam, scene, columns=[hers], inherited="on")

    edits = PriceChange.objects.get().edits
    assert [(edit["cell"], edit["amount"]) for edit in edits] == [
        (f"o{scene.option.pk}-l0-p0", "180"),
        (f"o{scene.option.pk}-{hers}", "180"),
    ]


def test_many_prices_of_their_own_are_inherited_again(sam, scene):
    hers = f"l{own_price(scene)}-p0"
    place = f"l0-p{scene.location.pk}"
    bulk(sam, scene, columns=["l0-p0", place], how="set", by="180", inherited="on")

    bulk(sam, scene, columns=["every"], how="inherit", by="")

    edits = PriceChange.objects.get().edits
    assert {edit["cell"]: edit["amount"] for edit in edits} == {
        f"o{scene.option.pk}-l0-p0": "180.00",
        f"o{scene.option.pk}-{hers}": None,
    }


def test_a_bulk_change_without_a_number_comes_back(sam, scene):
    answer = bulk(sam, scene, by="", offers=[])

    assert answer.status_code == 422
    assert {"Say by how much.", "Choose what is to change."} <= set(
        re.findall(r"Say by how much\.|Choose what is to change\.", text(answer))
    )
