"""What of an export becomes part of a corpus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.stored import Provenance
from echo.errors import ImportRefused
from states.terms import Terms
from tests.corpus.exports import in_folder, in_zip
from tests.corpus.imports import DAY, OTHER, ROOM, Kept, exported, kept, lines, number_at, package, said
from tests.support.snapshots import SERVER, SUBJECT


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as found:
        yield found


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
        ("", True, True),
    ], "a forward is answered like a picture: by what is in it"
    assert imported.dropped == {"sticker": 2, "echo": 1, "system": 1}
    assert imported.own == 1


async def test_a_picture_in_a_package_is_a_cut_without_words(tmp_path: Path, stored: Kept) -> None:
    files = package([(DAY, "look"), (DAY + 1, ""), (DAY + 2, "")])
    path = f"messages/c{ROOM}/messages.json"
    rows = json.loads(files[path])
    rows[1]["Attachments"] = "https://cdn.example/a.png"
    imported = await stored.take(in_zip(tmp_path / "package.zip", files | {path: json.dumps(rows)}))
    assert [(row.text, row.cut) for row in await stored.rows()] == [("look", False), ("", True)]
    assert imported.dropped == {"empty": 1} and imported.own == 1


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


async def test_lines_of_one_second_stay_in_their_order(tmp_path: Path, stored: Kept) -> None:
    rows = [{"author": "wo"[n % 2], "channel": "weir", "ts": DAY + n // 10, "text": f"line {n}"} for n in range(40)]
    await stored.take(lines(tmp_path / "up.jsonl", *rows), author="o")
    assert await stored.texts() == [f"line {n}" for n in range(40)]
    (weir,) = {row.channel_id for row in await stored.rows()}
    down = [row | {"channel": "quay"} for row in reversed(rows)]
    await stored.take(lines(tmp_path / "down.jsonl", *down), author="o")
    quay = [row.text for row in await stored.rows() if row.channel_id != weir]
    assert quay == [f"line {n}" for n in range(40)]


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


async def test_channels_that_the_person_did_not_agree_to_are_left_out_and_counted(tmp_path: Path, stored: Kept) -> None:
    stored.profile = replace(stored.profile, terms=Terms(reads=frozenset({ROOM})))
    own = {"server_id": str(SERVER), "author": "o", "author_id": SUBJECT}
    path = lines(
        tmp_path / "talk.jsonl",
        {**own, "channel": "weir", "channel_id": str(ROOM), "ts": DAY, "text": "yes", "id": number_at(DAY)},
        {**own, "channel": "mill", "channel_id": str(ROOM + 1), "ts": DAY + 1, "text": "no", "id": number_at(DAY + 1)},
    )
    imported = await stored.take(path)
    assert await stored.texts() == ["yes"] and imported.dropped == {"channel that was not agreed to": 1}


async def test_an_id_of_another_time_is_not_taken_for_discords(tmp_path: Path, stored: Kept) -> None:
    rows = [
        {"author": "o", "author_id": SUBJECT, "channel": "weir", "ts": DAY + n, "text": "same", "id": n + 1}
        for n in range(3)
    ]
    await stored.take(lines(tmp_path / "talk.jsonl", *rows))
    assert [row.message_id < 0 for row in await stored.rows()] == [True] * 3


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
