"""What stands around every page: navigation, who is acting, and the bars under the header.

Outer rooms put their items in, explicitly, when their application starts (AppConfig.ready). Nothing here asks the
database: who acts has been worked out by then and is read from the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class NavItem:
    """One entry of the main navigation. roles: the role codes that can use it, or None for everyone signed in."""

    label: str
    url_name: str
    roles: frozenset[str] | None
    order: int


@dataclass(frozen=True)
class Banner:
    """A bar under the header. tone: "risk" (red), "today" (amber), or "" for something merely to know."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Link:
    """A navigation entry as shown on one page."""

    label: str
    url: str
    url_name: str
    current: bool


@dataclass(frozen=True)
class Shell:
    """All that the base template shows around the content. acting: whoever acts, or None before sign-in."""

    nav: tuple[Link, ...]
    acting: Any
    can_switch: bool
    banners: tuple[Banner, ...]
    made_up: bool
    search_url: str


LEAVE_FOR = "https://www.bbc.co.uk/weather"
"""Where a page for somebody who may be watched is left for: a page that nobody wonders about."""

V = TypeVar("V", bound=Callable[..., Any])
_items: list[NavItem] = []
_banners: list[Callable[[HttpRequest], Banner | None]] = []


def add_to_navigation(item: NavItem) -> None:
    """Put an entry in the main navigation."""
    _items.append(item)


def add_banner(banner: Callable[[HttpRequest], Banner | None]) -> None:
    """Ask this on every page whether there is something to say under the header."""
    _banners.append(banner)


def navigation(role: str) -> list[NavItem]:
    """The entries that a role can use, in order."""
    return sorted((i for i in _items if i.roles is None or role in i.roles), key=lambda item: item.order)


def plain(view: V) -> V:
    """Mark a view whose pages carry no name of a product, those that refuse its forms among them."""
    view.is_plain = True  # type: ignore[attr-defined]
    return view


def is_plain(request: HttpRequest) -> bool:
    return request.resolver_match is not None and getattr(request.resolver_match.func, "is_plain", False)


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` in every template, and where plain pages are left for."""
    acting = getattr(request, "actor", None)
    links = tuple(_link(item, request.path) for item in navigation(acting.role)) if acting else ()
    said = (banner(request) for banner in _banners)
    return {
        "leave_for": LEAVE_FOR,
        "shell": Shell(
            nav=links,
            acting=acting,
            can_switch=getattr(request, "can_switch", False),
            banners=tuple(banner for banner in said if banner),
            made_up=settings.MADE_UP,
            search_url=next((link.url for link in links if link.url_name == "people"), ""),
        ),
    }


def _link(item: NavItem, path: str) -> Link:
    """Current on its own page and on every page below it; the page at "/" has everything below it, so only itself."""
    url = reverse(item.url_name)
    return Link(item.label, url, item.url_name, current=path == url or (url != "/" and path.startswith(url)))
