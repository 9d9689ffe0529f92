from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.appointments import actions as diary
        from throughcare.appointments.queries import Follow, when_missed
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, panel
        from throughcare.handovers.room import hand_over as room
        from throughcare.messages import email
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_panel
        from throughcare.processes.registry import register
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        react(DELIVERED, room.delivered)
        react(diary.ATTENDED, room.attended)
        react(diary.MOVED, room.moved)
        when_missed("hand_over", Follow("record_not_reached", room.WORDS["record_not_reached"][0], room.NOT_YET_SEEN))
        email.instant("hand_over.escalate")
        add_panel(panel.panel)
        add_to_navigation(NavItem("Hand-overs", "hand-overs", frozenset(filter(works_with_people, roles())), order=30))
