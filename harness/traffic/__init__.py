"""Traffic as something to look at: profiles as files, figures with their bands, fits to real records, reports."""
