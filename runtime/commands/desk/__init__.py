"""The life of an order: taken, understood, allowed, sent, answered; every step in the journal first."""

from runtime.commands.desk.desk import Desk
from runtime.commands.desk.settings import DeskSettings

__all__ = ["Desk", "DeskSettings"]
