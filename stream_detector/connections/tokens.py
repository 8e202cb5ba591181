"""Tokens for OAUTHBEARER: from the token endpoint of an identity provider, or from a file.

Both Kafka clients take their tokens here, so they have one CA, one way to fail, and one
token at a time.
"""

import functools
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError

_TIMEOUT_SECONDS = 5.0

_MAX_BYTES = 100_000
"""Of an answer or a file; a token has about 2 kB."""

_FILE_SECONDS = 60.0
"""So long a token from a file counts: whoever wrote it renews it in time, and we read it again."""

_FRESH_SHARE = 0.8
"""A token is renewed when this share of its life is over."""


class Token(NamedTuple):
    """A bearer token and its life; in seconds since 1970."""

    text: str
    fresh_until: float
    expires_at: float


class TokenSource:
    """Gives a token that is good for a while; from any thread.

    Parameters
    ----------
    settings : Settings
        Their mechanism is OAUTHBEARER.
    now : callable
        Seconds since 1970.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """Give the token we have, or a new one when most of its life is over.

        Raises
        ------
        ServiceError
            If none is to be had, and the one we have is good no more.
        """
        with self._lock:
            if self._token is None or self._now() >= self._token.fresh_until:
                try:
                    self._token = self._new()
                except ServiceError:
                    if self._token is None or self._now() >= self._token.expires_at:
                        raise
            return self._token

    def _new(self) -> Token:
        if self._settings.kafka_token_url is None:
            text, seconds = self._read(), _FILE_SECONDS
        else:
            text, seconds = self._fetch(self._settings.kafka_token_url)
        now = self._now()
        return Token(text, now + _FRESH_SHARE * seconds, now + seconds)

    def _read(self) -> str:
        path = self._settings.kafka_token_file
        assert path is not None  # noqa: S101 - one of both is given, as the settings check
        try:
            with path.open(encoding="ascii") as file:
                text = file.read(_MAX_BYTES).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no text"
            raise ServiceError(
                f"the token {str(path)!r} cannot be read: {reason}; correct "
                "DETECTOR_KAFKA_TOKEN_FILE"
            ) from None
        if not text:
            raise ServiceError(f"the token {str(path)!r} is empty; write the token into it")
        return text

    def _fetch(self, url: str) -> tuple[str, float]:
        """Ask for a token by our own right (``client_credentials``, RFC 6749, 4.4)."""
        form = {"grant_type": "client_credentials"}
        if self._settings.kafka_token_scope is not None:
            form["scope"] = self._settings.kafka_token_scope
        request = urllib.request.Request(  # noqa: S310 - the settings take https alone
            url,
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Basic {self._credentials()}", "Accept": "application/json"},
        )
        context = self._settings.kafka_tls.context()
        # The identity provider often is a public one, and its CA not that of Kafka.
        context.load_default_certs()
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), _NoRedirects()
        )
        try:
            with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                answer = json.loads(response.read(_MAX_BYTES))
            return str(answer["access_token"]), float(answer.get("expires_in", _FILE_SECONDS))
        except urllib.error.HTTPError as error:
            self._fail(url, f"it answers {error.code} {error.reason}")
        except OSError as error:
            self._fail(url, str(getattr(error, "reason", error)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # Without the reason: it may quote the token.
            self._fail(url, "its answer holds no access_token")

    def _credentials(self) -> str:
        password = self._settings.kafka_password
        assert password is not None  # noqa: S101 - as the settings check
        pair = (self._settings.kafka_username or "", password.get_secret_value())
        return b64encode(":".join(map(urllib.parse.quote_plus, pair)).encode()).decode()

    def _fail(self, url: str, reason: str) -> NoReturn:
        raise ServiceError(
            f"no token for {self._settings.kafka_username!r} from {url}: {reason}; correct "
            "DETECTOR_KAFKA_TOKEN_URL, DETECTOR_KAFKA_USERNAME or DETECTOR_KAFKA_PASSWORD"
        ) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leads nowhere else: a redirect would carry the client's secret along."""

    def redirect_request(self, *_: Any) -> None:
        return None


@functools.lru_cache(maxsize=4)
def token_source(settings: Settings) -> TokenSource:
    """Give the one source of tokens of these settings; all clients share it."""
    return TokenSource(settings)
