"""New firmware for boards: a file that says what it is for, one check of it, and three ways to put it there."""
