"""All that could be done in the house, in words, and the few of it that are nearest to a sentence."""
