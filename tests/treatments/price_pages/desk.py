"""What admins do on the pages of the price desk, in words."""

from __future__ import annotations

import re
from datetime import date

from django.test import Client as Browser
from django.urls import reverse

from tests.factories import PriceFactory, Scene

INDEX, EDIT, BULK = (reverse(f"prices:{name}") for name in ("index", "edit", "bulk"))
START, PUBLISH = reverse("prices:start"), reverse("prices:publish")
HTMX = {"HX-Request": "true"}
FIELD = re.compile(r'name="([oa]\d+-l\d+-p\d+:[\d.]+)" value="([^"]*)"')
APRIL = date(2030, 4, 1)


def fields(page) -> dict[str, str]:
    return dict(FIELD.findall(page.content.decode()))


def field(scene: Scene, page, *, price_list: int = 0, location: int = 0) -> str:
    cell = f"o{scene.option.pk}-l{price_list}-p{location}"
    return next(name for name in fields(page) if name.startswith(f"{cell}:"))


def type_in(browser: Browser, scene: Scene, amount: str, **where: int):
    page = browser.get(INDEX)
    return browser.post(EDIT, fields(page) | {field(scene, page, **where): amount})


def publish(browser: Browser, *, day: date | str = APRIL, why: str = "The rent"):
    page = browser.get(INDEX).content.decode()
    hidden = dict(re.findall(r'name="(draft|looked_at)" value="(\w+)"', page))
    return browser.post(PUBLISH, hidden | {"effective_from": str(day), "reason": why})


def text(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def own_price(scene: Scene, amount: int = 190) -> int:
    """Let Mara have a price of her own; return her list."""
    hers: int = scene.provider.price_list_id
    PriceFactory(option=scene.option, price_list_id=hers, amount=amount)
    return hers


def bulk(browser: Browser, scene: Scene, **asked: object):
    return browser.post(
        BULK,
        {
            "offers": [f"o{scene.option.pk}"],
            "columns": ["l0-p0"],
            "how": "percent",
            "by": "5",
            "step": "5",
        }
        | asked,
    )
