"""What X may answer, error by error, and what its settings refuse."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.http import Answer
from distributor.channels.x import X
from distributor.channels.x_answers import refusal
from distributor.errors import ChannelError, ChannelPaused, ConfigError, Rejected, RetryLater, Uncertain
from distributor.model import Account
from tests.channels.test_x import OPTIONS
from tests.contracts.channel import NOW, make_setup
from tests.twins.x import XTwin


class TestSettings:
    @pytest.mark.parametrize(
        "document",
        [
            OPTIONS,
            json.dumps(OPTIONS),
            "\n".join(f'{key} = "{value}"' for key, value in OPTIONS.items()),
            "\n".join(f"export X_{key.upper()}={value}" for key, value in OPTIONS.items()),
            "\n".join(f"{key}: {value}" for key, value in OPTIONS.items()),
            json.dumps(
                {
                    "consumer_key": OPTIONS["api_key"],
                    "consumer_secret": OPTIONS["api_secret"],
                    "access_token": OPTIONS["access_token"],
                    "access_token_secret": OPTIONS["access_secret"],
                    "bearer_token": "not used",
                }
            ),
        ],
        ids=["table", "json", "toml", "environment", "colons", "other names"],
    )
    def test_all_keys_may_come_in_one_document(self, tmp_path: Path, document: Any) -> None:
        channel = X.build(make_setup(tmp_path, {"credentials": document}))
        assert channel._keys == tuple(OPTIONS.values())

    def test_a_key_of_its_own_counts_before_the_documents(self, tmp_path: Path) -> None:
        channel = X.build(make_setup(tmp_path, {"credentials": OPTIONS, "api_key": "another"}))
        assert channel._keys[0] == "another"

    @pytest.mark.parametrize("document", ["", "CANARY nonsense", 5, [], '{"api_key": 5}'])
    def test_a_document_that_is_none_is_refused_unseen(self, tmp_path: Path, document: Any) -> None:
        with pytest.raises(ConfigError) as caught:
            X.build(make_setup(tmp_path, {"credentials": document}))
        assert "CANARY" not in f"{caught.value} {caught.value.hint}"

    def test_channels_of_one_account_share_it(self, tmp_path: Path) -> None:
        assert X.build(make_setup(tmp_path, OPTIONS)).account == Account("x", "2244994945")

    def test_an_account_without_a_number_gets_a_fingerprint(self, tmp_path: Path) -> None:
        account = X.build(make_setup(tmp_path, {**OPTIONS, "access_token": "CANARY"})).account
        assert len(account.identity) == 12

    def test_what_a_post_costs_can_be_set(self, tmp_path: Path) -> None:
        assert X.build(make_setup(tmp_path, OPTIONS)).cost == 0.20
        assert X.build(make_setup(tmp_path, {**OPTIONS, "cost_per_post": 0.015})).cost == 0.015


class TestRefusals:
    def test_the_limit_that_ran_out_says_when_it_is_new_again(self) -> None:
        told = {name: refusal(_of(answer), NOW) for name, answer in XTwin.refusals(_NoTwin()).items()}  # type: ignore[arg-type]
        expected = {
            "rate-limit": datetime(2026, 3, 1, 12, 15, tzinfo=UTC),
            "rate-limit-day": datetime(2026, 3, 1, 22, 0, tzinfo=UTC),
            "rate-limit-app": datetime(2026, 3, 1, 22, 0, tzinfo=UTC),
            "rate-limit-bare": NOW + timedelta(minutes=15),
            "daily-limit": NOW + timedelta(minutes=30),
            "usage-cap": None,
            "credits": None,
        }
        for name, until in expected.items():
            error = told[name]
            assert isinstance(error, ChannelPaused), name
            assert error.until == until, name
            assert error.until or error.hint, name

    @pytest.mark.parametrize("reset", ["", "soon", "-1", "1", "99999999999999999999", "nan"])
    def test_a_reset_that_makes_no_sense_still_ends_within_a_day(self, reset: str) -> None:
        headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
        error = refusal(Answer(429, headers, b""), NOW)
        assert isinstance(error, ChannelPaused)
        assert error.until is not None
        assert NOW < error.until <= NOW + timedelta(hours=25)

    def test_only_a_403_about_the_text_is_a_duplicate(self) -> None:
        for status in (400, 409, 422, 429, 500):
            error = refusal(Answer(status, {}, b'{"detail": "duplicate content"}'), NOW)
            assert getattr(error, "reason", "") != "duplicate"

    @given(
        st.integers(300, 599), st.binary(max_size=60) | st.just(b'{"errors": [1, {"message": 2}, null], "detail": {}}')
    )
    def test_every_answer_has_a_place(self, status: int, body: bytes) -> None:
        error = refusal(Answer(status, {}, body), NOW)
        assert isinstance(error, ChannelError)
        assert isinstance(error, Uncertain) == (status >= 500)


class TestEveryError:
    """A new version of a library may bring new errors: this fails until somebody has thought about each."""

    TWEEPY: ClassVar[dict[str, tuple[int, type[ChannelError]]]] = {
        "BadRequest": (400, Rejected),
        "Forbidden": (403, ChannelPaused),
        "HTTPException": (422, Rejected),
        "NotFound": (404, Rejected),
        "TooManyRequests": (429, ChannelPaused),
        "TweepyException": (0, Uncertain),
        "TwitterServerError": (503, Uncertain),
        "Unauthorized": (401, ChannelPaused),
    }
    NEVER_LEFT: ClassVar[set[str]] = {
        *("ConnectTimeout", "InvalidHeader", "InvalidProxyURL", "InvalidSchema", "InvalidURL", "MissingSchema"),
        *("ProxyError", "URLRequired"),
    }
    UNKNOWN: ClassVar[set[str]] = {
        *("ChunkedEncodingError", "ConnectionError", "ContentDecodingError", "HTTPError", "InvalidJSONError"),
        *("JSONDecodeError", "ReadTimeout", "RequestException", "RetryError", "SSLError", "StreamConsumedError"),
        *("Timeout", "TooManyRedirects", "UnrewindableBodyError"),
    }

    def test_of_the_sdk_is_mapped(self) -> None:
        import requests  # noqa: TID251 - what tweepy raises with
        from tweepy import errors

        from distributor.channels.x_client import outcome

        classes = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
        assert set(classes) == set(self.TWEEPY), "an error of tweepy has no place in the ledger yet"
        for name, (status, expected) in self.TWEEPY.items():
            response = requests.Response()
            response.status_code, response._content = status, b'{"detail": "x"}'
            error = classes[name](response) if status else classes[name]("x")
            assert type(outcome(error, None, NOW)) is expected, name

    def test_of_the_http_client_below_it_is_mapped(self) -> None:
        from requests import exceptions  # noqa: TID251 - what tweepy lets through

        from distributor.channels.x_client import outcome

        classes = {name: value for name, value in vars(exceptions).items() if inspect.isclass(value)}
        classes = {name: value for name, value in classes.items() if issubclass(value, exceptions.RequestException)}
        assert set(classes) == self.NEVER_LEFT | self.UNKNOWN, "an error of requests was never thought about"
        for name, cls in classes.items():
            error = cls.__new__(cls)
            OSError.__init__(error, "x")
            told = outcome(error, None, NOW)
            assert type(told) is (RetryLater if name in self.NEVER_LEFT else Uncertain), name

    def test_a_connection_never_made_is_told_from_one_that_was_lost(self) -> None:
        import ssl

        from requests import exceptions  # noqa: TID251 - what tweepy lets through
        from urllib3 import exceptions as below

        from distributor.channels.x_client import outcome

        pool: Any = None
        refused = below.MaxRetryError(pool, "/", below.NewConnectionError(pool, "refused"))
        unnamed = below.MaxRetryError(pool, "/", below.NameResolutionError("h", pool, OSError()))  # type: ignore[arg-type]
        untrusted = below.MaxRetryError(pool, "/", below.SSLError(ssl.SSLCertVerificationError("self-signed")))
        lost = below.MaxRetryError(pool, "/", below.ReadTimeoutError(pool, "/", "slow"))
        for reason in (refused, unnamed):
            assert isinstance(outcome(exceptions.ConnectionError(reason), None, NOW), RetryLater)
        assert isinstance(outcome(exceptions.SSLError(untrusted), None, NOW), RetryLater)
        for reason in (lost, below.ProtocolError("Connection aborted.")):
            assert isinstance(outcome(exceptions.ConnectionError(reason), None, NOW), Uncertain)

    @pytest.mark.parametrize("fault", [ValueError("x"), KeyError("data"), TimeoutError(), AttributeError("get")])
    def test_that_nobody_expected_is_an_unknown_outcome(self, fault: Exception) -> None:
        from distributor.channels.x_client import outcome

        assert type(outcome(fault, None, NOW)) is Uncertain


class _NoTwin:
    """`refusals` needs no twin that listens."""


def _of(answer: Any) -> Answer:
    return Answer(answer.status, answer.headers, answer.encode())
