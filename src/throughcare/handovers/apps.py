from django.apps import AppConfig

SAFETY = (
    "hand_over.escalate",
    "hand_over.raise_gap",
    "hand_over.fall_to_home_area",
    "custody_question.ask_prescribing",
    "custody_question.ask_again",
    "custody_question.escalate",
    "custody_question.answer_prescribing",
    "release.change_release_date",
    "release.report_released_unplanned",
    "release.report_recalled",
)
"""What a service is told by e-mail at once, because somebody's safety hangs on it before tomorrow's digest."""


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.appointments import actions as diary
        from throughcare.appointments.queries import Follow, when_missed
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, letters, panel
        from throughcare.handovers.actions import happened
        from throughcare.handovers.actions import release as releases
        from throughcare.handovers.actions.cover import COVER_KEPT
        from throughcare.handovers.process.hand_over import HAND_OVER
        from throughcare.handovers.process.release import BOARD_ROLES
        from throughcare.handovers.room import front_door
        from throughcare.handovers.room import hand_over as room
        from throughcare.handovers.room.custody_question import CustodyQuestions
        from throughcare.handovers.room.release import Releases
        from throughcare.handovers.rules import link
        from throughcare.messages import email
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_first_page, add_panel
        from throughcare.processes.registry import guard, register
        from throughcare.processes.universal import tell_when_held
        from throughcare.processes.universal_rules import LEAVES_CUSTODY
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        register(CustodyQuestions())
        guard(HAND_OVER.name, front_door.answers_itself)
        register(Releases())
        react("custody.received", releases.came)
        react("custody.undone", releases.never_came)
        react("hand_over.send", releases.asked_afterwards)
        react(DELIVERED, room.delivered)
        react(DELIVERED, letters.told)
        react(email.SENT, letters.link_sent)
        email.wording(link.LETTER, letters.the_link)
        email.wording(link.NEWS, letters.the_news)
        react(COVER_KEPT, room.cover_kept)
        for kind in (*happened.BEGINS, *LEAVES_CUSTODY):
            react(f"person.{kind}", happened.reported)
        react(f"person.{happened.MOVED}", happened.moved)
        react("person.event_corrected", happened.corrected)
        tell_when_held(happened.held_since)
        react(diary.ATTENDED, room.attended)
        react(diary.MOVED, room.moved)
        react(diary.CALLED_OFF, room.called_off)
        when_missed("hand_over", Follow("record_not_reached", room.WORDS["record_not_reached"][0], room.NOT_YET_SEEN))
        for verb in SAFETY:
            email.instant(verb)
        add_panel(panel.panel)
        add_first_page(panel.first_page)
        add_to_navigation(NavItem("Releases", "releases", frozenset(BOARD_ROLES), order=35))
        add_to_navigation(NavItem("Hand-overs", "hand-overs", frozenset(filter(works_with_people, roles())), order=30))
