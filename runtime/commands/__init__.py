"""From a sentence to a device that moved: what devices there are, what a sentence means, what was done about it.

Knows no wire format and no broker: front ends hand in orders and carry out results, channels carry actions to devices.
"""
