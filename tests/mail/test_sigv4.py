"""AWS Signature Version 4, by Amazon's own published examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from distributor.mail.sigv4 import Credentials, canonical_request, signed

KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LIST_USERS = [("Action", "ListUsers"), ("Version", "2010-05-08")]


def signature(headers: dict[str, str]) -> str:
    return headers["Authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("name", "method", "headers", "body", "wanted"),
    [
        ("get-vanilla", "GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", "POST", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "post-x-www-form-urlencoded",
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            "get-header-key-duplicate",
            "GET",
            {"My-Header1": "value2,value2,value1"},
            b"",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "get-header-value-multiline",
            "GET",
            {"My-Header1": "value1,value2,value3"},
            b"",
            "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
        ),
    ],
)
def test_the_published_suite_comes_out_alike(
    name: str, method: str, headers: dict[str, str], body: bytes, wanted: str
) -> None:
    told = signed(
        method, "/", {"Host": "example.amazonaws.com", **headers}, body,
        credentials=KEY, region="us-east-1", service="service", now=NOW,
    )  # fmt: skip
    assert signature(told) == wanted, name


def test_the_guides_worked_example_comes_out_alike() -> None:
    """ListUsers of IAM, step by step in Amazon's guide: the canonical request, and the signature."""
    headers = {"Host": "iam.amazonaws.com", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    told = signed(
        "GET", "/", headers, b"", credentials=KEY, region="us-east-1", service="iam", now=NOW, query=LIST_USERS
    )
    assert told["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    request, names = canonical_request("GET", "/", {**headers, "X-Amz-Date": "20150830T123600Z"}, b"", LIST_USERS)
    assert names == "content-type;host;x-amz-date"
    assert request.split("\n") == [
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        "content-type:application/x-www-form-urlencoded; charset=utf-8",
        "host:iam.amazonaws.com",
        "x-amz-date:20150830T123600Z",
        "",
        "content-type;host;x-amz-date",
        EMPTY,
    ]


def test_a_path_is_encoded_once_more_and_a_query_is_sorted() -> None:
    """get-utf8 and get-vanilla-query-order of the suite."""
    request, _ = canonical_request("GET", "/%E1%88%B4", {"Host": "x"}, b"", [("b", "a b"), ("a", "ü"), ("B", "~/")])
    assert request.split("\n")[1:3] == ["/%25E1%2588%25B4", "B=~%2F&a=%C3%BC&b=a%20b"]


def test_values_are_trimmed_and_their_spaces_are_one() -> None:
    """get-header-value-trim of the suite."""
    request, _ = canonical_request("GET", "/", {"My-Header1": " value1 ", "My-Header2": '"a   b   c"'}, b"")
    assert request.split("\n")[3:5] == ["my-header1:value1", 'my-header2:"a b c"']


def test_a_session_token_is_signed_too_and_time_is_utc() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    with_token = Credentials("AKIDEXAMPLE", "s" * 40, "token")
    told = signed("GET", "/", {"Host": "x"}, b"", credentials=with_token, region="r", service="s", now=east)
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in told["Authorization"]
    assert told["X-Amz-Date"] == "20150830T123600Z"


def test_no_secret_is_shown() -> None:
    assert "wJalr" not in repr(KEY)
    assert "session-token" not in repr(Credentials("a", "b", "session-token-value"))
