"""What answers took: made up."""

from __future__ import annotations

from typing import Any

from db.stored import AnswerMeasured
from tests.support.snapshots import NOON


def measured(profile_id: int = 1, ago: float = 0.0, **figures: Any) -> AnswerMeasured:
    """An answer that came `ago` seconds before noon."""
    usual: dict[str, Any] = {
        "version": 1,
        "host": "http://127.0.0.1:11434",
        "base": "llama3.2:3b",
        "outcome": "answered",
        "drafts": 4,
        "rejected": 1,
        "wait": 0.25,
        "first_token": 0.5,
        "seconds": 3.0,
        "tokens": 60,
        "token_seconds": 2.0,
        "prompt_tokens": 1000,
        "evaluated": 100,
    }
    return AnswerMeasured(profile_id=profile_id, at=NOON.timestamp() - ago, **{**usual, **figures})
