from django.apps import AppConfig


class TodayConfig(AppConfig):
    name = "throughcare.today"

    def ready(self) -> None:
        from throughcare.messages import email
        from throughcare.today import digest
        from throughcare.web.shell import NavItem, add_to_navigation

        add_to_navigation(NavItem("Today", "today", None, order=10))
        email.wording(digest.DIGEST, digest.write)
