"""The log of the clinic, mounted at /staff/log/."""

from django.urls import path

from clinic.trail import views

app_name = "trail"

urlpatterns = [
    path("", views.log, name="log"),
    path("export/", views.export, name="export"),
]
