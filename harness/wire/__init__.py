"""How bytes carry it: encode and decode in pairs, driven by the spec."""
