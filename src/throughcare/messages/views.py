"""Messages on Today, and the progress of long work."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from throughcare.messages import jobs, outbox
from throughcare.messages.models import Job
from throughcare.organisations.requests import Request
from throughcare.web.faults import Fault, NotAllowed


@require_POST
def put_away(request: Request, message: int) -> HttpResponse:
    """Take a message off Today for the whole service."""
    outbox.put_away(by=request.actor, at=timezone.now(), message=message)
    return redirect("today")


def job(request: Request, job: int) -> HttpResponse:
    """How far a job has come, for the service that asked for it; with a button to cancel it."""
    found = Job.objects.filter(pk=job, asked_for=request.actor.service).first()
    if found is None:
        raise NotAllowed(Fault("JB-103", "", "There is no job here that your service asked for.", "Check the address."))
    if request.method == "POST":
        jobs.cancel(by=request.actor, at=timezone.now(), job=job)
        return redirect("job", job=job)
    return render(request, "outbox/job.html", {"job": found})
