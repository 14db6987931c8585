"""Texts before and after a visit: writing them, approving them, and who got which version."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page
from treatments.diffs import Line, compared
from treatments.errors import CatalogueError
from treatments.forms.instructions import Editor, SendBackForm, TextForm
from treatments.models import Instruction, InstructionKind, InstructionVersion
from treatments.promises import diary
from treatments.selectors.instructions import (
    counting_before,
    digest,
    listed_texts,
    points,
    waiting_texts,
)
from treatments.services import instructions as services

WRITE, APPROVE, ADD = (
    "treatments.add_instructionversion",
    "treatments.change_instructionversion",
    "treatments.add_instruction",
)
PER_PAGE = 30
SAMPLE_AT = time(10, 30)
SAMPLE_DAYS, SAMPLE_MINUTES = 8, 60  # how far ahead the visit of a preview is, and its length


@require_safe
@allowed(WRITE, APPROVE)
def texts(request: HttpRequest) -> HttpResponse:
    """List every text, what waits for the medical lead first."""
    rows = listed_texts()
    kinds = [
        (kind.label, [row for row in rows if row.text.kind == kind]) for kind in InstructionKind
    ]
    waiting = [row for row in rows if row.draft and row.draft.state == "waiting"]
    return _page(request, "catalogue/texts.html", {"kinds": kinds, "waiting": waiting})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(ADD)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a text: its code, its kind and its name."""
    form = TextForm(_data(request))
    if request.method != "POST":
        return _page(request, "catalogue/new_text.html", {"form": form})
    if not form.is_valid():
        return _page(request, "catalogue/new_text.html", {"form": form}, status=422)
    text = services.add_text(user=_user(request), text=form.instance, now=clock.now())
    return see_other(reverse("catalogue:write", args=[text.pk]))


