"""What the owner of the appliance may set, where it is read from, and what it is in effect."""

from runtime.config.load import Loaded, Setting, default_path, load
from runtime.config.settings import (
    Broker,
    Commands,
    Config,
    EngineSettings,
    Logging,
    Model,
    Mqtt,
    Server,
    Voice,
)

__all__ = [
    "Broker",
    "Commands",
    "Config",
    "EngineSettings",
    "Loaded",
    "Logging",
    "Model",
    "Mqtt",
    "Server",
    "Setting",
    "Voice",
    "default_path",
    "load",
]
