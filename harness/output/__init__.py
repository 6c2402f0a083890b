"""Output of the process: control characters escaped, secrets and people's data masked, files written whole."""

from __future__ import annotations

from harness.output.atomic_files import FileNotWritten, write_atomically
from harness.output.escaping import (
    csv_field,
    json_for_script,
    markdown_cell,
    markdown_fence,
    safe_file_name,
    shell_word,
    visible_text,
    xml_text,
)
from harness.output.journal import BadJournal, Journal, JournalWriter, read_journal
from harness.output.pseudonyms import NAME_DROPPED, Pseudonyms
from harness.output.redaction import MASK, RedactingWriter, Redactor, Secret, is_secret_name

__all__ = [
    "BadJournal",
    "FileNotWritten",
    "Journal",
    "JournalWriter",
    "MASK",
    "NAME_DROPPED",
    "Pseudonyms",
    "RedactingWriter",
    "Redactor",
    "Secret",
    "csv_field",
    "is_secret_name",
    "json_for_script",
    "markdown_cell",
    "markdown_fence",
    "read_journal",
    "safe_file_name",
    "shell_word",
    "visible_text",
    "write_atomically",
    "xml_text",
]
