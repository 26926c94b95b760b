"""What of an export becomes part of a corpus, and what never does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.steps import Steps
from db.stored import Provenance, StoredMessage
from echo.corpus.importers import Form, Limits
from echo.corpus.importing import BATCH, Imported
from echo.corpus.wanted import Scope
from echo.discord.snowflakes import snowflake_at
from echo.errors import ImportRefused, NoPermission
from echo.importing import Source, import_into
from states.board import Progress
from states.model import OPEN_END, ProfileSnapshot, ProfileState
from tests.corpus.exports import in_folder, in_zip
from tests.support.snapshots import CUTOFF, NOON, SERVER, SUBJECT, birth, changed_to

DAY = datetime(2026, 5, 1, 10, tzinfo=UTC).timestamp()
OTHER = 909
ROOM = 5_000


@dataclass(slots=True)
class Kept:
    """A database with one profile that agreed."""

    corpus: Corpus
    profile: ProfileSnapshot

    async def take(self, path: Path, context: int = 12, **source: Any) -> Imported:
        """Import a file."""
        return await import_into(self.corpus, self.profile, Source(path, **source), NOON, context=context)

    async def rows(self) -> list[StoredMessage]:
        """All that is stored, oldest first."""
        return [row async for page in self.corpus.stream(self.profile.id) for row in page]

    async def texts(self) -> list[str]:
        """What is stored, oldest first."""
        return [row.text for row in await self.rows()]

    async def refusal(self, path: Path, **source: Any) -> str:
        """The sentence in which a file is refused, of which nothing is kept."""
        before = await self.rows()
        with pytest.raises(ImportRefused) as caught:
            await self.take(path, **source)
        assert await self.rows() == before
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
        return str(caught.value)


@asynccontextmanager
async def kept(folder: Path, **changes: Any) -> AsyncIterator[Kept]:
    """A fresh database in a folder."""
    async with Database(folder / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        steps = Steps(database)
        born = (await steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        after = replace(born, **{"state": ProfileState.READY, **changes})
        profile = (await steps.record(changed_to(born, after))).snapshot
        assert isinstance(profile, ProfileSnapshot)
        yield Kept(Corpus(database, keyring, lambda: NOON), profile)


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as found:
        yield found


def number_at(ts: float) -> str:
    """An id of Discord's from that time."""
    return str(snowflake_at(datetime.fromtimestamp(ts, UTC)) + 1)


def package(rows: Sequence[tuple[float, str]], **channel: object) -> dict[str, str]:
    """A data package of the subject with one channel of the server."""
    told = {"id": str(ROOM), "type": 0, "name": "weir", "guild": {"id": str(SERVER), "name": "Mill"}} | channel
    written = [
        {
            "ID": int(number_at(ts)),
            "Timestamp": datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "Contents": text,
            "Attachments": "",
        }
        for ts, text in rows
    ]
    return {
        "account/user.json": json.dumps({"id": str(SUBJECT), "username": "ottilie"}),
        "messages/index.json": json.dumps({str(ROOM): None}),
        f"messages/c{ROOM}/channel.json": json.dumps(told),
        f"messages/c{ROOM}/messages.json": json.dumps(written),
    }


def other_channel(number: int, text: str, **channel: object) -> dict[str, str]:
    """The files of one more channel of a package."""
    files = package([(DAY + number, text)], id=str(number), **channel)
    return {
        path.replace(str(ROOM), str(number)): content
        for path, content in files.items()
        if path.startswith(f"messages/c{ROOM}")
    }


def exported(rows: Sequence[tuple[float, int, str]], channel: dict[str, object] | None = None, **guild: object) -> str:
    """A chat exporter's file of one channel; rows are time, author and text."""
    return json.dumps(
        {
            "guild": {"id": str(SERVER), "name": "Mill"} | guild,
            "channel": {"id": str(ROOM), "type": "GuildTextChat", "name": "weir"} | (channel or {}),
            "messages": [said(*row) for row in rows],
        }
    )


