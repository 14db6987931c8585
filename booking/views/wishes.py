"""From an address to a wish, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from booking.errors import NotOffered
from booking.forms.wishes import WishForm
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.models import Location
from treatments.models import Option

UNKNOWN = {"invalid_choice", "invalid_list"}
LONGEST_PATH_MINUTES = 600


@dataclass(frozen=True)
class Asked:
    """What an address asks for: a wish, and the day or month to look at."""

    wish: Wish
    day: date | None = None
    month: date | None = None


def option_or_404(slug: str, minutes: int) -> Option:
    """Return that length of that treatment, offered or not."""
    if minutes > LONGEST_PATH_MINUTES:
        raise Http404
    option = (
        Option.objects.select_related("treatment")
        .filter(treatment__slug=slug, minutes=minutes)
        .first()
    )
    if option is None:
        raise Http404
    return option


def read_wish(data: QueryDict, *, option: Option, visitor: Visitor) -> Asked:
    """Return what `data` asks for. Up to 5 queries.

    Raises Http404 for a place, extra or person we do not know, NotOffered where nobody can read it.
    """
    form = WishForm(data)
    cleaned = read(form)
    location = cleaned["location"] or Location.objects.filter(is_active=True).first()
    if location is None:
        raise NotOffered(_("We take no bookings at the moment."))
    wish = Wish(
        option=option,
        location=location,
        add_ons=tuple(cleaned["add"]),
        provider=cleaned["with"],
        is_known=visitor.is_known,
    )
    return Asked(wish, cleaned["day"], cleaned["month"])


def read(form: Form) -> dict[str, Any]:
    """Return the cleaned data of `form`; raises as `read_wish` does."""
    if form.is_valid():
        return form.cleaned_data
    errors = form.errors.as_data()
    if any(error.code in UNKNOWN for each in errors.values() for error in each):
        raise Http404
    raise NotOffered(_("We could not read that address. Please choose again."))


def times_url(wish: Wish, **query: Any) -> str:
    """Return the address of the times for `wish`."""
    path = reverse("booking:times", args=[wish.option.treatment.slug, wish.option.minutes])
    return f"{path}?{wish_query(wish, **query)}"


def start_url(wish: Wish) -> str:
    """Return the address of the first step with `wish` chosen."""
    option = wish.option
    query = wish_query(wish, treatment=option.treatment.slug, minutes=option.minutes)
    return f"{reverse('booking:start')}?{query}"


def wish_query(wish: Wish, **more: Any) -> str:
    """Return `wish` as the query of an address; what is None in `more` is left out."""
    pairs = [("location", wish.location.slug)]
    pairs += [("add", add_on.slug) for add_on in wish.add_ons]
    if wish.provider is not None:
        pairs.append(("with", wish.provider.slug))
    pairs += [(name, str(value)) for name, value in more.items() if value is not None]
    return urlencode(pairs)
