"""The settings of fine-tuning: `training.KEY` in the file, `ECHO_TRAINING_KEY` in the environment."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class DiscordPermission(BaseModel):
    """Discord's permission to train models on what was obtained through its API, as the operator has it."""

    model_config = _FROZEN

    reference: str = Field("", max_length=500, description="Where Discord's permission stands, such as a ticket's id.")
    date: str = Field("", max_length=10, description="The day on which Discord gave it, as YYYY-MM-DD.")

    @field_validator("date")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        if value:
            try:
                date.fromisoformat(value)
            except ValueError as error:
                raise ValueError("it is no day; an example is 2026-06-30") from error
        return value

    @property
    def is_given(self) -> bool:
        """Whether both are recorded."""
        return bool(self.reference.strip() and self.date)


class TrainingSettings(BaseModel):
    """How a person's own model is fine-tuned (LoRA, Hu et al. 2021). Each description names its unit."""

    model_config = _FROZEN

    enabled: bool = Field(False, description="Whether personas on Ollama are fine-tuned as well.")
    base: str = Field("", max_length=4000, description="Folder of the base model in Hugging Face form.")
    base_gguf: str = Field("", max_length=4000, description="GGUF file of the same base model.")
    rank: int = Field(8, ge=1, le=256, description="Rank r of the adapter's matrices.")
    alpha: float = Field(16.0, ge=0.1, le=1024, description="Weight alpha of the adapter, which counts alpha / rank.")
    dropout: float = Field(0.15, ge=0, le=0.9, description="Share of the adapter's inputs dropped while learning.")
    epochs: int = Field(2, ge=1, le=100, description="Times that each example is seen at most.")
    learning_rate: float = Field(2e-4, ge=1e-7, le=1, description="Highest learning rate; it falls by a cosine.")
    warmup: float = Field(0.05, ge=0, le=0.5, description="Share of the steps in which the learning rate rises.")
    batch: int = Field(8, ge=1, le=1024, description="Examples of one step; halved where memory runs out.")
    max_tokens: int = Field(1024, ge=32, le=131_072, description="Tokens of one example; its oldest talk goes first.")
    patience: int = Field(
        2, ge=1, le=100, description="Looks at the validation loss without a gain after which learning ends early."
    )
    min_examples: int = Field(200, ge=1, le=1_000_000, description="Fewest examples to fine-tune on.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="What computes; auto: a GPU where there is one.")
    threads: int = Field(0, ge=0, le=256, description="Threads that learning may use; 0 is one for each core but one.")
    checkpoint_seconds: float = Field(
        300.0, ge=0.1, le=86_400, description="Seconds between checkpoints, from which a broken-off training goes on."
    )
    quantisation: str = Field(
        "Q8_0", max_length=20, description="Form of the published weights: F16, Q8_0, or one that llama-quantize makes."
    )
    llama_quantize: str = Field(
        "", max_length=4000, description="The program llama-quantize; empty: the one that PATH finds."
    )
    ollama_base: str = Field(
        "",
        max_length=200,
        description="Ollama's name of the very base that is fine-tuned: servers before 0.34 then get an adapter alone.",
    )
    refresh_days: int = Field(
        30, ge=0, le=3650, description="Days after which a fine-tuned model is made anew in any case; 0 is never."
    )
    refresh_messages: int = Field(
        300, ge=1, le=1_000_000, description="New messages after which a fine-tuned model is made anew a day later."
    )
    retire_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of the messages learnt from that may be withdrawn before the echo speaks by its prompt "
        "alone until the model is made anew.",
    )
    discord_permission: DiscordPermission = Field(
        default_factory=DiscordPermission, description="Discord's permission to train on what its API gave."
    )
