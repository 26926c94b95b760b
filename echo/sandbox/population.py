"""How a heap of written messages becomes a server: accounts, memberships, channels, threads and ids, all of it a
function of the arguments alone, so that a restarted Echo finds the world that it knew. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from echo.corpus.written import Written
from echo.errors import ImportRefused
from echo.sandbox import permissions
from echo.sandbox.directory import BOT_NAME
from echo.sandbox.history import Row
from echo.sandbox.records import PUBLIC_THREAD, TEXT, Channel, Guild, Member, Role, User
from echo.sandbox.snowflakes import (
    COUNTER_BITS,
    DISCORD_EPOCH_MS,
    LARGEST,
    digest,
    parse_snowflake,
    snowflake_at,
    timestamp_of,
)

DAY = 86400.0
QUIET = 7 * DAY
"""Seconds: a thread without a message for so long before the server's last one is archived."""
LONGEST_NAME = 32
"""Characters: Discord's limit for the names of accounts (channels: 100)."""
_OLDEST = DISCORD_EPOCH_MS / 1000

Place = tuple[str | None, str]
"""(the parent's name or None, the name)"""


@dataclass(slots=True)
class Population:
    """What `populated` found, for `World` to take over."""

    guild: Guild
    bot: User
    users: list[User]
    members: list[Member]
    roles: list[Role]
    channels: list[Channel]
    rows: dict[int, list[Row]]


@dataclass(slots=True)
class _Ids:
    """Gives each thing an id made at a time, the low bits from its name; a taken one is the next free one."""

    seed: int
    taken: set[int] = field(default_factory=set)

    def made(self, ts: float, *words: str) -> int:
        low = digest(self.seed, *words) % (1 << COUNTER_BITS)
        number = snowflake_at(max(ts, _OLDEST), low)
        while number in self.taken:
            number += 1
        self.taken.add(number)
        return number


@dataclass(slots=True)
class _Author:
    name: str
    first: float
    count: int
    source_id: str | None


def populated(seed: int, guild_name: str, written: Iterable[Written], manager: str | None) -> Population:
    """The server in which all this was written. Raises `ImportRefused` as `World.populate` says."""
    lines = sorted(written, key=lambda one: one.ts)
    if not lines:
        raise ImportRefused("There is no message to fill the server with: give an export that has some.")
    _check_times(lines)
    ids = _Ids(seed)
    authors = _authors(lines)
    users = {key: _user(ids, seed, key, who) for key, who in authors.items()}
    _make_names_unique(list(users.values()))
    owner = _owner(authors, users, manager)
    first = lines[0].ts
    guild = Guild(ids.made(first - 90 * DAY, "guild", guild_name), guild_name, owner.id)
    bot = User(ids.made(first - 60 * DAY, "bot"), BOT_NAME, None, bot=True)
    roles = _roles(ids, guild, bot, first)
    members = [
        Member(users[key].id, max(timestamp_of(users[key].id), who.first - DAY), []) for key, who in authors.items()
    ]
    next(one for one in members if one.user_id == owner.id).roles.append(roles[2].id)
    members.append(Member(bot.id, first - 30 * DAY, [roles[1].id]))
    channels = _channels(ids, guild, lines, users)
    rows = _rows(ids, lines, users, channels)
    return Population(guild, bot, list(users.values()), members, roles, list(channels.values()), rows)


def _check_times(lines: list[Written]) -> None:
    for end in (lines[0], lines[-1]):
        try:
            snowflake_at(end.ts)
        except (ValueError, OverflowError):
            raise ImportRefused(
                "A message is dated outside 2015 to 2084, the years that Discord's ids can carry: "
                "take such messages out of the export, or mend their dates."
            ) from None


def _author_key(one: Written) -> str:
    return one.author_id or one.author


def _authors(lines: list[Written]) -> dict[str, _Author]:
    found: dict[str, _Author] = {}
    for one in lines:
        key = _author_key(one)
        known = found.get(key)
        if known is None:
            found[key] = _Author(one.author, one.ts, 1, one.author_id)
        else:
            known.count += 1
            known.name = one.author
    return found


def _user(ids: _Ids, seed: int, key: str, who: _Author) -> User:
    given = parse_snowflake(who.source_id)
    if given is not None and timestamp_of(given) <= who.first and given not in ids.taken:
        ids.taken.add(given)
        number = given
    else:
        age = 30 * DAY + digest(seed, "age", key) % int(870 * DAY)
        number = ids.made(who.first - age, "user", key)
    return User(number, _account_name(who.name), (who.name.strip() or "somebody")[:LONGEST_NAME])


