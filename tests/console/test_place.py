"""Where the page may be served."""

import pytest

from stream_detector.console.place import place
from stream_detector.errors import SettingsError

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the name of it, nothing is bound


@pytest.mark.parametrize("host", [EVERYWHERE, "192.0.2.1", "::", "plant.example.com"])
def test_without_users_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(
        SettingsError, match=r"anybody could give commands; name who may with --users"
    ):
        place(host, 8321, url=None, has_users=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://alerts.example.com",
        "alerts.example.com",
        "https://alerts.example.com/console",
        "https://anna:secret@alerts.example.com",
        "https://alerts.example.com:port",
        "https://",
    ],
)
def test_an_address_that_is_not_tls_at_the_root_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="expected https://host"):
        place("127.0.0.1", 8321, url=url, has_users=True)


def test_an_address_is_of_use_with_users_only() -> None:
    with pytest.raises(SettingsError, match="name who may with --users"):
        place("127.0.0.1", 8321, url="https://alerts.example.com", has_users=False)


def test_on_other_addresses_it_has_to_be_said_what_people_type() -> None:
    with pytest.raises(SettingsError, match="give the address that people type as --url"):
        place(EVERYWHERE, 8321, url=None, has_users=True)


def test_behind_a_proxy_elsewhere_only_the_address_that_people_type_counts() -> None:
    found = place(EVERYWHERE, 8321, url="https://alerts.example.com", has_users=True)

    assert found.hosts == {"alerts.example.com", "alerts.example.com:443"}
