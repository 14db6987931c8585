"""A browser without scripts, and somebody who books with it."""

from __future__ import annotations

from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from booking.models import Booking
from tests.factories import Scene

TYPED = {
    "name": "Maya Ellison",
    "email": "maya@mail.example",
    "phone": "(503) 555-0123",
    "time_zone": "America/Denver",
    "safe": "on",
    "agree_treatment": "on",
    "agree_data": "on",
}


class Page(HTMLParser):
    """A page as somebody without scripts finds it: its forms with what they would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attributes["action"], "fields": {}, "buttons": []})
        elif tag == "a":
            self.links.append(attributes.get("href") or "")
        elif tag == "input" and self.forms and attributes.get("type") == "hidden":
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")
        elif tag == "button" and self.forms and attributes.get("name") == "slot":
            self.forms[-1]["buttons"].append(attributes["value"])

    def form(self, action: str) -> dict[str, Any]:
        """The form whose address ends with `action`."""
        return next(
            form for form in self.forms if urlsplit(form["action"]).path.endswith(f"/{action}/")
        )


class Visitor:
    """Somebody with a browser that keeps cookies."""

    def __init__(self, scene: Scene, **options: Any) -> None:
        self.scene = scene
        self.browser = Client(**options)

    def times_url(self, **query: Any) -> str:
        option = self.scene.option
        path = reverse("booking:times", args=[option.treatment.slug, option.minutes])
        return f"{path}?{urlencode({'location': self.scene.location.slug} | query, doseq=True)}"

    def hold_url(self, **query: Any) -> str:
        return self.times_url(**query).replace("/?", "/hold/?")

    def come(self) -> Visitor:
        """Look at the first page, and so be given the cookie."""
        self.browser.get(reverse("booking:start"))
        return self

    def press(self, starts_at: datetime, *, price: str = "170.00", **fields: Any) -> HttpResponse:
        """Press the button of a time."""
        query = fields.pop("query", {})
        data = {"slot": f"{starts_at:%Y%m%dT%H%MZ}-{price}", "request_key": str(uuid4())}
        return self.browser.post(self.hold_url(**query), data | fields)

    def hold(self, starts_at: datetime) -> Booking:
        """Press a time that is free."""
        response = self.press(starts_at)
        assert response.status_code == 303, response.content.decode()
        return Booking.objects.get(reference=response["Location"].split("/")[2])

    def fill_in(self, booking: Booking, **differently: str | None) -> HttpResponse:
        """Send the details; None leaves a field or box out."""
        typed = {name: value for name, value in (TYPED | differently).items() if value is not None}
        return self.browser.post(at("details", booking), typed)

    def confirm(self, booking: Booking) -> HttpResponse:
        return self.browser.post(at("confirm", booking))

    def book(self, starts_at: datetime, **differently: str) -> Booking:
        """The whole way."""
        booking = self.hold(starts_at)
        self.fill_in(booking, **differently)
        assert self.confirm(booking)["Location"] == at("confirmed", booking)
        booking.refresh_from_db()
        return booking


def at(page: str, booking: Booking) -> str:
    """The address of a page of `booking`."""
    return reverse(f"booking:{page}", args=[booking.reference])


def text(response: HttpResponse) -> str:
    """What the page says, with plain spaces."""
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
