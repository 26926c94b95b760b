"""Topics on which an echo begins no conversation, by the words that give them away. Pure.

A list can't know what is meant. It is there to err on the side of silence: beginning nothing costs nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_STEMS: Final = (
    # Death and mourning: English, German, French, Spanish, then the same order for each group.
    "death dead died dying funeral grief griev mourn rip obituar cemeter buried "
    "tod tot tote toten gestorben sterb stirbt beerdigung trauer verstorben begräbnis friedhof beileid "
    "mort morte mourir décès décédé deuil enterrement funérailles obsèques cimetière "
    "muerte muerto muerta murió morir falleci funeral duelo luto entierro",
    # Illness of body and mind, harm to oneself.
    "cancer tumor tumour chemo hospice diagnos suicid overdose depress "
    "miscarriage stillb abortion dementia stroke hospital surgery icu "
    "krebs krebse selbstmord suizid fehlgeburt abtreibung depressi schlaganfall krankenhaus intensivstation demenz "
    "maladie hôpital avortement dépressi "
    "cáncer hospital aborto depresi suicidi enfermedad",
    # Violence, war and disaster.
    "murder killed killing shooting terror warfare genocide rape raped assault abuse abused molest hostage massacre "
    "earthquake stabbed stabbing bomb bombing "
    "mord ermordet krieg= kriege= vergewaltig missbrauch anschlag überfall geisel erdbeben getötet "
    "meurtre guerre viol violée attentat otage agression massacre séisme "
    "asesin guerra violación violada abuso atentado rehén masacre terremoto",
    # Belief and power.
    "election elections politic president parliament fascis nazi racis religio islam muslim christian jewish jew "
    "refugee immigrant "
    "wahlkampf bundestag politik regierung flüchtling rassis faschis religion "
    "élection politique raciste réfugié gouvernement "
    "elecciones política racista refugiad gobierno",
    # Ruin, law, parting.
    "bankrupt evict fired lawsuit arrested prison jail divorce custody breakup  "
    "insolven gekündigt entlassen scheidung gefängnis verhaftet sorgerecht "
    "licencié divorce prison faillite "
    "despedid divorcio cárcel quiebra detenid",
)
"""Beginnings of words; one of up to four letters, or marked with =, must stand alone. Words that mean something
harmless in another of these languages ("die", "war", "arrête") are left out."""
_SHORT: Final = 4


def _folded(text: str) -> str:
    """Without case, accents and compatibility forms, so that spelling hides nothing."""
    marked = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in marked if not unicodedata.combining(c))


_PHRASES: Final = (
    "passed away", "terminal illness", "self harm", "panic attack", "fausse couche", "tentative de suicide",
    "laid off", "broke up", "the war", "at war", "civil war", "world war",
)  # fmt: skip


def _pattern() -> re.Pattern[str]:
    stems = {*_folded(" ".join(_STEMS)).split(), *map(_folded, _PHRASES)}
    return re.compile(rf"\b(?:{'|'.join(map(_part, sorted(stems)))})")


def _part(stem: str) -> str:
    word = stem.removesuffix("=")
    return re.escape(word) + (r"\b" if len(word) <= _SHORT or word != stem else "")


_SERIOUS: Final = _pattern()


def is_serious(text: str) -> bool:
    """Whether a text touches something that is no matter for a machine to start on."""
    return _SERIOUS.search(_folded(text)) is not None


def are_serious(texts: Iterable[str]) -> bool:
    """The same of messages in a row, over which a phrase may be split."""
    return is_serious(" ".join(texts))
