"""What keeps a sentence from being a command, one file a language."""
