"""The world: a function of what was written, and a place where things happen."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.written import Written
from echo.errors import ImportRefused
from echo.sandbox import permissions
from echo.sandbox.permissions import Permission
from echo.sandbox.records import EPHEMERAL, Dispatch, Overwrite
from echo.sandbox.snowflakes import Sequence, parse_snowflake, snowflake_at, timestamp_of
from echo.sandbox.world import World
from tests.support.loopback import NOW, START, channel, small_world, user

CHAT = Path(__file__).resolve().parents[3] / "shared" / "chat" / "zig.jsonl.gz"


def everything(world: World) -> object:
    rows = {one: [(m.id, m.author_id, m.content, m.reply_to) for m in world.messages[one]] for one in world.messages}
    return world.guild, world.bot, world.users, world.members, world.channels, world.roles, rows


def test_the_same_lines_make_the_same_world_each_time() -> None:
    assert everything(small_world()) == everything(small_world())


def test_another_seed_makes_other_ids_but_leaves_the_times_alone() -> None:
    lines = [Written("Mara", "general", START, "hello")]
    one, other = World.populate(1, "A", lines), World.populate(2, "A", lines)
    assert user(one, "Mara").id != user(other, "Mara").id
    assert [m.ts for m in one.messages[channel(one, "general").id]] == [START]
    assert [m.ts for m in other.messages[channel(other, "general").id]] == [START]


def test_authors_become_members_whose_accounts_are_older_than_their_first_message() -> None:
    world = small_world()
    assert {one.display_name for one in world.people()} == {"Mara", "Tobias"}
    for history in world.messages.values():
        for message in history:
            assert timestamp_of(message.author_id) < message.ts
            assert world.members[message.author_id].joined_at <= message.ts


def test_lines_of_one_second_keep_their_order_and_get_ids_of_that_second() -> None:
    lines = [Written("Mara", "general", START, str(at)) for at in range(50)]
    world = World.populate(1, "A", lines)
    history = list(world.messages[channel(world, "general").id])
    assert [m.content for m in history] == [str(at) for at in range(50)]
    assert len({m.id for m in history}) == 50
    assert {m.ts for m in history} == {START}


def test_threads_hang_under_their_channel_and_are_archived_when_long_quiet() -> None:
    world = small_world()
    tea, attic, general = (channel(world, name) for name in ("tea", "attic", "general"))
    assert tea.parent_id == attic.parent_id == general.id
    assert (tea.archived, attic.archived) == (False, True)
    assert attic.id < next(iter(world.messages[attic.id])).id


def test_a_parent_that_nobody_wrote_in_becomes_a_channel_all_the_same() -> None:
    world = World.populate(1, "A", [Written("Mara", "tea", START, "hi", parent="Kitchen Corner")])
    assert channel(world, "tea").parent_id == channel(world, "kitchen-corner").id


def test_replies_point_at_the_message_that_their_key_names() -> None:
    world = small_world()
    first, second = world.messages[channel(world, "tea").id]
    assert second.reply_to == first.id
    assert first.reply_to is None


def test_a_reply_to_something_outside_the_export_is_an_ordinary_message() -> None:
    world = World.populate(1, "A", [Written("Mara", "general", START, "hi", key="2", reply_to="1")])
    assert [m.reply_to for m in world.messages[channel(world, "general").id]] == [None]


def test_the_most_active_author_owns_the_server_unless_somebody_else_is_named() -> None:
    world = small_world()
    assert world.guild.owner_id == user(world, "Mara").id
    lines = [Written("Mara", "general", START + at, "x") for at in range(3)] + [
        Written("Tobias", "general", START, "y")
    ]
    named = World.populate(1, "A", lines, manager="@tobias")
    tobias = user(named, "Tobias")
    assert named.guild.owner_id == tobias.id
    assert named.guild_permissions(tobias.id) & Permission.MANAGE_GUILD
    assert not named.guild_permissions(user(named, "Mara").id) & Permission.MANAGE_GUILD


def test_a_real_account_id_of_the_export_is_kept() -> None:
    number = snowflake_at(START - 86400, 5)
    world = World.populate(1, "A", [Written("Mara", "general", START, "x", author_id=str(number))])
    assert user(world, "Mara").id == number


def test_two_accounts_of_one_name_stay_two_people() -> None:
    lines = [
        Written("Mara", "general", START, "x", author_id="a"),
        Written("Mara", "general", START, "y", author_id="b"),
    ]
    people = list(World.populate(1, "A", lines).people())
    assert [one.display_name for one in people] == ["Mara", "Mara"]
    assert len({one.name for one in people}) == 2


@pytest.mark.parametrize(
    ("lines", "manager", "said"),
    [
        ([], None, "no message"),
        ([Written("Mara", "general", 0.0, "x")], None, "2015"),
        ([Written("Mara", "general", 1e12, "x")], None, "2084"),
        ([Written("Mara", "general", START, "x")], "Nobody", "Nobody"),
    ],
)
def test_what_can_not_become_a_server_is_refused_in_one_sentence(
    lines: list[Written], manager: str | None, said: str
) -> None:
    with pytest.raises(ImportRefused, match=said) as refused:
        World.populate(1, "A", lines, manager=manager)
    assert "\n" not in str(refused.value)


names = st.text(min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Written,
            author=names,
            channel=names,
            ts=st.floats(START, START + 1e6),
            text=st.text(max_size=20),
            key=st.none() | st.sampled_from("abc"),
            reply_to=st.none() | st.sampled_from("abc"),
            parent=st.none() | names,
        ),
        min_size=1,
        max_size=15,
    )
)
def test_whatever_was_written_is_all_there_once_with_ids_of_its_own(lines: list[Written]) -> None:
    world = World.populate(3, "Wild", lines)
    messages = [m for history in world.messages.values() for m in history]
    assert sorted(m.content for m in messages) == sorted(one.text for one in lines)
    things = [m.id for m in messages] + [*world.users, *world.channels, *world.roles]
    assert len(things) == len(set(things))
    assert len({c.name for c in world.guild_channels()}) == len(world.guild_channels())
    assert all(2 <= len(one.name) <= 32 and 1 <= len(one.display_name) <= 32 for one in world.people())


def test_new_ids_grow_though_the_clock_stands_still_or_goes_back() -> None:
    ids = Sequence()
    made = [ids.next(now) for now in (NOW, NOW, NOW - 100, NOW, NOW + 1)]
    assert made == sorted(set(made))
    assert timestamp_of(made[-1]) == NOW + 1


def test_a_snowflake_is_read_only_from_plain_digits() -> None:
    assert parse_snowflake("123456789012345678") == 123456789012345678
    for wrong in (None, "", "12", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨", "-23456789012345678", "9" * 19):
        assert parse_snowflake(wrong) is None


def test_every_act_on_a_message_is_told_once() -> None:
    world, told = small_world(), list[Dispatch]()
    place, mara = channel(world, "general").id, user(world, "Mara").id
    unsubscribe = world.subscribe(told.append)
    said = world.post_message(place, mara, "hi", now=NOW)
    world.edit_message(place, said.id, content="hello", now=NOW + 1)
    world.add_reaction(place, said.id, mara, "👋")
    world.add_reaction(place, said.id, mara, "👋")
    world.remove_reaction(place, said.id, mara, "👋")
    world.start_typing(place, mara, now=NOW)
    world.delete_message(place, said.id)
    unsubscribe()
    world.post_message(place, mara, "unheard", now=NOW)
    assert [one.event for one in told] == [
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "TYPING_START",
        "MESSAGE_DELETE",
    ]
    assert all(one.channel_id == place and one.guild_id == world.guild.id for one in told)


def test_a_mention_pings_unless_it_is_held_back() -> None:
    world = small_world()
    place, mara, tobias = channel(world, "general").id, user(world, "Mara").id, user(world, "Tobias").id
    text = f"<@{mara}> and <@!{tobias}> and @everyone"
    loud = world.post_message(place, mara, text, now=NOW)
    assert (loud.mentions, loud.mention_everyone) == ((mara, tobias), True)
    assert not world.post_message(place, tobias, text, now=NOW).mention_everyone
    quiet = world.post_message(place, mara, text, now=NOW, allowed_mentions={"parse": []})
    assert (quiet.mentions, quiet.mention_everyone) == ((), False)
    chosen = world.post_message(place, mara, text, now=NOW, allowed_mentions={"users": [str(tobias)]})
    assert chosen.mentions == (tobias,)
    answer = world.post_message(place, mara, "yes", now=NOW, reply_to=quiet.id)
    assert answer.mentions == (mara,)
    silent = world.post_message(place, mara, "yes", now=NOW, reply_to=quiet.id, allowed_mentions={"parse": []})
    assert silent.mentions == ()


def test_an_ephemeral_message_is_in_no_history_and_told_to_one_person_only() -> None:
    world, told = small_world(), list[Dispatch]()
    place, mara = channel(world, "general").id, user(world, "Mara").id
    before = len(world.messages[place])
    world.subscribe(told.append)
    said = world.post_message(place, world.bot.id, "psst", flags=EPHEMERAL, only_user=mara, now=NOW)
    assert len(world.messages[place]) == before
    assert world.message(place, said.id) is said
    assert [one.only_user for one in told] == [mara]


def test_overwrites_apply_in_discords_order() -> None:
    world = small_world()
    place, tobias = channel(world, "general"), user(world, "Tobias").id
    everyone, own_role = world.guild.id, next(r for r in world.roles.values() if r.name == "Manager")
    world.members[tobias].roles.append(own_role.id)
    world.set_overwrite(place.id, Overwrite(everyone, 0, deny=int(Permission.SEND_MESSAGES)))
    assert not world.may(place.id, tobias, Permission.SEND_MESSAGES)
    world.set_overwrite(place.id, Overwrite(own_role.id, 0, allow=int(Permission.SEND_MESSAGES)))
    assert world.may(place.id, tobias, Permission.SEND_MESSAGES)
    world.set_overwrite(place.id, Overwrite(tobias, 1, deny=int(Permission.SEND_MESSAGES)))
    assert not world.may(place.id, tobias, Permission.SEND_MESSAGES)
    world.set_overwrite(place.id, Overwrite(tobias, 1, deny=int(Permission.VIEW_CHANNEL)))
    assert world.permissions_in(place.id, tobias) == 0
    assert world.permissions_in(place.id, world.guild.owner_id) == permissions.ALL


def test_a_private_thread_is_seen_by_its_members_and_who_may_manage_threads() -> None:
    world = small_world()
    mara, tobias = user(world, "Mara").id, user(world, "Tobias").id
    thread = world.create_thread(channel(world, "general").id, "secret", mara, now=NOW, private=True)
    assert not world.may(thread.id, tobias, Permission.VIEW_CHANNEL)
    assert world.may(thread.id, world.bot.id, Permission.VIEW_CHANNEL)
    world.join_thread(thread.id, tobias, now=NOW)
    assert world.may(thread.id, tobias, Permission.VIEW_CHANNEL)


def test_deleting_a_channel_takes_its_threads_and_webhooks_along() -> None:
    world = small_world()
    general, tea = channel(world, "general"), channel(world, "tea")
    world.create_webhook(general.id, "Voice", world.bot.id, now=NOW)
    world.delete_channel(general.id)
    assert not {general.id, tea.id} & world.channels.keys()
    assert not world.webhooks


def test_people_and_channels_are_found_by_id_mention_and_name() -> None:
    world = small_world()
    mara, tea = user(world, "Mara"), channel(world, "tea")
    for text in (str(mara.id), f"<@{mara.id}>", f"<@!{mara.id}>", "mara", "@MARA"):
        assert world.find_user(text) is mara
    for text in (str(tea.id), f"<#{tea.id}>", "#tea", "Tea"):
        assert world.find_channel(text) is tea
    assert world.find_user("nobody") is None
    assert world.find_channel("nowhere") is None


def test_three_hundred_thousand_real_messages_load_in_seconds() -> None:
    if not CHAT.exists():
        pytest.skip("the real chat log ../shared/chat/zig.jsonl.gz is not beside this repository")
    with gzip.open(CHAT, "rt", encoding="utf-8") as log:
        lines = [Written(one["author"], one["channel"], float(one["ts"]), one["text"]) for one in map(json.loads, log)]
    began = time.process_time()
    world = World.populate(1, "Real", lines)
    assert time.process_time() - began < 15
    assert sum(map(len, world.messages.values())) == len(lines) > 300_000
