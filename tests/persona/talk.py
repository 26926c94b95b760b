"""Invented talk to learn from: small, quick, with habits that a test can look for."""

from __future__ import annotations

from random import Random

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.turns import Burst, Utterance

START = 1_700_000_000.0
THINGS = ("kettle", "ladder", "garden", "printer", "bicycle", "teapot", "window", "lantern", "piano", "boat")
PLACES = ("shed", "kitchen", "harbour", "attic", "market", "station")
ASKING = (
    "does anybody know where the {t} went?",
    "wren, did you mend the {t} in the {p}?",
    "the {t} in the {p} is broken again",
    "i saw a {t} near the {p} this morning",
)
ANSWERING = (
    "{n}, the {t} is in the {p}",
    "oh no, not the {t} again... the {p} was so tidy",
    "i would put the {t} into the {p}",
    "heh the {t}",
    "no idea, ask the people at the {p}",
    "is it the {t} again?",
    "{n}, i saw that {t} near the {p}",
)


def rows(count: int, seed: int = 0, author: str = "Wren") -> list[Written]:
    """About `count` messages: two others ask about things, `author` answers about the same things some 20 s later,
    nearly always where the question has their name in it, seldom where nothing was asked.
    """
    rng = Random(seed)
    out: list[Written] = []
    now = START
    while len(out) < count:
        now += rng.choice((400.0, 3000.0, 20_000.0))
        thing, place, asker = rng.choice(THINGS), rng.choice(PLACES), rng.choice(("Otto", "Dagny"))
        asking = rng.choice(ASKING)
        out.append(Written(asker, "lobby", now, asking.format(t=thing, p=place)))
        if rng.random() < 0.3:
            now += 9
            out.append(Written("Dagny" if asker == "Otto" else "Otto", "lobby", now, f"hm, the {thing}"))
        if rng.random() < (0.95 if asking.startswith("wren") else 0.8 if "?" in asking else 0.3):
            now += rng.uniform(8, 40)
            said = rng.choice(ANSWERING).format(n=asker, t=thing, p=place)
            out.append(Written(author, "lobby", now, said))
            if rng.random() < 0.3:
                now += 2 + len(said) / 20
                out.append(Written(author, "lobby", now, f"or in the {rng.choice(PLACES)}"))
    return out[:count]


def talk(count: int = 900, seed: int = 0) -> list[Burst]:
    """The turns of Wren in `rows`."""
    return bursts_of(rows(count, seed), "Wren")


def asked(text: str, author: str = "Otto", ts: float = START + 9e7) -> tuple[Utterance, ...]:
    """A context of a few messages that ends with `text`."""
    return (
        Utterance("Dagny", ts - 90, "morning", False),
        Utterance("Wren", ts - 60, "morning you two", True),
        Utterance(author, ts, text, False),
    )
