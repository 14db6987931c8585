"""The net under the log: what staff do is noted, also where nobody thought of it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware

from clinic.trail.models import Entry
from clinic.trail.noting import Work, at_work
from clinic.trail.services import note
from clinic.web import clock

WORKSPACE = ("/staff/", "/admin/")
LONGEST = Entry._meta.get_field("what").max_length


@sync_only_middleware
class NothingUnnoted:
    """Note a press of the staff that went well and that no service noted: which page, and of what.

    Two queries at most, and none where nobody pressed anything.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with at_work() as work:
            response = self.get_response(request)
            if _is_press(request, response) and not _is_noted(work):
                note_press(request)
        return response


def note_press(request: HttpRequest) -> None:
    """Write down that somebody pressed a button of this page; its address says of what."""
    match = request.resolver_match
    if match is None:
        return
    facts = {name: str(value)[:40] for name, value in match.kwargs.items()}
    facts |= {str(number): str(value)[:40] for number, value in enumerate(match.args)}
    if chosen := request.POST.getlist("_selected_action"):  # of a list in Django's admin
        facts |= {"action": request.POST.get("action", "")[:40], "rows": ",".join(chosen)[:400]}
    what = f"page.{match.view_name}"[:LONGEST]
    note(user_id=request.user.pk, what=what, now=clock.now(), **facts)


def _is_press(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.method == "POST"
        and response.status_code < 400
        and request.path.startswith(WORKSPACE)
        and request.user.is_authenticated
    )


def _is_noted(work: Work) -> bool:
    """Whether an entry of this request is there; those of a change taken back are not."""
    return bool(work.entries) and Entry.objects.filter(pk__in=work.entries).exists()
