"""The journal survives being cut anywhere, and tells any other damage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.output.atomic_files import FileNotWritten
from harness.output.journal import BadJournal, JournalWriter, read_journal


def written(path: Path, *, checks: int = 3, footer: bool = True) -> Path:
    with JournalWriter.start(path, {"seed": 7}) as journal:
        for number in range(checks):
            journal.append_check({"id": f"AC-{number}", "text": "\ud800\n\x1b"})
        if footer:
            journal.write_footer({"exit_code": 0})
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    journal = read_journal(written(tmp_path / "run.jsonl"))
    assert journal.header["seed"] == 7
    assert [record["id"] for record in journal.records] == ["AC-0", "AC-1", "AC-2"]
    assert journal.footer is not None
    assert journal.complete
    assert not journal.torn


def test_each_line_is_there_before_the_next_check(tmp_path: Path) -> None:
    with JournalWriter.start(tmp_path / "run.jsonl", {}) as journal:
        journal.append_check({"id": "a"})
        assert len(read_journal(tmp_path / "run.jsonl").records) == 1


def test_a_journal_cut_at_any_byte_is_read_up_to_its_last_full_line(tmp_path: Path) -> None:
    content = written(tmp_path / "run.jsonl").read_bytes()
    first = content.index(b"\n") + 1
    for size in range(first, len(content)):
        (tmp_path / "cut").write_bytes(content[:size])
        journal = read_journal(tmp_path / "cut")
        assert len(journal.records) == content[:size].count(b"\n") - 1
        assert journal.footer is None
        assert journal.torn == (content[size - 1 : size] != b"\n")


def test_a_torn_journal_is_resumed_behind_its_last_full_line(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", footer=False)
    path.write_bytes(path.read_bytes()[:-4])
    writer, journal = JournalWriter.resume(path)
    with writer:
        assert len(journal.records) == 2
        writer.append_check({"id": "again"})
        writer.write_footer({})
    assert [record["id"] for record in read_journal(path).records] == ["AC-0", "AC-1", "again"]
    assert read_journal(path).complete


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b"no\n", b'{"line": "check"}\n', b'{"line": "header", "journal_version": 99}\n']
)
def test_what_is_no_journal_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(BadJournal) as caught:
        read_journal(tmp_path / "x")
    assert caught.value.exit_code == 2


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"AC-1"', b'"AC-1'))
    with pytest.raises(BadJournal, match="3: "):
        read_journal(path)


def test_secrets_do_not_reach_the_disk(tmp_path: Path) -> None:
    with JournalWriter.start(tmp_path / "j", {}, redact=lambda text: text.replace("hunter22", "***")) as journal:
        journal.append_check({"text": "hunter22"})
    assert "hunter22" not in (tmp_path / "j").read_text()


def test_a_journal_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten):
        JournalWriter.start(tmp_path, {})


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told() -> None:
    with pytest.raises(FileNotWritten, match="no space left"):
        JournalWriter.start("/dev/full", {})
