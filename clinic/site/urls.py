"""The public site, health, and the development mailbox."""

from django.urls import path

from clinic.site import catalogue, health, mailbox, views

app_name = "site"

urlpatterns = [
    path("", views.home, name="home"),
    path("first-free/", views.first_free, name="first_free"),
    path("treatments/", catalogue.treatments, name="treatments"),
    path("treatments/<slug:slug>/", catalogue.treatment, name="treatment"),
    path("what-to-expect/", views.what_to_expect, name="what_to_expect"),
    path("visit/", views.visit, name="visit"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("dev/mail/", mailbox.mailbox, name="mailbox"),
    path("dev/mail/<str:name>/", mailbox.mail, name="mail"),
    path("dev/mail/<str:name>/html/", mailbox.mail_html, name="mail_html"),
]
