"""Whose area it is: of one person of the account at a time, never of two on one page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from booking.views.visitors import CLIENT
from clinic.accounts.fresh import is_fresh
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other

P = ParamSpec("P")
ForPerson = Callable[Concatenate[HttpRequest, Client, P], HttpResponse]
ForRequest = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_person(view: ForPerson[P]) -> ForRequest[P]:
    """Tell `view` whose area it is; who has not said so yet is asked. One query.

    Nobody keeps these pages, and nobody finds them by searching.
    """

    @never_cache
    @login_required
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        people = _people(request)
        me = _chosen(request, people)
        if me is not None:
            request.people = people  # type: ignore[attr-defined]  # for the switch on the page
            response = view(request, me, *args, **kwargs)
        else:
            response = _whose(request, people)
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


def freshly(view: ForPerson[P]) -> ForPerson[P]:
    """Ask who signed in long ago to do it again, before `view` shows or takes all there is."""

    @wraps(view)
    def answer(
        request: HttpRequest, me: Client, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if is_fresh(request):
            return view(request, me, *args, **kwargs)
        back = reverse("account:privacy") if request.method == "POST" else request.path
        context = {"me": me, "sign_in_url": f"{reverse('account_login')}?next={back}"}
        return render(request, "booking/account/prove.html", context, status=403)

    return answer


@press(else_to="home")
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go on as another person of this account, at the page one came from."""
    key = key_in(request.POST.get("client"))
    me = get_object_or_404(Client, pk=key, user=cast(User, request.user))
    request.session[CLIENT] = me.pk
    home, asked = reverse("account:home"), urlsplit(request.POST.get("next", ""))
    is_ours = not asked.scheme and not asked.netloc and asked.path.startswith(home)
    return see_other(asked.path if is_ours else home)


@never_cache
@require_safe
def goodbye(request: HttpRequest) -> HttpResponse:
    """Say that it is done, to somebody we do not know any more."""
    return render(request, "booking/account/goodbye.html")


def _people(request: HttpRequest) -> list[Client]:
    return list(Client.objects.filter(user=cast(User, request.user)))


def _chosen(request: HttpRequest, people: list[Client]) -> Client | None:
    """Return who was chosen of `people`, or the only one. A link of a visit chooses nobody else."""
    chosen = request.session.get(CLIENT)
    for person in people:
        if person.pk == chosen:
            return person
    return people[0] if len(people) == 1 else None


def _whose(request: HttpRequest, people: list[Client]) -> HttpResponse:
    """Ask whose area it shall be; staff who come as nobody's client go to work."""
    if not people and cast(User, request.user).works_here:
        return redirect(settings.STAFF_HOME)
    if not people and request.path != reverse("account:home"):
        return redirect("account:home")
    page = "choose" if people else "nobody"
    return render(request, f"booking/account/{page}.html", {"people": people})
