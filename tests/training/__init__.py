"""Fine-tuning: what needs the extra `[train]` is skipped where that is not installed."""
