"""Released detectors: one ONNX graph and one `card.json` that says all there is to know about it. Imports nothing heavy."""
