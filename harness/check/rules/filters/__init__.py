"""Rules on filters: alone, combined, by time, by word, on attributes that no row shows."""
