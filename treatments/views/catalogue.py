"""The catalogue: what we offer, edited beside what clients see of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.forms import Field
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page
from treatments.errors import CatalogueError, OfferChanged
from treatments.forms.catalogue import (
    AddOnForm,
    LengthForm,
    OfferForm,
    TreatmentForm,
    check_lengths,
)
from treatments.models import AddOn, InstructionKind, Option, Treatment, Visibility
from treatments.promises import ADD_ON, OPTION, diary
from treatments.selectors.instructions import approved_versions, instruction_steps
from treatments.services import catalogue as services

EDIT = "treatments.change_treatment"
PER_PAGE = 30
Thing = Treatment | Option | AddOn


@dataclass
class Editor:
    """The form of an offer and, of a treatment, those of its lengths, the empty one last."""

    form: OfferForm
    lengths: list[LengthForm]

    @property
    def offer(self) -> Treatment | AddOn:
        return cast(Treatment | AddOn, self.form.instance)

    @property
    def asked_lengths(self) -> list[LengthForm]:
        """Those that are there or were asked for."""
        return [form for form in self.lengths if not form.is_empty]

    def is_valid(self) -> bool:
        """Whether all of it can be saved; says beside each field why not."""
        check_lengths(self.asked_lengths)
        return self.form.is_valid() and all(form.is_valid() for form in self.asked_lengths)

    def save(self, user: User) -> None:
        """Store it. Raises CatalogueError."""
        typed = self.form.cleaned_data
        if isinstance(self.form, AddOnForm):
            services.save_add_on(
                user=user,
                add_on=self.form.instance,
                instructions=typed["instructions"],
                not_with=typed["not_with"],
                seen=typed["seen"],
                now=clock.now(),
            )
        else:
            services.save_treatment(
                user=user,
                treatment=self.form.instance,
                instructions=typed["instructions"],
                lengths=[form.instance for form in self.asked_lengths],
                seen=typed["seen"],
                now=clock.now(),
            )


@require_safe
@allowed(EDIT)
def index(request: HttpRequest) -> HttpResponse:
    """List what we offer, in the order in which clients find it."""
    treatments = list(Treatment.objects.prefetch_related("options"))
    context = {
        "treatments": treatments,
        "add_ons": list(AddOn.objects.all()),
        "without_length": [
            each.name
            for each in treatments
            if each.visibility == Visibility.PUBLIC
            and not any(option.is_active for option in each.options.all())
        ],
    }
    return staff_page(request, "catalogue/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDIT)
def treatment(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Edit a treatment with its lengths, or write a new one."""
    return _edit(request, treatment_editor(pk, _data(request)), "treatment")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDIT)
def add_on(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Edit an add-on, or write a new one."""
    return _edit(request, add_on_editor(pk, _data(request)), "add-on")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDIT)
@csp_replace({"frame-ancestors": [SELF]})
@xframe_options_sameorigin
def preview(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    """Show an offer as clients would see it, with what is typed in place of what is saved."""
    if kind not in {"treatment", "add-on"}:
        raise Http404
    make = treatment_editor if kind == "treatment" else add_on_editor
    editor = make(pk, _data(request))
    offer = editor.form.typed()
    versions = approved_versions(editor.form.chosen_texts())
    before, after = (
        instruction_steps(v for v in versions if v.instruction.kind == kind)
        for kind in (InstructionKind.PREP, InstructionKind.AFTERCARE)
    )
    minutes = sorted(
        value
        for form in editor.asked_lengths
        if (value := key_in(form["minutes"].value())) and form.instance.is_active
    )
    context = {
        "treatment": offer if kind == "treatment" else None,
        "add_on": offer if kind == "add-on" else None,
        "minutes": minutes,
        "before": before,
        "after": after,
        "is_typed": request.method == "POST",
        "count": len(editor.form.errors) if request.method == "POST" else 0,
    }
    return render(request, "catalogue/as_client.html", context)


@require_POST
@allowed(EDIT)
def move(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Put an offer one place up or down."""
    offer = _thing_or_404(kind, pk)
    if isinstance(offer, Option):
        raise Http404
    is_up = request.POST.get("way") == "up"
    services.move_offer(user=_user(request), offer=offer, is_up=is_up, now=clock.now())
    return see_other(f"{reverse('catalogue:index')}#{kind}-{pk}")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDIT)
