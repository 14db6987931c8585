from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic.web.admin import ReadOnly
from treatments.models import (
    AddOn,
    Instruction,
    InstructionVersion,
    Option,
    Price,
    PriceChange,
    PriceList,
    Treatment,
    Visibility,
)


class OfferAdmin(admin.ModelAdmin):
    """What treatments and add-ons share. What bookings took of it cannot change under them."""

    list_filter: ClassVar[Any] = ("visibility",)
    search_fields = ("code", "name", "summary")
    ordering = ("position", "code")
    prepopulated_fields = {"slug": ("name",)}
    filter_horizontal: ClassVar[Any] = ("instructions",)
    promised: ClassVar[Any] = ("device_needs",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        is_retired = obj.visibility == Visibility.RETIRED  # the schedule asks whom that touches
        return self.promised if is_retired else (*self.promised, "visibility")


@admin.register(Treatment)
class TreatmentAdmin(OfferAdmin):
    list_display = ("name", "code", "visibility", "is_consultation", "position")
    list_filter = ("visibility", "is_consultation")


@admin.register(AddOn)
class AddOnAdmin(OfferAdmin):
    list_display = ("name", "code", "minutes", "visibility", "position")
    filter_horizontal = ("instructions", "not_with")
    promised = ("device_needs", "minutes")


@admin.register(Option)
class OptionAdmin(admin.ModelAdmin):
    """Lengths of treatments. One that was sold keeps its minutes: add another, retire this."""

    list_display = ("treatment", "minutes", "buffer_minutes", "is_active")
    list_filter = ("is_active", "minutes")
    list_select_related = ("treatment",)
    search_fields = ("treatment__name", "=treatment__code", "=minutes")
    autocomplete_fields = ("treatment",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        promised = ("treatment", "minutes")
        return (*promised, "is_active") if obj.is_active else promised


@admin.register(Price)
class PriceAdmin(ReadOnly, admin.ModelAdmin):
    """What was published. A price is added, never changed, and not here."""

    list_display = (
        "offer",
        "amount",
        "price_list",
        "location",
        "effective_from",
        "published_at",
        "published_by",
    )
    list_filter = ("location", "price_list", ("amount", admin.EmptyFieldListFilter))
    list_select_related = (
        "option__treatment",
        "add_on",
        "price_list",
        "location",
        "published_by",
    )
    search_fields = (
        "option__treatment__name",
        "=option__treatment__code",
        "add_on__name",
        "price_list__name",
        "reason",
    )
    date_hierarchy = "effective_from"

    @admin.display(description=_("for"))
    def offer(self, price: Price) -> str:
        return str(price.option or price.add_on)


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnly, admin.ModelAdmin):
    """Prices that were published together, and drafts. The price desk writes them."""

    list_display = (
        "__str__",
        "effective_from",
        "made_by",
        "made_at",
        "published_at",
        "undone_at",
        "undone_by",
    )
    list_filter = (
        ("published_at", admin.EmptyFieldListFilter),
        ("undone_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("made_by", "undone_by")
    search_fields = ("reason", "made_by__full_name")
    date_hierarchy = "made_at"


@admin.register(PriceList)
class PriceListAdmin(admin.ModelAdmin):
    list_display = ("name",)
    list_filter = ("provider__is_active",)
    search_fields = ("name",)


@admin.register(Instruction)
class InstructionAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "kind", "position")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(InstructionVersion)
class InstructionVersionAdmin(ReadOnly, admin.ModelAdmin):
    """Wordings. They are written, and approved by the medical lead, in the workspace."""

    list_display = ("__str__", "short", "created_at", "handed_in_at", "approved_by", "approved_at")
    list_filter = ("instruction__kind", ("approved_at", admin.EmptyFieldListFilter))
    list_select_related = ("instruction", "approved_by")
    search_fields = ("instruction__code", "instruction__name", "short", "lines")
