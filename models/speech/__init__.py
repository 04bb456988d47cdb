"""Whisper, which hears speech and writes it down: its graphs, its bundle. Radford et al., arXiv 2212.04356."""
