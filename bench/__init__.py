"""Benchmarks: each figure of Echo's stands beside something plain that was measured in the same run."""