def _account_name(name: str) -> str:
    """A user name by Discord's rules: lower case letters, digits, full stops and underscores, 2 to 32 of them."""
    plain = re.sub(r"[^a-z0-9_.]+", "_", name.casefold()).strip("_.")[:LONGEST_NAME]
    return plain if len(plain) >= 2 else f"{plain}_user".strip("_")


def _make_names_unique(users: list[User]) -> None:
    seen: set[str] = {BOT_NAME.casefold()}
    for user in users:
        name, number = user.name, 2
        while name in seen:
            name, number = f"{user.name[: LONGEST_NAME - 6]}_{number}", number + 1
        user.name = name
        seen.add(name)


def _owner(authors: dict[str, _Author], users: dict[str, User], manager: str | None) -> User:
    if manager is None:
        return users[max(authors, key=lambda key: authors[key].count)]
    wanted = manager.strip().removeprefix("@").casefold()
    for user in users.values():
        if wanted in (user.name, user.display_name.casefold(), str(user.id)):
            return user
    raise ImportRefused(f"Nobody called {manager} wrote anything in this export: name one of its authors as manager.")


def _roles(ids: _Ids, guild: Guild, bot: User, first: float) -> list[Role]:
    return [
        Role(guild.id, "@everyone", permissions.EVERYONE, 0),
        Role(ids.made(first - 30 * DAY, "role", "bot"), BOT_NAME, permissions.BOT, 1, managed=True, bot_id=bot.id),
        Role(ids.made(first - 89 * DAY, "role", "manager"), "Manager", permissions.MANAGER, 2),
    ]


def _channels(ids: _Ids, guild: Guild, lines: list[Written], users: dict[str, User]) -> dict[Place, Channel]:
    spans: dict[Place, tuple[Written, float]] = {}
    counts: Counter[Place] = Counter()
    for one in lines:
        place = (one.parent, one.channel)
        spans[place] = (spans[place][0] if place in spans else one, one.ts)
        counts[place] += 1
        if one.parent is not None:
            spans.setdefault((None, one.parent), (one, one.ts))
    found: dict[Place, Channel] = {}
    for place in sorted((p for p in spans if p[0] is None), key=lambda p: -counts[p]):
        made = ids.made(spans[place][0].ts - 2 * DAY, "channel", place[1])
        name = _channel_name(place[1], {channel.name for channel in found.values()})
        found[place] = Channel(made, TEXT, name, guild.id, position=len(found))
    for place in (p for p in spans if p[0] is not None):
        opener, last = spans[place]
        thread = Channel(ids.made(opener.ts - 1, "thread", *map(str, place)), PUBLIC_THREAD, place[1][:100], guild.id)
        thread.parent_id = found[None, str(place[0])].id
        thread.owner_id = users[_author_key(opener)].id
        thread.thread_members = {thread.owner_id: opener.ts}
        thread.archived = lines[-1].ts - last > QUIET
        thread.archived_at = last + QUIET if thread.archived else opener.ts
        found[place] = thread
    return found


def _channel_name(name: str, taken: set[str]) -> str:
    """A text channel's name by Discord's rules: lower case, no blanks, at most 100 characters, each once here."""
    plain = re.sub(r"\s+", "-", name.strip().lstrip("#").casefold())[:96] or "channel"
    unique, number = plain, 2
    while unique in taken:
        unique, number = f"{plain}-{number}", number + 1
    return unique


def _rows(
    ids: _Ids, lines: list[Written], users: dict[str, User], channels: dict[Place, Channel]
) -> dict[int, list[Row]]:
    """Each message's id is its time's, numbered within the millisecond in the order of the export."""
    found: dict[int, list[Row]] = {channel.id: [] for channel in channels.values()}
    by_key: dict[tuple[int, str], int] = {}
    authors = {key: user.id for key, user in users.items()}
    places = {place: channel.id for place, channel in channels.items()}
    last = 0
    for one in lines:
        number = max(last + 1, snowflake_at(one.ts))
        while number in ids.taken:
            number += 1
        if number > LARGEST:
            raise ImportRefused("The export's last messages are dated too late for Discord's ids: mend their dates.")
        last = number
        channel_id = places[one.parent, one.channel]
        reply_to = by_key.get((channel_id, one.reply_to), 0) if one.reply_to is not None else 0
        if one.key is not None:
            by_key[channel_id, one.key] = number
        found[channel_id].append((number, authors[_author_key(one)], one.text, reply_to))
    return found
