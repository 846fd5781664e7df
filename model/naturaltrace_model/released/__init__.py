"""Released detectors: an ONNX graph, and a `card.json` that says all there is to know about it. Imports nothing."""
