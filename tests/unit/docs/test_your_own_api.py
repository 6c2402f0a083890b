"""The guide to one's own API is true: its files and commands, in their order, give what it prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.main import main

GUIDE = Path(__file__).resolve().parents[3] / "docs/your-own-api.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPEC = "larkline-calls.yaml"


def steps() -> Iterator[tuple[str, str]]:
    """The blocks of the guide in their order, by language."""
    for match in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        yield match[1], match[2]


def take_over(spec: Path, lines: dict[str, Any]) -> None:
    """Put the lines of a step into the listing: each takes the place of the line of its name."""
    document = yaml.safe_load(spec.read_text(encoding="utf-8"))
    path, method = "/accounts/{account_id}/calls", "get"
    listing = document["paths"][path][method]["x-listing"]
    for section, value in lines.items():
        listing[section] = {**listing.get(section, {}), **value} if isinstance(value, dict) else value
    spec.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def missing_lines(printed: str, output: str) -> list[str]:
    """The lines of the guide that a command did not print; `...` stands for anything in between."""
    told = [re.escape(line.strip()).replace(r"\.\.\.", ".*") for line in printed.splitlines() if line.strip()]
    return [line for line in told if re.search(line, output) is None]


def is_run(command: list[str], *, proof: bool) -> bool:
    """A server is not left running, and a proof takes its time."""
    served = "serve" in command or any("127.0.0.1" in word for word in command)
    return not served and proof is ("--prove" in command)


def follow(folder: Path, capsys: pytest.CaptureFixture[str], *, proof: bool) -> int:
    """Write the files of the guide and run its commands; how many outputs were compared."""
    compared, output = 0, ""
    for language, text in steps():
        name = text.splitlines()[0].removeprefix("# ")
        if language == "yaml" and name.startswith(f"{SPEC}, "):
            take_over(folder / SPEC, yaml.safe_load(text))
        elif language == "yaml":
            (folder / name).write_text(text, encoding="utf-8")
        elif language == "sh":
            commands = [shlex.split(line)[1:] for line in text.splitlines()]
            # The draft is the ground of every other step.
            run = [words for words in commands if is_run(words, proof=proof) or words[:2] == ["spec", "new"]]
            for words in run:
                main(words)
            read = capsys.readouterr()
            output = read.out + read.err if run else ""
        elif output:
            assert missing_lines(text, output) == [], output
            compared, output = compared + 1, ""
    return compared


def test_the_steps_of_the_guide_give_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert follow(tmp_path, capsys, proof=False) == 5
    assert main(["spec", "lint", SPEC]) == 0


@pytest.mark.thorough
def test_the_spec_of_the_guide_is_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert follow(tmp_path, capsys, proof=True) == 2
