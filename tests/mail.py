"""A real mail server on this machine, for tests: it speaks SMTP, keeps what it took, and refuses when told to."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import UnthreadedController

TAKEN = "250 taken"


class MailServer:
    """`received` is every e-mail it took, parsed, in order. `at_recipient` and `at_data` may answer otherwise."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.at_recipient: Callable[[str], str] = lambda address: TAKEN
        self.at_data: Callable[[EmailMessage], str] = lambda message: TAKEN
        self._loop = asyncio.new_event_loop()
        self._controller = UnthreadedController(self, hostname="127.0.0.1", port=0, loop=self._loop)
        self._began = threading.Event()

    @property
    def port(self) -> int:
        return int(self._controller.server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        """The Message-IDs of what it took, in order."""
        return [str(message["Message-ID"]) for message in self.received]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.at_recipient(address)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = BytesParser(policy=default).parsebytes(envelope.content)
        answer = self.at_data(message)
        if answer == TAKEN:
            self.received.append(message)
        return answer

    @contextmanager
    def serving(self) -> Iterator["MailServer"]:
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        assert self._began.wait(10), "the mail server did not begin"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    def _serve(self) -> None:
        """Begin, serve and end in a thread of its own: in the first one a browser's loop may be running."""
        self._controller.begin()
        self._began.set()
        self._loop.run_forever()
        self._controller.end()
        self._loop.close()
