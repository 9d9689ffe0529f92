from django.apps import AppConfig
from django.urls import register_converter


class WebConfig(AppConfig):
    name = "throughcare.web"

    def ready(self) -> None:
        from throughcare.web.converters import IdConverter

        register_converter(IdConverter, "id")
