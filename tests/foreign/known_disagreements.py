"""Where checker and foreign servers disagreed when these were last run; a name leaves once the checker is right."""

FALSE_ALARMS: set[str] = set()
MISSED: set[str] = set()
WRONG_CLAUSE: set[str] = set()
