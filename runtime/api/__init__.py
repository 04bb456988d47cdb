"""The HTTP front end: routes, their dialects, and who may call them."""
