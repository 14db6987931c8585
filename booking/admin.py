"""The diary in the admin: to be looked at. What changes it are the services."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from booking.errors import BookingError
from booking.models import (
    Alert,
    Allocation,
    Booking,
    BookingEvent,
    BookingLine,
    Device,
    Draft,
    ExtraOpening,
    Feed,
    OutsideBusy,
    OutsideCalendar,
    Provider,
    Reading,
    Resource,
    Room,
    ScheduleChange,
    SkinCheck,
    TimeOff,
    TouchedVisit,
    WorkingHours,
)
from booking.services import schedule
from clinic.accounts.models import User
from clinic.web import clock
from clinic.web.admin import ReadOnly

# Who, what and where


@admin.register(Resource)
class ResourceAdmin(ReadOnly, admin.ModelAdmin):
    """All that is in one place at a time; edited as provider, room or device."""

    list_display = ("name", "kind", "location", "is_active")
    list_filter = ("kind", "location", "is_active")
    list_select_related = ("location",)
    search_fields = ("name",)


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):
    list_display = ("name", "title", "user", "price_list", "is_active", "position")
    list_filter = ("is_active",)
    list_select_related = ("user", "price_list")
    search_fields = ("name", "title", "user__email")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("user", "price_list")
    filter_horizontal = ("treatments", "add_ons")
    exclude = ("location",)  # a provider's hours name the place

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("is_active",) if obj and obj.is_active else ()  # who leaves does by the schedule


class FixtureAdmin(admin.ModelAdmin):
    """What stands in one place. Bookings were promised it there: elsewhere it is another one.

    What is no longer used is taken out of use by the schedule, which lists whom that touches.
    """

    promised: ClassVar[Any] = ("location",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        return (*self.promised, "is_active") if obj.is_active else self.promised


@admin.register(Room)
class RoomAdmin(FixtureAdmin):
    list_display = ("name", "location", "is_active")
    list_filter = ("location", "is_active")
    list_select_related = ("location",)
    search_fields = ("name", "location__name")
    autocomplete_fields = ("location",)
    ordering = ("location", "name")


@admin.register(Device)
class DeviceAdmin(FixtureAdmin):
    promised = ("location", "device_kind")
    list_display = ("name", "device_kind", "location", "is_active")
    list_filter = ("device_kind", "location", "is_active")
    list_select_related = ("location",)
    search_fields = ("name", "location__name")
    autocomplete_fields = ("location",)
    ordering = ("location", "device_kind", "name")


# When


class ServiceForm(forms.ModelForm):
    """A form whose service writes while it is checked: a refusal stands beside what was typed.

    The admin checks and saves within one transaction. For pages without inlines, whose mistakes
    would be found too late.
    """

    write: Callable[[], Model]  # lets the service write what was typed, and returns the row

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        if self.errors:
            return
        try:
            self.instance = self.write()
        except ValidationError as error:
            self.add_error(None, error)
        except BookingError as error:
            self.add_error(None, str(error.message))


class ServiceAdmin(admin.ModelAdmin):
    """Rows that a service writes and removes; what it refuses is said, and nothing is changed."""

    remove: Callable[[Any], None]  # lets the service take a row away

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing is left to do: the form has had it written."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.remove(row)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = super().delete_view
        return self._or_say_why_not(request, lambda: view(request, *args, **kwargs))

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        act = super().response_action
        return self._or_say_why_not(request, lambda: act(request, *args, **kwargs))

    def _or_say_why_not(self, request: HttpRequest, answer: Callable[[], Any]) -> Any:
        """Answer in one transaction, the admin's own log included, or go back with a sentence."""
        try:
            with transaction.atomic():
                return answer()
        except BookingError as error:
            self.message_user(request, str(error.message), messages.WARNING)
            return redirect(request.get_full_path())


class StretchForm(ServiceForm):
    def write(self) -> Model:
        schedule.save_stretch(hours=self.instance, now=clock.now())
        return self.instance


class StretchAdmin(ServiceAdmin):
    form = StretchForm
    list_select_related: ClassVar[Any] = ("provider", "location")
    search_fields = ("provider__name", "location__name")
    autocomplete_fields = ("provider", "location")

    def remove(self, row: WorkingHours | ExtraOpening) -> None:
        schedule.remove_stretch(hours=row, now=clock.now())


@admin.register(WorkingHours)
class WorkingHoursAdmin(StretchAdmin):
    list_display = (
        "provider",
        "location",
        "weekday",
        "starts_at",
        "ends_at",
        "every_weeks",
        "valid_from",
        "valid_until",
    )
    list_filter = ("location", "weekday", "every_weeks")


@admin.register(ExtraOpening)
class ExtraOpeningAdmin(StretchAdmin):
    list_display = ("provider", "location", "day", "starts_at", "ends_at")
    list_filter = ("location",)
    date_hierarchy = "day"


class TimeOffForm(ServiceForm):
    user: User  # who is typing

    def write(self) -> Model:
        return schedule.add_time_off(**self.cleaned_data, user=self.user, now=clock.now())


