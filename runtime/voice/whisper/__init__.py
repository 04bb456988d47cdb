"""How Whisper is asked: what may come next, which reading is likeliest, which names are expected, what is no speech."""
