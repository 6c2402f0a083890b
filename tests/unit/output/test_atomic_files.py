"""A report is there whole, or the old one still is and the problem is told in one line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.output.atomic_files import FileNotWritten, write_atomically


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "ü")
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_a_new_file_is_readable_as_the_umask_says_and_an_old_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "new", "")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "new").chmod(0o600)
    write_atomically(tmp_path / "new", "x")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_directory_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten, match="is a directory") as caught:
        write_atomically(tmp_path, "x")
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten, match="no such file or directory"):
        write_atomically(tmp_path / "missing" / "a", "x")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_the_old_file_stays_when_a_step_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    (tmp_path / "a").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(FileNotWritten, match="no space left on device"):
        write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_device_is_told() -> None:
    with pytest.raises(FileNotWritten, match="no space left on device"):
        write_atomically("/dev/full", "x")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
