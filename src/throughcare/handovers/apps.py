from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, panel
        from throughcare.handovers.actions.cover import COVER_KEPT
        from throughcare.handovers.actions.link import LETTER
        from throughcare.handovers.room import hand_over as room
        from throughcare.handovers.room import link
        from throughcare.messages import email
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_panel
        from throughcare.processes.registry import register
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        react(DELIVERED, room.delivered)
        react(COVER_KEPT, room.cover_kept)
        react("email.sent", link.sent)
        email.wording(LETTER, link.letter)
        add_panel(panel.panel)
        add_to_navigation(NavItem("Hand-overs", "hand-overs", frozenset(filter(works_with_people, roles())), order=30))
