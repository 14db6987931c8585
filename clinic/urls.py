"""Every address of the clinic's site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from clinic.accounts.views import sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", sign_in),  # before the admin's own, whose name it answers to
    path("admin/", admin.site.urls),
    path("staff/", include("booking.urls.staff")),
    path("", include("booking.urls")),
    path("", include("clinic.clients.urls")),
    path("", include("clinic.site.urls")),
]

handler400 = "clinic.site.views.bad_request"
