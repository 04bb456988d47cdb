"""Speech in, speech out: each stage in a file of its own, and the machine that runs them one after another."""
