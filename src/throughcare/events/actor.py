"""Who acts, and for which service. Every action and every read is somebody's; the worker and the command line are actors too."""

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