@admin.register(TimeOff)
class TimeOffAdmin(ServiceAdmin):
    """Added and taken back by the services, which keep visits out of it; never changed."""

    form = TimeOffForm
    list_display = ("resource", "starts_at", "ends_at", "reason", "created_by")
    list_filter = ("resource__kind",)
    list_select_related = ("resource", "created_by")
    search_fields = ("resource__name", "reason")
    date_hierarchy = "starts_at"
    autocomplete_fields = ("resource",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        written = ("resource", "starts_at", "ends_at", "reason")
        return written if obj is None else (*written, "created_by")

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)  # a class of this request's own
        cast(type[TimeOffForm], form).user = cast(User, request.user)
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def remove(self, row: TimeOff) -> None:
        schedule.remove_time_off(time_off=row)


@admin.register(ScheduleChange)
class ScheduleChangeAdmin(ReadOnly, admin.ModelAdmin):
    """Made, decided and taken back on the pages of the schedule."""

    list_display = ("says", "kind", "state", "asked_by", "asked_at", "in_force_at")
    list_filter = ("kind", "state", "location")
    list_select_related = ("asked_by",)
    search_fields = ("says", "resource__name")
    date_hierarchy = "asked_at"
    show_full_result_count = False


@admin.register(TouchedVisit)
class TouchedVisitAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("booking", "change", "decision", "decided_by", "decided_at")
    list_filter = ("decision",)
    list_select_related = ("booking", "change", "decided_by")
    search_fields = ("=booking__reference", "change__says")
    date_hierarchy = "decided_at"
    ordering = ("-change", "booking")
    show_full_result_count = False


# Calendars: secret addresses are shown to their owners, and to nobody here


@admin.register(Feed)
class FeedAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("created_at", "client", "resource", "revoked_at")
    list_select_related = ("client", "resource")
    search_fields = ("client__name", "resource__name")
    date_hierarchy = "created_at"
    show_full_result_count = False


@admin.register(OutsideCalendar)
class OutsideCalendarAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("provider", "short_address", "is_active", "succeeded_at", "trouble")
    list_filter = ("is_active", "trouble")
    list_select_related = ("provider",)
    search_fields = ("provider__name",)
    fields = ("provider", "short_address", "is_active", "added_at", "tried_at", "succeeded_at")
    readonly_fields = fields


@admin.register(OutsideBusy)
class OutsideBusyAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("resource", "starts_at", "ends_at", "calendar")
    list_select_related = ("resource", "calendar")
    search_fields = ("resource__name",)
    date_hierarchy = "starts_at"
    show_full_result_count = False


# What is kept and promised


class LineInline(ReadOnly, admin.TabularInline):
    model = BookingLine
    extra = 0


class EventInline(ReadOnly, admin.TabularInline):
    model = BookingEvent
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingEvent]:
        return super().get_queryset(request).select_related("user")


class AllocationInline(ReadOnly, admin.TabularInline):
    model = Allocation
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allocation]:
        return super().get_queryset(request).select_related("resource")


@admin.register(Booking)
class BookingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "reference",
        "status",
        "starts_at",
        "client",
        "provider",
        "option",
        "location",
        "price",
    )
    list_filter = ("status", "location", "provider")
    list_select_related = ("client", "provider", "option__treatment", "location")
    search_fields = ("=reference", "client__name", "client__email")
    date_hierarchy = "starts_at"
    ordering = ("-starts_at", "-pk")
    inlines = (LineInline, AllocationInline, EventInline)
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("reference", *super().get_fields(request, obj))


@admin.register(BookingLine)
class BookingLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("booking", "position", "code", "name", "amount")
    list_filter = ("code",)
    list_select_related = ("booking",)
    search_fields = ("=booking__reference", "=code", "name")
    ordering = ("-booking", "position")
    show_full_result_count = False


@admin.register(BookingEvent)
class BookingEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "booking", "what", "by", "user", "reason")
    list_filter = ("what", "by")
    list_select_related = ("booking", "user")
    search_fields = ("=booking__reference", "what", "reason")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    show_full_result_count = False


@admin.register(Allocation)
class AllocationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("resource", "starts_at", "ends_at", "booking")
    list_filter = ("resource__kind",)
    list_select_related = ("resource", "booking")
    search_fields = ("=booking__reference", "resource__name")
    date_hierarchy = "starts_at"
    ordering = ("-starts_at", "resource")
    show_full_result_count = False


@admin.register(Draft)
class DraftAdmin(ReadOnly, admin.ModelAdmin):
    """That somebody is typing, not what: it is theirs until they confirm."""

    list_display = ("visitor", "updated_at")
    fields = ("visitor", "updated_at")
    search_fields = ("=visitor",)
    date_hierarchy = "updated_at"


# Care


class CareAdmin(ReadOnly, admin.ModelAdmin):
    """What clients said of preparation and aftercare, and what came of it."""

    list_select_related: ClassVar[Any] = ("booking",)
    search_fields = ("=booking__reference",)
    show_full_result_count = False


@admin.register(Reading)
class ReadingAdmin(CareAdmin):
    list_display = ("booking", "page", "opened_at", "acknowledged_at")
    list_filter = ("page",)
    date_hierarchy = "opened_at"
    ordering = ("-opened_at", "-pk")


@admin.register(SkinCheck)
class SkinCheckAdmin(CareAdmin):
    list_display = ("booking", "needs_call", "answered_at")
    list_filter = ("needs_call",)
    date_hierarchy = "answered_at"
    ordering = ("-answered_at", "-pk")


@admin.register(Alert)
class AlertAdmin(CareAdmin):
    list_display = ("booking", "kind", "detail", "raised_at", "seen_at", "seen_by")
    list_filter = ("kind",)
    list_select_related = ("booking", "seen_by")
    date_hierarchy = "raised_at"
