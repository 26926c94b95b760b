"""The failures that a person may see. Each message is one sentence that says what is wrong and what to do.

Exit codes are an API: see `echo.cli`.
"""

from __future__ import annotations


class EchoError(Exception):
    """Something that a person can read and act on; its message is one whole sentence with the remedy."""

    exit_code = 1


class UsageError(EchoError):
    """A wrong argument, setting or file: the caller's to mend."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting that is unknown, out of range or unreadable."""


class ImportRefused(UsageError):
    """An export that is empty, truncated, hostile or of no known form; nothing of it was kept."""


class BadDate(UsageError):
    """A date that is not `dd.mm.yyyy`, is no calendar date, or is out of range."""


class NoPermission(EchoError):
    """The asker may not do this, or the bot may not."""


class LimitReached(EchoError):
    """So much was asked for or said that it has to wait; the message says for how long."""


class NothingToRead(EchoError):
    """No readable channel, or no message in range."""


class NothingToRecall(EchoError):
    """Nothing that an echo knows may be recalled where it is to speak."""


class TooFewMessages(UsageError):
    """The corpus is too small to learn from; the message says how many more are needed."""


class ServiceUnavailable(EchoError):
    """A needed service (Discord, Ollama) is away; trying later may help."""

    exit_code = 69


class EngineFailed(EchoError):
    """The engine could not train or answer."""


class NotPassed(EngineFailed):
    """The model was learnt and did not pass its test, so that it must not speak."""


class NotWorthIt(EngineFailed):
    """The fine-tuned model must not take the place of the prompt alone."""


class EngineUnavailable(ServiceUnavailable):
    """The engine's server is away, busy or lacks the model."""


class DamagedStored(EchoError):
    """Something stored, or a file that Echo signed, is not as Echo wrote it."""

    exit_code = 65


class AlreadyRunning(EchoError):
    """Another Echo holds this data directory."""

    exit_code = 75
