"""What every channel must do, whatever its network. A channel's test class inherits ChannelContract.

    @pytest.mark.network
    class TestTelegram(ChannelContract):
        channel_class = Telegram
        good_options = {"token": CANARY, "chat": "@news"}
        required = ("token", "chat")
        secrets = (CANARY,)
        heavy = ("telegram", "httpx")

        @pytest.fixture
        def rig(self, tmp_path):
            with TelegramTwin() as twin:
                yield Rig(Telegram.build(make_setup(tmp_path, {**self.good_options, "base_url": twin.url})),
                          break_with=twin.fail, effects=lambda: len(twin.effects))

The channel in the rig should have short time-outs of its own, so that a hanging server costs a test about a second.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Checks, Deletes, Edits, Measures, Picture, Setup
from distributor.errors import ChannelError, ChannelPaused, ConfigError, Rejected, RetryLater, Uncertain, Unreachable
from distributor.model import Account, Doubt, Limits, Message, Receipt
from distributor.text import measure

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# A counterpart's bad behaviour, by name, and what `send` must raise for it. "hang", "reset", "garbage" and
# "server-error" come after the counterpart has taken the message: nobody on our side can know.
NETWORK_FAULTS: Mapping[str, tuple[type[ChannelError], ...]] = {
    "refuse": (RetryLater,),  # nobody listens: nothing left this machine
    "hang": (Uncertain,),  # takes the message, never answers
    "reset": (Uncertain,),  # takes the message, then cuts the line
    "garbage": (Uncertain,),  # takes the message, answers 200 with what is no answer
    "server-error": (Uncertain,),  # takes the message, answers 500
    "unauthorized": (ChannelPaused,),  # 401
    "forbidden": (ChannelPaused,),  # 403
    "rate-limit": (RetryLater,),  # 429
    "bad-request": (Rejected,),  # 400
}


def no_picture(url: str) -> Picture:
    """The picture that nobody can fetch."""
    raise Unreachable(f"{url}: no picture in this test")


def make_setup(
    folder: Path,
    options: Mapping[str, Any],
    *,
    name: str = "under-test",
    picture: Callable[[str], Picture] = no_picture,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Setup:
    return Setup(name=name, options=dict(options), picture=picture, clock=clock, folder=folder)


@dataclass
class Rig:
    """A channel and its counterpart.

    `break_with(fault)` makes the counterpart misbehave from now on (a name of NETWORK_FAULTS), `effects()` counts the
    posts it holds, `deadline` is the longest a call may take here (the channel's own, if None).
    """

    channel: Any
    break_with: Callable[[str], object] | None = None
    effects: Callable[[], int] | None = None
    deadline: float | None = None
    secrets: tuple[str, ...] = field(default=())


class ChannelContract:
    """Inherit it, name your class with Test..., give the attributes below and a fixture `rig`."""

    channel_class: ClassVar[Any]
    good_options: ClassVar[Mapping[str, Any]]
    required: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()
    links_name_posts: ClassVar[bool] = True  # a post can be told by its link alone
    heavy: ClassVar[tuple[str, ...]] = ()  # modules that importing the channel's module must not import
    faults: ClassVar[Mapping[str, tuple[type[ChannelError], ...]]] = NETWORK_FAULTS
    message: ClassVar[Message] = Message(
        text="Lake reopens after ten years https://news.example/a",
        url="https://news.example/a",
        title="Lake reopens after ten years",
        language="en",
    )
    changed: ClassVar[Message] = Message(
        text="Lake reopens after eleven years https://news.example/a",
        url="https://news.example/a",
        title="Lake reopens after eleven years",
        language="en",
    )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "fault" in metafunc.fixturenames:
            metafunc.parametrize("fault", sorted(self.faults))
        if "missing" in metafunc.fixturenames:
            metafunc.parametrize("missing", self.required)

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError("give a fixture `rig` that yields Rig(channel, break_with, effects)")

    # Sending

    def test_a_message_that_is_taken_gives_a_receipt(self, rig: Rig) -> None:
        receipt = rig.channel.send(self.message, "key-1")
        assert isinstance(receipt, Receipt)
        assert isinstance(receipt.remote_id, str)
        assert receipt.remote_id
        assert receipt.url == "" or re.match(r"https?://\S+$", receipt.url)
        if rig.effects is not None:
            assert rig.effects() == 1

    def test_a_receipt_survives_json(self, rig: Rig) -> None:
        import json

        receipt = rig.channel.send(self.message, "key-1")
        assert json.loads(json.dumps(dict(receipt.data))) == dict(receipt.data)

    def test_two_messages_are_two_posts(self, rig: Rig) -> None:
        first = rig.channel.send(self.message, "key-1")
        second = rig.channel.send(self.changed, "key-2")
        assert first.remote_id != second.remote_id

    def test_a_fault_raises_what_the_ledger_understands_and_in_time(self, rig: Rig, fault: str) -> None:
        assert rig.break_with is not None
        rig.break_with(fault)
        started = time.monotonic()
        with pytest.raises(ChannelError) as caught:
            rig.channel.send(self.message, "key-1")
        assert isinstance(caught.value, self.faults[fault]), f"{fault}: {caught.value!r}"
        assert time.monotonic() - started <= (rig.deadline or rig.channel.deadline)
        self._fit_for_a_person(caught.value)

    def test_a_fault_in_an_edit_or_a_deletion_stays_in_the_error_tree(self, rig: Rig, fault: str) -> None:
        receipt = rig.channel.send(self.message, "key-1")
        assert rig.break_with is not None
        rig.break_with(fault)
        if isinstance(rig.channel, Edits):
            with pytest.raises(ChannelError) as caught:
                rig.channel.edit(receipt, self.changed, "key-1:2")
            self._fit_for_a_person(caught.value)
        if isinstance(rig.channel, Deletes):
            with pytest.raises(ChannelError) as caught:
                rig.channel.delete(receipt)
            self._fit_for_a_person(caught.value)

    # Skills

    def test_an_edit_keeps_the_post(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Edits):
            pytest.skip("this network has no edit")
        receipt = rig.channel.send(self.message, "key-1")
        edited = rig.channel.edit(receipt, self.changed, "key-1:2")
        assert isinstance(edited, Receipt)
        assert edited.remote_id == receipt.remote_id
        again = rig.channel.edit(edited, self.changed, "key-1:2")
        assert again.remote_id == receipt.remote_id
        if rig.effects is not None:
            assert rig.effects() == 1

    def test_deleting_twice_is_no_error(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Deletes):
            pytest.skip("this network has no deletion")
        receipt = rig.channel.send(self.message, "key-1")
        rig.channel.delete(receipt)
        rig.channel.delete(receipt)
        if rig.effects is not None:
            assert rig.effects() == 0

    def test_a_link_given_by_hand_is_enough_to_delete(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Deletes):
            pytest.skip("this network has no deletion")
        if not self.links_name_posts:
            pytest.skip("a link does not name a post here")
        link = rig.channel.send(self.message, "key-1").url
        if not link:
            pytest.skip("this network gives no link")
        rig.channel.delete(Receipt(remote_id="", url=link))
        if rig.effects is not None:
            assert rig.effects() == 0

    def test_measuring_tells_of_the_posts_that_are_there(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Measures):
            pytest.skip("this network tells no counts")
        first = rig.channel.send(self.message, "key-1")
        second = rig.channel.send(self.changed, "key-2")
        assert rig.channel.measured_together >= 2
        told = rig.channel.measure([first, second])
        assert set(told) == {first.remote_id, second.remote_id}
        assert all(isinstance(value, int) and value >= 0 for counts in told.values() for value in counts.values())
        if isinstance(rig.channel, Deletes):
            rig.channel.delete(first)
            assert set(rig.channel.measure([first, second])) == {second.remote_id}

    def test_a_fault_in_measuring_is_never_a_doubt(self, rig: Rig, fault: str) -> None:
        if not isinstance(rig.channel, Measures):
            pytest.skip("this network tells no counts")
        receipt = rig.channel.send(self.message, "key-1")
        assert rig.break_with is not None
        rig.break_with(fault)
        with pytest.raises(ChannelError) as caught:
            rig.channel.measure([receipt])
        assert not isinstance(caught.value, Uncertain), f"{fault}: {caught.value!r}"
        self._fit_for_a_person(caught.value)

    def test_a_check_tells_good_news(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Checks):
            pytest.skip("nothing to check")
        lines = rig.channel.check()
        assert lines
        assert all(isinstance(line, str) and line.strip() for line in lines)
        if rig.effects is not None:
            assert rig.effects() == 0

    def test_a_check_of_bad_credentials_says_what_to_fix(self, rig: Rig) -> None:
        if not isinstance(rig.channel, Checks) or "unauthorized" not in self.faults:
            pytest.skip("no credentials to check")
        assert rig.break_with is not None
        rig.break_with("unauthorized")
        with pytest.raises(ChannelPaused) as caught:
            rig.channel.check()
        assert caught.value.until is None
        assert caught.value.hint

    # What it says of itself

    def test_limits_are_sane(self, rig: Rig) -> None:
        limits = rig.channel.limits
        assert isinstance(limits, Limits)
        assert limits.length > 0
        assert measure(limits.network, "a", limit=limits.length).fits, "network names a counting rule"
        assert 0 <= limits.caption <= limits.length
        assert limits.media >= 0
        assert limits.media == 0 or (limits.media_bytes > 0 and limits.media_types)

    def test_it_names_itself_and_its_account(self, rig: Rig) -> None:
        channel = rig.channel
        assert channel.kind == type(channel).kind
        assert channel.kind.isidentifier()
        assert channel.name == "under-test"
        assert isinstance(channel.account, Account)
        assert channel.account.kind
        assert channel.account.identity
        for secret in self.secrets:
            assert secret not in channel.account.name

    def test_its_deadline_and_doubt_are_stated(self) -> None:
        assert 0 < self.channel_class.deadline <= 120
        doubt = self.channel_class.doubt
        assert isinstance(doubt, Doubt)
        assert (doubt.repeat_until is None) == (doubt.repeats == 0)
        assert doubt.repeat_until is None or timedelta(0) <= doubt.repeat_from < doubt.repeat_until

    def test_importing_it_is_cheap(self) -> None:
        if not self.heavy:
            pytest.skip("it has no heavy library")
        script = (
            f"import sys, {self.channel_class.__module__}; "
            f"loaded = [m for m in {self.heavy!r} if m in sys.modules]; sys.exit(', '.join(loaded) or 0)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"importing the channel also imports {done.stderr}"

    # Settings

    def test_building_it_sends_nothing(self, tmp_path: Path) -> None:
        channel = self.channel_class.build(make_setup(tmp_path, self.good_options))
        assert channel.name == "under-test"

    def test_a_missing_setting_is_named(self, tmp_path: Path, missing: str) -> None:
        options = {key: value for key, value in self.good_options.items() if key != missing}
        with pytest.raises(ConfigError) as caught:
            self.channel_class.build(make_setup(tmp_path, options))
        assert missing in str(caught.value)
        self._fit_for_a_person(caught.value)

    def test_an_unknown_setting_is_refused_with_the_nearest_known_key(self, tmp_path: Path) -> None:
        if not self.good_options:
            pytest.skip("it has no settings")
        known = next(iter(self.good_options))
        mistyped = known + "z"
        with pytest.raises(ConfigError) as caught:
            self.channel_class.build(make_setup(tmp_path, {**self.good_options, mistyped: "?"}))
        assert mistyped in caught.value.key
        assert known in f"{caught.value} {caught.value.hint}".replace(mistyped, "")

    def test_a_setting_of_the_wrong_type_is_a_config_error(self, tmp_path: Path) -> None:
        for key in self.required:
            with pytest.raises(ConfigError) as caught:
                self.channel_class.build(make_setup(tmp_path, {**self.good_options, key: ["not", "this"]}))
            assert key in str(caught.value)

    # Secrets

    def test_its_repr_shows_no_secret(self, rig: Rig) -> None:
        shown = f"{rig.channel!r} {rig.channel!s} {rig.channel.account!r} {rig.channel.limits!r}"
        for secret in (*self.secrets, *rig.secrets):
            assert secret not in shown

    def test_no_secret_is_logged_or_told(
        self, rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        told = []
        with caplog.at_level(logging.DEBUG):
            receipt = rig.channel.send(self.message, "key-1")
            told.append(repr(receipt))
            for fault in sorted(self.faults):
                assert rig.break_with is not None
                rig.break_with(fault)
                with pytest.raises(ChannelError) as caught:
                    rig.channel.send(replace(self.changed, title=fault), f"key-{fault}")
                told += [_with_causes(caught.value)]
        printed = capfd.readouterr()
        everything = "\n".join([*told, caplog.text, printed.out, printed.err])
        for secret in (*self.secrets, *rig.secrets):
            assert secret not in everything, f"a secret is told: {secret[:6]}..."

    def _fit_for_a_person(self, error: Exception) -> None:
        assert str(error).strip()
        assert "\n" not in str(error)
        for secret in self.secrets:
            assert secret not in _with_causes(error)


def _with_causes(error: BaseException | None) -> str:
    """All that a traceback or an error report would show of it."""
    import traceback

    return "" if error is None else "".join(traceback.format_exception(error)) + repr(vars(error))
