"""Worlds from real records: readers, one per format of records, and pseudonyms for whoever stands in them."""
