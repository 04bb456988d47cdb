"""The appliance: runs bundles, answers over HTTP and MQTT."""

__version__ = "0.1.0"
