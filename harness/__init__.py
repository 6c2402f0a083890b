"""One spec per documented call API drives three machines: generate, serve, check."""
