"""The models of the room, a file for each noun."""

from throughcare.handovers.models.custody import CustodyStay
from throughcare.handovers.models.hand_over import HandOver
from throughcare.handovers.models.public_request import Knock, PublicRequest

__all__ = ["CustodyStay", "HandOver", "Knock", "PublicRequest"]
