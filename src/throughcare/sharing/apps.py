from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "throughcare.sharing"

    def ready(self) -> None:
        from throughcare.messages import jobs
        from throughcare.sharing import checking
        from throughcare.web.shell import NavItem, add_to_navigation

        jobs.kind("verify", checking.verify_as_a_job)
        add_to_navigation(NavItem("Audit", "audit", frozenset({"data_protection_lead"}), order=60))
