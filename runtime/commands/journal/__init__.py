"""What was asked, how far that got and what came of it: on disk before anybody is told."""
