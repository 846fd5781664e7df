"""What the pixels say: the ONNX session, crop aggregation, calibration. Knows neither HTTP nor metadata."""
