"""Wyoming, the language that Home Assistant speaks with what hears and speaks for it. Each service is one file."""
