"""Text to speech: one file a speaker, and one that says who speaks for which voice and language."""
