"""Tokens, keys and passwords in texts. Pure.

Formats of tokens: the services' own documentation (Discord, AWS, GitHub, GitLab, Slack, Stripe, OpenAI, Google, npm,
PyPI, Telegram), RFC 7519 (JWT), RFC 7468 (PEM).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Final

from echo.persona.placeholders import KEY, PASSWORD, PLACEHOLDER

Counted = Callable[[str], str]
"""Takes one of KINDS, counts it, and gives its placeholder."""

_PEM: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)", re.DOTALL)
FEWEST: Final = 1
"""Digits: fewer are in no key that machines make, and in no number of anybody's."""
SHORTEST: Final = 16
"""Characters: shorter runs are looked at only where a word before them says what they are."""
DRAWN: Final = 32
"""Characters: the shortest run that is a key by its looks alone."""
_RUN: Final = re.compile(rf"[\w.+/=:-]{{{SHORTEST},}}")
_KNOWN: Final = re.compile(
    r"(?<![\w-])(?:"
    r"[MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{27,45}|mfa\.[\w-]{60,120}"  # Discord
    r"|(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}"  # AWS
    r"|gh[oprsu]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255}"
    r"|xox[abeoprs]-[\w-]{10,255}|xapp-[\w-]{10,255}"  # Slack
    r"|[spr]k[-_](?:live|test|proj|ant|or)[-_][\w-]{12,255}|sk-[A-Za-z0-9][\w-]{18,255}"  # Stripe, OpenAI and others
    r"|AIza[\w-]{30,45}|ya29\.[\w-]{16,255}|GOCSPX-[\w-]{16,64}"  # Google
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # JWT
    r"|npm_[A-Za-z0-9]{20,64}|pypi-[\w-]{16,255}|hf_[A-Za-z0-9]{20,64}|SG\.[\w-]{16,64}\.[\w-]{16,64}"
    r"|\d{8,10}:[\w-]{35}(?![\w-])"  # Telegram
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,80}"
    r")[\w-]*"
)
_SSH: Final = re.compile(r"\bssh-(?:rsa|dss|ed25519) AAAA[\w+/=]{16,}")
_BEARER: Final = re.compile(r"\b(bearer +)([\w.~+/-]{16,}=*)", re.IGNORECASE)
_BLOB: Final = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{32,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F-]+")

_EQUALS: Final = r"[\"'`]?[ \t]{0,3}(?::=|={1,2}|:)(?:[|*]{1,3})?[ \t]{0,3}\n?[\"'`|*]{0,3}"
_STRONG: Final = r"(?:password|passwort|passwd|passphrase|passcode|pwd|pw|kennwort|contrase(?:ñ|n)a|mot de passe)"
_ASSIGNED: Final = re.compile(
    rf"(?<![^\W_])(?<!-)({_STRONG}{_EQUALS})([^\s\"'`,;\[\](){{}}<>&*$|]{{3,}})(?![(\[])",
    re.IGNORECASE,
)
_TOLD: Final = re.compile(
    rf"(?<![\w-])(?!pwd )({_STRONG}[ \t]{{1,3}}(?:is|was|ist|war|es|est)[ \t:]{{1,3}}[\"'`]?)"
    r"([^\s\"'`,;\[\](){}<>]{4,})",
    re.IGNORECASE,
)
_WEAK: Final = re.compile(
    rf"(?<![^\W_])(?<!-)((?:{_STRONG}(?:'s)?(?:[ \t]{{1,3}}(?:-|->|=>|→)?[ \t]{{0,3}})"
    rf"|pass(?:{_EQUALS}|[ \t]{{1,3}}is[ \t]{{1,3}}))"
    r"[\"'`|*]{0,3})(?=\S{0,40}\d)(?=\S{0,40}[^\W\d_])([^\s\"'`,;\[\](){}<>&*$|]{5,})",
    re.IGNORECASE,
)
"""Words behind which stands a password only where it looks like one: letters and digits."""
_NAMED: Final = re.compile(
    r"(?<![^\W_])((?:(?:api|access|auth|private)[-_ ]?key|token|secret|key)"
    rf"(?:{_EQUALS}| is ))([\w.~+/-]{{8,}}=*)",
    re.IGNORECASE,
)
_PIN: Final = re.compile(r"(?<!\w)((?:pin|otp)(?:[ -]?code)?[ \t]{0,2}(?:is|ist|:|=)[ \t]{0,2})(\d{4,8})(?!\w)", re.I)
_GOES_ON: Final = re.compile(r" (?!(?:and|but|for|on|in|at|if|or|ok|lol|btw|just|und)\b)\w")
"""Where a sentence goes on behind a word, the word is mostly a part of it: "the password is project policy"."""
_NO_VALUE_WORDS: Final = """
string str text varchar char null none nil undefined true false required optional wrong right correct incorrect
invalid valid weak strong empty missing reset changed stored hashed encrypted expired safe secure enough just
really always never still being sent shown hidden known needed asked there that this what with only also very not
same different like short long case too your mine ours okay fine good bad hard easy const public private self
"""
_NO_VALUES: Final = frozenset(_NO_VALUE_WORDS.split())
"""What stands behind "password" without being one."""

