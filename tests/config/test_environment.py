"""The settings of e-mail: what is taken, and what is refused by name."""

import pytest

from throughcare.config.check import _shown
from throughcare.config.environment import MailServer, WrongSetting, read

FROM, ADDRESS = "throughcare@example.org", "https://throughcare.example.org"


def settings(smtp: str, sender: str = FROM, address: str = ADDRESS) -> dict[str, str]:
    return {"THROUGHCARE_SMTP": smtp, "THROUGHCARE_MAIL_FROM": sender, "THROUGHCARE_ADDRESS": address}


def test_without_a_server_email_is_off_and_nothing_else_is_needed() -> None:
    found = read({})
    assert found.mail_server() == MailServer()
    assert (found.mail_from, found.address) == ("", "")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtp://throughcare:p%40ss@mail.example.org:2525",
            MailServer("mail.example.org", 2525, "throughcare", "p@ss", starttls=True),
        ),
        ("smtp://mail.example.org", MailServer("mail.example.org", 587, starttls=True)),
        ("smtps://a:b@mail.example.org", MailServer("mail.example.org", 465, "a", "b", tls=True)),
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025)),
        ("smtp://localhost/", MailServer("localhost", 25)),
    ],
)
def test_a_server_on_another_machine_is_reached_with_tls_alone(url: str, server: MailServer) -> None:
    assert read(settings(url)).mail_server() == server


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:many", "smtp://user@host", "smtp://host/x"],
)
def test_a_server_that_cannot_be_read_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(WrongSetting, match=r"^THROUGHCARE_SMTP cannot be read"):
        read(settings(url))


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "Throughcare <a@example.org>", "a@example.org\nBcc: b@c"])
def test_a_server_needs_an_address_to_send_from(sender: str) -> None:
    with pytest.raises(WrongSetting, match="THROUGHCARE_MAIL_FROM"):
        read(settings("smtp://localhost", sender))


@pytest.mark.parametrize(
    "address",
    ["", "throughcare.example.org", "http://throughcare.example.org", "https://a.example/b", "ftp://a.example"],
)
def test_links_in_email_lead_to_this_server_over_tls(address: str) -> None:
    with pytest.raises(WrongSetting, match="THROUGHCARE_ADDRESS"):
        read(settings("smtp://localhost", FROM, address))


def test_an_address_is_kept_without_its_last_stroke_and_this_machine_needs_no_tls() -> None:
    assert read(settings("smtp://localhost", address=f"{ADDRESS}/")).address == ADDRESS
    assert read({"THROUGHCARE_ADDRESS": "http://localhost:8000"}).address == "http://localhost:8000"


@pytest.mark.parametrize("url", ["", "https://video.example.org/{room}", "https://video.example.org/join?name={room}"])
def test_a_video_service_is_an_https_address_with_a_place_for_the_room(url: str) -> None:
    assert read({"THROUGHCARE_VIDEO": url}).video == url


@pytest.mark.parametrize(
    "url", ["https://video.example.org/", "http://video.example.org/{room}", "{room}", "https://a.example/{room}{room}"]
)
def test_a_video_service_that_makes_no_link_is_refused(url: str) -> None:
    with pytest.raises(WrongSetting, match="THROUGHCARE_VIDEO"):
        read({"THROUGHCARE_VIDEO": url})


def test_the_check_hides_the_password_of_the_mail_server() -> None:
    shown = _shown(read(settings("smtps://throughcare:secret@mail.example.org")), "THROUGHCARE_SMTP")
    assert shown == "smtps://throughcare:(hidden)@mail.example.org"
    assert _shown(read({}), "THROUGHCARE_SMTP") == "e-mail is off"
