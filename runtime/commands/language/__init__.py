"""What can be known of a sentence before any device is: politeness, clauses, negation, numbers, times.

Each file knows English and Traditional Chinese; other languages pass through it as they are.
"""
