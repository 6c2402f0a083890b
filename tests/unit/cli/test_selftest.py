"""`callharness selftest`: what its JSON holds."""

from __future__ import annotations

import json
import random

from harness.cli.selftest import Trial, random_dialect, trial_as_json
from harness.specification.field_path import FieldPath
from harness.specification.load import load_spec


def test_an_answer_that_is_a_field_stands_in_the_json_as_its_text() -> None:
    trial = Trial(api="etelecom/list-call-logs", dialect={"filters.date_from.instead": (FieldPath.of("created_at"),)})
    assert trial_as_json(trial)["dialect"] == {"filters.date_from.instead": ["created_at"]}


def test_a_trial_of_a_random_dialect_can_be_written_as_json() -> None:
    dialect = random_dialect(load_spec("voximplant/get-call-history"), random.Random(3))
    written = json.loads(json.dumps(trial_as_json(Trial(api="voximplant/get-call-history", dialect=dialect))))
    assert written["dialect"].keys() == dialect.keys()
