"""One person at one browser: a connection kept alive, cookies, and forms filled in as they come."""

import http.client
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode

PATIENCE = 60  # seconds
ROW = re.compile(r'href="/people/(\d+)/"(.*?)data-label="Record held by">([^<]*)<', re.DOTALL)
Fields = dict[str, str]


@dataclass(frozen=True)
class Page:
    """An answer, received whole."""

    status: int
    location: str
    body: str

    def fields(self) -> Fields:
        """What is in its form before anybody types: hidden fields, and the first real choice of each list."""
        reader = _Fields()
        reader.feed(self.body)
        return reader.found

    def links(self) -> list[str]:
        """Every address the page leads to, in order."""
        reader = _Links()
        reader.feed(self.body)
        return reader.found


def of_their_own(pages: Iterable[Page]) -> list[str]:
    """The living of a caseload whose record the service itself holds, as most are: those it may hand over."""
    rows = [row for page in pages for row in ROW.findall(page.body)]
    holder = Counter(held_by for _, _, held_by in rows).most_common(1)
    own = [(person, shown) for person, shown, held_by in rows if holder and held_by == holder[0][0]]
    return list(dict.fromkeys(person for person, shown in own if "Died" not in shown))


class Browser:
    """Talks to 127.0.0.1 only. A connection that breaks raises ConnectionError, and the next request opens another."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        return self._ask("GET", path, None)

    def post(self, path: str, fields: Fields) -> Page:
        return self._ask("POST", path, urlencode(fields))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the page; RuntimeError when it does not let one in."""
        page = self.get("/sign-in/")
        answer = self.post("/sign-in/", {**page.fields(), "username": email, "password": password})
        if answer.status != 302:
            raise RuntimeError(f"{email} could not sign in: {answer.status}")

    def again(self) -> "Browser":
        """Another connection of the same browser: the same person, signed in once."""
        other = Browser(self._connection.port)
        other._cookies = dict(self._cookies)
        return other

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> Page:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            received = answer.read()
        except (OSError, http.client.HTTPException) as broken:
            self._connection.close()
            raise ConnectionError(repr(broken)) from broken
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return Page(answer.status, answer.headers.get("Location", ""), received.decode())


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Fields = {}
        self._list = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input" and given.get("type") == "hidden" and name:
            self.found.setdefault(name, value)
        elif tag == "select":
            self._list = name
        elif tag == "option" and self._list and value:
            self.found.setdefault(self._list, value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._list = ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (address := dict(attrs).get("href")):
            self.found.append(address)
