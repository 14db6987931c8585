"""Every address of the clinic's site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from clinic.accounts.views import admin_sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", admin_sign_in),  # before the admin's own, whose name it answers to
    path("admin/", admin.site.urls),
    path("staff/policies/", include("clinic.places.urls")),
    path("staff/catalogue/", include("treatments.urls.catalogue")),
    path("staff/prices/", include("treatments.urls.prices")),
    path("staff/log/", include("clinic.trail.urls")),
    path("staff/", include("booking.urls.staff")),
    path("", include("clinic.accounts.urls")),
    path("", include("booking.urls.account")),
    path("", include("booking.urls")),
    path("", include("clinic.clients.urls")),
    path("", include("clinic.messaging.urls")),
    path("", include("clinic.site.urls")),
]

handler400 = "clinic.site.views.bad_request"
handler429 = "clinic.accounts.tries.too_many"  # allauth's own limits are about signing in
