"""Rules on drawn requests: combinations by Hypothesis, requests by Schemathesis."""
