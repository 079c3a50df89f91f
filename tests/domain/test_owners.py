"""Whether who holds a lease still lives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor import owners

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process, and the name it gives itself."""
    code = "import sys; from distributor import owners; print(owners.current(), flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_this_process_lives() -> None:
    assert not owners.is_dead(owners.current())
    assert not owners.is_dead(owners.process())


def test_two_threads_are_two_owners_of_one_process() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(owners.current()))
    thread.start()
    thread.join()
    assert found[0] != owners.current()
    assert found[0].startswith(owners.process() + "/")


def test_a_killed_process_is_dead_at_once_even_while_nobody_collected_it(
    child: tuple[subprocess.Popen[str], str],
) -> None:
    process, owner = child
    assert not owners.is_dead(owner)
    process.kill()
    deadline = time.monotonic() + 5
    while not owners.is_dead(owner) and time.monotonic() < deadline:
        time.sleep(0.01)
    # Not waited for yet: it is a zombie, and its pid still exists.
    os.kill(process.pid, 0)
    assert owners.is_dead(owner)
    process.wait()
    assert owners.is_dead(owner)


def test_another_process_under_the_same_pid_is_not_the_owner() -> None:
    place, pid, started = owners.process().rsplit("/", 2)
    assert owners.is_dead(f"{place}/{pid}/{int(started) - 1}/aa")
    assert not owners.is_dead(f"{place}/{pid}/{started}/aa")


@pytest.mark.parametrize("owner", ["", "somebody", "a/b/c/d", "a/b/c/d/e", "elsewhere/12345678/1/1/1/aa"])
def test_nobody_here_knows_of_a_process_elsewhere(owner: str) -> None:
    assert not owners.is_dead(owner)


def test_what_is_no_pid_is_not_dead() -> None:
    place = owners.process().rsplit("/", 2)[0]
    assert not owners.is_dead(f"{place}/x/1/aa")
    assert owners.is_dead(f"{place}/{'9' * 30}/1/aa")


def test_a_process_that_proc_hides_is_not_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.read_text

    def hidden(self: Path, *args: object, **options: object) -> str:
        if self.parts[-1] == "stat":
            raise FileNotFoundError(self)
        return real(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", hidden)
    place = owners.process().rsplit("/", 2)[0]
    assert not owners.is_dead(f"{place}/{os.getpid()}/123/aa")
    assert owners.is_dead(f"{place}/{2**22 - 3}/123/aa")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_name_of_its_own() -> None:
    here, (read, write) = owners.process(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, owners.process().encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        there = said.read()
    os.waitpid(pid, 0)
    assert there != here
    assert owners.is_dead(there)
