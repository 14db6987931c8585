"""Changes of the schedule: made or asked for, answered, and decided visit by visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from booking.errors import BookingError
from booking.forms.schedule import FORMS, AnswerForm, ChangeForm
from booking.models import Booking, Provider, ScheduleChange, TouchedVisit
from booking.permissions import changes_of
from booking.selectors.replanning.choices import Choice, Row
from booking.selectors.replanning.visits import replanned, touched_visits
from booking.selectors.rosters import SHOWN, with_counts, zone_of
from booking.services import changes as services
from booking.views.staff.frame import user_of
from booking.views.staff.schedule import ASKS, MAKES
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

VIEWS, DECIDES = "booking.view_schedulechange", "booking.change_schedulechange"
APPROVES = "booking.approve_schedulechange"
# What somebody may change by what they may do: their own days, the clinic's, the house itself.
OF_THE_HOUSE = {
    "out_of_service": MAKES,
    "closure": "places.add_closure",
    "opening": "places.change_openinghours",
    "leaving": "booking.change_provider",
    "retiring": "treatments.change_treatment",
}
ON_A_PAGE = 25
# What an address may say of a change: rows by primary key, and words
ROWS = ("resource", "location", "treatment", "option", "add_on", "extra")
WORDS = ("day", "starts_on", "ends_on", "reason")
State = ScheduleChange.State


@require_safe
@allowed(VIEWS, ASKS)
def changes(request: HttpRequest) -> HttpResponse:
    """What waits for approval, what waits for decisions, what is in force, and what was."""
    user = user_of(request)
    found = with_counts(changes_of(user))
    done = [State.REFUSED, State.WITHDRAWN]
    sections = [
        (_("To approve"), list(found.filter(state=State.ASKED))),
        (_("Visits to decide"), list(found.filter(state=State.PENDING))),
        (_("In force"), list(found.filter(state=State.IN_FORCE)[:SHOWN])),
        (_("Not approved, or taken back"), list(found.filter(state__in=done)[:SHOWN])),
    ]
    kinds = [(kind, FORMS[kind].title) for kind in FORMS if _may(user, kind) and kind != "no_extra"]
    with timezone.override(home_zone(Location.objects.filter(is_active=True)[:1])):
        return staff_page(request, "staff/changes.html", {"sections": sections, "kinds": kinds})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(MAKES, ASKS)
def propose(request: HttpRequest, kind: str) -> HttpResponse:
    """Describe a change; see whom it touches before it is saved; save it.

    What is known comes in the address. A POST that touches visits nobody has looked at yet saves
    nothing: it answers with them, and the next one says that they were seen.
    """
    user, now = user_of(request), clock.now()
    if kind not in FORMS:
        raise Http404
    if not _may(user, kind):
        raise PermissionDenied
    if request.method != "POST":
        form = FORMS[kind](user=user, now=now, initial=_known(request, user))
        return _form_page(request, form, kind)
    form = FORMS[kind](request.POST, user=user, now=now)
    if not form.is_valid():
        return _form_page(request, form, kind, status=422)
    draft = form.draft()
    try:
        touched = services.preview(change=draft, now=now)
        if touched and request.POST.get("seen") != _seen(touched):
            return _form_page(request, form, kind, touched=touched)
        change = services.propose(change=draft, user=user, now=now)
    except ValidationError as error:
        form.add_error(None, error.messages)
    except BookingError as error:
        form.add_error(None, str(error.message))
    else:
        messages.success(request, _said(change))
        return see_other(_after(change, user))
    return _form_page(request, form, kind, status=422)


@require_safe
@allowed(VIEWS, ASKS)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one change and each visit it touches, with what could become of it."""
    return _change_page(request, _change_or_404(request, pk))


@press(else_to="change")
@allowed(APPROVES)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve what was asked for, or refuse it with a reason."""
    found, form = _change_or_404(request, pk), AnswerForm(request.POST)
    if not form.is_valid():
        return _change_page(request, found, form=form, status=422)
    words, user, now = form.cleaned_data["answer"], user_of(request), clock.now()
    try:
        if "refuse" in request.POST:
            services.refuse(change=found, user=user, answer=words, now=now)
        else:
            services.approve(change=found, user=user, answer=words, now=now)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    except BookingError as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _said(found))
    return see_other(reverse("staff:change", args=[pk]))


@press(else_to="change")
@allowed(MAKES, ASKS)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a change back. Who may only ask takes back what they asked for, until it is answered."""
    found, user = _change_or_404(request, pk), user_of(request)
    if not _may_withdraw(found, user):
        raise PermissionDenied
    try:
        services.withdraw(change=found, user=user, now=clock.now())
    except BookingError as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("Taken back. The diary is as it was before."))
    return see_other(reverse("staff:change", args=[pk]))


