"""What a filter keeps: alone, combined, by time, by word, on what no row shows."""
