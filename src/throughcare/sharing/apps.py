from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "throughcare.sharing"

    def ready(self) -> None:
        from throughcare.messages import jobs
        from throughcare.reference.roles import roles
        from throughcare.sharing import checking
        from throughcare.sharing.views import oversees
        from throughcare.web.shell import NavItem, add_to_navigation

        jobs.kind("verify", checking.verify_as_a_job)
        add_to_navigation(NavItem("Audit", "audit", frozenset(filter(oversees, roles())), order=60))
