"""One log line for each request, and pages for refused acts."""

import logging
import time
import uuid
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from throughcare.web import logs
from throughcare.web.faults import Refused

logger = logging.getLogger("throughcare.web")


class RequestLog:
    """Logs each request without anything that could identify a person, and keeps pages out of every cache.

    The route is logged rather than the path, because a path or query may hold an identifier or a name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Where an error came from, without its message: that may quote what somebody typed."""
        if not isinstance(error, Refused | Http404 | PermissionDenied):
            logger.error("failed", extra=logs.of_error(error))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        began = time.perf_counter()
        if (request.content_params or {}).get("charset", "utf-8").lower() != "utf-8":
            return HttpResponse("WB-400 Forms are read as UTF-8 only.", status=400, content_type="text/plain")
        response = self.get_response(request)
        actor = getattr(request, "actor", None)
        logger.info(
            "request",
            extra={
                "request_id": request.request_id,  # type: ignore[attr-defined]
                "method": request.method,
                "route": request.resolver_match.route if request.resolver_match else None,
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
                "user": getattr(actor, "user", None),
                "service": getattr(actor, "service", None),
            },
        )
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        response["Cache-Control"] = "no-store"
        return response


class Refusals:
    """Answers a refused act with its numbered faults: a page, or JSON for a client that prefers it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            faults = [vars(fault) for fault in exception.faults]
            return JsonResponse({"faults": faults}, status=exception.status)
        return render(request, "web/refused.html", {"faults": exception.faults}, status=exception.status)
