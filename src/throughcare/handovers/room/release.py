"""What the engine asks of releases: who takes part in which role, what follows from what is known, what else moves."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.timezone import localdate

from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import custody, happened, unasked
from throughcare.handovers.models import HandOver, Release
from throughcare.handovers.process.hand_over import TAKEN_ON, TO_ANSWER
from throughcare.handovers.process.release import (
    DATED,
    EMERGENCY,
    HELD,
    LEGAL_STATUS,
    OF_THE_PRISON,
    RELEASE,
    RELEASED,
    ROUTES,
)
from throughcare.handovers.queries.release import known_of, left_at, moves_of
from throughcare.handovers.queries.services import home_area_service, in_role
from throughcare.handovers.rules.release import (
    FURTHEST,
    NOT_NEEDED,
    READY,
    Item,
    friday_rule,
    gap_days,
    impossible,
    readiness,
)
from throughcare.messages import email, outbox
from throughcare.organisations.models import Service
from throughcare.organisations.queries import receiving_services
from throughcare.people import actions as people
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.processes.table import NOT_KNOWN, SENDER, Facts, as_text
from throughcare.processes.table import SYSTEM as SYSTEM_ROLE
from throughcare.reference.areas import area_name, is_area
from throughcare.reference.calendar import LONDON
from throughcare.reference.roles import roles, works_with_people
from throughcare.reference.sharing import Access, rules_for
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import Sight, sight
from throughcare.web.faults import Fault, NotAllowed
from throughcare.web.parts import Row
from throughcare.web.wording import day, moment

OF_THE_RECEIVER = ("keyworker", "clinician", "service_manager", "cj_drug_worker", "receiving_service", "receiver")
OF_THE_AREA = ("responsible_officer", "reconnect", "hjpc", "housing_worker", "peer_mentor", "liaison_diversion")
TAKING_PART = frozenset(filter(works_with_people, (role for step in RELEASE.steps for role in step.roles)))
STILL_OURS = timedelta(days=21)
"""How long the prison's teams may still act on somebody who left unplanned, or whom no service was found for."""

WORDS = {
    "set_release_date": ("Set the release date", "Everybody with a hand-over reads the same date."),
    "change_release_date": (
        "Change or cancel the release date",
        "The receiving service is told at once. What is ready is looked at again for the new date.",
    ),
    "identify_needs": ("Record needs and area of return", ""),
    "send_community_referral": (
        "Send a referral to the community",
        "A hand-over is written and sent to the service you choose, unless one stands already.",
    ),
    "reroute_referral": ("Send the referral elsewhere", "A hand-over is sent to the service you choose."),
    "schedule_appointment": ("Record the first appointment", "The prison team is told."),
    "report_not_yet_scheduled": ("No appointment yet", "Probation is told."),
    "hold_video_appointment": ("Record the video appointment", ""),
    "notify_probation": ("Tell probation", "Probation is told that a referral and an appointment exist, nothing more."),
    "complete_pack": ("Everything is ready for release", ""),
    "report_released": (
        "Left: released as planned",
        "The stay ends. The receiving service is told, and the days are counted from this moment.",
    ),
    "report_released_unplanned": (
        "Left: released unplanned",
        "The stay ends. Where no service has been asked, the treatment service of the home area is asked at once.",
    ),
    "open_emergency_handover": ("Record the emergency call", "The receiving service is told."),
    "confirm_emergency_contact": ("Record that the person was reached", ""),
    "report_first_attended": (
        "Record that they came",
        "The sender is told, and that they were not seen no longer stands.",
    ),
    "report_first_missed": ("Record that they did not come", "Probation and RECONNECT are told. Look for them today."),
    "start_outreach": ("Start looking for the person", ""),
    "record_structured_start": (
        "Record the start of structured treatment",
        "This alone counts for the national measure.",
    ),
    "report_contact": ("Record a contact", ""),
    "close_not_engaged": ("Close: not engaged", "The sender and probation are told. The deadlines end."),
    "report_recalled": ("Recalled to custody", "The receiving service is told."),
    "refer_to_reconnect": ("Refer to RECONNECT", "A hand-over is sent to the RECONNECT service of the area."),
    "start_reconnect_support": ("RECONNECT support began", ""),
    "close_reconnect": ("End RECONNECT support", "The prison team is told."),
    "plan_supply": ("Plan the supply of medicine", ""),
    "report_dispensed": ("Record what was dispensed", ""),
    "close_script_gap": ("Close the gap in the supply", "The prison team is told."),
    "report_first_dose": ("Record the first dose in the community", "The sender is told."),
    "report_no_accommodation": ("Nowhere to sleep on the first night", "Housing and probation are told."),
    "move_appointment_to_person": ("Move the appointment to where the person is", ""),
    "record_housed": ("Record where the person lives now", ""),
    "record_probation_outcome": ("Record the outcome for probation", ""),
}


