from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "throughcare.web"
