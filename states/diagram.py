"""The state diagrams, as Mermaid text made from the table by `transitions` itself."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from transitions.extensions import GraphMachine

from states.decide import trigger_name
from states.lifecycle import PROFILE_ROWS, SESSION_ROWS, Row
from states.model import ProfileState, SessionState


class _Standing:
    """GraphMachine draws where a model stands; this one stands at the beginning."""


def mermaid(rows: Iterable[Row], states: type[StrEnum], initial: StrEnum) -> str:
    """A Mermaid state diagram: one arrow for each pair of states, labelled with the events that lead along it."""
    machine = GraphMachine(
        model=_Standing(), states=states, initial=initial, auto_transitions=False, graph_engine="mermaid", title=" "
    )
    arrows = {(trigger_name(row.on), source, row.dest or source): None for row in rows for source in row.sources}
    for trigger, source, dest in arrows:
        machine.add_transition(trigger, source, dest)
    text = str(machine.get_combined_graph().draw(None))
    return text.split("---\n", 2)[-1].strip()


def both() -> str:
    """The diagrams of profile and session as Markdown."""
    profile = mermaid(PROFILE_ROWS, ProfileState, ProfileState.AWAITING_CONSENT)
    session = mermaid(SESSION_ROWS, SessionState, SessionState.OFFLINE)
    return f"A profile:\n\n```mermaid\n{profile}\n```\n\nA session:\n\n```mermaid\n{session}\n```\n"


if __name__ == "__main__":
    print(both())  # noqa: T201
