"""Sentences that follow a template: understood in a few milliseconds, without any model, or not at all."""
