from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "throughcare.people"

    def ready(self) -> None:
        from throughcare.reference.roles import roles
        from throughcare.web.shell import NavItem, add_to_navigation

        with_records = frozenset(code for code, role in roles().items() if role.may_have_records)
        without = {"data_protection_lead", "caldicott_guardian"}  # who oversee sharing, and browse no records
        add_to_navigation(NavItem("People", "people", with_records - without, order=20))
