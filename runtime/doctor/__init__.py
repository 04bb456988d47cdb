"""Looking at the board before the owner has to: one finding a fact, one line of advice where it helps."""
