"""Step 1: what would you like?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.errors import NotOffered
from booking.forms.wishes import TreatmentForm
from booking.selectors import Extra, Length, Offered, extras_with, offers
from booking.views.steps import CHOOSE, extras_in_words, price_in_words, steps
from booking.views.visitors import for_visitor
from booking.views.wishes import read, read_wish, times_url
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from clinic.web import clock
from clinic.web.pages import render_page
from clinic.web.templatetags.lumen import minutes as in_minutes
from treatments.errors import NoPrice
from treatments.models import Option

P = ParamSpec("P")


def or_choose_again(
    view: Callable[Concatenate[HttpRequest, Visitor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Visitor, P], HttpResponse]:
    """Where `view` finds that we do not offer what was asked, show the first step and say why."""

    @wraps(view)
    def answer(
        request: HttpRequest, visitor: Visitor, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        try:
            return view(request, visitor, *args, **kwargs)
        except NotOffered as error:
            refusal = error
        except NoPrice:
            refusal = NotOffered(_("This has no price yet. Please call us to book it."))
        data = request.GET.copy()
        data.setdefault("treatment", str(kwargs.get("slug", "")))
        data.setdefault("minutes", str(kwargs.get("minutes", "")))
        return choice_page(request, visitor, data, refusal=refusal)

    return answer


@require_safe
@for_visitor
def start(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What we offer at one place, with what the address names chosen already."""
    return choice_page(request, visitor, request.GET)


@require_safe
@for_visitor
@or_choose_again
def find(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Go on to the times of what the first step's form, or a link, names in its query."""
    chosen = read(TreatmentForm(request.GET))
    option = _length_of(chosen["treatment"].options.all(), chosen["minutes"])
    asked = read_wish(request.GET, option=option, visitor=visitor)
    asked.wish.check(policy_for(asked.wish.location, now=clock.now()))
    return redirect(times_url(asked.wish, day=asked.day))


def choice_page(
    request: HttpRequest, visitor: Visitor, data: QueryDict, *, refusal: NotOffered | None = None
) -> HttpResponse:
    """Render the first step with `data` chosen; 422 where what was asked cannot be had."""
    now = clock.now()
    context = choice_context(data, visitor=visitor, now=now)
    if refusal:
        context["notice"] = refusal.message
    zone = context["place"].zone if context["place"] else None
    with timezone.override(zone):
        return render_page(
            request,
            "booking/choose.html",
            "booking/_choice.html",
            context,
            status=422 if refusal else 200,
        )


def choice_context(data: QueryDict, *, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Return what the first step shows. 10 queries.

    What `data` names and we do not know is passed over: the page then shows our first offer.
    """
    places = list(Location.objects.filter(is_active=True))
    place = next((p for p in places if p.slug == data.get("location")), next(iter(places), None))
    offered = offers(locations=[place], now=now) if place else []
    named = data.get("treatment", "")
    chosen = next((o for o in offered if o.treatment.slug == named), None)
    policy = policy_for(place, now=now)
    context = {
        **steps(CHOOSE),
        "visitor": visitor,
        "places": places,
        "place": place,
        "offered": offered,
        "policy": policy,
    }
    if place and named and chosen is None:
        context["notice"] = _("We do not offer that at %(place)s. Here is what we do:") % {
            "place": place.name
        }
    chosen = chosen or next(iter(offered), None)
    if chosen and place:
        context |= _chosen(chosen, data, visitor, place, policy, now)
    return context


def _chosen(
    chosen: Offered,
    data: QueryDict,
    visitor: Visitor,
    place: Location,
    policy: Policy,
    now: datetime,
) -> dict[str, Any]:
    """What belongs to the treatment that is chosen: lengths, extras, and the price so far."""
    length = next(
        (each for each in chosen.lengths if str(each.option.minutes) == data.get("minutes")),
        chosen.lengths[0],
    )
    extras = extras_with(chosen, now=now)
    picked = [extra for extra in extras if extra.add_on.slug in data.getlist("add")]
    wish = Wish(
        option=length.option,
        location=place,
        add_ons=tuple(extra.add_on for extra in picked),
        is_known=visitor.is_known,
    )
    total, is_from = length.low + sum(extra.low for extra in picked), length.low != length.high
    return {
        "chosen": chosen,
        "length": length,
        "extras": extras,
        "extras_text": extras_in_words(wish.add_ons, wish.talk_minutes(policy)),
        "all_minutes": wish.minutes(policy),
        "picked": [extra.add_on.slug for extra in picked],
        "lines": _lines(length, picked),
        "total": total,
        "is_from": is_from,
        "price_text": price_in_words(total, is_from=is_from),
    }


def _lines(length: Length, picked: list[Extra]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [{"name": str(length.option), "amount": length.low}]
    return lines + [{"name": str(extra.add_on), "amount": extra.low} for extra in picked]


def _length_of(options: Any, asked: int | None) -> Option:
    """The length that was asked for; the shortest where none was."""
    lengths = list(options.filter(is_active=True).select_related("treatment").order_by("minutes"))
    for option in lengths:
        if asked in (None, option.minutes):
            return option
    if not lengths:
        raise NotOffered
    words = [in_minutes(option.minutes) for option in lengths]
    *most, last = words
    listed = _("%(most)s or %(last)s") % {"most": ", ".join(most), "last": last} if most else last
    raise NotOffered(
        _("%(name)s takes %(lengths)s. Please choose a length.")
        % {"name": lengths[0].treatment.name, "lengths": listed}
    )
