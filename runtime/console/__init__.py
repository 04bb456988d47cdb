"""The console's commands, one file each. Heavy imports stand inside the commands, so that `ingle --help` is quick."""
