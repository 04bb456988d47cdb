"""`ingle pull | export | quantize | list | models | show | rm | verify | licence`: models of this machine, by command.

The modules here know words, options and exit codes; the work is done elsewhere in `models`. What builds or fetches is
imported by the commands that need it, so that the others start at once.
"""

from models.cli import keeping, licences, looking, making
from models.cli.common import PolicyReader, commands

__all__ = ["PolicyReader", "commands", "keeping", "licences", "looking", "making"]
