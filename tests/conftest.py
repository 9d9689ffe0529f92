"""What every test can use. Nothing here touches the data of the person who runs the tests.

Databases: `db` (pytest-django's own) rolls back after each test; `fresh_database` is a copy of its own, for tests with
real commits, threads or processes; `site` is the whole product, running, with made-up people in it. All of them are on
PostgreSQL when THROUGHCARE_TEST_DATABASE names a server, else on SQLite files.
"""

import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SERVER = os.environ.get("THROUGHCARE_TEST_DATABASE", "")
FIRST = (
    "PYTEST_XDIST_WORKER" not in os.environ
)  # the process that was started by hand; its workers inherit what it sets
if FIRST:
    for name in [name for name in os.environ if name.startswith("THROUGHCARE_") and "_TEST_" not in name]:
        del os.environ[name]
    os.environ["THROUGHCARE_DATA"] = tempfile.mkdtemp(prefix="throughcare-tests-")
    os.environ["THROUGHCARE_DATABASE"] = SERVER
    os.environ["DJANGO_SETTINGS_MODULE"] = "throughcare.config.settings"
    # The browser's driver keeps an event loop in its thread, where Django would refuse the database to later tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
DATA = Path(os.environ["THROUGHCARE_DATA"])

from django.conf import settings  # noqa: E402 (reads the environment just made)
from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as properties  # noqa: E402
from mail import MailServer  # noqa: E402

# Real Argon2, as weak and quick as it goes: what a test stores, the running product can still check.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1

# The same examples on every machine and in every run; a busy one is no reason to fail.
properties.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("steady")

# A file, not memory, so that threads share it; on PostgreSQL a name of its own, so that two runs do not meet.
TEST_DATABASE = f"throughcare_{DATA.name.removeprefix('throughcare-tests-')}".lower()
named = TEST_DATABASE if SERVER else str(DATA / "test.sqlite3")
settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = named

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BROWSER_FIXTURES = {"browser", "page", "phone"}
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# The run as a whole


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests in tests/browser/ share one worker, so that product and browser start once; so do those in load/."""
    from xdist.scheduler import LoadScopeScheduling

    class OneWorkerForTheBrowser(LoadScopeScheduling):  # what `--dist loadgroup` is for, but pytest 9.2 broke it
        def _split_scope(self, nodeid: str) -> str:
            alone = ("browser/", "load/")  # what is measured or killed is measured and killed one at a time
            return next((folder for folder in alone if f"tests/{folder}" in nodeid), nodeid)

    return OneWorkerForTheBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need a browser, so that they can be chosen and are counted."""
    for item in items:
        if BROWSER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
        if item.get_closest_marker("browser"):
            item.user_properties.append(("browser", True))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The line that ./test ends with and .ci/run compares."""
    run = {
        report.nodeid: report
        for outcome in ("passed", "failed", "error", "xfailed", "xpassed")
        for report in terminalreporter.stats.get(outcome, [])
    }
    browser = sum(("browser", True) in map(tuple, getattr(report, "user_properties", ())) for report in run.values())
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"tests run: {len(run)} (browser: {browser}, skipped: {skipped})")


def pytest_unconfigure() -> None:
    if FIRST:
        shutil.rmtree(DATA, ignore_errors=True)


# Databases


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test; `url` is "" for SQLite.

    `environment` starts a process of the product on it, in production mode: nobody is made up in it unasked.
    """

    url: str
    data: Path
    environment: dict[str, str]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """The migrated, empty test database. pytest-django's own makes none when only `fresh_database` asks for it."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture
def fresh_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[FreshDatabase]:
    """A copy of the migrated, empty database where commits are real; dropped afterwards."""
    from django.db import connections

    inside = connections["default"].settings_dict
    template = inside["NAME"]
    with _data_folder() as data:
        connections.close_all()
        if SERVER:
            inside["NAME"] = _make_database(template)
            url = _url(inside["NAME"])
        else:
            inside["NAME"], url = str(data / "production.sqlite3"), ""
            source, copy = sqlite3.connect(template), sqlite3.connect(inside["NAME"])
            source.backup(copy)
            source.close()
            copy.close()
        try:
            with django_db_blocker.unblock():
                yield FreshDatabase(url, data, {**_environment(data, url), "THROUGHCARE_MODE": "production"})
                connections.close_all()
        finally:
            name, inside["NAME"] = inside["NAME"], template
            if SERVER:
                _drop_database(name)


@pytest.fixture
def queries() -> Callable[[int], AbstractContextManager[None]]:
    """`with queries(4): …` fails, printing every statement, when more are sent to the database."""

    @contextmanager
    def at_most(limit: int) -> Iterator[None]:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as sent:
            yield
        statements = "\n".join(f"{i:3} {query['sql']}" for i, query in enumerate(sent.captured_queries, 1))
        assert len(sent) <= limit, f"{len(sent)} statements, at most {limit} allowed:\n{statements}"

    return at_most


@contextmanager
def _data_folder() -> Iterator[Path]:
    """A folder for a running product, with the key of the tests, so that each can read what the other signed."""
    data = Path(tempfile.mkdtemp(dir=DATA))
    key = data / "secret.key"
    key.touch(0o600)
    key.write_text(settings.SECRET_KEY)
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _environment(data: Path, url: str) -> dict[str, str]:
    return {**os.environ, "THROUGHCARE_DATA": str(data), "THROUGHCARE_DATABASE": url}


def _url(name: str) -> str:
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


def _make_database(template: str) -> str:
    import psycopg

    name = f"{TEST_DATABASE}_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _drop_database(name: str) -> None:
    import psycopg

    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


# E-mail


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that runs. The product knows nothing of it yet."""
    with MailServer().serving() as server:
        yield server


