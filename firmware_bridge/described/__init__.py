"""Boards that do not describe themselves: their owner does, in a file."""
