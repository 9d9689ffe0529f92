"""Answer links: their token and code, how long they hold, and what stands in their way. No database, no clock."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

HOLDS_FOR = timedelta(days=7)
OPEN_FOR = timedelta(minutes=30)
"""How long somebody who gave the code may read and answer before it is asked again."""
TRIES = 5
"""Wrong codes after which a link is locked: of a million codes, five are one in two hundred thousand."""
TRIES_FROM_ONE_PLACE = 20
PER = timedelta(hours=1)
_TOKEN = re.compile(r"([0-9]{1,18})-[\w-]{43}", re.ASCII)

OPEN, EXPIRED, STOPPED, LOCKED = "open", "expired", "stopped", "locked"
LETTER, NEWS = "answer_link", "answer_link.news"
"""The kinds of e-mail to the registered mailbox: the one with the link, and that something happened since."""


@dataclass(frozen=True)
class Key:
    """What a link's token and code are made from. Neither is stored: whoever reads the database has no way in."""

    secret: str
    link: int
    nonce: str

    @property
    def token(self) -> str:
        """The number of the link and its seal, as they stand in the address."""
        return f"{self.link}-{base64.urlsafe_b64encode(self._made_for('token')).decode().rstrip('=')}"

    @property
    def code(self) -> str:
        """The six figures that the sender's desk reads out."""
        return f"{int.from_bytes(self._made_for('code')) % 1_000_000:06}"

    def opens(self, token: str) -> bool:
        return hmac.compare_digest(self.token.encode(), token.encode())

    def is_code(self, typed: str) -> bool:
        return hmac.compare_digest(self.code.encode(), figures(typed).encode())

    def _made_for(self, use: str) -> bytes:
        return hmac.digest(self.secret.encode(), f"answer link {use} {self.link} {self.nonce}".encode(), "sha256")


def number_in(token: str) -> int | None:
    """The number of the link that a token claims to be of; None for what is no token at all."""
    found = _TOKEN.fullmatch(token)
    return int(found[1]) if found else None


def place(secret: str, address: str) -> str:
    """A client address as it is kept: enough to count tries by, and not to be read back."""
    return hmac.new(secret.encode(), f"answer link from {address}".encode(), hashlib.sha256).hexdigest()


def figures(typed: str) -> str:
    """A code without the gaps that people leave when they write one down."""
    return re.sub(r"[\s-]", "", typed)


def standing(expires_at: datetime, revoked_at: datetime | None, wrong: int, now: datetime) -> str:
    """Whether a link holds, or the gravest reason why it does not."""
    if revoked_at is not None:
        return STOPPED
    if now >= expires_at:
        return EXPIRED
    return LOCKED if wrong >= TRIES else OPEN


def masked(mailbox: str) -> str:
    """A mailbox by which its owner knows it and nobody else learns it: r•••@example.org."""
    name, _, domain = mailbox.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else ""


def initials(given: str, family: str) -> str:
    """J. A.: how somebody is named to a reader who must ring to learn more."""
    return " ".join(f"{name[0].upper()}." for name in (given, family) if name)
