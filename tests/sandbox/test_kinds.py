"""Messages that are more than words, in every kind of channel."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import nextcord
import pytest

from echo.sandbox.options import NotPossible, upload_of
from echo.sandbox.records import KINDS
from echo.sandbox.server import Sandbox
from tests.support.bot import connected
from tests.support.loopback import NOW, START, Caller, calling, channel, listening, opened, user
from tests.support.openapi import load

PICTURE = {"filename": "cat.png", "content": b"not really a picture", "width": 4, "height": 3}
SPEECH = {"filename": "voice-message.ogg", "content": b"hm", "seconds": 2.5}


def messages(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}/messages"


async def newest(call: Caller, sandbox: Sandbox, name: str = "general") -> Any:
    return (await call("GET", messages(sandbox, name), limit=1))[0]


async def test_a_file_is_described_and_can_be_fetched(sandbox: Sandbox, call: Caller) -> None:
    view = await sandbox.people.say("Mara", "general", "look", attachments=[PICTURE])
    assert view["shown"] == "look\n[cat.png]"
    [file] = (await newest(call, sandbox))["attachments"]
    assert (file["filename"], file["size"], file["content_type"]) == ("cat.png", 20, "image/png")
    assert (file["width"], file["height"]) == (4, 3)
    assert file["url"].startswith(f"{sandbox.address}/attachments/")
    async with aiohttp.ClientSession() as session, session.get(file["url"]) as answer:
        assert (answer.status, await answer.read()) == (200, b"not really a picture")
        assert answer.content_type == "image/png"
    async with aiohttp.ClientSession() as session, session.get(f"{file['url']}.exe") as answer:
        assert answer.status == 404


async def test_faults_reach_files_as_well(sandbox: Sandbox) -> None:
    view = await sandbox.people.say("Mara", "general", attachments=[{"filename": "ä b?.txt", "content": "aGk="}])
    url = view["attachments"][0]["url"]
    sandbox.faults.set({"errors": 1, "match": "/attachments/"})
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 503
        async with session.get(url) as answer:
            assert await answer.read() == b"hi"


async def test_nextcord_reads_all_of_it(sandbox: Sandbox) -> None:
    people = sandbox.people
    async with listening(sandbox) as client:
        said = await people.say("Mara", "general", attachments=[PICTURE, {"filename": "a.txt", "content": b"text"}])
        heard = await client.saw("message", lambda one: str(one.id) == said["id"])
        assert [one.filename for one in heard.attachments] == ["cat.png", "a.txt"]
        assert await heard.attachments[1].read() == b"text"
        for act in (
            people.say("Mara", "general", stickers=["wave"]),
            people.say("Mara", "general", voice=True, attachments=[SPEECH]),
            people.say("Mara", "general", poll={"question": "Tea?", "answers": ["yes", "no"]}),
            people.forward("Mara", said["id"], "workshop"),
        ):
            said = await act
            heard = await client.saw("message", lambda one, wanted=said["id"]: str(one.id) == wanted)
            assert heard.content == ""
        await people.unfurl(said["id"], "https://example.org/a", "A page", "About a thing")
        carded = await client.saw("raw_message_edit")
        assert [one["title"] for one in carded.data["embeds"]] == ["A page"]
        assert carded.data["edited_timestamp"] is None
        arrived = await people.arrive("Zoe")
        joined = await client.saw("message", lambda one: one.type is nextcord.MessageType.new_member)
        assert str(joined.author.id) == arrived["id"]


async def test_stickers_polls_recordings_and_forwards_are_as_discord_has_them(sandbox: Sandbox, call: Caller) -> None:
    people = sandbox.people
    await people.say("Mara", "general", stickers=["wave"])
    assert [one["name"] for one in (await newest(call, sandbox))["sticker_items"]] == ["wave"]
    await people.say("Mara", "general", poll={"question": "Tea?", "answers": ["yes", "no"]})
    asked = (await newest(call, sandbox))["poll"]
    assert (asked["question"]["text"], len(asked["answers"])) == ("Tea?", 2)
    await people.say("Mara", "general", voice=True, attachments=[SPEECH])
    spoken = await newest(call, sandbox)
    assert spoken["flags"] == 1 << 13
    assert spoken["attachments"][0]["duration_secs"] == 2.5
    original = await people.say("Tobias", "general", "words worth keeping", attachments=[PICTURE])
    await people.forward("Mara", original["id"], "workshop")
    forwarded = await newest(call, sandbox, "workshop")
    assert (forwarded["content"], forwarded["message_reference"]["type"]) == ("", 1)
    [snapshot] = forwarded["message_snapshots"]
    assert snapshot["message"]["content"] == "words worth keeping"
    assert "author" not in snapshot["message"]
    assert load().object_faults("MessageResponse", forwarded) == []


async def test_without_the_content_intent_no_kind_of_content_is_left(sandbox: Sandbox, call: Caller) -> None:
    people = sandbox.people
    original = await people.say("Mara", "general", "secret", attachments=[PICTURE])
    await people.forward("Mara", original["id"], "general")
    await people.say("Mara", "general", poll={"question": "secret?", "answers": ["secret"]})
    sandbox.faults.set({"message_content": False})
    page = await call("GET", messages(sandbox), limit=3)
    assert "secret" not in str(page)
    assert "cat.png" not in str(page)


async def test_every_kind_of_channel_is_described_and_understood(sandbox: Sandbox, call: Caller) -> None:
    people = sandbox.people
    async with listening(sandbox) as client:
        await people.create_channel("Mara", "a-category", kind="category")
        for kind in ("announcement", "voice", "stage", "forum", "media"):
            await people.create_channel("Mara", f"a-{kind}", kind=kind, parent="a-category", nsfw=kind == "voice")
        # nextcord knows no channels for media.
        for kind in ("announcement", "voice", "stage", "forum"):
            await client.saw("guild_channel_create", lambda one, wanted=f"a-{kind}": one.name == wanted)
        await people.post("Mara", "a-forum", "First post", "What do you think?")
        await client.saw("thread_create", lambda one: one.name == "First post")
    api, world = load(), sandbox.world
    for one in await call("GET", f"/guilds/{world.guild.id}/channels"):
        assert api.object_faults("GuildChannelResponse", one) == []
    kinds = {one["name"]: one["type"] for one in await call("GET", f"/guilds/{world.guild.id}/channels")}
    assert kinds["a-media"] == KINDS["media"] == 16
    async with listening(sandbox) as again:
        names = {one.name for one in again.guilds[0].channels}
        assert {"a-category", "a-announcement", "a-voice", "a-stage", "a-forum"} <= names
        assert "First post" in {one.name for one in again.guilds[0].threads}


async def test_a_post_has_the_id_of_its_first_message_and_forums_hold_none(sandbox: Sandbox, call: Caller) -> None:
    people = sandbox.people
    await people.create_channel("Mara", "questions", kind="forum")
    first = await people.post("Tobias", "questions", "Why?", "I wonder.")
    assert first["channel"] == first["id"]
    await people.say("Mara", "Why?", "Because.")
    page = await call("GET", messages(sandbox, "Why?"))
    assert [one["content"] for one in page] == ["Because.", "I wonder."]
    assert (await call("GET", messages(sandbox, "questions"), status=400))["code"] == 50024
    await people.change_channel("Tobias", "Why?", archived=True)
    forum = channel(sandbox.world, "questions").id
    archived = await call("GET", f"/channels/{forum}/threads/archived/public")
    assert [one["name"] for one in archived["threads"]] == ["Why?"]
    with pytest.raises(NotPossible, match="takes posts"):
        await people.say("Mara", "questions", "here?")
    with pytest.raises(NotPossible, match="is no forum"):
        await people.post("Mara", "general", "Title", "text")


async def test_talk_beside_a_call_takes_connect_too(sandbox: Sandbox, call: Caller) -> None:
    people = sandbox.people
    await people.create_channel("Mara", "parlour", kind="voice")
    await people.say("Tobias", "parlour", "can you hear me?")
    assert (await newest(call, sandbox, "parlour"))["content"] == "can you hear me?"
    await people.permit("Mara", "parlour", "everyone", deny=["connect"])
    assert (await call("GET", messages(sandbox, "parlour"), status=403))["code"] == 50001
    found = await call("GET", f"/guilds/{sandbox.world.guild.id}/messages/search", content="hear")
    assert found["total_results"] == 0
    with pytest.raises(NotPossible, match="may not enter"):
        await people.say("Tobias", "parlour", "hello?")


async def test_threads_of_announcements_and_private_ones_are_listed_where_they_belong(
    sandbox: Sandbox, call: Caller
) -> None:
    people = sandbox.people
    await people.create_channel("Mara", "news", kind="announcement")
    view = await people.open_thread("Mara", "news", "about the news")
    assert view["kind"] == "announcement_thread"
    told = await newest(call, sandbox, "news")
    assert (told["type"], told["content"]) == (18, "about the news")
    await people.open_thread("Mara", "news", "behind closed doors", private=True)
    for name in ("about the news", "behind closed doors"):
        await people.change_channel("Mara", name, archived=True)
    news = f"/channels/{channel(sandbox.world, 'news').id}/threads/archived"
    assert [one["name"] for one in (await call("GET", f"{news}/public"))["threads"]] == ["about the news"]
    assert [one["name"] for one in (await call("GET", f"{news}/private"))["threads"]] == ["behind closed doors"]


async def test_a_thread_from_a_message_begins_with_that_message(sandbox: Sandbox, call: Caller) -> None:
    line = (await newest(call, sandbox))["id"]
    await sandbox.people.open_thread("Mara", "general", "more about this", message_id=line)
    start = await newest(call, sandbox, "more about this")
    assert (start["type"], start["content"], start["referenced_message"]["id"]) == (21, "", line)
    with pytest.raises(NotPossible, match="No thread can start"):
        await sandbox.people.open_thread("Mara", "general", "again", message_id=line)


async def test_a_message_can_be_put_into_the_past(sandbox: Sandbox, call: Caller) -> None:
    world, mara = sandbox.world, user(sandbox.world, "Mara").id
    general = channel(world, "general")
    last = general.last_message_id
    file = world.keep_file(general.id, _upload(), now=NOW)
    put = world.remember(general.id, mara, "between the lines", at=START + 90.0, attachments=[file])
    page = await call("GET", messages(sandbox), around=str(put.id), limit=3)
    assert [one["content"] for one in page] == ["line 2", "between the lines", "line 1"]
    assert general.last_message_id == last
    found = await call("GET", f"/guilds/{world.guild.id}/messages/search", author_id=str(mara), content="between")
    assert found["total_results"] == 1


def _upload() -> Any:
    return upload_of(PICTURE, 1000)


async def test_a_command_takes_a_file() -> None:
    taken: list[tuple[str, int, bytes]] = []

    def dress(client: nextcord.Client) -> None:
        @client.slash_command(name="take", description="Takes a file")  # type: ignore[untyped-decorator]
        async def take(interaction: nextcord.Interaction[Any], file: nextcord.Attachment) -> None:
            taken.append((file.filename, file.size, await file.read()))
            await interaction.send("Thank you.", ephemeral=True)

    async with connected(dress) as stage:
        options: dict[str, object] = {"file": {"filename": "package.zip", "content": b"PK..."}}
        answered = await stage.people.command("Ada", "general", "take", options)
        assert answered["responses"][0]["content"] == "Thank you."
        encoded = {"file": {"filename": "../two.zip", "content": base64.b64encode(b"two").decode()}}
        async with calling(stage.sandbox) as call:
            body = {"author": "Ada", "channel": "general", "command": "take", "options": encoded}
            assert (await call("POST", "/sandbox/commands", body))["responses"]
        assert taken == [("package.zip", 5, b"PK..."), ("two.zip", 3, b"two")]
        with pytest.raises(NotPossible, match="needs an object with its filename"):
            await stage.people.command("Ada", "general", "take", {"file": "package.zip"})


async def test_all_of_it_is_offered_over_http(sandbox: Sandbox, call: Caller) -> None:
    file = {"filename": "cat.png", "content": base64.b64encode(b"cat").decode()}
    mara = {"author": "Mara", "channel": "general"}
    said = await call("POST", "/sandbox/messages", {**mara, "attachments": [file], "stickers": ["wave"]})
    assert [one["size"] for one in said["attachments"]] == [3]
    forwarded = await call("POST", "/sandbox/forwards", {**mara, "message_id": said["id"], "channel": "workshop"})
    assert forwarded["channel"] == str(channel(sandbox.world, "workshop").id)
    card = {"message_id": said["id"], "url": "https://example.org/", "title": "A page"}
    assert (await call("POST", "/sandbox/cards", card))["embeds"][0]["title"] == "A page"
    await call("POST", "/sandbox/channels", {"author": "Mara", "name": "pictures", "kind": "media"})
    post = {"author": "Mara", "channel": "pictures", "title": "Cats", "attachments": [file]}
    assert (await call("POST", "/sandbox/posts", post))["content"] == ""
    assert (await call("POST", "/sandbox/people", {"name": "Zoe"}))["name"] == "Zoe"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "needs some text"),
        ({"attachments": "cat.png"}, "must be a list"),
        ({"attachments": ["cat.png"]}, "needs an object with its filename"),
        ({"attachments": [{"filename": "a", "content": "%%%"}]}, "is not base64"),
        ({"attachments": [{"filename": "a", "content": 5}]}, "content of a file can't be"),
        ({"attachments": [{"filename": "a", "colour": "red"}]}, "A file has no “colour”"),
        ({"attachments": [{"filename": "a"}] * 11}, "at most 10 files"),
        ({"voice": True}, "says how many seconds"),
        ({"voice": True, "attachments": [{"filename": "a.ogg"}]}, "says how many seconds"),
        ({"stickers": ["a", "b", "c", "d"]}, "at most 3 stickers"),
        ({"poll": {"question": "?"}}, "list of answers"),
        ({"poll": {"question": "?", "answers": []}}, "1 to 10 answers"),
        ({"poll": {"question": "?", "answers": ["a"], "hours": 0}}, "1 to 768 hours"),
    ],
)
async def test_what_can_not_be_said_is_told_in_one_sentence(call: Caller, fields: dict[str, Any], said: str) -> None:
    body = {"author": "Mara", "channel": "general", **fields}
    assert said in (await call("POST", "/sandbox/messages", body, status=400))["error"]


async def test_a_file_that_is_too_large_is_refused_with_the_size() -> None:
    async with opened() as sandbox:
        sandbox.world.largest_file = 4
        with pytest.raises(NotPossible, match="at most 4 bytes here"):
            await sandbox.people.say("Mara", "general", attachments=[{"filename": "big.bin", "content": b"12345"}])
