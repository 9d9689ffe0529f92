"""The models of the room, a file for each noun."""

from throughcare.handovers.models.custody import CustodyStay
from throughcare.handovers.models.hand_over import HandOver
from throughcare.handovers.models.release import Readiness, Release

__all__ = ["CustodyStay", "HandOver", "Readiness", "Release"]
