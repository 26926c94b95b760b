"""Everything that is held about one person as the subject of an echo, gathered to be given to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from db.codec import terms_to_text
from db.errors import KeyDestroyed
from echo.discord import allowances, consent_texts
from echo.errors import EngineFailed
from echo.portraits import Portraits
from echo.store import Store
from states.board import Board
from states.model import MachineKey, MachineKind, ProfileSnapshot

SAID: Final = 1_000_000
"""Drafts that are read at most: all of them."""
UNREADABLE: Final = "could not be read: {problem}"


async def held_about(store: Store, profile: ProfileSnapshot) -> dict[str, Any]:
    """All that is held of one profile, as JSON. Raises StorageError where something does not open.

    Of a forgotten one that is what stays: its rows without text, its consents, its history and its receipt.
    """
    found: dict[str, Any] = {
        "profile": {
            "number": profile.id,
            "server": str(profile.server_id),
            "state": profile.state.value,
            "reads_up_to": None if profile.is_open_ended else _time(profile.cutoff),
            "terms": json.loads(terms_to_text(profile.terms)),
            "consent_ends": None if profile.expires is None else _time(profile.expires),
        },
        "consents": await _consents(store, profile),
        "allowances": await _allowances(store, profile),
        "history": await _history(store, profile),
        "audit": await _audit(store, profile),
        "receipt": await _receipt(store, profile),
        "rows": await store.exports.rows_of(profile.id),
    }
    try:
        found |= await _sealed(store, profile)
    except KeyDestroyed:
        found["messages"], found["said"], found["remembered"] = [], [], []
    return found


async def _sealed(store: Store, profile: ProfileSnapshot) -> dict[str, Any]:
    """What lies under the profile's own key."""
    messages = []
    async for page in store.corpus.stream(profile.id):
        messages += [
            {
                "id": str(message.message_id),
                "channel": str(message.channel_id),
                "at": _stamp(message.ts),
                "yours": message.own,
                # Others stand under made-up names here, as they do in what is stored.
                "author": None if message.own else f"somebody else ({message.author})",
                "text": message.text,
                "came_by": message.provenance.value,
            }
            for message in page
        ]
    wishes = await store.wishes.of(profile.id)
    drafts = await store.generations.latest(profile.id, SAID)
    return {
        "messages": messages,
        "said": [
            {
                "at": _time(draft.created_at),
                "texts": list(draft.texts),
                "sent": [{"message": str(one.message_id), "at": _time(one.at)} for one in draft.said],
                "why": draft.why,
                "model": draft.model,
            }
            for draft in drafts
        ],
        "remembered": [
            {"at": _stamp(one.ts), "by_the_echo": one.own, "author": one.author, "text": one.text}
            for one in await store.memories.of_profile(profile.id)
        ],
        "wishes": {"struck": sorted(wishes.struck), "topics": wishes.topics, "phrases": wishes.phrases},
        "card": await _card(store, profile),
        "feedback": [asdict(tally) for tally in await store.feedback.tallies(profile.id)],
        "scores": [asdict(card) | {"at": _time(card.at)} for card in await store.scorecards.of(profile.id)],
    }


async def _card(store: Store, profile: ProfileSnapshot) -> list[str] | str:
    portraits = Portraits(store.models, store.corpus, store.wishes, Board())
    try:
        return [line.text for line in (await portraits.portrait(profile)).lines]
    except EngineFailed as problem:
        return UNREADABLE.format(problem=problem)


async def _consents(store: Store, profile: ProfileSnapshot) -> list[dict[str, Any]]:
    rows = []
    for agreed in await store.consents.of(profile.id):
        given = agreed.given
        known = {**consent_texts.WORDINGS, **consent_texts.AGREEMENTS}
        rows.append(
            {
                "given_at": _time(given.given_at),
                "ended_at": None if agreed.ended_at is None else _time(agreed.ended_at),
                "chosen": json.loads(terms_to_text(given.terms)),
                "text_version": given.text_version,
                "text_sha256": given.text_hash,
                "text": consent_texts.text_of(given.text_version) if given.text_version in known else None,
            }
        )
    return rows


async def _allowances(store: Store, profile: ProfileSnapshot) -> list[dict[str, Any]]:
    return [
        {
            "what": one.given.allowance.value,
            "given_at": _time(one.given.given_at),
            "taken_back_at": None if one.withdrawn_at is None else _time(one.withdrawn_at),
            "text": allowances.WORDINGS.get(one.given.allowance, {}).get(one.given.text_version),
            "text_sha256": one.given.text_hash,
        }
        for one in await store.allowances.of(profile.id)
    ]


async def _history(store: Store, profile: ProfileSnapshot) -> list[dict[str, Any]]:
    _, sessions = await store.steps.load()
    own = [MachineKey(MachineKind.SESSION, one.id) for one in sessions if one.profile_id == profile.id]
    lines = [line for key in (profile.key, *own) for line in await store.journal.of(key)]
    return [
        {"at": _time(line.at), "what": line.event, "of": str(line.key), "from": line.source, "to": line.dest}
        for line in sorted(lines, key=lambda line: line.at)
    ]


async def _audit(store: Store, profile: ProfileSnapshot) -> list[dict[str, Any]]:
    return [
        {
            "at": _time(line.at),
            "act": line.act,
            "by": "you" if line.by == profile.user_id else "somebody else" if line.by else "whoever runs Echo",
            "facts": dict(line.facts),
        }
        async for line in store.audit.lines()
        if line.profile_id == profile.id or (line.by == profile.user_id and line.server_id == profile.server_id)
    ]


async def _receipt(store: Store, profile: ProfileSnapshot) -> Mapping[str, Any] | None:
    receipt = await store.receipts.of(profile.id)
    return None if receipt is None else json.loads(receipt.file)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _stamp(ts: float) -> str:
    return _time(datetime.fromtimestamp(ts, UTC))
