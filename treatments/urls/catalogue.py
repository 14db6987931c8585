"""The catalogue and the texts, mounted at /staff/catalogue/."""

from django.urls import path

from treatments.views import catalogue, instructions

app_name = "catalogue"

urlpatterns = [
    path("", catalogue.index, name="index"),
    path("treatments/new/", catalogue.treatment, name="new_treatment"),
    path("treatments/<int:pk>/", catalogue.treatment, name="treatment"),
    path("add-ons/new/", catalogue.add_on, name="new_add_on"),
    path("add-ons/<int:pk>/", catalogue.add_on, name="add_on"),
    path("texts/", instructions.texts, name="texts"),
    path("texts/new/", instructions.new, name="new_text"),
    path("texts/<int:pk>/", instructions.text, name="text"),
    path("texts/<int:pk>/write/", instructions.write, name="write"),
    path("texts/<int:pk>/preview/", instructions.preview, name="preview_text"),
    path("versions/<int:pk>/", instructions.version, name="version"),
    path("versions/<int:pk>/visits/", instructions.visits, name="visits"),
    path("versions/<int:pk>/hand-in/", instructions.hand_in, name="hand_in"),
    path("versions/<int:pk>/take-back/", instructions.take_back, name="take_back"),
    path("versions/<int:pk>/approve/", instructions.approve, name="approve"),
    path("versions/<int:pk>/send-back/", instructions.send_back, name="send_back"),
    path("versions/<int:pk>/discard/", instructions.discard, name="discard"),
    path("<slug:kind>/preview/", catalogue.preview, name="preview_new"),
    path("<slug:kind>/<int:pk>/preview/", catalogue.preview, name="preview"),
    path("<slug:kind>/<int:pk>/move/", catalogue.move, name="move"),
    path("<slug:kind>/<int:pk>/retire/", catalogue.retire, name="retire"),
    path("<slug:kind>/<int:pk>/again/", catalogue.offer_again, name="again"),
]
