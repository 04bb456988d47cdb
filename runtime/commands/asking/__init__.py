"""Questions about the house in people's own words: what is asked, of what, and how that is."""
