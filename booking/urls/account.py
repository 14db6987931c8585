"""The client area. How one signs in is looked after in `clinic.accounts`."""

from django.urls import path

from booking.views.account import details, frame, privacy, visits

app_name = "account"

urlpatterns = [
    path("account/", visits.home, name="home"),
    path("account/switch/", frame.switch, name="switch"),
    path("account/visits/<slug:reference>/", visits.visit, name="visit"),
    path("account/visits/<slug:reference>/aftercare/", visits.aftercare, name="aftercare"),
    path("account/visits/<slug:reference>/again/", visits.again, name="again"),
    path("account/details/", details.details, name="details"),
    path("account/messages/", details.preferences, name="messages"),
    path("account/calendar/", details.calendar, name="calendar"),
    path("account/calendar/open/", details.open_address, name="open_address"),
    path("account/calendar/close/", details.close_address, name="close_address"),
    path("account/privacy/", privacy.privacy, name="privacy"),
    path("account/privacy/everything/", privacy.everything, name="everything"),
    path("account/privacy/everything.json", privacy.everything_file, name="everything_file"),
    path("account/privacy/erase/", privacy.erase, name="erase"),
    path("account/close/", privacy.close, name="close"),
    path("account/goodbye/", frame.goodbye, name="goodbye"),
]
