"""What can go wrong with fine-tuning; each message is one sentence with the remedy."""

from __future__ import annotations

from echo.errors import EngineFailed, TooFewMessages, UsageError


class NotPermitted(UsageError):
    """What there is to learn from came through Discord's API, and no permission of Discord's is recorded."""


class TooFewExamples(TooFewMessages):
    """There is too little to fine-tune on; the message says how many more turns are needed."""


class BaseUnusable(UsageError):
    """The base model's folder is missing or incomplete, or the base is no chat model."""


class TuningFailed(EngineFailed):
    """Fine-tuning ended without an adapter."""


class MemoryTooSmall(TuningFailed):
    """Not even one example at a time fits into memory."""