@require_safe
@allowed(WRITE, APPROVE)
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a text: the version that counts, all the others, and how many were promised each."""
    found = get_object_or_404(Instruction, pk=pk)
    versions = list(found.versions.select_related("approved_by", "written_by", "sent_back_by"))
    promised = diary().promised([version.pk for version in versions])
    counts = next((version for version in versions if version.approved_at), None)
    context = {
        "text": found,
        "rows": [(version, promised.get(version.pk, 0)) for version in versions],
        "counts": counts,
        "draft": next((version for version in versions if not version.approved_at), None),
        **(as_client(counts, clock.now()) if counts else {}),
    }
    return _page(request, "catalogue/text.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(WRITE)
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the draft of a text. A press on a row's button changes the rows and saves nothing."""
    found = get_object_or_404(Instruction, pk=pk)
    draft = found.versions.filter(approved_at=None).first()
    if request.method != "POST":
        if draft and draft.handed_in_at:
            return see_other(reverse("catalogue:version", args=[draft.pk]))
        return _editor_page(request, found, draft, _editor(found, draft))
    editor = _editor(found, draft, request.POST)
    if pressed := request.POST.get("press"):
        return _editor_page(request, found, draft, editor.press(pressed))
    if not editor.is_valid():
        return _editor_page(request, found, draft, editor, status=422)
    user, now = _user(request), clock.now()
    seen = editor.form.cleaned_data["seen"]
    try:
        written = services.write_draft(user=user, text=found, **editor.values(), seen=seen, now=now)
        if "hand_in" in request.POST:
            services.hand_in(user=user, version=written, now=now)
    except CatalogueError as refusal:
        draft = found.versions.filter(approved_at=None).first()
        data = request.POST.copy()
        data["seen"] = digest(draft) if draft else ""
        editor = _editor(found, draft, data)
        return _editor_page(request, found, draft, editor, refusal=refusal, status=409)
    said = _("It waits for the medical lead.") if "hand_in" in request.POST else _("Draft saved.")
    toasts.success(request, said)
    return see_other(reverse("catalogue:version", args=[written.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(WRITE)
@csp_replace({"frame-ancestors": [SELF]})
@xframe_options_sameorigin
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a text as a client would find it, with what is typed in place of what is saved."""
    found = get_object_or_404(Instruction, pk=pk)
    draft = found.versions.filter(approved_at=None).first()
    editor = _editor(found, draft, _data(request))
    typed = editor.typed(found) if request.method == "POST" else draft or _latest(found)
    context = as_client(typed, clock.now()) if typed else {}
    return render(request, "catalogue/text_as_client.html", context)


@require_safe
@allowed(WRITE, APPROVE)
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one version beside the one it follows; the medical lead decides about it here."""
    return _version_page(request, _version_or_404(pk), SendBackForm())


@require_safe
@allowed(WRITE, APPROVE)
def visits(request: HttpRequest, pk: int) -> HttpResponse:
    """List the visits that were promised a version, and when a letter brought it."""
    found = _version_or_404(pk)
    count = diary().promised([pk]).get(pk, 0)
    page = Paginator(range(count), PER_PAGE).get_page(request.GET.get("page"))
    first = max(page.start_index() - 1, 0)
    context = {
        "version": found,
        "count": count,
        "page": page,
        "visits": diary().given(pk, first, first + PER_PAGE) if count else [],
    }
    return _page(request, "catalogue/given.html", context)


@require_POST
@allowed(WRITE)
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the medical lead to approve a draft."""
    found = _version_or_404(pk)
    return _done(request, found, services.hand_in, _("It waits for the medical lead."))


@require_POST
@allowed(WRITE)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Write on at what was handed in."""
    found = _version_or_404(pk)
    return _done(request, found, services.take_back, _("It is a draft again."))


@require_POST
@allowed(WRITE)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw away a draft nobody was asked to approve."""
    found = _version_or_404(pk)
    response = _done(request, found, services.discard, _("The draft is gone."))
    if InstructionVersion.objects.filter(pk=pk).exists():
        return response
    return see_other(reverse("catalogue:text", args=[found.instruction_id]))


@require_POST
@allowed(APPROVE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Let clients get a version from now on, if it is the one that was read."""
    found = _version_or_404(pk)
    said = _("Approved. Clients get it with visits booked from now on.")
    return _done(request, found, services.approve, said, seen=request.POST.get("seen", ""))


@require_POST
@allowed(APPROVE)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a version back to be written on, saying why."""
    found, form = _version_or_404(pk), SendBackForm(request.POST)
    if not form.is_valid():
        return _version_page(request, found, form, status=422)
    said = _("Sent back with your note.")
    return _done(request, found, services.send_back, said, note=form.cleaned_data["note"])


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Show a page that says when things were done, by the clock of the first place."""
    with timezone.override(home_zone(Location.objects.filter(is_active=True)[:1])):
        return staff_page(request, template, context, status=status)


def as_client(version: InstructionVersion, now: datetime) -> dict[str, Any]:
    """Return what a preview shows of `version`, around a visit that is made up. One query."""
    location = Location.objects.first()
    zone = location.zone if location else timezone.get_default_timezone()
    here = now.astimezone(zone)
    day = here.date() + timedelta(days=SAMPLE_DAYS)
    is_prep = version.instruction.kind == InstructionKind.PREP
    starts_at = datetime.combine(day, SAMPLE_AT, tzinfo=zone)
    around = starts_at if is_prep else starts_at + timedelta(minutes=SAMPLE_MINUTES)
    return {
        "version": version,
        "is_prep": is_prep,
        "sample_at": starts_at,
        "zone": zone,
        "points": points([version], around=around, now=here),
    }


def waits_for(viewer: User) -> int:
    """How many texts wait for `viewer`, who is a medical lead or not. One query at most."""
    return waiting_texts() if viewer.has_perm(APPROVE) else 0


def _version_page(
    request: HttpRequest, found: InstructionVersion, form: SendBackForm, *, status: int = 200
) -> HttpResponse:
    before = counting_before(found)
    context = {
        "before": before,
        "parts": differences(before, found),
        "seen": digest(found),
        "form": form,
        "may_approve": request.user.has_perm(APPROVE) and found.state == "waiting",
        "may_write": request.user.has_perm(WRITE),
        **as_client(found, clock.now()),
    }
    return _page(request, "catalogue/version.html", context, status=status)


def differences(
    before: InstructionVersion | None, after: InstructionVersion
) -> list[tuple[str, list[Line]]]:
    """Return what became other, for each part of a text: its title and its lines."""
    return [
        (_("Sentences"), compared(before.lines if before else [], after.lines)),
        (_("Timeline"), compared(_step_lines(before), _step_lines(after))),
        (
            _("In one line"),
            compared(*([each.short] if each and each.short else [] for each in (before, after))),
        ),
    ]


def _step_lines(version: InstructionVersion | None) -> list[str]:
    """A timeline as lines: "3 days before (72 hours): Pause retinol."."""
    if version is None:
        return []
    lines = []
    for step in version.steps:
        hours = step.get("hours")
        said = "" if hours is None else " " + _("(%(hours)d hours)") % {"hours": abs(hours)}
        lines.append(f"{step['when']}{said}: {step['do']}")
    return lines


def _editor(found: Instruction, draft: InstructionVersion | None, data: Any = None) -> Editor:
    source = draft or _latest(found)
    initial = {
        "lines": source.lines if source else [""],
        "steps": source.steps if source else [],
        "short": source.short if source else "",
        "note": draft.note if draft else "",
        "seen": digest(draft) if draft else "",
    }
    return Editor(kind=found.kind, data=data, initial=initial)


def _editor_page(
    request: HttpRequest,
    found: Instruction,
    draft: InstructionVersion | None,
    editor: Editor,
    *,
    refusal: CatalogueError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"text": found, "draft": draft, "editor": editor, "refusal": refusal}
    return _page(request, "catalogue/write.html", context, status=status)


def _latest(found: Instruction) -> InstructionVersion | None:
    return found.versions.filter(approved_at__isnull=False).first()


def _version_or_404(pk: int) -> InstructionVersion:
    return get_object_or_404(
        InstructionVersion.objects.select_related(
            "instruction", "approved_by", "written_by", "sent_back_by"
        ),
        pk=pk,
    )


def _done(
    request: HttpRequest, found: InstructionVersion, service: Any, said: str, **more: Any
) -> HttpResponse:
    """Do it, say so, and lead back to the version; say why not where it cannot be done."""
    try:
        service(user=_user(request), version=found, now=clock.now(), **more)
    except CatalogueError as refusal:
        toasts.warning(request, refusal.message)
    else:
        toasts.success(request, said)
    return see_other(reverse("catalogue:version", args=[found.pk]))


def _data(request: HttpRequest) -> QueryDict | None:
    """What was typed; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
