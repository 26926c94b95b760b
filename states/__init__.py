"""Floor 0: what can be, what may happen, and what follows. Pure: no I/O, no asyncio, no clock."""
