from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "throughcare.people"

    def ready(self) -> None:
        from throughcare.reference.roles import roles, works_with_people
        from throughcare.web.shell import NavItem, add_to_navigation

        add_to_navigation(NavItem("People", "people", frozenset(filter(works_with_people, roles())), order=20))
