"""What the owner lets happen: held against every action after it was understood, and before a device hears of it.

It sees actions and who asks for them, never the words they were asked in.
"""
