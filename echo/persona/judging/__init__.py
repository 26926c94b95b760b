"""Judging how like a person an echo is: the test on held-out moments. Pure computation; nothing here is stored."""
