"""The settings of how much may be asked and said: `limits.KEY` in the file, `ECHO_LIMITS_KEY` in the environment."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from states.limits import Scope

MOST = 10_000_000


class LimitSettings(BaseModel):
    """The most in a minute, an hour or a day, by one user, in one channel and in one server."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    commands_per_user: int = Field(30, ge=1, le=MOST, description="Commands and presses of one user in a minute.")
    commands_per_channel: int = Field(90, ge=1, le=MOST, description="The same in one channel.")
    commands_per_server: int = Field(300, ge=1, le=MOST, description="The same in one server.")
    replies_per_user: int = Field(120, ge=1, le=MOST, description="Answers of echoes to one user in an hour.")
    replies_per_channel: int = Field(300, ge=1, le=MOST, description="Answers of echoes in one channel in an hour.")
    replies_per_server: int = Field(1500, ge=1, le=MOST, description="The same in one server.")
    tokens_per_user: int = Field(
        10_000, ge=1, le=MOST, description="Words and signs that echoes say to one user in an hour."
    )
    tokens_per_channel: int = Field(25_000, ge=1, le=MOST, description="The same in one channel.")
    tokens_per_server: int = Field(100_000, ge=1, le=MOST, description="The same in one server.")
    sessions_per_user: int = Field(
        5, ge=1, le=1000, description="Echoes of one server that one user has brought online and that still are."
    )
    sessions_per_channel: int = Field(4, ge=1, le=1000, description="Echoes that may be online in one channel.")
    collections_per_user: int = Field(
        5, ge=1, le=MOST, description="Echoes that one user may ask for in a server in 24 hours."
    )
    collections_per_channel: int = Field(10, ge=1, le=MOST, description="Echoes asked for in one channel in 24 hours.")
    collections_per_server: int = Field(25, ge=1, le=MOST, description="The same in one server.")

    def most(self, what: str) -> Mapping[Scope, int]:
        """The limits of "commands", "replies", "tokens" or "collections", by scope."""
        return {scope: getattr(self, f"{what}_per_{scope.value}") for scope in Scope}
