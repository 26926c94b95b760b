"""The settings of how long things are kept: `retention.KEY` in the file, `ECHO_RETENTION_KEY` in the environment.

Messages (with what is made of them), the journal and measurements have settings of their own: `data_retention_days` and
its like.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RetentionSettings(BaseModel):
    """Days that what holds no collected message is kept, and hours for exports. Each description names its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    generations: int = Field(30, ge=1, le=3650, description="Days that drafts and what echoes said are kept.")
    sessions: int = Field(90, ge=1, le=3650, description="Days that sessions which ended are kept.")
    feedback: int = Field(180, ge=1, le=3650, description="Days that feedback about what echoes said is kept.")
    receipts: int = Field(1095, ge=1, le=3650, description="Days that receipts of erasures are kept.")
    audit: int = Field(1095, ge=1, le=3650, description="Days that the audit is kept.")
    logs: int = Field(30, ge=1, le=3650, description="Days that the logs of trainings (no texts) are kept.")
    export_hours: int = Field(
        72, ge=1, le=720, description="Hours after which Echo deletes an export that it sent from the direct messages."
    )
    export_pause_hours: int = Field(
        6, ge=0, le=720, description="Hours before somebody may have the same export again; 0 is at any time."
    )
