"""A reading that was refused is kept, like an act that was refused."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from throughcare.events import chain
from throughcare.events.acting import refusal
from throughcare.web.faults import Refused


class KeepRefusals:
    """Stores the event of a refusal that no action has stored. What is shown of it is not decided here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        actor = getattr(request, "actor", None)
        if isinstance(error, Refused) and actor is not None and not error.kept:
            with transaction.atomic():
                chain.append([refusal(error, by=actor, at=timezone.now())])
            error.kept = True