@press(else_to="change")
@allowed(DECIDES)
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is picked on the page, for whoever goes on; nothing is done yet."""
    found = _change_or_404(request, pk)
    _keep_picks(request, found)
    if request.htmx:  # type: ignore[attr-defined]
        context = _rows_context(request, found)
        return render(request, "staff/_change_now.html", context | {"change": found, "swap": True})
    return see_other(_page_url(request, pk))


@press(else_to="change")
@allowed(DECIDES)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what is picked: for one visit, or for each of the page, in a transaction of its own.

    A visit for which it did not work keeps its place on the page, with the reason, and what is
    picked for the others stays picked.
    """
    found, user, now = _change_or_404(request, pk), user_of(request), clock.now()
    only = key_in(request.POST.get("only"))
    asked = {only} if only else set(_posted(request))
    errors: dict[int, str] = {}
    done: set[int] = set()
    for touched in touched_visits(found).filter(pk__in=asked):
        picked = Choice.read(request.POST.get(f"choice-{touched.pk}", ""))
        if picked is None or (picked.what == Choice.CALL and not only):
            continue
        try:
            services.decide(
                touched=touched,
                choice=picked,
                version=_version_of(request, touched),
                user=user,
                reason=request.POST.get(f"note-{touched.pk}", "").replace("\0", "")[:200],
                now=now,
            )
            done.add(touched.pk)
        except BookingError as error:
            errors[touched.pk] = str(error.message)
    _keep_picks(request, found, besides=done | set(errors))
    found.refresh_from_db()
    if errors:
        return _change_page(request, found, errors=errors, status=409)
    words = ngettext("%(count)d visit is decided.", "%(count)d visits are decided.", len(done))
    messages.success(request, words % {"count": len(done)})
    return see_other(_page_url(request, pk))


def _may(user: User, kind: str) -> bool:
    """Whether `user` may make, or ask for, a change of that kind."""
    if kind in OF_THE_HOUSE:
        return user.has_perm(MAKES) and user.has_perm(OF_THE_HOUSE[kind])
    return user.has_perm(MAKES) or user.has_perm(ASKS)


def _may_withdraw(change: ScheduleChange, user: User) -> bool:
    if change.state in {State.REFUSED, State.WITHDRAWN}:
        return False
    if user.has_perm(MAKES):
        return change.kind not in OF_THE_HOUSE or _may(user, change.kind)
    return change.asked_by_id == user.pk and change.state == State.ASKED


def _change_or_404(request: HttpRequest, pk: int) -> ScheduleChange:
    found = changes_of(user_of(request)).select_related(
        "asked_by", "answered_by", "resource", "location"
    )
    return get_object_or_404(found, pk=pk)


