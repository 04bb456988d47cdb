"""Questions in free words."""
