"""Booking a visit, and looking at one that is booked."""

from django.urls import path

from booking.views import (
    calendars,
    care,
    changes,
    choosing,
    details,
    forms,
    holds,
    moving,
    times,
    visits,
)

app_name = "booking"

urlpatterns = [
    path("book/", choosing.start, name="start"),
    path("book/find/", choosing.find, name="find"),
    path("book/forget/", visits.forget, name="forget"),
    path("book/<slug:slug>/<int:minutes>/", times.times, name="times"),
    path("book/<slug:slug>/<int:minutes>/month/", times.month, name="month"),
    path("book/<slug:slug>/<int:minutes>/hold/", holds.hold, name="hold"),
    path("book/<slug:reference>/bar/", holds.bar, name="bar"),
    path("book/<slug:reference>/extend/", holds.extend, name="extend"),
    path("book/<slug:reference>/release/", holds.release, name="release"),
    path("book/<slug:reference>/expired/", holds.expired, name="expired"),
    path("book/<slug:reference>/again/", holds.again, name="again"),
    path("book/<slug:reference>/details/", details.details, name="details"),
    path("book/<slug:reference>/review/", details.review, name="review"),
    path("book/<slug:reference>/confirm/", details.confirm, name="confirm"),
    path("book/<slug:reference>/confirmed/", visits.confirmed, name="confirmed"),
    path("book/<slug:reference>/calendar.ics", visits.calendar_file, name="calendar"),
    path("visit/<slug:token>/", visits.manage, name="manage"),
    path("visit/<slug:token>/form/", forms.form, name="form"),
    path("visit/<slug:token>/move/", moving.move, name="move"),
    path("visit/<slug:token>/move/month/", moving.month, name="move_month"),
    path("visit/<slug:token>/move/what/", moving.what, name="move_what"),
    path("visit/<slug:token>/move/check/", moving.check, name="move_check"),
    path("visit/<slug:token>/move/to/", moving.move_to, name="move_to"),
    path("visit/<slug:token>/cancel/", changes.cancel, name="cancel"),
    path("visit/<slug:token>/undo/", changes.undo, name="undo"),
    path("visit/<slug:token>/rebook/", changes.rebook, name="rebook"),
    path("visit/<slug:token>/calendar.ics", visits.manage_calendar, name="manage_calendar"),
    path("visit/<slug:token>/calendar/", calendars.subscribe, name="subscribe"),
    path("visit/<slug:token>/calendar/open/", calendars.open_address, name="open_address"),
    path("visit/<slug:token>/calendar/close/", calendars.close_address, name="close_address"),
    path("visit/<slug:token>/prepare/", care.prepare, name="prepare"),
    path("visit/<slug:token>/prepare/read/", care.acknowledge, name="acknowledge"),
    path("visit/<slug:token>/opened/", care.opened, name="opened"),
    path("visit/<slug:token>/aftercare/", care.aftercare, name="aftercare"),
    path("visit/<slug:token>/check-in/", care.check_in, name="check_in"),
    path("visit/<slug:token>/check-in/answer/", care.answer, name="answer"),
    path("visit/<slug:token>/another/", visits.another, name="another"),
    path("calendar/<slug:token>.ics", calendars.feed, name="feed"),
]
