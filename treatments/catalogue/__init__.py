"""The catalogue of domain.md, section 7, as data, and what puts it into the database."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from clinic.accounts.models import User
from treatments.models import (
    AddOn,
    Instruction,
    InstructionVersion,
    Option,
    Price,
    Treatment,
    Visibility,
)

HERE = Path(__file__).parent


@transaction.atomic
def load_catalogue(*, approved_by: User, published_at: datetime, effective_from: date) -> None:
    """Add what is missing of the catalogue; what is there stays as the clinic changed it.

    Instructions get their first version, approved by `approved_by`; options and add-ons without
    any price get one, for visits from `effective_from`. Running it again adds nothing.
    """
    for position, text in enumerate(_read("instructions.toml")["instructions"]):
        _add_instruction(text, position, approved_by=approved_by, approved_at=published_at)
    catalogue = _read("treatments.toml")
    prices: list[tuple[Option | AddOn, int]] = []
    for position, facts in enumerate(catalogue["treatments"]):
        treatment = _add_treatment(catalogue["common"] | facts, position)
        for length in facts["lengths"]:
            option, _ = Option.objects.get_or_create(
                treatment=treatment,
                minutes=length["minutes"],
                defaults={"buffer_minutes": length["buffer"]},
            )
            prices.append((option, length["price"]))
    for position, facts in enumerate(catalogue["add_ons"]):
        prices.append((_add_add_on(facts, position), facts["price"]))
    for offer, amount in prices:
        _add_price(offer, amount, published_at=published_at, effective_from=effective_from)


def _add_instruction(
    text: Mapping[str, Any], position: int, *, approved_by: User, approved_at: datetime
) -> None:
    instruction, is_new = Instruction.objects.get_or_create(
        code=text["code"],
        defaults={"kind": text["kind"], "name": text["name"], "position": position},
    )
    if is_new:
        InstructionVersion.objects.create(
            instruction=instruction,
            number=1,
            lines=text["lines"],
            steps=text["steps"],
            short=text["short"],
            approved_by=approved_by,
            approved_at=approved_at,
        )


def _add_treatment(facts: Mapping[str, Any], position: int) -> Treatment:
    texts = ("what_it_is", "suits", "feels_like", "side_effects")
    treatment, is_new = Treatment.objects.get_or_create(
        code=facts["code"],
        defaults=_offer(facts, position)
        | {name: facts[name].strip() for name in texts}
        | {
            "figure": facts["figure"],
            "is_consultation": facts.get("is_consultation", False),
        },
    )
    if is_new:
        treatment.full_clean()
        treatment.instructions.set(Instruction.objects.filter(code__in=facts["instructions"]))
    return treatment


def _add_add_on(facts: Mapping[str, Any], position: int) -> AddOn:
    add_on, is_new = AddOn.objects.get_or_create(
        code=facts["code"],
        defaults=_offer(facts, position) | {"minutes": facts["minutes"]},
    )
    if is_new:
        add_on.full_clean()
        add_on.instructions.set(Instruction.objects.filter(code__in=facts["instructions"]))
        add_on.not_with.set(Treatment.objects.filter(code__in=facts.get("not_with", [])))
    return add_on


def _offer(facts: Mapping[str, Any], position: int) -> dict[str, Any]:
    """What a treatment and an add-on have in common."""
    return {
        "name": facts["name"],
        "slug": slugify(facts["name"]),
        "summary": facts["summary"],
        "areas": facts["areas"],
        "device_needs": facts["devices"],
        "visibility": facts.get("visibility", Visibility.PUBLIC),
        "position": position,
    }


def _add_price(
    offer: Option | AddOn, amount: int, *, published_at: datetime, effective_from: date
) -> None:
    """Publish the base price, unless somebody has published any price for it."""
    if offer.prices.exists():
        return
    price = Price(
        amount=Decimal(amount),
        effective_from=effective_from,
        published_at=published_at,
        reason="The catalogue",
    )
    if isinstance(offer, Option):
        price.option = offer
    else:
        price.add_on = offer
    price.full_clean()
    price.save()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))
