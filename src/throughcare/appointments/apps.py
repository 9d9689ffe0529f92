from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "throughcare.appointments"

    def ready(self) -> None:
        from throughcare.appointments import letters, panel
        from throughcare.messages import email
        from throughcare.people.panels import add_panel
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        for kind in letters.KINDS:
            email.wording(kind, letters.write)
        add_panel(panel.panel)
        add_to_navigation(NavItem("Diary", "diary", frozenset(filter(works_with_people, roles())), order=25))
