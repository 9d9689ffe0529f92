from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, panel, room
        from throughcare.messages.outbox import DELIVERED
        from throughcare.people.panels import add_panel
        from throughcare.processes.registry import register
        from throughcare.reference.roles import roles
        from throughcare.web.shell import NavItem, add_to_navigation

        conditions.register()
        register(room.HandOvers())
        react(DELIVERED, room.delivered)
        add_panel(panel.panel)
        with_records = frozenset(code for code, role in roles().items() if role.may_have_records)
        without = {"data_protection_lead", "caldicott_guardian"}
        add_to_navigation(NavItem("Hand-overs", "hand-overs", with_records - without, order=30))
