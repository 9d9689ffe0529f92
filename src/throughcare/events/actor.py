"""Who acts, and for which service. Every act and every reading is somebody's; the worker is an actor too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """One user acting for one service in one role at this moment, or the system itself (no user, no service)."""

    user: int | None
    user_name: str
    role: str
    role_name: str
    service: int | None = None
    service_name: str = ""
    organisation: int | None = None


SYSTEM = Actor(user=None, user_name="Throughcare", role="system", role_name="Throughcare itself")
