"""Ollama's dialect, as its clients and Home Assistant speak it: https://docs.ollama.com/api."""
