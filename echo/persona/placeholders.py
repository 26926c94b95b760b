"""Tokens that stand in a corpus for what must not be stored, or has no name there: no echo may say one."""

from __future__ import annotations

import re
from typing import Final

EMAIL: Final = "e-mail"
PHONE: Final = "phone"
IBAN: Final = "iban"
CARD: Final = "card"
IP: Final = "ip"
MAC: Final = "mac"
KEY: Final = "key"
PASSWORD: Final = "password"
NUMBER: Final = "number"
KINDS: Final = (EMAIL, PHONE, IBAN, CARD, IP, MAC, KEY, PASSWORD, NUMBER)
"""What is scrubbed, as it is counted."""
MOMENT: Final = "[time]"
ROLE: Final = "@role"
EVERYBODY: Final = "@all"
"""What a time stamp of Discord's, and mentions of a role and of everybody, become."""

PLACEHOLDER: Final = re.compile(rf"(?<!\w)(?:\[(?:{'|'.join(KINDS)}|time)\]|@(?:role|all)(?!\w))", re.IGNORECASE)
"""None of them stands right behind a letter or digit, so that `map[key]` in a program is no placeholder."""


def placeholder(kind: str) -> str:
    """What stands for a value of one of KINDS."""
    return f"[{kind}]"
