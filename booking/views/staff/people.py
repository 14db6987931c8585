"""Who works here: profiles, what each gives, roles, and invitations."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking.errors import BookingError
from booking.forms.people import InviteForm, ProviderForm, RolesForm
from booking.models import Booking, Provider
from booking.selectors.staffing import roles_of, staff
from booking.services import people as services
from booking.views.staff.frame import user_of
from clinic.accounts import invitations
from clinic.accounts import services as accounts
from clinic.accounts.access import allowed
from clinic.accounts.models import Invitation, User
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

logger = logging.getLogger(__name__)
EDITS_PEOPLE, EDITS_ROLES = "booking.change_provider", "accounts.change_user"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who works here. A POST invites one more."""
    now, user = clock.now(), user_of(request)
    form = InviteForm(request.POST if request.method == "POST" else None, by=user)
    if form.is_valid():
        invitation = accounts.invite(**form.cleaned_data, invited_by=user, now=now)
        _send(request, invitation)
        return see_other(reverse("staff:people"))
    context = {"form": form, "staff": staff(now=now)}
    return staff_page(
        request, "staff/people/people.html", context, status=422 if form.errors else 200
    )


@require_POST
@allowed(EDITS_PEOPLE)
def uninvite(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    if accounts.revoke(invitations=[pk], by=user_of(request), now=clock.now()):
        messages.success(request, _("Taken back. The link in the letter works no more."))
    else:
        messages.warning(request, _("It was accepted or taken back before."))
    return see_other(reverse("staff:people"))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PEOPLE)
def new_person(request: HttpRequest) -> HttpResponse:
    """Add an aesthetician, then lead to their hours."""
    return _profile(request, Provider())


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PEOPLE)
def person(request: HttpRequest, slug: str) -> HttpResponse:
    """The profile of an aesthetician and what they give."""
    return _profile(request, get_object_or_404(Provider, slug=slug))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_ROLES)
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody may do here, and whether they may sign in."""
    user = get_object_or_404(_accounts(), pk=pk)
    given = {"roles": user.groups.all(), "may_sign_in": user.is_active}
    form = RolesForm(request.POST if request.method == "POST" else None, initial=given)
    if form.is_valid():
        try:
            services.set_roles(user=user, **form.cleaned_data, by=user_of(request), now=clock.now())
        except BookingError as error:
            form.add_error(None, str(error.message))
        else:
            said = _("The roles of %(name)s are saved. They count from the next page on.")
            messages.success(request, said % {"name": user})
            return see_other(reverse("staff:people"))
    context = {"form": form, "colleague": user, "roles": roles_of(user)}
    return staff_page(
        request, "staff/people/account.html", context, status=422 if form.errors else 200
    )


def _profile(request: HttpRequest, provider: Provider) -> HttpResponse:
    name = provider.name  # of the page, whatever is typed
    form = ProviderForm(request.POST if request.method == "POST" else None, instance=provider)
    promised: list[Booking] = []
    if form.is_valid():
        promised = _still_promised(form, provider)
        if not promised or "despite" in request.POST:
            return _save(request, form, provider)
    context = {"form": form, "provider": provider, "name": name, "promised": promised}
    status = 422 if form.errors else 409 if promised else 200
    return staff_page(request, "staff/people/person.html", context, status=status)


def _still_promised(form: ProviderForm, provider: Provider) -> list[Booking]:
    """The visits ahead that need what was unticked."""
    if provider.pk is None:
        return []
    kept = {name: form.cleaned_data[name] for name in ("treatments", "add_ons")}
    return services.promised_without(provider, **kept, now=clock.now())


def _save(request: HttpRequest, form: ProviderForm, provider: Provider) -> HttpResponse:
    is_new = provider.pk is None
    services.save_provider(
        provider=provider,
        treatments=form.cleaned_data["treatments"],
        add_ons=form.cleaned_data["add_ons"],
        has_own_prices=form.cleaned_data["has_own_prices"],
        by=user_of(request),
        now=clock.now(),
    )
    if is_new:
        said = _("%(name)s is here now. Hours come next: without them nobody can book.")
        url = reverse("staff:schedule_of", args=[provider.pk])
    else:
        said = _("The profile of %(name)s is saved.")
        url = reverse("staff:people")
    messages.success(request, said % {"name": provider.name})
    return see_other(url)


def _send(request: HttpRequest, invitation: Invitation) -> None:
    try:
        invitations.send(invitation)
    except Exception:  # each way of sending fails in its own
        logger.exception("Invitation %s could not be mailed", invitation.pk)
        said = _("The mail did not go out. Give them this link yourself: %(url)s")
        messages.warning(request, said % {"url": invitations.url_of(invitation)})
    else:
        messages.success(request, _("Invited. The link in the letter is good for a week."))


def _accounts() -> QuerySet[User]:
    staff = User.objects.filter(is_staff=True).select_related("provider")
    return staff.prefetch_related("groups")
