"""The command palette: only what is possible now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.markup import escape


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done now."""

    title: str
    about: str
    do: Callable[[], object]


@runtime_checkable
class Offering(Protocol):
    """An app that knows what is possible."""

    def offers(self) -> Iterable[Offer]:
        """What can be done now, most likely first."""


class EchoCommands(Provider):
    """Looks anew at every key, so that nothing is offered that is not possible any more."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for offer in self._offers():
            yield DiscoveryHit(Content(offer.title), offer.do, offer.title, escape(offer.about))

    async def search(self, query: str) -> Hits:
        """What fits the words typed."""
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.title)
            if score > 0:
                yield Hit(score, _highlighted(matcher, offer.title), offer.do, offer.title, escape(offer.about))

    def _offers(self) -> Iterable[Offer]:
        return self.app.offers() if isinstance(self.app, Offering) else ()


def _highlighted(matcher: Matcher, title: str) -> Content:
    """The title with what fits the words typed. The matcher's own would read names in it as markup."""
    content = Content(title)
    for offset in matcher.fuzzy_search.match(matcher.query, title)[1]:
        content = content.stylize(matcher.match_style, offset, offset + 1)
    return content