def _known(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the address says of the change, and what is usual."""
    usual: dict[str, Any] = {"is_all_day": True, "repeats": 0}
    if own := Provider.objects.filter(user=user).first():
        usual["resource"] = own.pk
    said = {name: request.GET[name] for name in (*ROWS, *WORDS) if request.GET.get(name)}
    if "day" in said:
        usual |= {"starts_on": said["day"], "ends_on": said["day"]}
    return usual | {k: v for k, v in said.items() if k in WORDS or key_in(v)}


def _form_page(
    request: HttpRequest,
    form: ChangeForm,
    kind: str,
    *,
    touched: list[Booking] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "kind": kind,
        "touched": touched or [],
        "seen": _seen(touched or []),
        "back": _back(request),
    }
    return staff_page(request, "staff/change_form.html", context, status=status)


def _back(request: HttpRequest) -> str:
    """Where somebody came from who leaves it as it was: a page of ours, else all schedules."""
    said = request.POST.get("back") or request.GET.get("back", "")
    return said if url_has_allowed_host_and_scheme(said, None) else reverse("staff:schedule")


def _seen(touched: list[Booking]) -> str:
    """Name a list of visits, so that a form can say that its reader has seen them."""
    return "-".join(str(visit.pk) for visit in touched)


def _said(change: ScheduleChange) -> str:
    if change.state == State.ASKED:
        return _("You have asked. The answer stands on this page.")
    if change.state == State.REFUSED:
        return _("Refused. Whoever asked sees your answer.")
    if change.state == State.PENDING:
        return _("It is in the diary: nobody books into it any more. Now decide its visits.")
    return _("It is in the diary, and touches no visits.")


def _after(change: ScheduleChange, user: User) -> str:
    """Where to go on once a change is made: to its visits, else to where it shows."""
    if change.state == State.IN_FORCE and change.resource_id and change.resource:
        return reverse("staff:schedule_of", args=[change.resource_id])
    return reverse("staff:change", args=[change.pk])


def _change_page(
    request: HttpRequest,
    change: ScheduleChange,
    *,
    errors: dict[int, str] | None = None,
    form: AnswerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, now = user_of(request), clock.now()
    context = _rows_context(request, change, errors=errors)
    context |= {
        "change": change,
        "form": form or AnswerForm(),
        "may_answer": change.state == State.ASKED and user.has_perm(APPROVES),
        "may_withdraw": _may_withdraw(change, user),
        "would_touch": [],
    }
    if context["may_answer"]:
        try:
            context["would_touch"] = services.preview(change=change, now=now)
        except (ValidationError, BookingError):
            context["is_impossible"] = True
    zone = change.location.zone if change.location else None
    if zone is None and change.resource:
        zone = zone_of(change.resource)
    with timezone.override(zone or home_zone(Location.objects.filter(is_active=True)[:1])):
        return staff_page(request, "staff/change.html", context, status=status)


def _rows_context(
    request: HttpRequest, change: ScheduleChange, *, errors: dict[int, str] | None = None
) -> dict[str, Any]:
    """The visits of a page of `change`, how many of each sort there are, and who would be told."""
    page = Paginator(touched_visits(change), ON_A_PAGE).get_page(
        request.POST.get("page") or request.GET.get("page")
    )
    may_decide = change.state == State.PENDING and user_of(request).has_perm(DECIDES)
    rows = replanned(list(page.object_list), change=change, now=clock.now())
    for row in rows:
        row.error = (errors or {}).get(row.touched.pk, "")
    todo = [row for row in rows if row.is_open and not row.has_changed]
    ready = [row for row in todo if row.choice.what != Choice.CALL]
    return {
        "page": page,
        "rows": rows,
        "failed": [row for row in rows if row.error],
        "tally": _tally(todo),
        "ready": len(ready),
        "telling": sum(row.tells for row in ready),
        "may_decide": may_decide,
    }


def _tally(rows: list[Row]) -> Counter[str]:
    return Counter(row.nearness for row in rows)


def _keep_picks(
    request: HttpRequest, change: ScheduleChange, *, besides: Collection[int] = ()
) -> None:
    """Keep what is picked on the page, where that is not what the page had proposed."""
    asked = set(_posted(request)).difference(besides)
    for touched in touched_visits(change).filter(pk__in=asked):
        said = request.POST[f"choice-{touched.pk}"]
        picked = Choice.read(said)
        if picked is None or said == request.POST.get(f"shown-{touched.pk}", touched.choice):
            continue
        try:
            services.choose(touched=touched, choice=picked, user=user_of(request))
        except BookingError as error:
            messages.warning(request, str(error.message))


def _posted(request: HttpRequest) -> list[int]:
    """The touched visits for which the form says what is picked."""
    names = [name.partition("-") for name in request.POST if name.startswith("choice-")]
    return [key for _choice, _dash, pk in names if (key := key_in(pk))]


def _version_of(request: HttpRequest, touched: TouchedVisit) -> int:
    """The version at which the form showed a visit; one that no visit has where it says none."""
    said = request.POST.get(f"version-{touched.pk}", "")
    return key_in(said) if said.isdecimal() else -1


def _page_url(request: HttpRequest, pk: int) -> str:
    number = key_in(request.POST.get("page"))
    query = f"?page={number}" if number > 1 else ""
    return reverse("staff:change", args=[pk]) + query
