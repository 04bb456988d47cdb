"""A small typed builder over onnx-ir: one function a building block, each emitting operators with a fast CPU kernel."""