@pytest.fixture
def mail(mail_server: MailServer, settings: Any) -> MailServer:
    """A mail server that runs, and that the product in this process sends through."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
    settings.DEFAULT_FROM_EMAIL = "throughcare@mail.example.org"
    settings.PUBLIC_ADDRESS = "https://throughcare.example.org"
    return mail_server


# The running product, and the browser


@dataclass(frozen=True)
class Running:
    """The product as `./run` starts it. The process is the supervisor."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[Running]:
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "throughcare.config.cli", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            assert process.stdout
            for line in process.stdout:
                if "http://localhost:" in line:
                    yield Running(line.split()[-1], process)
                    break
            else:
                said.seek(0)
                pytest.fail(f"The product did not start:\n{said.read()}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture(scope="session")
def running() -> Callable[[dict[str, str]], AbstractContextManager[Running]]:
    """`with running(environment) as product:` starts the product on a free port and stops it afterwards."""
    return _running


@dataclass(frozen=True)
class Site:
    """A running product with 400 made-up people, and whom one can sign in as."""

    url: str
    sign_ins: list[dict[str, str]]
    environment: dict[str, str]

    def sign_in_of(self, role: str) -> dict[str, str]:
        for sign_in in self.sign_ins:
            if role in (sign_in["role"], sign_in["role_name"]):
                return sign_in
        raise LookupError(f"No sign-in for {role!r}; there are: {[s['role'] for s in self.sign_ins]}")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Started once for all the tests of one worker. A test leaves behind what it did, so it makes its own cases."""
    listing = (
        "import dataclasses, django, json; django.setup(); from throughcare.demo.build import sign_ins;"
        "print(json.dumps([dataclasses.asdict(one) for one in sign_ins()]))"
    )
    name = _make_database("template0") if SERVER else ""
    try:
        with _data_folder() as data:
            environment = _environment(data, _url(name) if SERVER else "")
            with _running(environment) as product:
                listed = subprocess.run(
                    [sys.executable, "-c", listing], env=environment, check=True, capture_output=True, text=True
                )
                yield Site(product.url, json.loads(listed.stdout), environment)
    finally:
        if SERVER:
            _drop_database(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium. Skips, saying so, where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("no Chromium found: install chromium or google-chrome to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=BROWSER_OPTIONS)
        yield chromium
        chromium.close()


@contextmanager
def _page(browser: Any, site: Site, width: int, height: int) -> Iterator[Any]:
    """A page in a clean browser; afterwards the test fails if the browser complained, as it does at a broken CSP.

    A refusal answered with its own 4xx page is no complaint; a missing script or picture is.
    """
    complaints: list[str] = []

    def heard(message: Any) -> None:
        refused_page = "status of 4" in message.text and "/static/" not in message.location["url"]
        if message.type == "error" and not refused_page:
            complaints.append(f"{message.text} ({message.location['url']})")

    context = browser.new_context(base_url=site.url, viewport={"width": width, "height": height})
    context.set_default_timeout(15_000)
    context.on("console", heard)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = context.new_page()
    yield page
    context.close()
    assert not complaints, "The browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def page(browser: Any, site: Site) -> Iterator[Any]:
    """A page as wide as a desktop's."""
    with _page(browser, site, 1280, 900) as page:
        yield page


@pytest.fixture
def phone(browser: Any, site: Site) -> Iterator[Any]:
    """A page as narrow as a small telephone's."""
    with _page(browser, site, 360, 740) as page:
        yield page


@pytest.fixture
def sign_in(site: Site) -> Callable[[Any, str], None]:
    """`sign_in(page, "community_keyworker")`: signs in as the demonstration's user in that role, by its id or words."""

    def as_role(page: Any, role: str) -> None:
        who = site.sign_in_of(role)
        page.goto("/sign-in/")
        page.get_by_label("E-mail address").fill(who["email"])
        page.get_by_label("Password").fill(who["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)

    return as_role


@pytest.fixture(scope="session")
def no_axe_violations() -> Callable[[Any], None]:
    """`no_axe_violations(page)` fails, naming rule and element, when axe-core finds a fault against WCAG 2.2 AA.

    It is put in by the debugger, which no policy of the page stops, so that pages are tested under their real policy.
    """
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

    def look_at(page: Any) -> None:
        page.evaluate(axe)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", AXE_TAGS)
        assert found["passes"], "axe looked at nothing"
        violations = [
            f"{one['id']}: {one['help']}\n    " + "\n    ".join(node["html"][:300] for node in one["nodes"])
            for one in found["violations"]
        ]
        assert not violations, f"{page.url}\n" + "\n".join(violations)

    return look_at
