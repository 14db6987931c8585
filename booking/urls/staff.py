"""The workspace of the staff, mounted at /staff/."""

from django.urls import path

from booking.views.staff import (
    alerts,
    calendar,
    calendars,
    carrying,
    fees,
    frame,
    messages,
    moving,
    people,
    places,
    previews,
    resizing,
    visits,
)

app_name = "staff"
PREVIEW = "visits/<slug:reference>/preview/<slug:slug>/<slug:channel>"

urlpatterns = [
    path("", frame.home, name="home"),
    path("clinic/", frame.clinic, name="clinic"),
    path("day/", calendar.day, name="day"),
    path("week/", calendar.week, name="week"),
    path("find/", frame.find, name="find"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/done/", alerts.done, name="done"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/address/<int:pk>/", calendars.open_address, name="open_address"),
    path("calendars/address/<int:pk>/end/", calendars.close_address, name="close_address"),
    path("calendars/<int:pk>/look/", calendars.look, name="calendar_look"),
    path("calendars/<int:pk>/pause/", calendars.pause, name="calendar_pause"),
    path("calendars/<int:pk>/resume/", calendars.resume, name="calendar_resume"),
    path("calendars/<int:pk>/remove/", calendars.remove, name="calendar_remove"),
    path("messages/", messages.messages, name="messages"),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/retry/", messages.retry, name="retry"),
    path("messages/<int:pk>/void/", messages.void, name="void"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/accounts/<int:pk>/", people.account, name="account"),
    path("people/invitations/<int:pk>/take-back/", people.uninvite, name="uninvite"),
    path("people/<slug:slug>/", people.person, name="person"),
    path("places/", places.places, name="places"),
    path("places/new/", places.new_place, name="new_place"),
    path("places/things/<int:pk>/name/", places.rename, name="rename"),
    path("places/<slug:slug>/", places.place, name="place"),
    path("places/<slug:slug>/address/", places.address, name="address"),
    path("visits/<slug:reference>/", visits.visit, name="visit"),
    path("visits/<slug:reference>/move/", moving.move, name="move"),
    path("visits/<slug:reference>/length/", resizing.resize, name="resize"),
    path("visits/<slug:reference>/pick-up/", carrying.pick_up, name="pick_up"),
    path("visits/<slug:reference>/put-back/", carrying.put_back, name="put_back"),
    path("visits/<slug:reference>/undo/", moving.undo, name="undo"),
    path("visits/<slug:reference>/waive/", fees.waive, name="waive"),
    path("visits/<slug:reference>/preview/", previews.previews, name="previews"),
    path(f"{PREVIEW}/", previews.preview, name="preview"),
    path(f"{PREVIEW}/html/", previews.html, name="preview_html"),
    path(f"{PREVIEW}/test/", previews.test, name="test"),
]
