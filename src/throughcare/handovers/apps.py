from django.apps import AppConfig


class HandoversConfig(AppConfig):
    name = "throughcare.handovers"

    def ready(self) -> None:
        from throughcare.events.acting import react
        from throughcare.handovers import conditions, room
        from throughcare.messages.outbox import DELIVERED
        from throughcare.processes.registry import register

        conditions.register()
        register(room.HandOvers())
        react(DELIVERED, room.delivered)
