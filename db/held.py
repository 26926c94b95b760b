"""All tables that hold anything of a profile, and what becomes of each when it is forgotten; a test holds it whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

ERASED: Mapping[str, str] = MappingProxyType(
    {
        "user_messages": "messages",
        "generations": "drafts and what the echo said",
        "memories": "remembered talk",
        "datasets": "parts of datasets",
        "quiz_moments": "moments for the quiz",
        "quiz_results": "results of quizzes",
        "wishes": "wishes about the card",
        "feedback": "what people thought of what the echo said",
        "contacts": "whom it had answered",
        "scorecards": "scorecards",
        "training_runs": "records of trainings",
        "measures": "measurements of answers",
        "collection_ranges": "ranges of what was read",
        "collection_places": "places that were read",
        "collection_plans": "plans of reading",
        "corpus_changes": "counts of changes",
        "amendments": "ids of changed messages",
        "sources": "ids of messages that were learnt from",
        "learnt_channels": "channels that were learnt from",
    }
)
"""Table -> what its rows are called in a receipt. All rows of the profile are deleted, in this order.

What hangs on these by ON DELETE CASCADE goes with them.
"""

STAYING: Mapping[str, str] = MappingProxyType(
    {
        "echo_sessions": "where the echo was online; no text, goes with the profile's row",
        "consents": "what was agreed to and when, to be able to show it; goes with the profile's row",
        "allowances": "the same",
        "profile_keys": "that there is no key any more, so that none is ever made again",
        "quizzes": "a quiz that is still to be taken down on Discord; goes as soon as it is",
        "uploads": "what may still lie on a server of models; goes as it is gone from there",
        "turns_decided": "that somebody had the word; whose it was is taken out",
        "audit": "who did what, by ids; has its own retention",
        "erasures": "the erasure itself, while it is under way",
        "erased_counts": "the same",
        "erased_files": "the same",
        "posts_to_remove": "the same",
        "receipts": "the receipt; has its own retention",
    }
)
"""Table -> why its rows of a forgotten profile stay, and how long. None of them holds text that anybody wrote."""


def erase_batch(connection: sqlite3.Connection, table: str, profile_id: int, batch: int) -> int:
    """Delete up to `batch` rows of a profile from one of the tables of ERASED; how many there were."""
    if table not in ERASED:
        raise ValueError(f"{table} is not known to be erased.")
    query = f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE profile_id = ? LIMIT ?)"
    return connection.execute(query, (profile_id, batch)).rowcount
