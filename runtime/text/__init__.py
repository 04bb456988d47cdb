"""Text on its way to token ids and back: tokenizer, chat template, stop strings. Knows no engine and no network."""
