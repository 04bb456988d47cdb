"""The appliance: runs bundles, answers over HTTP and MQTT."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before anything here can import onnxruntime

__version__ = "0.1.0"
