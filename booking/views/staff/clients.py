"""The clients: all that somebody may look at, and the record of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.forms.account import words_asked
from booking.forms.clients import ContactForm, FindForm, NoteForm
from booking.permissions import clients_of, may_open, visits_of
from booking.selectors import clients as records
from booking.selectors.account import ahead, answers_of, behind
from booking.selectors.duplicates import likely_duplicates
from booking.selectors.fees import fees_owed
from booking.selectors.finding import find_clients
from booking.services.details import change_contact
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.clients import services
from clinic.clients.models import Client, ClientNote, twin_of
from clinic.clients.views import where_asked
from clinic.places.models import Location
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

SEES_CLIENTS = ("clients.view_client", "booking.view_own_booking")
ON_A_PAGE, FOUND_AT_MOST = 25, 50


@require_safe
@allowed(*SEES_CLIENTS)
def clients(request: HttpRequest) -> HttpResponse:
    """List the clients one may look at, or those that are looked for."""
    user, now = user_of(request), clock.now()
    form = FindForm(request.GET)
    typed = form.cleaned_data["q"] if form.is_valid() else ""
    if typed:
        found = find_clients(typed, user=user, now=now, at_most=FOUND_AT_MOST)
        page = Paginator(found, FOUND_AT_MOST).get_page(1)
    else:
        everybody = clients_of(user, now=now).filter(merged_into=None, erased_at=None)
        listed = everybody.order_by("name_key", "pk")
        page = Paginator(listed, ON_A_PAGE).get_page(request.GET.get("page"))
    seen = records.seen(page.object_list, visits_of(user), now=now)
    rows = [(client, seen.get(client.pk)) for client in page.object_list]
    context = {"form": form, "typed": typed, "page": page, "rows": rows}
    return staff_page(request, "staff/clients.html", context)


@require_safe
@allowed(*SEES_CLIENTS)
def client(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the record of a client: each sees of it what their work needs."""
    found = client_or_404(request, pk)
    if found.pk != pk:
        return redirect("staff:client", found.pk)
    return client_page(request, found)


def client_page(
    request: HttpRequest, client: Client, *, note: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    """Show the record of `client`, with a `note` that was not taken.

    A visit is told on the clock of its place, all else on that of the first one.
    """
    user, now = user_of(request), clock.now()
    visits = records.promised(visits_of(user), client)
    past = Paginator(behind(visits, now=now), ON_A_PAGE)
    context = {
        "client": client,
        "ahead": list(ahead(visits, now=now)),
        "page": past.get_page(request.GET.get("page")),
        "record": records.record_of(visits),
        "owed": list(fees_owed(visits)),
        "told": records.told(visits),
        "readings": records.readings(visits),
        "now": now,
        **_by_permission(user, client, note),
    }
    with timezone.override(home_zone(Location.objects.filter(is_active=True)[:1])):
        return staff_page(request, "staff/client.html", context, status=status)


def _by_permission(user: User, client: Client, note: NoteForm | None) -> dict[str, Any]:
    """What of a record not everybody sees. A query for each that `user` does."""
    context: dict[str, Any] = {}
    if user.has_perm("clients.view_clientnote"):
        context["notes"] = client.notes.filter(removed_at=None).select_related("written_by")
        context["note"] = note or NoteForm()
    if user.has_perm("clients.view_consent"):
        context["answers"] = {
            kind: [(answer, where_asked(answer), words_asked(answer)) for answer in given]
            for kind, given in answers_of(client).items()
        }
    if user.has_perm("clients.view_clientmerge"):
        context["likely"] = [] if client.erased_at else likely_duplicates(client)
        context["merges"] = records.merges_of(client)
    if client.user and user.has_perm("clients.view_client"):
        context["others"] = client.user.clients.exclude(pk=client.pk)
    return context


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("clients.change_client")
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how a client is called and reached; a twin is offered to be merged."""
    client, twin = client_or_404(request, pk), None
    if client.erased_at:
        raise Http404
    form = ContactForm(request.POST if request.method == "POST" else None, client=client)
    if form.is_valid():
        try:
            change_contact(
                client=client, user=user_of(request), now=clock.now(), **form.cleaned_data
            )
        except ValidationError as error:
            twin = twin_of(Client(pk=client.pk, **form.cleaned_data))
            form.add_error("name", error)
        else:
            messages.success(request, _("Saved. From now on we write and call there."))
            return see_other(client_url(client))
    context = {"client": client, "form": form, "twin": twin}
    status = 422 if form.errors else 200
    return staff_page(request, "staff/client_contact.html", context, status=status)


@press(else_to="client")
@allowed("clients.add_clientnote")
def add_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note about a client."""
    client, form = client_or_404(request, pk), NoteForm(request.POST)
    if client.erased_at:
        raise Http404
    if not form.is_valid():
        return client_page(request, client, note=form, status=422)
    services.add_note(
        client=client, text=form.cleaned_data["text"], user=user_of(request), now=clock.now()
    )
    return see_other(f"{client_url(client)}#notes")


@require_POST
@allowed("clients.change_clientnote")
def remove_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a note away; the line that says so can take it back."""
    note = _note_or_404(request, pk)
    services.remove_note(taken=note, user=user_of(request), now=clock.now())
    undo = reverse("staff:put_back_note", args=[note.pk])
    messages.success(request, _("The note is taken away."), extra_tags=undo)
    return see_other(f"{client_url(note.client)}#notes")


@require_POST
@allowed("clients.change_clientnote")
def put_back_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back a note that was taken away."""
    note = _note_or_404(request, pk)
    services.put_back_note(taken=note, user=user_of(request), now=clock.now())
    return see_other(f"{client_url(note.client)}#notes")


def client_or_404(request: HttpRequest, pk: int) -> Client:
    """Return the client, or whom they were merged into, if they may look. Up to 2 queries."""
    found = get_object_or_404(Client.objects.select_related("merged_into__user", "user"), pk=pk)
    if not may_open(found.kept, user=user_of(request), now=clock.now()):
        raise Http404
    return found.kept


def client_url(client: Client) -> str:
    """Return the address of the record of `client`."""
    return reverse("staff:client", args=[client.pk])


def _note_or_404(request: HttpRequest, pk: int) -> ClientNote:
    theirs = clients_of(user_of(request), now=clock.now())
    notes = ClientNote.objects.select_related("client").filter(client__in=theirs)
    return get_object_or_404(notes, pk=pk)
