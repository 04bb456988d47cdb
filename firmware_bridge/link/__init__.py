"""A link over a noisy line, as state machines: bytes and the time in; events, bytes and the next time out. No I/O."""
