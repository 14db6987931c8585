"""The rules of the clinic, mounted at /staff/policies/."""

from django.urls import path

from clinic.places import views

app_name = "places"

urlpatterns = [
    path("", views.policies, name="policies"),
    path("history/", views.history, name="history"),
    path("change/", views.change, name="change"),
    path("change/<slug:slug>/", views.change, name="change_place"),
]
