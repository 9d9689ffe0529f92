"""The health page: for a monitor, and for the bar that says when the worker is late. No personal data."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from throughcare.events import chain
from throughcare.messages import email
from throughcare.processes.health import health, is_late, last_sweep
from throughcare.web.shell import Banner


@login_not_required
def health_view(request: HttpRequest) -> JsonResponse:
    """200 when sweep, messages and e-mail are recent, 503 when one is late; with the ages and the published head."""
    now, state = timezone.now(), health()
    mail, heads = email.health(now), chain.published()
    late = state.sweep_is_late(now) or state.messages_are_late(now) or mail.is_late(now)
    body = {
        "ok": not late,
        "last_sweep_seconds_ago": round((now - state.last_sweep).total_seconds()) if state.last_sweep else None,
        "oldest_message_seconds": round((now - state.oldest_message).total_seconds()) if state.oldest_message else None,
        "email_set_up": mail.set_up,
        "oldest_email_seconds": round((now - mail.oldest_unsent).total_seconds()) if mail.oldest_unsent else None,
        "emails_held": mail.held,
        "published_head": heads[-1] if heads else None,
    }
    return JsonResponse(body, status=503 if late else 200)


def late_banner(request: HttpRequest) -> Banner | None:
    """Says on Today that deadlines are not being swept: nobody may take an old page for a quiet day."""
    if request.path != "/" or not getattr(request, "actor", None):
        return None
    now, swept_at = timezone.now(), last_sweep()
    if not is_late(swept_at, now):
        return None
    if swept_at is None:
        return Banner("Deadlines have not been swept yet: what is late may not be marked.", "risk")
    minutes = int((now - swept_at).total_seconds() // 60)
    return Banner(f"Deadlines were last swept {minutes} minutes ago: what is late since may not be marked.", "risk")
