"""What of an export never becomes part of a corpus, and imports that are refused or broken off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo.corpus.importers import Form, Limits
from echo.corpus.importing import BATCH
from echo.corpus.wanted import Scope
from echo.errors import NoPermission
from echo.importing import Source, import_into
from states.board import Progress
from states.model import OPEN_END, ProfileState
from tests.corpus.exports import in_zip
from tests.corpus.imports import DAY, OTHER, Kept, exported, kept, lines, other_channel, package
from tests.support.snapshots import CUTOFF, NOON, SERVER, SUBJECT


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as found:
        yield found


async def test_direct_messages_and_other_servers_are_not_even_opened(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "at the mill")])
    files |= other_channel(5_001, "in private", type=1, guild=None, recipients=["22", "23"])
    files |= other_channel(5_002, "in a group", type="GROUP_DM", guild=None)
    files |= other_channel(5_003, "elsewhere", guild={"id": "12", "name": "Quay"})
    files |= other_channel(5_004, "who knows where", guild=None)
    files |= {path: text for path, text in other_channel(5_005, "gone").items() if "channel.json" not in path}
    for number in range(5_001, 5_006):
        files[f"messages/c{number}/messages.json"] = "this is not JSON, and nobody looks"
    imported = await stored.take(in_zip(tmp_path / "package.zip", files))
    assert await stored.texts() == ["at the mill"]
    assert imported.passed_over == {
        "direct message": 2,
        "other server": 1,
        "unknown server": 1,
        "unknown channel": 1,
    }


async def test_a_message_that_nobody_could_have_sent_is_left_out(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "at the mill"), (DAY + 60, "mill " * 2_001), (DAY + 120, "m" * 10_000)])
    imported = await stored.take(in_zip(tmp_path / "package.zip", files))
    assert await stored.texts() == ["at the mill", "m" * 10_000]
    assert imported.dropped == {"too long": 1}


async def test_everywhere_is_every_server_but_never_a_direct_message(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "at the mill")])
    files |= other_channel(5_001, "in private", type="DM", guild=None)
    files |= other_channel(5_003, "elsewhere", guild={"id": "12", "name": "Quay"})
    files |= other_channel(5_004, "somewhere", guild=None)
    await stored.take(in_zip(tmp_path / "package.zip", files), scope=Scope.EVERYWHERE)
    assert {row.text: row.server_id for row in await stored.rows()} == {
        "at the mill": SERVER,
        "elsewhere": 12,
        "somewhere": 0,
    }


async def test_a_package_of_somebody_else_is_refused(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "plum cake")])
    for user in ({"id": "23", "username": "ottilie"}, {"username": "ottilie"}):
        files["account/user.json"] = json.dumps(user)
        assert "somebody else's" in await stored.refusal(in_zip(tmp_path / "package.zip", files))


async def test_only_what_was_written_before_the_cut_off_is_taken(tmp_path: Path, stored: Kept) -> None:
    end = CUTOFF.timestamp()
    path = in_zip(tmp_path / "package.zip", package([(end - 1, "in time"), (end, "too late"), (end + 9, "later")]))
    assert (await stored.take(path)).dropped == {"after the date": 2}
    assert await stored.texts() == ["in time"]


async def test_without_a_cut_off_the_present_is_the_bound(tmp_path: Path) -> None:
    now = NOON.timestamp()
    async with kept(tmp_path, cutoff=OPEN_END) as here:
        path = in_zip(tmp_path / "package.zip", package([(now - 1, "just now"), (now + 1, "not yet")]))
        assert (await here.take(path)).dropped == {"after the date": 1}
        assert await here.texts() == ["just now"]


@pytest.mark.parametrize("state", [ProfileState.AWAITING_CONSENT, ProfileState.FORGETTING])
async def test_nothing_is_imported_without_consent(tmp_path: Path, state: ProfileState) -> None:
    path = in_zip(tmp_path / "package.zip", package([(DAY, "plum cake")]))
    async with kept(tmp_path, state=state) as here:
        with pytest.raises(NoPermission, match="has not agreed"):
            await here.take(path)
        assert await here.rows() == []


async def test_an_export_of_endless_people_is_refused(tmp_path: Path, stored: Kept) -> None:
    path = tmp_path / "weir.json"
    path.write_text(exported([(DAY + n, OTHER + n, "me") for n in range(20)]))
    assert "more than 10 names of people" in await stored.refusal(path, limits=Limits(members=10))


async def test_lines_without_ids_need_the_persons_name(tmp_path: Path, stored: Kept) -> None:
    rows = [{"author": a, "channel": "weir", "ts": DAY + n, "text": f"{a} {n}"} for n, a in enumerate("wowow")]
    path = lines(tmp_path / "talk.jsonl", *rows)
    assert "say with --author" in await stored.refusal(path)
    assert "called 'Ottilie'" in await stored.refusal(path, author="Ottilie")
    assert (await stored.take(path, author="o")).own == 2
    found = await stored.rows()
    assert [row.text for row in found] == ["w 0", "o 1", "w 2", "o 3"]
    assert all(row.message_id < 0 and row.channel_id < 0 and row.server_id == SERVER for row in found)
    assert len({row.message_id for row in found}) == 4 and len({row.user_id for row in found}) == 2
    assert {row.user_id for row in found if row.own} == {SUBJECT}


async def test_an_export_with_nothing_to_take_says_why(tmp_path: Path, stored: Kept) -> None:
    path = tmp_path / "weir.json"
    path.write_text(exported([(DAY, OTHER, "nobody here")]))
    assert f"with the id {SUBJECT}" in await stored.refusal(path)
    path.write_text(exported([(DAY, SUBJECT, "I")], id="12"))
    assert "nothing of this server before the echo's date (other server: 1)" in await stored.refusal(path)
    path.write_text(exported([(DAY, SUBJECT, "I")], channel={"type": "DirectTextChat"}, id="0"))
    assert "direct message: 1" in await stored.refusal(path)
    path.write_text(exported([]))
    assert "no message in it" in await stored.refusal(path)
    files = package([(DAY, "I")], guild={"id": "12", "name": "Quay"})
    assert "other server: 1" in await stored.refusal(in_zip(tmp_path / "package.zip", files))


async def test_a_file_that_breaks_in_its_middle_leaves_nothing_behind(tmp_path: Path, stored: Kept) -> None:
    rows = [{"author": "o", "channel": "weir", "ts": DAY + n, "text": f"line {n}"} for n in range(3 * BATCH)]
    path = lines(tmp_path / "talk.jsonl", *rows, {"author": "o", "channel": "weir", "ts": "noon", "text": "x"})
    assert f"line {3 * BATCH + 1}: 'ts'" in await stored.refusal(path, author="o")


async def test_whoever_uploads_has_to_prove_who_they_are(tmp_path: Path, stored: Kept) -> None:
    path = tmp_path / "weir.json"
    path.write_text(exported([(DAY, SUBJECT, "I")]))
    sentence = await stored.refusal(path, forms=frozenset({Form.DATA_PACKAGE}), label="what you sent")
    assert sentence.startswith("what you sent: it is a chat export, which does not prove whose it is")
    assert str(tmp_path) not in sentence


async def test_an_import_tells_how_far_it_is(tmp_path: Path, stored: Kept) -> None:
    rows = [{"author": "o", "channel": "weir", "ts": DAY + n, "text": f"line {n}"} for n in range(5_000)]
    told: list[Progress] = []
    source = Source(lines(tmp_path / "talk.jsonl", *rows), author="o")
    await import_into(stored.corpus, stored.profile, source, NOON, context=12, progress=told.append)
    assert [one.done for one in told if one.total is None] == [2_000, 4_000]
    assert [one.done for one in told if one.total == 5_000][-1] == 5_000


async def test_an_import_that_is_broken_off_is_finished_by_another(tmp_path: Path, stored: Kept) -> None:
    rows = [{"author": "o", "channel": "weir", "ts": DAY + n, "text": f"line {n}"} for n in range(5 * BATCH)]
    source = Source(lines(tmp_path / "talk.jsonl", *rows), author="o")

    def stop(progress: Progress) -> None:
        if progress.total:
            running.cancel()

    running = asyncio.create_task(import_into(stored.corpus, stored.profile, source, NOON, context=12, progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    # What was being stored is still stored whole; whatever is stored next waits for that.
    await stored.corpus.store(stored.profile, ())
    there = len(await stored.rows())
    assert 0 < there < 5 * BATCH
    again = await import_into(stored.corpus, stored.profile, source, NOON, context=12)
    assert (again.added, again.own) == (5 * BATCH - there, 5 * BATCH)
    assert len(await stored.rows()) == 5 * BATCH
