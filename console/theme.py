"""The console's colours."""

from __future__ import annotations

from textual.theme import Theme

ECHO_THEME = Theme(
    name="echo",
    primary="#5fa8d3",
    secondary="#9aa5ce",
    accent="#e08bd0",
    success="#7fc98f",
    warning="#e6b450",
    error="#ef6b73",
    foreground="#d8dee9",
    background="#11151c",
    surface="#171c26",
    panel="#1e2531",
    dark=True,
    variables={"footer-key-foreground": "#5fa8d3", "border": "#5fa8d3"},
)
"""Cool greys and blues; the accent belongs to the echoes alone, so that they can't be taken for people."""

MUTED = "$foreground 55%"
"""What is read last: times, days, explanations."""
