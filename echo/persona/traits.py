"""The habits of writing that one message shows or doesn't: what the card counts and what its evidence is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from echo.persona.languages import STOP_WORDS
from echo.persona.tokens import EMOJI, EMOTICON, LAUGH, LINK, WORD, span_words, words

Shows = Callable[[str], object]

LONG: Final = 20
"""Words: a message of more is a long one."""

_SHORT_FORMS_WORDS: Final = """
u ur r thx thanx ty tysm tyvm idk idc imo imho tbh btw omw brb afk afaik iirc ikr irl np nvm ngl rn smh fr pls plz
plss ppl bc cuz coz tho thru cya gtg g2g gg wp gn gm msg b4 l8r 2day 2moro tmrw wyd hbu wbu wdym ily jk lmk dm dms
rly srsly def prob probs prolly gonna wanna gotta kinda sorta lemme gimme dunno ima finna aint yall oc ofc obv sry
hmu icymi ftw fwiw iow tldr w/o w/ vllt vlt evtl iwie iwas nix ned ka kp hdl wg mfg lg bzgl zb bb jtm mdr ptdr stp
svp slt bjr tkt pk pq tqm xq tmb vc vcs tb pfv blz obg
"""
SHORT_FORMS: Final = frozenset(_SHORT_FORMS_WORDS.split())
"""Words that are written short, and mean a longer one. Some are one language's alone: English, German, French,
Spanish, Portuguese."""
_MISSPELT_WORDS: Final = """
teh hte adn nad taht waht thier recieve recieved beleive freind wierd definately definatly definetly seperate untill
wich whcih becuase becasue beacuse alot occured occurence tommorow tommorrow truely noone realy actualy basicly
probaly probablly sucess necesary neccessary accross arguement enviroment goverment happend knwo konw liek mkae nto
peopel peple rember remeber shoudl woudl coudl similiar soemthing somthing thnaks tihs tiem ahve hvae jsut jstu yuo
yuor wnat wiht withotu dosent dosnt nciht nihct vieleicht vielleich villeicht wiso warscheinlich standart garnich
aufjedenfall aujourdhui parceque malgrès hechar enserio porfabor
"""
MISSPELT: Final = frozenset(_MISSPELT_WORDS.split())
"""Slips that are no other word; what only lacks an apostrophe is counted apart."""
_BARE_CONTRACTIONS_WORDS: Final = """
dont doesnt didnt isnt arent wasnt werent cant couldnt shouldnt wouldnt havent hasnt hadnt im ive youre youve theyre
theyve thats whats heres theres wheres hes shes wont aint cest jai jetais
"""
BARE_CONTRACTIONS: Final = frozenset(_BARE_CONTRACTIONS_WORDS.split())
"""Contractions without their apostrophe."""
_BESIDE_GERMAN_IM: Final = frozenset(
    {"der", "dem", "den", "du", "er", "sie", "wir", "ihr", "bin", "hat", "hab", "heute"}
)
"""Beside these too "im" is German for "in the"."""
_STRETCH: Final = re.compile(r"([^\W\d_])\1{2,}")
_SHOUT: Final = re.compile(r"\b[^\W\d_]{4,}\b")
_CODE: Final = re.compile(r"`[^`\n]+`|```")
_TRAILS: Final = re.compile(r"\.{2,}|…")


def has_capital(text: str) -> bool:
    """Whether the first letter is a large one."""
    return next((c for c in text if c.isalpha()), "").isupper()


def is_cased(text: str) -> bool:
    """Whether it has letters that can be large or small."""
    return text.lower() != text.upper()


def is_lower(text: str) -> bool:
    """Whether there are such letters, and all of them small."""
    return text == text.lower() and is_cased(text)


def length_of(text: str) -> int:
    """Words; where a script has no spaces, characters."""
    return len(span_words(text))


def has_full_stop(text: str) -> bool:
    """Whether it ends like a sentence, not trailing off."""
    return text.rstrip().endswith((".", "。")) and not text.rstrip().endswith("..")


def shouts(text: str) -> bool:
    """Whether a word of four or more letters stands in capitals, links apart."""
    return any(word.isupper() for word in _SHOUT.findall(LINK.sub(" ", text)))


def short_forms(text: str) -> list[str]:
    """The words that are written short."""
    return [word for word in words(text) if word in SHORT_FORMS]


def drops_apostrophe(text: str) -> bool:
    """Whether a contraction lacks its apostrophe."""
    told = set(words(text))
    found = BARE_CONTRACTIONS & told
    return bool(found - {"im"}) or (bool(found) and STOP_WORDS["German"].union(_BESIDE_GERMAN_IM).isdisjoint(told))


def is_one_word(text: str) -> bool:
    """Whether it is a single word (or sign, or link)."""
    return len(text.split()) == 1 and len(WORD.findall(LINK.sub("x", text))) <= 1


TRAITS: Final[dict[str, tuple[str, Shows]]] = {
    "capitals": ("begins with a capital letter", has_capital),
    "lower": ("writes all in lower case", is_lower),
    "full_stop": ("ends with a full stop", has_full_stop),
    "dots": ("trails off with dots", _TRAILS.search),
    "commas": ("uses commas", lambda text: "," in LINK.sub("", text)),
    "exclaims": ("uses exclamation marks", lambda text: "!" in LINK.sub("", text)),
    "asks": ("asks something", lambda text: "?" in LINK.sub("", text)),
    "laughs": ("laughs in writing", LAUGH.search),
    "emoji": ("uses emoji", EMOJI.search),
    "emoticons": ("uses emoticons", EMOTICON.search),
    "one_word": ("sends a single word", is_one_word),
    "long": (f"writes more than {LONG} words at once", lambda text: length_of(text) > LONG),
    "abbreviations": ("writes words short", short_forms),
    "apostrophes": ("leaves apostrophes out", drops_apostrophe),
    "stretches": ("drags letters out", lambda text: _STRETCH.search(LINK.sub("", text))),
    "typos": ("misspells a common word", lambda text: not MISSPELT.isdisjoint(words(text))),
    "shouts": ("puts words in capitals", shouts),
    "links": ("posts links", LINK.search),
    "code": ("marks code", _CODE.search),
    "lines": ("breaks a message into lines", lambda text: "\n" in text.strip()),
}
"""What is told of one message: the verb phrase for people, and whether a message shows it."""
OF_PROSE: Final = frozenset({"capitals", "lower", "full_stop"})
"""Traits whose share is of messages with large or small letters: an emoji has no case, and Chinese neither."""
OPTIONAL: Final = frozenset({"abbreviations", "apostrophes", "stretches", "typos", "shouts", "links", "code", "lines"})
"""Traits that go unmentioned where neither the person nor the others show them."""
