from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "throughcare.processes"

    def ready(self) -> None:
        from throughcare.people.panels import add_panel
        from throughcare.processes.universal_panel import panel

        add_panel(panel)
