from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "throughcare.messages"
    label = "outbox"  # Django's own "messages" holds the plain name