def retire(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Show which visits retiring would touch, and retire."""
    thing, now = _thing_or_404(kind, pk), clock.now()
    if request.method == "POST":
        services.retire(user=_user(request), thing=thing, now=now)
        toasts.success(request, _("%(name)s is no longer offered.") % {"name": thing})
        return see_other(_page_of(thing))
    kind_asked, pks = _bookable(thing)
    context = {
        "thing": thing,
        "kind": kind,
        "back": _page_of(thing),
        "page": Paginator(diary().ahead(kind_asked, pks, now), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "change_url": diary().change_url(kind.replace("-", "_"), pk),
        "is_retired": _is_retired(thing),
    }
    return staff_page(request, "catalogue/retire.html", context)


@require_POST
@allowed(EDIT)
def offer_again(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Take a retirement back."""
    thing = _thing_or_404(kind, pk)
    to = request.POST.get("to", "")
    if to not in {Visibility.PUBLIC, Visibility.HIDDEN}:
        to = Visibility.HIDDEN
    services.offer_again(user=_user(request), thing=thing, to=to, now=clock.now())
    toasts.success(request, _("%(name)s is offered again.") % {"name": thing})
    return see_other(_page_of(thing))


def treatment_editor(pk: int | None, data: Any = None) -> Editor:
    """Return the form of the treatment `pk`, or of a new one. 3 queries, and what choices take."""
    found = get_object_or_404(Treatment, pk=pk) if pk else Treatment()
    options = list(found.options.all()) if pk else []
    sold = diary().sold(OPTION, [option.pk for option in options]) if options else set()
    form = TreatmentForm(
        data,
        instance=found,
        is_sold=bool(sold),
        initial={"seen": services.stamp_of(found)},
    )
    lengths = [
        LengthForm(data, instance=option, prefix=f"length-{option.pk}", is_sold=option.pk in sold)
        for option in options
    ]
    return Editor(form, [*lengths, LengthForm(data, instance=Option(), prefix="length-new")])


def add_on_editor(pk: int | None, data: Any = None) -> Editor:
    """Return the form of the add-on `pk`, or of a new one. 3 queries, and what choices take."""
    found = get_object_or_404(AddOn, pk=pk) if pk else AddOn()
    sold = diary().sold(ADD_ON, [found.pk]) if pk else set()
    initial = {"seen": services.stamp_of(found)}
    return Editor(AddOnForm(data, instance=found, is_sold=bool(sold), initial=initial), [])


def _edit(request: HttpRequest, editor: Editor, kind: str) -> HttpResponse:
    if request.method != "POST":
        return _page(request, editor, kind)
    if not editor.is_valid():
        return _page(request, editor, kind, status=422)
    try:
        editor.save(_user(request))
    except OfferChanged as refusal:
        data = request.POST.copy()
        stored = type(editor.offer)._default_manager.get(pk=editor.offer.pk)
        data["seen"] = services.stamp_of(stored)
        make = treatment_editor if kind == "treatment" else add_on_editor
        editor = make(stored.pk, data)
        differing = _differing(editor, stored)
        return _page(request, editor, kind, refusal=refusal, differing=differing, status=409)
    except CatalogueError as refusal:
        return _page(request, editor, kind, refusal=refusal, status=409)
    toasts.success(request, _("Saved. It counts from now on; what is booked keeps what it was."))
    return see_other(_page_of(editor.offer))


def _page(
    request: HttpRequest,
    editor: Editor,
    kind: str,
    *,
    refusal: CatalogueError | None = None,
    differing: Collection[tuple[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    offer = editor.offer
    names = {"kind": kind} | ({"pk": offer.pk} if offer.pk else {})
    context = {
        "form": editor.form,
        "lengths": editor.lengths,
        "offer": offer,
        "name": editor.form.initial.get("name", ""),
        "kind": kind,
        "is_retired": bool(offer.pk) and "visibility" not in editor.form.fields,
        "refusal": refusal,
        "differing": differing,
        "preview_url": reverse(
            "catalogue:preview" if offer.pk else "catalogue:preview_new", kwargs=names
        ),
    }
    return staff_page(request, "catalogue/offer.html", context, status=status)


def _differing(editor: Editor, stored: Treatment | AddOn) -> list[tuple[str, str]]:
    """What is stored by now where it is not what was typed: the field's label, and the value."""
    editor.form.is_valid()
    typed = editor.form.instance
    return [
        (str(editor.form.fields[name].label), _as_read(editor.form.fields[name], stored, name))
        for name in (*stored.texts(), "minutes", "figure", "areas")
        if name in editor.form.fields and getattr(typed, name) != getattr(stored, name)
    ]


def _as_read(field: Field, stored: Treatment | AddOn, name: str) -> str:
    """Return what is stored as the form calls it: choices by their labels, "–" for nothing."""
    value, words = getattr(stored, name), dict(getattr(field, "choices", ()))
    values = value if isinstance(value, list) else [value]
    return ", ".join(str(words.get(each, each)) for each in values) or "–"


def _thing_or_404(kind: str, pk: int) -> Thing:
    if kind == "treatment":
        return get_object_or_404(Treatment, pk=pk)
    if kind == "option":
        return get_object_or_404(Option, pk=pk)
    if kind == "add-on":
        return get_object_or_404(AddOn, pk=pk)
    raise Http404


def _bookable(thing: Thing) -> tuple[str, list[int]]:
    """What of `thing` a booking is made of: its kind and pks."""
    if isinstance(thing, Treatment):
        return OPTION, list(thing.options.values_list("pk", flat=True))
    return (OPTION if isinstance(thing, Option) else ADD_ON), [thing.pk]


def _is_retired(thing: Thing) -> bool:
    if isinstance(thing, Option):
        return not thing.is_active
    return thing.visibility == Visibility.RETIRED


def _page_of(thing: Thing) -> str:
    if isinstance(thing, AddOn):
        return reverse("catalogue:add_on", args=[thing.pk])
    pk = thing.treatment_id if isinstance(thing, Option) else thing.pk
    return reverse("catalogue:treatment", args=[pk])


def _data(request: HttpRequest) -> QueryDict | None:
    """What was typed; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
