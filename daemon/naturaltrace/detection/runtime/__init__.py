"""What runs the detector's graph: onnxruntime on the device that proved itself, or torch where someone chose it."""
