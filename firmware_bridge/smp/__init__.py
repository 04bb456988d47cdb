"""Boards that speak SMP (MCUmgr), and a board that does without being one. Needs the extra `smp`."""
