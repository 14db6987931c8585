"""The rules of the clinic: what holds where and why, changing them, and how they came to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.contrib import messages as toasts
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.places.errors import ChangedMeanwhile, NothingChanges
from clinic.places.forms import PolicyForm
from clinic.places.models import Location, PolicyVersion
from clinic.places.policies import DEFAULTS, merged
from clinic.places.rules import GROUPS, Rule, sentences
from clinic.places.selectors import (
    RuleBook,
    Standing,
    Step,
    differences,
    home_zone,
    rule_book,
)
from clinic.places.services import publish_policy, version_of
from clinic.web import clock
from clinic.web.workspace import staff_page

VIEW, CHANGE = "places.view_policyversion", "places.add_policyversion"
PER_PAGE = 30


@require_safe
@allowed(VIEW)
def policies(request: HttpRequest) -> HttpResponse:
    """Show every rule, place beside place, with the sentence that clients read."""
    book = rule_book(now=clock.now())
    standings = [(owner, book.standing(owner)) for owner in (None, *book.places)]
    said = sentences(book.policy(None))
    groups = [
        (
            group.title,
            [
                (
                    rule,
                    said.get(rule.name, ""),
                    [(owner, _written(rule, rules[rule.name])) for owner, rules in standings],
                )
                for rule in group.rules
            ],
        )
        for group in GROUPS
    ]
    context = {"groups": groups, "places": book.places, "latest": book.history()[:1]}
    with timezone.override(home_zone(book.places)):
        return staff_page(request, "places/policies.html", context)


@require_safe
@allowed(VIEW)
def history(request: HttpRequest) -> HttpResponse:
    """Show who changed what, when and why."""
    book = rule_book(now=clock.now())
    page = Paginator(book.history(), PER_PAGE).get_page(request.GET.get("page"))
    with timezone.override(home_zone(book.places)):
        return staff_page(request, "places/history.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(CHANGE)
def change(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Change the rules of the clinic, or of the place `slug`: look what becomes other, publish.

    The address may name a version (`as_of`) whose rules to go back to.
    """
    now = clock.now()
    book = rule_book(now=now)
    owner = _owner_or_404(book, slug)
    if request.method != "POST":
        earlier = _version_or_404(book, owner, request.GET.get("as_of", ""))
        decided = book.decided(owner, seen=earlier.pk if earlier else None)
        form = _form(book, owner, initial={**decided, "seen": book.seen})
        reason = _back_to(earlier) if earlier else ""
        form.initial["reason"] = reason
        return _page(request, book, owner, form, values=decided)
    form = _form(book, owner, request.POST)
    if not form.is_valid():
        return _page(request, book, owner, form, status=422)
    seen = form.cleaned_data["seen"]
    mine = {c.rule.name: c.new for c in differences(book.decided(owner, seen=seen), form.values())}
    values = _with(book.decided(owner), mine)
    if "publish" not in request.POST:
        if mine and _is_refused(form, owner, mine):
            return _page(request, book, owner, form, status=422)
        return _page(request, book, owner, form, values=values, is_asked=True)
    if not form.cleaned_data["reason"]:
        form.add_error("reason", _("Say why, in a few words."))
        return _page(request, book, owner, form, values=values, status=422)
    try:
        publish_policy(
            user=cast(User, request.user),
            location=owner,
            changes=mine,
            reason=form.cleaned_data["reason"],
            seen=seen,
            now=now,
        )
    except ChangedMeanwhile:
        book = rule_book(now=clock.now())
        values = _with(book.decided(owner), mine)
        kept = {**values, "seen": book.seen, "reason": form.cleaned_data["reason"]}
        form = _form(book, owner, initial=kept)
        meanwhile = [step for step in book.history() if step.version.pk > seen]
        return _page(request, book, owner, form, values=values, meanwhile=meanwhile, status=409)
    except NothingChanges:
        return _page(request, book, owner, form, values=values, is_asked=True, status=422)
    except ValidationError as refusal:
        _say(form, refusal)
        return _page(request, book, owner, form, values=values, status=422)
    toasts.success(request, _("Published. It holds for what is booked from now on."))
    return redirect("places:policies")


