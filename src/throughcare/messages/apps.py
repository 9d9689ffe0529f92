from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "throughcare.messages"
    label = "outbox"  # Django's own "messages" holds the plain name

    def ready(self) -> None:
        from throughcare.messages import email

        email.wording(email.INSTANT, email.write_instant)
