"""Prompts in and answers out over MQTT."""
