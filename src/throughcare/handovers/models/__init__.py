"""The models of the room, a file for each noun."""

from throughcare.handovers.models.caller import CallerTold
from throughcare.handovers.models.cover import PrescribingCover
from throughcare.handovers.models.custody import CustodyStay
from throughcare.handovers.models.file import HandOverFile
from throughcare.handovers.models.hand_over import HandOver
from throughcare.handovers.models.link import AnswerLink, WrongCode
from throughcare.handovers.models.public_request import Knock, PublicRequest
from throughcare.handovers.models.question import CustodyQuestion
from throughcare.handovers.models.release import Readiness, Release
from throughcare.handovers.models.sheet import Sheet, SheetSent

__all__ = [
    "AnswerLink",
    "CallerTold",
    "CustodyQuestion",
    "CustodyStay",
    "HandOver",
    "HandOverFile",
    "Knock",
    "PrescribingCover",
    "PublicRequest",
    "Readiness",
    "Release",
    "Sheet",
    "SheetSent",
    "WrongCode",
]
