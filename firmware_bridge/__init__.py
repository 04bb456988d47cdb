"""The link to microcontrollers: plug one in, and say what it should do. Imports nothing of the other packages."""
