"""The wire: encoders and decoders in pairs, driven by the spec."""
