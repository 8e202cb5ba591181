"""Tokens: fetched once, renewed in time, and no secret leaves for elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream_detector.connections.settings import Settings, read_settings
from stream_detector.connections.tokens import TokenSource, token_source
from stream_detector.errors import ServiceError
from tests.made_ca import MadeAuthority
from tests.requirements import require_command
from tests.token_endpoint import TokenEndpoint

SECRET = "hunter2/+ :%"  # noqa: S105


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> MadeAuthority:
    require_command("openssl")
    return MadeAuthority(tmp_path_factory.mktemp("ca"))


@contextmanager
def endpoint(authority: MadeAuthority, **changed: str | float) -> Iterator[TokenEndpoint]:
    certificate, key = authority.issue("idp")
    with TokenEndpoint("me", SECRET, certificate=certificate, key=key, **changed) as running:  # type: ignore[arg-type]
        yield running


def settings_for(url: str, ca: Path) -> Settings:
    return read_settings(
        {
            "DETECTOR_BROKER": "kafka:9092",
            "DETECTOR_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "DETECTOR_KAFKA_CA_FILE": str(ca),
            "DETECTOR_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "DETECTOR_KAFKA_USERNAME": "me",
            "DETECTOR_KAFKA_PASSWORD": SECRET,
            "DETECTOR_KAFKA_TOKEN_URL": url,
        }
    )


def test_a_token_is_fetched_once_and_shared(authority: MadeAuthority) -> None:
    with endpoint(authority) as running:
        settings = settings_for(running.url, authority.certificate)

        first = token_source(settings).current()
        again = token_source(settings.model_copy()).current()

    assert first == again
    assert first.text.count(".") == 2
    assert running.scopes == [""]


def test_a_token_is_renewed_in_time_and_kept_while_it_is_good(authority: MadeAuthority) -> None:
    #  second     0     79    80  |  179   180
    #  token     1st   1st   2nd  |  2nd   none
    #                             the endpoint goes away
    clock = [0.0]
    with endpoint(authority, seconds=100.0) as running:
        source = TokenSource(settings_for(running.url, authority.certificate), lambda: clock[0])
        first = source.current()
        clock[0] = 79.0
        assert source.current() == first
        clock[0] = 80.0
        second = source.current()

    assert (first.expires_at, second.expires_at) == (100.0, 180.0)
    assert running.scopes == [""] * 2
    clock[0] = 179.0
    assert source.current() == second
    clock[0] = 180.0
    with pytest.raises(ServiceError, match=r"no token for 'me' from .*refused"):
        source.current()


def test_a_secret_does_not_follow_a_redirect(authority: MadeAuthority) -> None:
    with endpoint(authority) as other, endpoint(authority, redirect=other.url) as running:
        source = TokenSource(settings_for(running.url, authority.certificate))

        with pytest.raises(ServiceError, match="it answers 307"):
            source.current()

    assert other.scopes == []


@pytest.mark.parametrize(
    "answer",
    ["Guten Morgen", "[]", "{}", '{"access_token": "x", "expires_in": "soon"}', "[" * 9999],
)
def test_an_answer_without_a_token_is_one_line(authority: MadeAuthority, answer: str) -> None:
    with endpoint(authority, answer=answer) as running:
        source = TokenSource(settings_for(running.url, authority.certificate))

        with pytest.raises(ServiceError, match="its answer holds no access_token; correct DETEC"):
            source.current()


def test_an_endpoint_that_nobody_vouches_for_is_not_told_the_secret(
    authority: MadeAuthority, tmp_path: Path
) -> None:
    other = MadeAuthority(tmp_path / "other")
    with endpoint(authority) as running:
        source = TokenSource(settings_for(running.url, other.certificate))

        with pytest.raises(ServiceError, match=r"certificate verify failed.*; correct") as refused:
            source.current()

    assert running.scopes == []
    assert SECRET not in str(refused.value)
