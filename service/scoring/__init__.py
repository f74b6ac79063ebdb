"""Models behind the Scorer port: bundles, ONNX sessions, batching."""
