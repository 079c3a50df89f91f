"""TLS, secrets, the surroundings of the process, and the errors of the library underneath."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distributor.fetching.sessions import Refused, open_sessions, reason
from tests.fetching.test_hostile import OK, Make, Serve, refusal

from .conftest import reply

pytestmark = pytest.mark.network


# TLS


def certificate(folder: Path) -> ssl.SSLContext:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there to make a certificate")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=paper.example -days 2"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(serve: Serve, make: Make, tmp_path: Path) -> None:
    context, asked = certificate(tmp_path), []
    context.sni_callback = lambda _, name, __: asked.append(name)
    server = serve({"/": OK}, tls=context)
    fetcher = make(allow_hosts=[f"paper.example:{server.port}"], resolve=lambda host, port: ["127.0.0.1"])
    assert "certificate is not valid" in str(refusal(fetcher, f"https://paper.example:{server.port}/"))
    assert server.requests == []
    assert set(asked) == {"paper.example"}


def test_a_server_without_tls_is_no_https(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain, ThreadPoolExecutor(1) as thread:
        place = f"127.0.0.1:{plain.getsockname()[1]}"

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        done = thread.submit(answer)
        assert "TLS" in str(refusal(make(allow_hosts=[place]), f"https://{place}/"))
        done.result(5)


# Secrets, surroundings


def test_a_password_is_in_no_error_and_no_log(serve: Serve, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(
        {
            "/": reply("HTTP/1.1 302 Found\nLocation: http://u:hunter2@127.0.0.2:1/"),
            "/short": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n",
        }
    )
    fetcher = make(allow_hosts=[server.place])
    for url in (
        f"http://u:hunter2@{server.place}/",
        f"http://u:hunter2@{server.place}/short",
        "http://u:hunter2@10.0.0.1/",
        "http://u:hunter2@a:b/",
    ):
        error = refusal(fetcher, url)
        assert "hunter2" not in f"{error!r} {error.hint} {error.__context__!r}"
    assert "hunter2" not in caplog.text


def test_proxies_and_netrc_of_the_surroundings_are_ignored(
    serve: Serve, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary, server = serve(lambda connection, _: None), serve({"/": OK})
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    fetcher = make(allow_hosts=[server.place])
    assert fetcher.get(server.url).status == 200
    refusal(fetcher, "http://10.0.0.1/")
    assert canary.connections == 0
    assert b"Authorization" not in server.requests[0]


def test_cookies_are_not_kept(serve: Serve, make: Make) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK\nSet-Cookie: id=1")})
    fetcher = make(allow_hosts=[f"paper.example:{server.port}"], resolve=lambda host, port: ["127.0.0.1"])
    for _ in range(2):
        fetcher.get(f"http://paper.example:{server.port}/")
    assert b"Cookie" not in server.requests[1]


def test_nobody_there(make: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
        assert "connection refused" in str(refusal(make(allow_hosts=[place]), f"http://{place}/"))


# Foreign errors


def test_every_error_of_the_library_has_words_of_ours() -> None:
    import aiohttp

    kinds, open_ends = set(), [aiohttp.ClientError]
    while open_ends:
        kind = open_ends.pop()
        open_ends += kind.__subclasses__()
        kinds.add(kind)
    assert len(kinds) > 20
    for kind in kinds:
        error = kind.__new__(kind)
        assert reason(error).isprintable()
    assert reason(RuntimeError("http://u:hunter2@x/")) == "no usable answer (RuntimeError)"


def test_the_guard_raises_what_the_library_takes_for_a_failed_dial() -> None:
    assert issubclass(Refused, OSError)
    assert callable(open_sessions)
