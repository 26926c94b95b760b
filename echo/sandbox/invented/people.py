"""The six invented people of Tannery Lane, as style sheets: who they are, when they write, how fast, and in what hand.

All of it is made up. The phrases they are fond of are in `manners/<name>.txt`; `voice` applies both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GUILD_NAME = "Tannery Lane"
"""The server's name."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody types. Every figure that is not said otherwise is a chance from 0 to 1.

    `keep` is that of each further part of what could be said, `split` that of sending it as a message of its own,
    `opener`, `tail` and `aside` those of a favourite beginning, ending and remark; `shout` that of capitals,
    `stretch` of drawn-out words, `typo` of a slip in a message, `mend` of putting it right in the next one.
    """

    keep: float
    split: float
    casing: str = "sentence"
    """`sentence`, `lower`, or `loose` (lower case at the beginning of most messages only)."""
    stop: float = 1.0
    """Chance of a full stop at the end of a message."""
    opener: float = 0.0
    tail: float = 0.0
    aside: float = 0.0
    shout: float = 0.0
    stretch: float = 0.0
    bang: int = 0
    """How many exclamation marks make one; 0 writes a full stop, or nothing, instead."""
    typo: float = 0.0
    mend: float = 0.0
    apostrophes: bool = True
    articles: bool = True
    glue: str = " "
    """What goes between parts that are sent as one message."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented. `hours` and `weekend` have 24 digits, how much they write in each hour (UTC), 0 being never.

    `latency` is the median of the seconds until they answer, `spread` the sigma of its logarithm; `gap` the median of
    the seconds between messages of one burst; `share` their part of all messages; `quotes` the chance that they use
    Discord's reply; `calls` how they call the others.
    """

    name: str
    display: str
    description: str
    share: float
    hours: str
    weekend: str
    latency: float
    spread: float
    gap: float
    quotes: float
    hand: Hand
    calls: Mapping[str, str] = field(default_factory=dict)


MARA = Person(
    name="Mara",
    display="Mara",
    description="Potter, up late. Lower case, thoughts in several short messages, everything is tiny or feral.",
    share=0.17,
    hours="520000000112111112468999",
    weekend="741000000013443223456788",
    latency=24.0,
    spread=0.9,
    gap=6.0,
    quotes=0.08,
    hand=Hand(
        keep=0.9, split=0.85, casing="lower", stop=0.02, opener=0.17, tail=0.11, stretch=0.05, typo=0.02, mend=0.5
    ),
    calls={"Tobias": "tobias", "Juno": "juno", "Petr": "petr", "Ines": "ines", "Kofi": "kofi"},
)
TOBIAS = Person(
    name="Tobias",
    display="Tobias",
    description="Archivist, up early. Whole sentences, semicolons, no emoji ever, and a spreadsheet for everything.",
    share=0.125,
    hours="000003797422564211100000",
    weekend="000001368886432234310000",
    latency=540.0,
    spread=0.8,
    gap=75.0,
    quotes=0.22,
    hand=Hand(keep=0.95, split=0.03, opener=0.16, aside=0.12),
    calls={"Mara": "Mara", "Juno": "Juno", "Petr": "Petr", "Ines": "Ines", "Kofi": "Kofi"},
)
JUNO = Person(
    name="Juno",
    display="juno ✨",
    description="Makes a zine and a lot of noise. CAPITALS, emoji, drawn-out words, fast.",
    share=0.195,
    hours="630000000013543335556788",
    weekend="842000000002465445566789",
    latency=15.0,
    spread=0.8,
    gap=5.0,
    quotes=0.12,
    hand=Hand(
        keep=0.75,
        split=0.6,
        casing="lower",
        stop=0.0,
        opener=0.24,
        tail=0.5,
        shout=0.2,
        stretch=0.3,
        bang=3,
        typo=0.02,
        apostrophes=False,
    ),
    calls={"Mara": "mars", "Tobias": "tobi", "Petr": "petr", "Ines": "inesss", "Kofi": "kofi"},
)
PETR = Person(
    name="Petr",
    display="Petr",
    description="Ferry engineer on shifts, restoring a boat. Few words, no articles, old smileys.",
    share=0.135,
    hours="875420000000012431111359",
    weekend="643100000024443211113455",
    latency=150.0,
    spread=1.1,
    gap=12.0,
    quotes=0.03,
    hand=Hand(keep=0.22, split=0.5, casing="lower", stop=0.0, opener=0.08, tail=0.3, articles=False),
    calls={"Mara": "mara", "Tobias": "tobias", "Juno": "juno", "Ines": "ines", "Kofi": "kofi"},
)
INES = Person(
    name="Ines",
    display="Ines (plot 14)",
    description="Runs the community garden and everybody's diary. Warm, dashes, kisses, a question at the end.",
    share=0.165,
    hours="000000134211997211479620",
    weekend="000000259865322235864100",
    latency=95.0,
    spread=0.9,
    gap=20.0,
    quotes=0.3,
    hand=Hand(keep=0.9, split=0.12, stop=0.1, opener=0.2, tail=0.34, bang=1, glue=" - "),
    calls={"Mara": "Mara", "Tobias": "Tobias", "Juno": "Juno love", "Petr": "Petr", "Kofi": "Kofi"},
)
KOFI = Person(
    name="Kofi",
    display="kofi 🚴",
    description="Bike courier turned teacher, writes on trains. Abbreviations, slips of the thumb, lol.",
    share=0.163,
    hours="210000058421112248974332",
    weekend="531000001588422224433469",
    latency=60.0,
    spread=1.2,
    gap=9.0,
    quotes=0.05,
    hand=Hand(
        keep=0.55, split=0.3, casing="loose", stop=0.06, opener=0.15, tail=0.3, typo=0.07, mend=0.15, apostrophes=False
    ),
    calls={"Mara": "mara", "Tobias": "T", "Juno": "juno", "Petr": "captain", "Ines": "ines"},
)

PEOPLE: tuple[Person, ...] = (MARA, TOBIAS, JUNO, PETR, INES, KOFI)
"""Everybody, Mara first."""
