from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, panel
        from throughcare.handovers.actions import happened
        from throughcare.handovers.room import hand_over as room
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_panel
        from throughcare.processes.registry import register
        from throughcare.processes.universal import tell_when_held
        from throughcare.processes.universal_rules import LEAVES_CUSTODY
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        react(DELIVERED, room.delivered)
        for kind in (*happened.BEGINS, *LEAVES_CUSTODY):
            react(f"person.{kind}", happened.reported)
        react("person.event_corrected", happened.corrected)
        tell_when_held(happened.held_since)
        add_panel(panel.panel)
        add_to_navigation(NavItem("Hand-overs", "hand-overs", frozenset(filter(works_with_people, roles())), order=30))
