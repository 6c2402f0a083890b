"""Where checker and foreign servers disagreed when these were last run; a name leaves once the checker is right."""

FALSE_ALARMS = {
    "capped_at_10",  # the whole walk stops before the end when the server caps its pages
    "default_is_cap_30",
    "large_capped_at_25",
    "legs_source_customer_only",  # the scope of a customer need not hold calls made to it
    "legs_without_direction",  # exploration asks for words of a field that no row shows
    "legs_busy",  # the partition of directions, and recursion with all, are judged over moving data, now and then
    "legs_busy_only",
}

MISSED = {
    "semicolon_not_split",
    "legs_post_skips_password",
    "legs_message_blank_on_400",
    "legs_all_includes_grandchildren",
    "legs_phone_prefix",
    "legs_answered_in_future",
    "legs_start_moves",
    "legs_snumber_ignored_with_machines",
    "source_digits_only",
    "callerid_trimmed_at_space",
    "callerid_like_wildcard",
    "semicolon_cuts",
    "source_ignored_with_rows_per_page",
    "one_row_more_only_from_size_100",
    "ties_at_random",
    "default_page_empty",
    "post_skips_password",
    "five_hundred_on_long_values",
    "active_new_id_at_each_poll",
    "active_start_moves",
}

WRONG_CLAUSE = {
    "legs_internal_by_source",
    "legs_one_row_per_call",
    "legs_start_in_ms",
    "legs_row_missing_now_and_then",
    "last_page_drops_a_row",
    "full_last_page_empty",
    "sorted_in_page_only",
    "a_row_only_in_filtered_lists",
    "every_tenth_answer_lacks_rows",
    "active_durations_in_milliseconds",
}
