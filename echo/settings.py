"""Every setting of Echo: its name, default, range and meaning. What is not here cannot be set."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from echo.limit_settings import LimitSettings
from echo.retention_settings import RetentionSettings
from echo.secrets import Secrets
from echo.setting_values import HOST, is_address, listed, nearest
from echo.training_settings import TrainingSettings


def default_data_dir() -> Path:
    """Where this system keeps a user's application data, for example `~/.local/share/echo-bot`."""
    return Path(platformdirs.user_data_dir("echo-bot", appauthor=False))


class Settings(BaseSettings):
    """The effective settings, frozen, as `echo.config.load` makes them. Each description names its unit."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="ECHO_", allow_inf_nan=False, validate_default=True
    )

    # What is kept
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the database, the keys and what is learned."
    )
    data_retention_days: int = Field(30, ge=1, le=3650, description="Days that collected messages are kept.")
    journal_retention_days: int = Field(180, ge=1, le=3650, description="Days that the journal (no texts) is kept.")
    retention: RetentionSettings = Field(default_factory=RetentionSettings, description="How long the rest is kept.")
    timezone: str = Field("UTC", description="IANA time zone in which dates such as 01.06.2026 begin.")

    # Collecting and learning
    max_messages_per_analysis: int = Field(
        10_000, ge=1, le=1_000_000, description="Most messages of one person that a profile learns from."
    )
    min_messages: int = Field(50, ge=1, le=100_000, description="Fewest messages to learn from.")
    context_messages: int = Field(
        12, ge=0, le=100, description="Messages before each answer that are kept as its context."
    )
    collection_effort: float = Field(
        0.1,
        ge=0.01,
        le=1,
        description="Share of the requests of reading everything that search and context may take; more finds more of "
        "what each message answered.",
    )
    collection_stall: float = Field(
        120.0, ge=1, le=3600, description="Seconds without any answer of Discord after which collecting is tried again."
    )
    collect_nsfw: bool = Field(False, description="Whether age-restricted channels are collected from too.")
    excluded_channels: str = Field(
        "",
        max_length=20_000,
        description="Ids of channels, categories or threads that are not collected from, separated by commas.",
    )
    report_channels: str = Field(
        "",
        max_length=20_000,
        description="Ids of channels for reports of echoes' messages, one in a server, separated by commas; elsewhere "
        "the server's owner and who asked for the echo get them privately.",
    )
    import_limit: int = Field(50, ge=1, le=500, description="Megabytes of a file given to /echo import, at most.")
    collecting_slots: int = Field(2, ge=1, le=16, description="Profiles that collect at the same time.")
    training_slots: int = Field(1, ge=1, le=8, description="Profiles that train at the same time.")
    model_training_timeout: int = Field(
        3600, ge=1, le=604_800, description="Seconds after which a training is given up and tried again."
    )
    scorecard_moments: int = Field(
        150,
        ge=0,
        le=2000,
        description="Held-out moments in which each new model is tested before it speaks; 0 is no test.",
    )
    scorecard_gate: float = Field(
        0.1,
        ge=0,
        le=1,
        description="How much of the way from anybody else to the person a model must come in its test to speak; 0: "
        "only what copies is held back.",
    )
    consent_expiry_hours: int = Field(
        168, ge=1, le=8760, description="Hours after which a question for consent that nobody answered ends."
    )
    consent_reminder_days: int = Field(
        14, ge=1, le=365, description="Days before the end of a consent on which its person is reminded of that."
    )

    # Talking
    max_active_sessions_per_server: int = Field(
        5, ge=1, le=1000, description="Echoes that may be online in one server."
    )
    message_generation_cooldown: float = Field(
        2.0, ge=0, le=3600, description="Seconds that an echo is silent after it has spoken."
    )
    quiet_seconds: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Seconds that an echo is quiet in a channel after its person wrote there, or began to.",
    )
    chattiness: float = Field(1.0, ge=0, le=10, description="Factor of speaking unprompted; 0 is only when addressed.")
    pace_scale: float = Field(1.0, ge=0, le=10, description="Factor of an echo's delays; 0 is at once.")
    sandbox_pace_scale: float = Field(
        0.3,
        ge=0,
        le=10,
        description="The same in the sandbox, where nobody wants to wait long: below 1 it scales max_delay too.",
    )
    max_delay: float = Field(60.0, ge=0, le=86_400, description="Most seconds before an echo's answer.")
    openers_per_day: int = Field(
        2,
        ge=0,
        le=24,
        description="Conversations that an echo begins in a channel in 24 hours at most, where its subject and a "
        "manager let it begin any; 0 is never.",
    )
    max_bot_turns: int = Field(4, ge=0, le=100, description="Turns of bots in a row since the last human spoke.")
    max_share_of_voice: float = Field(
        0.35,
        ge=0,
        le=1,
        description="Share of the newest 30 messages of the last hour that one echo may have said unasked, where two "
        "or more humans talk; 1 is no limit.",
    )
    max_echo_share: float = Field(0.5, ge=0, le=1, description="The same for all echoes of a channel together.")
    allowed_links: str = Field(
        "",
        max_length=20_000,
        description="Hosts that an echo may link to, with those under them, separated by commas; empty: it posts no "
        "links.",
    )

    halt_word: str = Field(
        "echo halt",
        max_length=50,
        description="Message by which a manager silences the server, and a subject their echo, where one is online; "
        "empty is none.",
    )
    quiz_seconds: float = Field(90.0, ge=0.1, le=3600, description="Seconds that a question of /echo quiz stays open.")
    quiz_guesses: int = Field(
        10, ge=1, le=1000, description="Guesses after which the next question of /echo quiz comes by itself."
    )

    limits: LimitSettings = Field(default_factory=LimitSettings, description="How much may be asked and said.")

    # The engine
    engine: Literal["embedded", "ollama"] = Field("embedded", description="What learns and speaks.")
    ollama_host: str = Field(
        "http://127.0.0.1:11434",
        max_length=2000,
        description="Addresses of the Ollama servers, separated by commas; a base model stays on one of them.",
    )
    ollama_model: str = Field("llama3.2:3b", min_length=1, max_length=200, description="Base model in Ollama.")
    ollama_embedding_model: str = Field(
        "",
        max_length=200,
        description="Embedding model in Ollama that finds fitting examples; empty: the embedded retriever does.",
    )
    ollama_num_ctx: int = Field(4096, ge=512, le=1_048_576, description="Tokens of context sent with every request.")
    ollama_candidates: int = Field(
        4,
        ge=1,
        le=8,
        description="Drafts of each answer at most, as far as the time before it is due allows, of which the one most "
        "like the person is said.",
    )
    ollama_parallel: int = Field(
        1,
        ge=1,
        le=64,
        description="Requests that each Ollama server serves at the same time (its OLLAMA_NUM_PARALLEL).",
    )
    ollama_loaded_bases: int = Field(
        2, ge=1, le=64, description="Base models that Echo keeps loaded on each Ollama server at most."
    )
    ollama_timeout: float = Field(
        120.0, ge=0.1, le=3600, description="Seconds to wait for the first word of an answer of Ollama."
    )
    ollama_stall: float = Field(
        30.0, ge=0.1, le=3600, description="Seconds without a further word after which an answer counts as broken off."
    )
    ollama_away: Literal["embedded", "silent"] = Field(
        "embedded", description="What an echo does while Ollama is away: speak by the embedded engine, or be silent."
    )
    measures_retention_days: int = Field(
        30, ge=1, le=3650, description="Days that measurements of answers (no texts) are kept."
    )

    # Fine-tuning
    training: TrainingSettings = Field(default_factory=TrainingSettings, description="Fine-tuning, by its own keys.")

    # The process
    guild_ready_timeout: float = Field(
        2.0, ge=0.01, le=60, description="Seconds without a further server after which the list of servers is whole."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    sandbox_seed: int = Field(1, ge=0, le=2_147_483_647, description="Seed of the sandbox's invented people.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Only `load` reads the environment, because it must tell where each value came from.
        return (init_settings,)

    @field_validator("data_dir")
    @classmethod
    def _no_tilde(cls, value: Path) -> Path:
        if "\0" in str(value) or str(value) == ".":
            raise ValueError("it is no folder; an example is /var/lib/echo-bot")
        try:
            return value.expanduser()
        except RuntimeError as error:
            raise ValueError("its home folder is unknown") from error

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            near = nearest(value, zoneinfo.available_timezones())
            hint = f"did you mean {near}?" if near else "an example is Europe/Berlin"
            raise ValueError(f"it is no IANA time zone; {hint}") from error
        return value

    @field_validator("excluded_channels", "report_channels")
    @classmethod
    def _are_ids(cls, value: str) -> str:
        for one in listed(value):
            if not (one.isascii() and one.isdigit() and len(one) <= 20):
                raise ValueError(f"{one[:40]} is no id; an example is 123456789012345678, 234567890123456789")
        return value

    @property
    def excluded_channel_ids(self) -> frozenset[int]:
        """`excluded_channels` as numbers."""
        return frozenset(int(one) for one in listed(self.excluded_channels))

    @field_validator("allowed_links")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        for one in listed(value):
            if not HOST.fullmatch(one):
                raise ValueError(f"{one[:40]} is no host; an example is example.org, docs.example.com")
        return value.lower()

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`allowed_links` as host names, in lower case."""
        return frozenset(listed(self.allowed_links))

    @field_validator("ollama_host")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        addresses = [one.strip().rstrip("/") for one in value.split(",") if one.strip()]
        if not addresses or not all(is_address(one) for one in addresses):
            raise ValueError("it is no address without a password; an example is http://127.0.0.1:11434")
        return ", ".join(dict.fromkeys(addresses))

    @property
    def ollama_addresses(self) -> tuple[str, ...]:
        """`ollama_host` as one address each, in the order given."""
        return tuple(self.ollama_host.split(", "))

    @field_validator("log_level", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _enough_fits(self) -> Settings:
        if self.min_messages > self.max_messages_per_analysis:
            raise ValueError(
                f"min_messages ({self.min_messages}) must not be more than "
                f"max_messages_per_analysis ({self.max_messages_per_analysis})"
            )
        return self


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, the secrets, and where each value came from.

    A source is `default`, `file PATH`, `.env`, `environment NAME` or `option --NAME`.
    """

    settings: Settings
    sources: Mapping[str, str]
    secrets: Secrets = field(default_factory=Secrets)


def variable(key: str) -> str:
    """The environment variable that overrides a setting: `ECHO_` and the key in capitals, with _ for each dot."""
    return f"ECHO_{key.upper().replace('.', '_')}"


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _leaves(info.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, info


FIELDS: Mapping[str, FieldInfo] = dict(_leaves(Settings))
"""Every setting by its key; that of a section's setting is `SECTION.KEY`."""


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """The settings of nested sections by their keys; what is no section of the settings stays as it is."""
    found: dict[str, object] = {}
    for name, value in values.items():
        is_section = any(key.startswith(f"{prefix}{name}.") for key in FIELDS)
        if is_section and isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def nested(values: Mapping[str, object]) -> dict[str, Any]:
    """Settings by their keys, as nested sections: what `flat` undoes."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return found
