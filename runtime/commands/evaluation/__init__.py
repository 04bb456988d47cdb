"""How good the understanding of commands is: what people could say, in houses, held against what it means."""
