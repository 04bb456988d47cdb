"""What a model is, where its weights come from, and how a bundle is made of them."""

import os

# Before anything here can import the libraries that would tell their makers of it.
for _switch in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_switch, "1")
