from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, panel
        from throughcare.handovers.actions.release import came
        from throughcare.handovers.process.release import BOARD_ROLES
        from throughcare.handovers.room import hand_over as room
        from throughcare.handovers.room.release import Releases
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_panel
        from throughcare.processes.registry import register
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        register(Releases())
        react("custody.received", came)
        react(DELIVERED, room.delivered)
        add_panel(panel.panel)
        add_to_navigation(NavItem("Releases", "releases", frozenset(BOARD_ROLES), order=35))
        add_to_navigation(NavItem("Hand-overs", "hand-overs", frozenset(filter(works_with_people, roles())), order=30))