class Releases:
    """The room behind `release`."""

    process = RELEASE
    checked_before: frozenset[str] = frozenset()
    home = ("All releases", "releases")

    def with_parties(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        return cases.select_related("release__stay__site", "record").prefetch_related(Prefetch("strands"))

    def roles_of(self, case: Case, actor: Actor) -> frozenset[str]:
        """The actor's own role, where the table has an act for it and the actor's service has a part in this release.

        The part: it covers the prison, took the person on, owes something of it in the area, or may read of this
        release by the access rule. All but the last hold without a release date too: those on remand have none, and
        treatment may start after 21 days.
        """
        if actor == SYSTEM:
            return frozenset({SYSTEM_ROLE})
        row = rules_for(actor.role, localdate()).get("release_details")
        if actor.role not in TAKING_PART or row is None:
            return frozenset()
        state = state_of(case)
        if "while_in_custody" in row.conditions:
            if state not in (*HELD, *EMERGENCY) and self.service_of(case, "receiver") is not None:
                return frozenset()
            if Service.objects.filter(Q(pk=actor.service), sites=case.release.stay.site_id).exists():
                return frozenset({actor.role})
        elif actor.role in OF_THE_RECEIVER and actor.service == self.service_of(case, "receiver"):
            return frozenset({actor.role})
        owed = case.dues.filter(owner=actor.service, met_at=None, replaced_at=None)
        if actor.role in OF_THE_AREA and owed.exists():
            return frozenset({actor.role})
        try:
            seen = sight(actor, case.person_id, timezone.now())
        except NotAllowed:
            return frozenset()
        return frozenset({actor.role}) if seen.reads("release_details") else frozenset()

    def knows_others(self, roles: frozenset[str]) -> bool:
        """Whoever reads a summary of releases learns that a referral exists, and not with whom."""
        tables = [rules_for(role, localdate()).get("release_details") for role in roles]
        return roles == {SYSTEM_ROLE} or any(row and row.access is Access.SEE for row in tables)

    def service_of(self, case: Case, role: str) -> int | None:
        if role in OF_THE_PRISON:
            return _of_the_site(case, role)
        if role in OF_THE_RECEIVER:
            found = standing_hand_over(case, states=(*TAKEN_ON, "closed")) or standing_hand_over(case)
            return found.receiver_id if found else None
        if role in OF_THE_AREA:
            return in_role(case.record.area, role)
        return None

    def owners(self, case: Case) -> list[int]:
        """The prison until the person has left; and whoever has taken them on or is asked to."""
        asked = [self.service_of(case, role) for role in (SENDER, "receiver")]
        return [service for service in dict.fromkeys(asked) if service is not None]

    def derived(self, case: Case, code: str, given: Facts, actor: Actor, at: datetime) -> object | None:
        release, text = case.release, {name: as_text(value) for name, value in given.items()}
        match code:
            case "attended":
                return "no" if text.get("appointment_date") else "yes"
            case "attended_date":
                return text.get("contact_date")
            case "structured_start_date":
                return text.get("treatment_start_date")
            case "coded_reason":
                return text.get("decline_reason")
            case "late_entry_reason":
                return text.get("entered_late_because") or text.get("heard_from")
            case "days_since_release" if release.left_at:
                started = parse_date(text.get("structured_start_date") or text.get("treatment_start_date") or "")
                return str(((started or localdate(at)) - localdate(release.left_at)).days)
            case "area_of_return":
                return case.record.area or None
            case "referral_date":
                found = standing_hand_over(case)
                return localdate(found.sent_at).isoformat() if found and found.sent_at else None
            case "referral_exists":
                return "yes" if standing_hand_over(case) else "no"
            case "age" if case.record.date_of_birth:
                return str(_years(case.record.date_of_birth, localdate(at)))
            case "script_end_minus_first_appointment_days":
                return _margin(case, at)
            case "naloxone" | "medicines" | "identity_document" | "accommodation_checked":
                said = known_of([case.release], at)[case.pk].said
                state, _ = said.get({"accommodation_checked": "first_night"}.get(code, code), ("", ""))
                return state if state in (READY, NOT_NEEDED) else None
            case "bridging_prescription":
                cover = next(item for item in _items(case, at) if item.check.code == "cover")
                return cover.state if cover.state in (READY, NOT_NEEDED) else None
        return None

    def doubts(self, case: Case, verb: str, facts: Facts, at: datetime) -> tuple[Fault, ...]:
        release, today = case.release, localdate(at)
        came = localdate(release.stay.since)
        found = []
        if verb in DATED:
            field = "release_date" if verb == "set_release_date" else "new_release_date"
            told = parse_date(as_text(facts.get(field)))
            why = impossible(told, came, today) if told else ""
            if why == "before":
                rule = f"Nobody is released before they came: {came:%-d %b %Y}."
                found.append(Fault("RL-105", field, rule, "Check the date."))
            elif why:
                rule = f"A release date lies no more than {FURTHEST.days // 365} years ahead."
                found.append(Fault("RL-106", field, rule, "Check the year."))
        when = left_at(release.stay.since, facts, at) if verb in RELEASED else None
        if when and when < release.stay.since:
            rule = f"Nobody leaves before they came: {moment(release.stay.since)}."
            found.append(Fault("RL-107", "release_time", rule, "Check the date and the time."))
        if when and when > at:
            found.append(
                Fault("RL-108", "release_time", "Nobody has left at a moment that lies ahead.", "Set the release date.")
            )
        if verb == "record_structured_start" and release.left_at:
            started = parse_date(as_text(facts.get("structured_start_date")))
            if started and not localdate(release.left_at) <= started <= today:
                rule = f"Treatment in the community starts after the release, {day(release.left_at)}, and by today."
                found.append(Fault("RL-109", "structured_start_date", rule, "Check the date."))
        if verb in ("refer_to_reconnect",) and in_role(case.record.area, "reconnect") is None:
            rule = "No RECONNECT service serves the area that this person returns to."
            found.append(Fault("RL-110", "", rule, "Record the area, or ask the administrator to enter the service."))
        return tuple(found)

    def offered(self, case: Case, code: str, actor: Actor) -> object | None:
        if code == "appointment_time":
            known = known_of([case.release], timezone.now())[case.pk]
            return known.appointment.isoformat() if known.appointment else None
        return None

    def choices(self, case: Case, code: str, actor: Actor) -> list[tuple[str, str]]:
        if code == "receiving_service":
            return [(str(s.pk), str(s)) for s in receiving_services(other_than=actor.service)]
        return []

    def words(self, case: Case, verb: str) -> tuple[str, str]:
        return WORDS.get(verb, (self.process.verb_words(verb), ""))

    def title(self, case: Case) -> str:
        return "Release from custody"

    def parties(self, case: Case) -> list[tuple[str, str, str]]:
        sides = (
            ("Prison team", "prison_drug_worker"),
            ("Receiving service", "receiver"),
            ("Probation", "responsible_officer"),
            ("RECONNECT", "reconnect"),
        )
        found = [(side, self.service_of(case, role)) for side, role in sides]
        named = Service.objects.in_bulk([service for _, service in found if service])
        return [(side, named[service].name, named[service].telephone) for side, service in found if service]

    def rows(self, case: Case, seen: Sight, now: datetime) -> list[Row]:
        release = case.release
        whole = self.knows_others(frozenset({seen.actor.role}))
        rows = []
        if seen.reads("release_details", "prison"):
            rows.append(Row("Prison", release.stay.site.name))
        if seen.reads("release_details", "release_date"):
            status = dict(LEGAL_STATUS)[release.legal_status]
            rows.append(
                Row("Held", f"{status}; {'could leave any day' if release.could_leave == 'yes' else 'has a date'}")
            )
            leaves = release.stay.release_date
            before = ", then ".join(moves_of(case.pk))
            note = f"moved: it was {before}" if before else ""
            rows.append(Row("Latest release date", day(leaves) if leaves else "Not known", note=note))
            if case.record.area and seen.reads("release_details", "area_of_return"):
                rows.append(Row("Area of return", area_name(case.record.area)))
            served = (leaves - localdate(release.stay.since)).days if leaves else None
            if leaves and release.left_at is None and (friday := friday_rule(leaves, served)):
                rows.append(Row("Falls on a Friday or before a holiday", f"{friday.words}, to {day(friday.day)}"))
        if release.left_at and seen.reads("release_details", "release_date"):
            rows.append(
                Row(
                    "Left custody",
                    moment(release.left_at),
                    note=f"day {(localdate(now) - localdate(release.left_at)).days} of 21",
                )
            )
        if whole and (nobody := self._nobody(case)):
            rows.append(Row("Nobody to tell", "; ".join(nobody)))
        if release.left_at is None:
            for item in _items(case, now):
                if seen.reads(item.check.category, item.check.field):
                    state, words = item.shown
                    owner = roles()[item.check.owner].name
                    rows.append(Row(item.check.name, words if whole else "", note=owner, tag=state, tone=item.tone))
        return rows

    def _nobody(self, case: Case) -> list[str]:
        """Whom the table would tell, and nobody is there to be told."""
        where = "this area" if case.record.area else "the area, which nobody has recorded"
        missing = []
        if self.service_of(case, "receiver") is None:
            home = (
                ""
                if home_area_service(case.record.area)
                else f", and no front door nor exactly one treatment service is known of {where}"
            )
            missing.append(f"no service has been asked to take this person on{home}")
        missing += [
            f"no {words} service serves {where}"
            for role, words in (("responsible_officer", "probation"), ("reconnect", "RECONNECT"))
            if self.service_of(case, role) is None
        ]
        return missing

    def links(self, case: Case, roles: frozenset[str]) -> list[tuple[str, str]]:
        if state_of(case) in HELD and roles:
            return [("Say what is ready", reverse("release-ready", args=[case.pk]))]
        return []

    def sections(
        self, case: Case, roles: frozenset[str], seen: Sight, now: datetime
    ) -> list[tuple[str, Mapping[str, object]]]:
        return []

    def hides(self, case: Case, roles: frozenset[str]) -> str:
        return ""

    def history_for(self, steps: list[StepTaken], roles: frozenset[str]) -> list[StepTaken]:
        return steps

    def missed(self, case: Case, due: Due, at: datetime) -> tuple[str, dict[str, object]] | None:
        """A miss is told to whoever owes it; after three weeks the step of the national measure follows."""
        if due.clock == "REL-C03":
            left = case.release.left_at
            days = max(22, (localdate(at) - localdate(left)).days) if left else 22
            if not any(s.verb == "mark_continuity_missed" and s.from_ == state_of(case) for s in RELEASE.steps):
                return None
            return "mark_continuity_missed", {"days_since_release": str(days), "structured_start": "none"}
        if due.owner_id is not None:
            outbox.post_all([due.owner_id], verb=f"release.missed_{due.clock}", case=case.pk, at=at)
        if due.clock == "REL-C05" and _strand(case, "supply") in ("opioid_bridged", "supply_planned"):
            known = known_of([case.release], at)[case.pk]
            after = known.appointment.isoformat() if known.appointment else NOT_KNOWN
            return "raise_script_gap", {
                "supply_end_date": localdate(due.due_at).isoformat(),
                "first_appointment_after_supply": after,
            }
        return None

    def after(self, step: StepTaken, by: Actor, at: datetime) -> None:
        release, facts = step.case.release, step.facts
        opens = next((row.opens for row in RELEASE.steps if row.id == step.row), ())
        if step.verb in DATED:
            told = parse_date(as_text(facts.get("release_date") or facts.get("new_release_date")))
            custody.set_release_date(by=by, at=at, stay=release.stay, release_date=told)
            release.could_leave = "yes" if release.legal_status == "remand" or told is None else "no"
            release.save()
        area = as_text(facts.get("area_of_return"))
        if is_area(area) and area != step.case.record.area:
            people.set_area(by=by, at=at, record=step.case.record, area=area)
        leaves = step.verb in RELEASED and step.from_state in HELD
        if leaves:
            self._left(step, by, at)
        else:
            _in_step(release, step, at)
        nobody_asked = leaves and standing_hand_over(step.case) is None
        if "open handover treatment_service" in opens or nobody_asked:
            self._hand_over(step, at)
        if "open handover reconnect" in opens:
            reconnect = in_role(step.case.record.area, "reconnect")
            sender = by.service or _of_the_site(step.case, "prison_drug_worker")
            if reconnect and sender:
                unasked.sent(
                    at=at,
                    record=step.case.record,
                    sender=sender,
                    receiver=reconnect,
                    reason=f"Referred to RECONNECT. {facts.get('health_need', '')}",
                    asked="Meet at the gate, and help to reach care in the first weeks.",
                    urgent="no",
                )

    def _left(self, step: StepTaken, by: Actor, at: datetime) -> None:
        """The stay ends, the outcome is owed to probation, and no hand-over stays unanswered elsewhere."""
        release = step.case.release
        when = left_at(release.stay.since, step.facts, at) or at
        prison = _of_the_site(step.case, "prison_drug_worker")
        stay = release.stay
        if stay.until is None:
            happened.left(by=by, at=at, stay=stay, until=when)
        if stay.release_date != localdate(when):
            custody.set_release_date(by=by, at=at, stay=stay, release_date=localdate(when))
        release.left_at, release.unplanned = when, step.verb == "report_released_unplanned"
        release.save()
        nobody = standing_hand_over(step.case) is None and home_area_service(step.case.record.area) is None
        if prison and (release.unplanned or nobody):
            source = _still_ours(step.case_id)
            grants.give(
                person=step.case.person_id,
                record=step.case.record_id,
                services=Service.objects.filter(sites=stay.site_id).values_list("pk", flat=True),
                kind=Grant.HAND_OVER,
                basis=f"Left {stay.site.name}, and somebody must be asked to take over",
                source=source,
                at=when,
            )
            grants.end(source=source, at=when + STILL_OURS)
        unanswered = standing_hand_over(step.case, states=(*TO_ANSWER, "declined", "rerouted"))
        if unanswered and standing_hand_over(step.case, states=TAKEN_ON) is None:
            home = home_area_service(step.case.record.area)
            unasked.fall_to_home_area(at=at, hand_over=unanswered, home=home, released=when.isoformat())
        if _strand(step.case, "probation_outcome") == "outcome_recorded":  # of the release before: this one has its own
            again = Strand.objects.filter(case=step.case_id, name="probation_outcome")
            again.update(state="outcome_due", since=at)
        elif not _strand(step.case, "probation_outcome"):
            facts_of_watch = {"release_time": when.isoformat()}
            engine.take(by=SYSTEM, at=at, case=step.case_id, verb="open_outcome_watch", facts=facts_of_watch)

    def _hand_over(self, step: StepTaken, at: datetime) -> None:
        """Somebody is asked to take the person on: whoever was asked already, else the service named or of the area."""
        case = step.case
        standing = standing_hand_over(case)
        home = home_area_service(case.record.area)
        if standing:
            if step.verb in RELEASED:
                outbox.post_all([standing.receiver_id], verb=f"release.{step.verb}", case=case.pk, at=at)
            return
        named = as_text(step.facts.get("receiving_service"))
        receiver = int(named) if named.isdecimal() else home
        sender = step.service_id or _of_the_site(case, "prison_drug_worker")
        if receiver is None or sender is None or receiver == sender:
            return
        asked = unasked.sent(
            at=at,
            record=case.record,
            sender=sender,
            receiver=receiver,
            reason=_reason(step),
            asked="Please see this person as soon as possible, and take over prescribing where there is any.",
            urgent="yes" if step.verb in RELEASED else "no",
        )
        if step.verb in RELEASED:
            email.tell_at_once([receiver], verb="release.report_released_unplanned", case=asked.case_id, at=at)


def _in_step(release: Release, step: StepTaken, at: datetime) -> None:
    """Whether they have left follows from where the plan stands: a return, or a report undone, changes it.

    Whoever is held again is read of through that, and no longer because somebody must take over.
    """
    if state_of(step.case) in HELD:
        if release.left_at:
            release.left_at, release.unplanned = None, False
            release.save()
            Grant.objects.filter(source=_still_ours(step.case_id), withdrawn_at=None).update(withdrawn_at=at)
    elif release.left_at is None:
        left = step.case.steps.filter(verb__in=RELEASED).order_by("-version").first()
        if left:
            release.left_at = left_at(release.stay.since, left.facts, left.at) or left.at
            release.unplanned = left.verb == "report_released_unplanned"
            release.save()


def _still_ours(case: int) -> str:
    return f"release {case}"


def state_of(case: Case) -> str:
    """The state of the plan; the strands have been read with the case."""
    return _strand(case, "plan")


def _strand(case: Case, name: str) -> str:
    return next((strand.state for strand in case.strands.all() if strand.name == name), "")


def standing_hand_over(case: Case, *, states: tuple[str, ...] = (*TAKEN_ON, *TO_ANSWER)) -> HandOver | None:
    """The latest hand-over of the person to treatment that stands in one of the states: answered, or waiting."""
    return (
        HandOver.objects.filter(
            case__person=case.person_id,
            case__strands__name="main",
            case__strands__state__in=states,
        )
        .filter(Q(case__opened_at__gte=case.release.stay.since) | Q(case__closed_at=None))
        .exclude(receiver__in=_not_treatment(case))
        .select_related("case", "receiver")
        .order_by("-case")
        .first()
    )


def _not_treatment(case: Case) -> QuerySet[Service]:
    """RECONNECT, housing and the like are asked beside treatment, not instead of it."""
    return Service.objects.filter(
        Exists(Service.objects.filter(pk=OuterRef("pk"), membership__until=None, membership__role__in=OF_THE_AREA))
    )


def _of_the_site(case: Case, role: str) -> int | None:
    """The service that covers the prison: one where somebody has the role, else the first."""
    covering = Service.objects.filter(sites=case.release.stay.site_id).order_by("pk")
    has = covering.filter(membership__role=role, membership__until=None).values_list("pk", flat=True).first()
    return has or covering.values_list("pk", flat=True).first()


def _items(case: Case, now: datetime) -> tuple[Item, ...]:
    return readiness(known_of([case.release], now)[case.pk])


def _margin(case: Case, at: datetime) -> str:
    """Days from the first appointment to the end of the supply; 0 where no opioid medicine is taken."""
    known = known_of([case.release], at)[case.pk]
    if known.on_opioid_medicine == "no":
        return "0"
    follows = known.next_from or known.appointment
    if known.covered_until is None or follows is None:
        return NOT_KNOWN
    return str(-gap_days(known.covered_until.astimezone(LONDON).date(), follows.astimezone(LONDON).date()))


def _reason(step: StepTaken) -> str:
    """The words of a hand-over that Throughcare writes itself."""
    site = step.case.release.stay.site.name
    if step.verb == "report_released_unplanned":
        how = dict(ROUTES).get(as_text(step.facts.get("release_route")), "Released")
        return f"{how} with nothing ready: left {site} unplanned. Throughcare wrote this so that nobody is lost."
    if step.verb == "report_released":
        return f"Released from {site} with nobody asked to take over. Throughcare wrote this so that nobody is lost."
    return f"Will leave {site}. {as_text(step.facts.get('reason'))}".strip()


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
