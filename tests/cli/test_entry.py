"""The program as it is started: quick, lazy, and well-behaved at a pipe."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from distributor.cli.root import SECTIONS, cli, module

from .conftest import SETTINGS

PROGRAM = [sys.executable, "-m", "distributor"]
HEAVY = ("pydantic", "sqlalchemy", "celery", "rich", "structlog", "jinja2", "aiohttp", "lxml", "tweepy", "telegram")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "distributor.toml").write_text(SETTINGS)
    return tmp_path


def run(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("DISTRIBUTOR_")}
    return subprocess.run([*PROGRAM, *words], cwd=folder, input=stdin, capture_output=True, env=env, timeout=60)


def test_help_imports_nothing_heavy(folder: Path) -> None:
    code = f"""
import sys
sys.argv = ["distributor", "--help"]
from distributor.cli import main
try:
    main()
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, timeout=30)
    assert done.stderr.decode().strip() == "[]"
    for title in SECTIONS:
        assert f"{title}:" in done.stdout.decode()


@pytest.mark.parametrize(("name", "line"), [pair for commands in SECTIONS.values() for pair in commands.items()])
def test_the_root_says_of_each_command_what_it_says_itself(name: str, line: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").split("\n")[0].replace("\b", "") == line
    assert module(name).startswith("distributor.cli.")


def test_measure_reads_bytes_and_ends_with_its_verdict(folder: Path) -> None:
    done = run(folder, "measure", "x", "--json", stdin="日本\r\n\n".encode())
    assert done.returncode == 0
    assert json.loads(done.stdout)["length"] == 6
    assert run(folder, "measure", "x", stdin=b"\xff").returncode == 2


def test_version_and_usage(folder: Path) -> None:
    assert run(folder, "--version").stdout.startswith(b"distributor ")
    done = run(folder, "stauts")
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"did you mean 'status'?" in done.stderr


def test_errors_go_to_standard_error_and_documents_to_standard_output(folder: Path) -> None:
    done = run(folder, "status", "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    (folder / "distributor.toml").write_text("[sit]\n")
    done = run(folder, "status", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "ConfigError"
    assert b"did you mean site?" in done.stderr


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "completion", "bash"], cwd=folder, stdout=writing, stderr=subprocess.PIPE, env=dict(os.environ)
    )
    os.close(reading)
    os.close(writing)
    assert process.communicate(timeout=30)[1] == b""
    assert process.returncode == 141


def test_ctrl_c_ends_a_watch_quietly(folder: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "status", "--watch"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("broker", ["memory://", "redis://127.0.0.1:1/0"])
def test_run_stops_quietly_and_fine(folder: Path, number: signal.Signals, broker: str) -> None:
    (folder / "distributor.toml").write_text(f'{SETTINGS}\n[broker]\nurl = "{broker}"\n')
    process = subprocess.Popen(
        [*PROGRAM, "run", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert b"http://127.0.0.1:" in process.stdout.readline()
    time.sleep(1.5)  # until the worker has its signals
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"shutdown" not in out + err
    assert b"Traceback" not in err


@pytest.mark.network
def test_web_serves_the_pages_alone_and_stops_fine(folder: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "web", "--port", "0", "--json"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    page = json.loads(process.stdout.readline())["page"]
    with socket.create_connection(("127.0.0.1", int(page.rsplit(":", 1)[1])), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 200 " in connection.recv(4096)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm"}])
def test_a_terminal_gets_colours_unless_nobody_wants_them(folder: Path, wish: dict[str, str]) -> None:
    import pty

    ours, theirs = pty.openpty()
    env = {**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, **wish}
    done = subprocess.run([*PROGRAM, "sources", "list"], cwd=folder, stdout=theirs, env=env, timeout=30)
    os.close(theirs)
    assert done.returncode == 0
    assert (b"\x1b[" in os.read(ours, 65536)) == (wish == {"TERM": "xterm"})
    os.close(ours)


def test_a_data_folder_is_made_for_its_owner_alone(folder: Path) -> None:
    assert run(folder, "sources", "list").returncode == 0
    assert (folder / "data").stat().st_mode & 0o777 == 0o700


def test_v_logs_to_standard_error_only(folder: Path) -> None:
    done = run(folder, "-vv", "channels", "list", "--json")
    json.loads(done.stdout)


def test_a_terminal_that_lacks_a_letter_gets_no_error(folder: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    (folder / "distributor.toml").write_text(SETTINGS.replace('"preview"', '"preview"\ntags = ["日本"]'), "utf-8")
    for words in (["channels", "list"], ["channels", "list", "--json"]):
        done = subprocess.run([*PROGRAM, *words], cwd=folder, capture_output=True, env=env, timeout=30)
        assert done.returncode == 0, done.stderr
    assert "日本" in json.loads(done.stdout.decode("latin-1"))["channels"][1]["takes"]