def said(ts: float, author: int, text: str, **more: object) -> dict[str, object]:
    """One message of a chat exporter's file."""
    return {
        "id": number_at(ts),
        "type": "Default",
        "timestamp": datetime.fromtimestamp(ts, UTC).isoformat(),
        "content": text,
        "author": {"id": str(author), "name": f"name{author}", "isBot": False},
    } | more


def lines(path: Path, *rows: dict[str, object]) -> Path:
    """A JSON Lines file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


async def test_a_data_package_becomes_bare_rows_with_discords_own_ids(tmp_path: Path, stored: Kept) -> None:
    path = in_zip(tmp_path / "package.zip", package([(DAY + 60, "the ferry left"), (DAY, "plum cake")]))
    imported = await stored.take(path)
    assert (imported.added, imported.own, imported.context) == (2, 2, 0)
    first, second = await stored.rows()
    assert (first.text, second.text) == ("plum cake", "the ferry left")
    assert first.message_id == int(number_at(DAY)) and first.ts == DAY
    assert (first.own, first.bare, first.provenance) == (True, True, Provenance.DATA_PACKAGE)
    assert (first.user_id, first.server_id, first.channel_id) == (SUBJECT, SERVER, ROOM)


@pytest.mark.parametrize("form", ["package", "chat export", "lines"])
async def test_importing_twice_adds_nothing(tmp_path: Path, stored: Kept, form: str) -> None:
    if form == "package":
        path = in_folder(tmp_path / "package", package([(DAY, "plum cake"), (DAY + 1, "ferry")]))
    elif form == "chat export":
        path = tmp_path / "weir.json"
        path.write_text(exported([(DAY, OTHER, "who?"), (DAY + 1, SUBJECT, "me"), (DAY + 2, SUBJECT, "I said")]))
    else:
        rows = ({"author": a, "channel": "weir", "ts": DAY + n, "text": f"{a} {n}"} for n, a in enumerate("owo"))
        path = lines(tmp_path / "talk.jsonl", *rows)
    author = "o" if form == "lines" else None
    assert (await stored.take(path, author=author)).added == 2
    before = await stored.rows()
    again = await stored.take(path, author=author)
    assert (again.added, again.own) == (0, 2)
    assert await stored.rows() == before


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


async def test_a_chat_export_gives_each_message_what_stood_before_it(tmp_path: Path, stored: Kept) -> None:
    rows = [(DAY - 13 * 3600, OTHER, "yesterday")]
    rows += [(DAY + n, OTHER + n, f"question {n}") for n in range(5)]
    rows += [(DAY + 10, SUBJECT, "an answer"), (DAY + 20, OTHER, "thanks"), (DAY + 30, OTHER, "bye")]
    path = tmp_path / "weir.json"
    path.write_text(exported(rows))
    imported = await stored.take(path, context=3)
    assert await stored.texts() == ["question 2", "question 3", "question 4", "an answer"]
    assert (imported.own, imported.context) == (1, 3)
    *context, own = await stored.rows()
    assert own.own and not own.bare and own.provenance is Provenance.EXPORT
    # Others have invented names, the subject is called as the export calls them.
    assert own.author == f"name{SUBJECT}"
    assert not any(row.own or row.author.startswith("name") for row in context)
    assert [row.user_id for row in context] == [OTHER + n for n in (2, 3, 4)]


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
async def test_context_is_the_same_whichever_way_the_file_runs(tmp_path: Path, stored: Kept, order: str) -> None:
    rows = [(DAY + n, OTHER if n % 4 else SUBJECT, f"line {n}") for n in range(1, 30)]
    path = tmp_path / "weir.json"
    path.write_text(exported(rows if order == "oldest first" else rows[::-1]))
    await stored.take(path, context=2)
    assert await stored.texts() == [f"line {n}" for n in range(1, 30) if n % 4 != 1 and n < 29]
    assert all(not row.bare for row in await stored.rows())


async def test_the_parts_of_a_channel_are_joined_in_the_order_of_time(tmp_path: Path, stored: Kept) -> None:
    rows = [(DAY + n, OTHER if n % 6 else SUBJECT, f"line {n}") for n in range(1, 37)]
    parts = {
        f"weir{f' [part {n + 1}]' if n else ''}.json": exported(rows[max(0, 3 * n - 1) : 3 * n + 3]) for n in range(12)
    }
    await stored.take(in_folder(tmp_path / "export", parts), context=4)
    assert await stored.texts() == [f"line {n}" for n in range(1, 37) if n % 6 != 1]
    assert all(not row.bare for row in await stored.rows())


async def test_an_export_in_no_order_or_without_others_knows_no_context(tmp_path: Path, stored: Kept) -> None:
    mixed = [(DAY + 9, OTHER, "late"), (DAY, SUBJECT, "mine"), (DAY + 5, OTHER, "middle"), (DAY + 1, SUBJECT, "mine 2")]
    alone = [(DAY + 100, SUBJECT, "alone"), (DAY + 101, SUBJECT, "still alone")]
    files = {"weir.json": exported(mixed), "quay.json": exported(alone, channel={"id": "5001", "name": "quay"})}
    await stored.take(in_folder(tmp_path / "export", files))
    assert {row.text: row.bare for row in await stored.rows()} == dict.fromkeys(
        ("mine", "mine 2", "alone", "still alone"), True
    )


async def test_what_a_package_gave_bare_gets_its_context_from_a_chat_export(tmp_path: Path, stored: Kept) -> None:
    await stored.take(in_zip(tmp_path / "package.zip", package([(DAY + 1, "an answer")])))
    path = tmp_path / "weir.json"
    path.write_text(exported([(DAY, OTHER, "a question"), (DAY + 1, SUBJECT, "an answer")]))
    imported = await stored.take(path)
    assert imported.added == 0
    assert [(row.text, row.bare) for row in await stored.rows()] == [("a question", False), ("an answer", False)]


async def test_pictures_cut_and_other_peoples_words_drop_out(tmp_path: Path, stored: Kept) -> None:
    bot = {"id": "7", "name": "Quill (echo)", "isBot": True}
    messages = [
        said(DAY, OTHER, "look"),
        said(DAY + 1, OTHER, "", attachments=[{"url": "x"}]),
        said(DAY + 2, OTHER, "", stickers=[{"id": "1"}]),
        said(DAY + 3, OTHER, "I said so") | {"author": bot},
        said(DAY + 4, SUBJECT, "pretty"),
        said(DAY + 5, SUBJECT, "", attachments=[{"url": "y"}]),
        said(DAY + 6, SUBJECT, "", forwardedMessage={"content": "not mine"}),
        said(DAY + 7, SUBJECT, "joined", type="GuildMemberJoin"),
        said(DAY + 8, SUBJECT, "", stickers=[{"id": "1"}]),
    ]
    path = tmp_path / "weir.json"
    path.write_text(json.dumps(json.loads(exported([])) | {"messages": messages}))
    imported = await stored.take(path)
    assert [(row.text, row.own, row.cut) for row in await stored.rows()] == [
        ("", False, True),
        ("pretty", True, False),
        ("", True, True),
    ]
    assert imported.dropped == {"sticker": 2, "echo": 1, "forward": 1, "system": 1}
    assert imported.own == 1


async def test_a_picture_in_a_package_is_a_cut_without_words(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "look"), (DAY + 1, ""), (DAY + 2, "")])
    path = f"messages/c{ROOM}/messages.json"
    rows = json.loads(files[path])
    rows[1]["Attachments"] = "https://cdn.example/a.png"
    imported = await stored.take(in_zip(tmp_path / "package.zip", files | {path: json.dumps(rows)}))
    assert [(row.text, row.cut) for row in await stored.rows()] == [("look", False), ("", True)]
    assert imported.dropped == {"empty": 1} and imported.own == 1


async def test_an_export_of_endless_people_is_refused(tmp_path: Path, stored: Kept) -> None:
    path = tmp_path / "weir.json"
    path.write_text(exported([(DAY + n, OTHER + n, "me") for n in range(20)]))
    assert "more than 10 names of people" in await stored.refusal(path, limits=Limits(members=10))


async def test_names_of_others_are_replaced_even_where_they_are_said_first(tmp_path: Path, stored: Kept) -> None:
    rows = [(DAY, OTHER, f"has anybody seen name{OTHER + 1}?"), (DAY + 1, SUBJECT, f"@name{OTHER + 1} sleeps")]
    rows += [(DAY + 2, OTHER + 1, "I do not")]
    path = tmp_path / "weir.json"
    path.write_text(exported(rows))
    await stored.take(path)
    assert not any(f"name{OTHER + 1}" in text for text in await stored.texts())


async def test_addresses_are_scrubbed_and_counted_before_anything_is_stored(tmp_path: Path, stored: Kept) -> None:
    path = in_zip(tmp_path / "package.zip", package([(DAY, "write to ottilie@example.org")]))
    await stored.take(path)
    (row,) = await stored.rows()
    assert "example.org" not in row.text and sum(row.scrubbed.values()) == 1


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


async def test_lines_with_discords_ids_keep_them(tmp_path: Path, stored: Kept) -> None:
    base = {"channel": "weir", "channel_id": str(ROOM), "server_id": str(SERVER)}
    path = lines(
        tmp_path / "talk.jsonl",
        {**base, "author": "w", "author_id": OTHER, "ts": DAY, "text": "who?", "id": number_at(DAY)},
        {**base, "author": "o", "author_id": SUBJECT, "ts": DAY + 1, "text": "me", "id": number_at(DAY + 1)}
        | {"reply_to": number_at(DAY)},
        {**base, "author": "o", "author_id": SUBJECT, "ts": DAY + 2, "text": "elsewhere", "server_id": "12"},
    )
    imported = await stored.take(path)
    question, answer = await stored.rows()
    assert answer.message_id == int(number_at(DAY + 1)) and answer.reply_to == question.message_id
    assert (question.user_id, question.channel_id) == (OTHER, ROOM)
    assert imported.dropped == {"other server": 1}


async def test_an_id_of_another_time_is_not_taken_for_discords(tmp_path: Path, stored: Kept) -> None:
    rows = [
        {"author": "o", "author_id": SUBJECT, "channel": "weir", "ts": DAY + n, "text": "same", "id": n + 1}
        for n in range(3)
    ]
    await stored.take(lines(tmp_path / "talk.jsonl", *rows))
    assert [row.message_id < 0 for row in await stored.rows()] == [True] * 3


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


_TALK = st.lists(
    st.tuples(st.integers(0, 40_000), st.sampled_from([SUBJECT, OTHER, OTHER + 1]), st.sampled_from(["", "hm", "so"])),
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(talk=_TALK, context=st.integers(0, 3))
async def test_of_any_channel_just_the_subjects_words_and_what_led_to_them_are_kept(
    tmp_path_factory: pytest.TempPathFactory, talk: list[tuple[int, int, str]], context: int
) -> None:
    folder = tmp_path_factory.mktemp("wild")
    rows = sorted({DAY + offset: (author, text) for offset, author, text in talk}.items())
    path = folder / "weir.json"
    path.write_text(exported([(ts, author, text) for ts, (author, text) in rows]))
    async with kept(folder) as here:
        try:
            await here.take(path, context=context)
        except ImportRefused:
            assert not any(author == SUBJECT and text for _, (author, text) in rows)
            return
        found = await here.rows()
    spoken = [(ts, author) for ts, (author, text) in rows if text]
    own = [ts for ts, author in spoken if author == SUBJECT]
    assert [row.ts for row in found if row.own] == own
    wanted = set()
    if any(author != SUBJECT for _, author in spoken):
        for ts in own:
            after_last = max((one for one in own if one < ts), default=0.0)
            near = [one for one, author in spoken if author != SUBJECT and after_last < one < ts and ts - one <= 43_200]
            wanted.update(near[max(0, len(near) - context) :] if context else [])
    assert {row.ts for row in found if not row.own} == wanted
