"""From the few things that are nearest to a sentence to what it means: one of them, a question back, or none."""
