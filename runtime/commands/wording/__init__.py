"""Every sentence that goes back to a person, in their language; one TOML file a language, with the same keys."""
