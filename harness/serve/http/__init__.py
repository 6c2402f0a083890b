"""HTTP/1.1 around the simulator: request parser, connection, application, server."""
