"""What a receipt of an erasure says: as a document to be signed, as text to be read, and as a file that is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from db.erased import GONE, REMOVED, Erased
from db.receipts import verified
from echo.errors import DamagedStored, UsageError
from states.model import ProfileSnapshot

FORMAT: Final = 1
LARGEST: Final = 16 * 2**20
"""Bytes of a file that is read as a receipt."""
STAYS: Final = (
    "rows without any text that say which echo this was, what was agreed to and when, and what was done when, for "
    "{journal} days",
    "this receipt, for {receipts} days",
)
UNREACHED: Final = (
    "copies that others made (backups of the data folder, quotes and pictures on Discord), and what Echo was not asked "
    "to take down there, may not delete there, or said so long ago that its ids were not kept any more"
)


def document(
    profile: ProfileSnapshot, erased: Erased, finished_at: datetime, journal_days: int, receipt_days: int
) -> Mapping[str, Any]:
    """All that is signed: ids, counts, digests and times; nothing that anybody wrote."""
    local = [file for file in erased.files if file.kind != "upload"]
    uploads = {file.digest for file in erased.files if file.kind == "upload" and file.digest.startswith("sha256:")}
    personas = sum(1 for file in erased.files if file.kind == "upload" and not file.digest.startswith("sha256:"))
    failed = {done: count for done, count in erased.posts.items() if done not in (REMOVED, GONE)}
    return {
        "format": FORMAT,
        "profile": profile.id,
        "user": str(profile.user_id),
        "server": str(profile.server_id),
        "asked_by": _asker(profile, erased),
        "asked_at": _time(erased.asked_at),
        "finished_at": _time(finished_at),
        "key": "destroyed first",
        "rows": dict(erased.rows),
        "files": [{"kind": file.kind, "name": file.name, "sha256": file.digest} for file in local],
        "models_on_servers": {"personas": personas, "files": sorted(uploads)},
        "posts": {
            "asked": erased.wants_posts,
            "removed": erased.posts.get(REMOVED, 0),
            "gone_before": erased.posts.get(GONE, 0),
            "not_removed": failed,
        },
        "stays": [sentence.format(journal=journal_days, receipts=receipt_days) for sentence in STAYS],
        "not_reached": UNREACHED,
    }


def readable(found: Mapping[str, Any]) -> str:
    """A receipt's document as text, for people. Raises UsageError for one of another form."""
    try:
        lines = [
            "RECEIPT OF AN ERASURE",
            "",
            f"Echo number {found['profile']}, of the person with the Discord id {found['user']}, in the server "
            f"{found['server']}.",
            f"Asked for by {found['asked_by']}, {found['asked_at']}. Finished {found['finished_at']}.",
            "",
            "The key under which all of it was encrypted was destroyed first. Then were erased:",
            *_counted(found["rows"]),
            *[f"  {file['kind']} file {file['name']}, SHA-256 {file['sha256']}" for file in found["files"]],
            *_on_servers(found["models_on_servers"]),
            "",
            *_posts(found["posts"]),
            "",
            "What stays:",
            *[f"  {sentence}" for sentence in found["stays"]],
            f"What this does not reach: {found['not_reached']}.",
        ]
    except (LookupError, TypeError, AttributeError, ValueError) as failure:
        raise UsageError("This receipt is of a form that this Echo does not know: use a newer one.") from failure
    return "\n".join(lines) + "\n"


def checked(path: Path, own_key: bytes | None) -> tuple[Mapping[str, Any], str]:
    """The document of a receipt's file whose signature holds, and a sentence about who signed it.

    `own_key` is by which this installation signs, None where it is not known. Raises UsageError for a file that can't
    be read or is no receipt, DamagedStored where it was changed.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is too large to be a receipt: give the file receipt.json that Echo made.")
        found = verified(path.read_bytes())
    except OSError as failure:
        raise UsageError(f"{path} cannot be read ({failure.strerror}): give the receipt's file.") from failure
    except (ValueError, RecursionError) as failure:
        raise UsageError(f"{path} is no receipt of Echo's: give the file receipt.json that Echo made.") from failure
    if found is None:
        raise DamagedStored(f"The signature of {path} is not of what it says: it was changed after it was signed.")
    content, key = found
    if own_key is None:
        return content, f"The signature holds, by the key {key.hex()}; compare that with the installation's own."
    if key != own_key:
        raise DamagedStored(
            f"{path} was signed by the key {key.hex()}, which is not this installation's ({own_key.hex()}): ask where "
            "it came from."
        )
    return content, "The signature holds, and it is this installation's."


def as_json(found: Mapping[str, Any]) -> str:
    """A document as JSON to be read by programs."""
    return json.dumps(found, indent=2)


def _asker(profile: ProfileSnapshot, erased: Erased) -> str:
    if erased.asked_by == profile.user_id:
        return "the person themselves"
    return "somebody who manages the server" if erased.asked_by else "whoever runs Echo, or a deadline"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _counted(rows: Mapping[str, int]) -> Sequence[str]:
    return [f"  {kind}: {count:,}" for kind, count in sorted(rows.items())] or ["  no rows: nothing was held"]


def _on_servers(found: Mapping[str, Any]) -> Sequence[str]:
    lines = [f"  weights on a server of models, SHA-256 {digest.removeprefix('sha256:')}" for digest in found["files"]]
    return lines + ([f"  personas on servers of models: {found['personas']:,}"] if found["personas"] else [])


def _posts(found: Mapping[str, Any]) -> Sequence[str]:
    if not found["asked"]:
        return ["What the echo said on Discord was not asked to be taken down."]
    lines = [
        f"Of what the echo said on Discord, {found['removed']:,} messages were taken down, and "
        f"{found['gone_before']:,} were gone before."
    ]
    left = sorted(found["not_removed"].items())
    return lines + [f"  {count:,} could not be taken down: {why}" for why, count in left]
