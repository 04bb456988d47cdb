"""Devices that announce themselves to Home Assistant over MQTT, and so to us; one file a component."""