def _is_refused(form: PolicyForm, owner: Location | None, changes: dict[str, Any]) -> bool:
    """Whether `changes` make no sense with the rules in force; the form says which."""
    try:
        version_of(changes, location=owner).full_clean(exclude=["reason", "published_at"])
    except ValidationError as refusal:
        _say(form, refusal)
        return True
    return False


def _say(form: PolicyForm, refusal: ValidationError) -> None:
    """Say what makes no sense, each beside the rule that it is about."""
    for errors in refusal.error_dict.values():
        for error in errors:
            form.add_error(error.code if error.code in form.fields else None, error)


def _page(
    request: HttpRequest,
    book: RuleBook,
    owner: Location | None,
    form: PolicyForm,
    *,
    values: dict[str, Any] | None = None,
    meanwhile: list[Step] | None = None,
    is_asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Render the form, and what publishing `values` would change."""
    changes = [] if values is None else differences(book.decided(owner), values)
    context = {
        "form": form,
        "owner": owner,
        "places": book.places,
        "rows": [_preview(book, owner, each.rule, values or {}) for each in changes],
        "meanwhile": meanwhile or [],
        "is_asked": is_asked,
        "heard": _heard(book, owner, values or {}) if changes else [],
    }
    return staff_page(request, "places/policy.html", context, status=status)


def _preview(
    book: RuleBook, owner: Location | None, rule: Rule, values: dict[str, Any]
) -> dict[str, Any]:
    """A rule as it holds at `owner` and as it would, and the places that keep their own."""
    old = book.standing(owner)[rule.name].value
    otherwise = _otherwise(book, owner)[rule.name].value
    new = values.get(rule.name, otherwise)
    keep = (
        [place for place in book.places if rule.name in book.decided(place)]
        if owner is None
        else []
    )
    return {
        "rule": rule,
        "old": rule.written(old),
        "new": rule.written(new),
        "gives_back": rule.name not in values,
        "keep": [(place, rule.written(book.decided(place)[rule.name])) for place in keep],
    }


def _heard(book: RuleBook, owner: Location | None, values: dict[str, Any]) -> list[str]:
    """The sentences that clients will read otherwise than now; none for rules without sense."""
    try:
        policy = merged([book.decided(None), values] if owner else [values])
    except ValidationError:
        return []
    before = sentences(book.policy(owner))
    changed = (said for name, said in sentences(policy).items() if before.get(name) != said)
    return list(dict.fromkeys(changed))


def _form(
    book: RuleBook, owner: Location | None, data: Any = None, *, initial: Any = None
) -> PolicyForm:
    return PolicyForm(
        data,
        otherwise=_otherwise(book, owner),
        said=sentences(book.policy(owner)),
        initial=initial,
    )


def _otherwise(book: RuleBook, owner: Location | None) -> dict[str, Standing]:
    """What holds where `owner` decides nothing."""
    if owner:
        return book.standing(None)
    return {name: Standing(value, "default") for name, value in DEFAULTS.items()}


def _with(decided: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`decided` with `changes`, and without what they give back."""
    return {name: value for name, value in (decided | changes).items() if value is not None}


def _written(rule: Rule, standing: Standing) -> Standing:
    return replace(standing, value=rule.written(standing.value))


def _owner_or_404(book: RuleBook, slug: str) -> Location | None:
    if not slug:
        return None
    for place in book.places:
        if place.slug == slug:
            return place
    raise Http404


def _version_or_404(book: RuleBook, owner: Location | None, pk: str) -> PolicyVersion | None:
    if not pk:
        return None
    for version in book.versions:
        if str(version.pk) == pk and version.location_id == (owner.pk if owner else None):
            return version
    raise Http404


def _back_to(version: PolicyVersion) -> str:
    return _("Back to the rules of %(day)s") % {"day": f"{version.published_at:%Y-%m-%d}"}
