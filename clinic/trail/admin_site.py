"""Django's admin, in which nothing is changed without an entry in the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from clinic.web import clock

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry

CHANGED = "changed"  # instead of a value that may be about a person
TOLD = (
    models.BooleanField,
    models.DateField,
    models.DecimalField,
    models.DurationField,
    models.FloatField,
    models.IntegerField,
    models.TimeField,
)


class NotingAdmin(AdminConfig):
    """The admin as an installed app."""

    default_site = "clinic.trail.admin_site.NotingSite"


class NotingSite(admin.AdminSite):
    """An admin site whose every page, ours and those of packages, notes what it changes."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        given = admin_class or admin.ModelAdmin
        bases = (Noting,) if given is admin.ModelAdmin else (Noting, given)
        super().register(model_or_iterable, type(given.__name__, bases, {}), **options)


class Noting(admin.ModelAdmin):
    """Notes what is added, changed and deleted, beside Django's own history."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        request.noted_facts = facts_of(form, formsets or (), is_new=add)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        self._note(request, "admin.added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        self._note(request, "admin.changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for row in queryset:
            self._note(request, "admin.deleted", row)
        return super().log_deletions(request, queryset)

    def _note(self, request: HttpRequest, what: str, row: Model) -> None:
        from clinic.trail.services import note  # models are not loaded when apps are

        facts = getattr(request, "noted_facts", {})
        subject = f"{row._meta.model_name}:{row.pk}"
        note(user_id=request.user.pk, what=what, subject=subject, now=clock.now(), **facts)


def facts_of(form: Any, formsets: Iterable[Any], *, is_new: bool) -> dict[str, Any]:
    """Return what a form of the admin changed: [before, after] by field, or that it changed.

    Of a new row, what it begins with. Rows within the page are named by their primary keys.
    """
    facts: dict[str, Any] = {}
    model = form._meta.model if hasattr(form, "_meta") else None  # a new password has no model
    for name in form.changed_data:
        before, after = form.initial.get(name), form.cleaned_data.get(name)
        if model is None or not _is_told(model, name):
            facts[name] = CHANGED
        elif is_new:
            facts[name] = _value(after)
        else:
            facts[name] = [_value(before), _value(after)]
    for formset in formsets:
        inside = formset.model._meta.model_name
        rows = {
            "added": formset.new_objects,
            "changed": [row for row, _fields in formset.changed_objects],
            "deleted": formset.deleted_objects,
        }
        facts |= {f"{inside}.{how}": [row.pk for row in some] for how, some in rows.items() if some}
    return facts


def _is_told(model: type[Model], name: str) -> bool:
    """Whether values of that field are numbers, dates, choices or rows, and so say no name."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    if field.is_relation:
        return True
    return isinstance(field, TOLD) or (isinstance(field, Field) and bool(field.choices))


def _value(value: Any) -> Any:
    """Return a value of a form with rows as their primary keys."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, QuerySet | list | tuple):
        return [_value(each) for each in value]
    return value
