"""From a checkpoint to what the companion loads: one ONNX graph and its card."""