_METHODS: Final = ("sha", "md5", "base64", "argon2", "bcrypt", "pbkdf2", "utf", "http", "oauth", "1password", "x509")


def is_hinted(text: str) -> bool:
    """Whether the text has a word that a secret may follow; a chain of tests costs a fifth of a pattern or loop."""
    low = text.lower()
    return (
        "pass" in low
        or "pw" in low
        or "key" in low
        or "token" in low
        or "secret" in low
        or "pin" in low
        or "otp" in low
        or "bearer" in low
        or "kennw" in low
        or "contras" in low
    )


def scrub_credentials(text: str, counted: Counted, digits: int) -> str:
    """The text, which has so many digits, with tokens, keys and passwords replaced; no links must be in it."""
    if "-----BEGIN " in text:
        text = _PEM.sub(_block(counted), text)
    if digits >= FEWEST and _RUN.search(text):
        text = scrub_keys(text, counted)
    if is_hinted(text):
        text = _BEARER.sub(lambda found: found[1] + counted(KEY), text)
        text = _ASSIGNED.sub(lambda found: _assigned(found, counted), text)
        text = _TOLD.sub(lambda found: _told(found, counted), text)
        text = _WEAK.sub(lambda found: _looking(found, counted), text)
        text = _NAMED.sub(lambda found: _named(found, counted), text)
        text = _PIN.sub(lambda found: found[1] + counted(PASSWORD), text)
    return text


def _block(counted: Counted) -> Callable[[re.Match[str]], str]:
    """Replaces a block that may stand right behind a word, where a placeholder would not be known for one."""

    def replaced(found: re.Match[str]) -> str:
        return (" " if found.string[: found.start()][-1:].isalnum() else "") + counted(KEY)

    return replaced


def scrub_keys(text: str, counted: Counted) -> str:
    """The text with tokens of known form, and long runs that look drawn by lot, replaced."""
    if "ssh-" in text:
        text = _SSH.sub(lambda _: counted(KEY), text)
    text = _KNOWN.sub(lambda _: counted(KEY), text)
    return _BLOB.sub(lambda found: counted(KEY) if looks_drawn(found[0]) else found[0], text)


def looks_drawn(run: str) -> bool:
    """Whether a long run of letters and digits is a key: 32 or more hexadecimal digits, or a wild mixture.

    Git's full commit hashes and UUIDs look the same as keys and are taken for them.
    """
    if "/" in run:
        return any(len(part) >= DRAWN and looks_drawn(part) for part in run.split("/"))
    run = run.removeprefix("0x")
    digits = sum(map(str.isdigit, run))
    if _HEX.fullmatch(run):
        return digits >= 2 and len(run) - run.count("-") >= DRAWN and not run.replace("-", "").isdigit()
    small, large = sum(map(str.islower, run)), sum(map(str.isupper, run))
    turns = sum((a.isalpha() and b.isalpha() and a.islower() != b.islower()) or a.isdigit() != b.isdigit()
                for a, b in itertools.pairwise(run))  # fmt: skip
    return digits >= 3 and min(small, large) >= 3 and turns >= len(run) // 4


def _assigned(found: re.Match[str], counted: Counted) -> str:
    value = found[2].rstrip(".!?")
    if value.lower() in _NO_VALUES or len(value) < 3 or value.startswith((":", "=")) or value.endswith(":"):
        return found[0]
    return found[1] + counted(PASSWORD) + found[2][len(value) :]


def _looking(found: re.Match[str], counted: Counted) -> str:
    value = found[2].rstrip(".!?")
    if len(value) < 5 or value.lower().startswith(_METHODS) or PLACEHOLDER.match(found[2]):
        return found[0]
    return found[1] + counted(PASSWORD) + found[2][len(value) :]


def _told(found: re.Match[str], counted: Counted) -> str:
    value = found[2].rstrip(".!?")
    low = value.lower()
    if len(value) < 4 or low in _NO_VALUES:
        return found[0]
    if low.isalpha() and (low.endswith(("ed", "ing", "ly")) or _GOES_ON.match(found.string, found.end())):
        return found[0]
    return found[1] + counted(PASSWORD) + found[2][len(value) :]


def _named(found: re.Match[str], counted: Counted) -> str:
    value = found[2]
    mixed = (sum(map(str.isdigit, value)) >= 2 or len(value) >= DRAWN) and any(map(str.isalpha, value))
    return found[1] + counted(KEY) if mixed else found[0]
