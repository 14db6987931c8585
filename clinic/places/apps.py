from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "clinic.places"
