"""Whoever is unseen in a server is heard of in nothing there, and no key tells who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.keys import Keyring
from db.unseen import Unseen
from echo.corpus.cleaning import Kind, clean_raw, clean_text
from echo.corpus.pseudonyms import People, ways_of
from echo.discord.translate import seen
from echo.discord.veil import Veil, unseen_in
from echo.ports import Heard

NAMES = {11: "Wilma Quandt", 12: "Oberon", 13: "Jutta"}
SERVER, ECHO = 5, 99


class Registry:
    """Knows who is unseen in SERVER."""

    def __init__(self, *hidden: int) -> None:
        self.hidden = set(hidden)
        self.names = {way for one in hidden for way in ways_of(NAMES[one])}

    @property
    def has_names(self) -> bool:
        return bool(self.names)

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        return server_id == SERVER and user_id in self.hidden

    def is_named(self, server_id: int, name: str) -> bool:
        return server_id == SERVER and name.casefold() in self.names


def author(who: int) -> dict[str, Any]:
    return {"id": str(who), "username": f"user{who}", "global_name": NAMES[who]}


@st.composite
def messages(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A talk in which people answer, mention and name one another."""
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 8))):
        who, other = draw(st.sampled_from([*NAMES])), draw(st.sampled_from([*NAMES]))
        called = draw(st.sampled_from([f"<@{other}>", f"<@!{other}>", NAMES[other], NAMES[other].upper(), ""]))
        raw: dict[str, Any] = {"id": str(1000 + number), "channel_id": "3", "type": 0, "author": author(who)}
        raw |= {
            "content": f"token{number}x{who}x {called} and on",
            "mentions": [author(other)] if "<" in called else [],
        }
        is_answer = draw(st.booleans())
        if found and is_answer:
            answered = draw(st.sampled_from(found))
            raw |= {"type": 19, "message_reference": {"message_id": answered["id"]}, "referenced_message": answered}
        found.append(raw)
    return found


@settings(max_examples=60)
@given(messages(), st.sets(st.sampled_from([*NAMES]), max_size=2))
def test_nothing_of_theirs_is_heard_or_kept_whoever_speaks(talk: list[dict[str, Any]], hidden: set[int]) -> None:
    veil = Veil(Registry(*hidden), lambda server_id, user_id: False)
    people = People(13, "Jutta", "profile 1", veil.here(SERVER))
    theirs = {int(raw["id"]) for raw in talk if int(raw["author"]["id"]) in hidden}
    for raw in talk:
        who = int(raw["author"]["id"])
        shown, elsewhere = veil.seen(raw, SERVER), veil.seen(raw, SERVER + 1)
        assert elsewhere is not None and elsewhere["content"] == raw["content"], "other servers are not affected"
        assert (shown is None) == (who in hidden)
        heard = None if shown is None else seen(shown, ECHO)
        assert heard is None or heard.heard.reply_to not in theirs
        cleaned = clean_raw(raw, people, ECHO)
        assert (cleaned.kind is Kind.NOISE) == (who in hidden - {13})
        for told, others in ((heard.heard.text if heard else "", hidden), (cleaned.text, hidden - {13})):
            assert not [
                one for one in others if str(one) in told.split("x ", 1)[-1] or NAMES[one].lower() in told.lower()
            ]
        if heard is not None:
            assert veil.heard(SERVER, [heard.heard]) == [heard.heard]
    before = [Heard(1, 3, who, NAMES[who], 1.0, "well", human=True) for who in NAMES]
    assert {one.author_id for one in veil.heard(SERVER, before)} == NAMES.keys() - hidden


def test_a_name_that_is_known_by_its_hash_alone_is_replaced_and_ordinary_words_are_left() -> None:
    people = People(13, "Jutta", "profile 1", unseen_in(Registry(11, 12), SERVER))
    told = clean_text("so Wilma Quandt and oberon went, @Wilma, see https://x.example/oberon and will", people).text
    assert "Wilma" not in told and "oberon went" not in told and told.endswith("/oberon and will"), told


async def test_the_choice_survives_and_the_table_holds_no_id_and_no_name(tmp_path: Path) -> None:
    async with Database(tmp_path / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        unseen = Unseen(database, keyring)
        await unseen.load()
        await unseen.hide(SERVER, 123456789, ["Wilma Quandt", "wilma quandt"])
        await unseen.hide(SERVER + 1, 123456789, [])
        again = Unseen(database, Keyring(database, bytes(32)))
        await again.load()
        assert again.is_unseen(SERVER, 123456789) and again.is_unseen(SERVER + 1, 123456789)
        assert not again.is_unseen(SERVER + 2, 123456789) and not again.is_unseen(SERVER, 123456788)
        assert again.is_named(SERVER, "WILMA QUANDT") and not again.is_named(SERVER + 1, "Wilma Quandt")
        assert {(one.server_id, one.user_id, one.names) for one in await again.pending()} == {
            (SERVER, 123456789, ("Wilma Quandt", "wilma quandt")),
            (SERVER + 1, 123456789, ()),
        }, "what was not finished is known until it is"
        await again.settled(SERVER, 123456789)
        await again.settled(SERVER + 1, 123456789)
        async with database.read() as connection:
            rows = [tuple(row) for row in await connection.execute_fetchall("SELECT * FROM unseen_members")]
        assert len(rows) == 2 and all(pending is None and len(member) == 32 for member, pending in rows)
        await again.show(SERVER, 123456789)
        last = Unseen(database, Keyring(database, bytes(32)))
        await last.load()
        assert not last.is_unseen(SERVER, 123456789) and not last.has_names and last.is_unseen(SERVER + 1, 123456789)
