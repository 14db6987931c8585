from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from clinic.places.models import Closure, Location, OpeningHours, PolicyVersion
from clinic.web import clock
from clinic.web.admin import AddOnly, ReadOnly


class OpeningHoursInline(AddOnly, admin.TabularInline):
    """The first hours of a new place. Later ones may touch visits: the schedule asks which."""

    model = OpeningHours
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_add_permission(request, obj)


@admin.register(Location)
class LocationAdmin(admin.ModelAdmin):
    list_display = ("name", "street", "city", "time_zone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "street", "city", "postal_code")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (OpeningHoursInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Hours, visits and prices go by its clock. Its page lists whom closing it touches."""
        if obj is None:
            return ()
        return ("time_zone", "is_active") if obj.is_active else ("time_zone",)


@admin.register(OpeningHours)
class OpeningHoursAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("location", "weekday", "opens_at", "closes_at")
    list_filter = ("location", "weekday")
    list_select_related = ("location",)
    search_fields = ("location__name",)


@admin.register(Closure)
class ClosureAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("reason", "location", "starts_on", "ends_on")
    list_filter = ("location",)
    list_select_related = ("location",)
    search_fields = ("reason", "location__name")
    date_hierarchy = "starts_on"
    ordering = ("-starts_on",)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(AddOnly, admin.ModelAdmin):
    """The rules of the clinic. A new version changes them from now on, for new bookings."""

    list_display = ("published_at", "location", "reason", "values", "published_by")
    list_filter = ("location",)
    list_select_related = ("location", "published_by")
    search_fields = ("reason", "location__name")
    date_hierarchy = "published_at"
    autocomplete_fields = ("location",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        written = ("location", "values", "reason")
        return written if obj is None else (*written, "published_at", "published_by")

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: bool) -> None:
        obj.published_at, obj.published_by = clock.now(), request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
