"""Boards on a line as devices of the house."""
