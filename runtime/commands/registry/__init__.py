"""Which devices there are, what each can do, and how they are now."""
