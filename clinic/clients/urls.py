"""What a client may hear from us."""

from django.urls import path

from clinic.clients import views

app_name = "clients"

urlpatterns = [
    path("preferences/<str:token>/", views.preferences, name="preferences"),
    path("preferences/<str:token>/stop/<slug:kind>/", views.unsubscribe, name="unsubscribe"),
]
