"""Rules on access: authentication, roles, and the customers whose calls an answer may hold."""
