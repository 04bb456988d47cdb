"""From actions to devices: in whose turn, over which channel, and whether the device said that it is so."""
