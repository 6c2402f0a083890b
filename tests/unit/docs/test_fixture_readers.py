"""The readers of fixtures/README.md: in each language they find the same answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
README = REPOSITORY / "fixtures" / "README.md"
APIS = ("ozeki/list-call-history", "telnyx/list-detail-records")


def reader(language: str) -> str:
    """The code of the only block in this language."""
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(code)


def gson() -> Path | None:
    """Gson, where Maven or Debian have put it."""
    places = [*Path.home().glob(".m2/repository/com/google/code/gson/gson/*/gson-*.jar")]
    places += Path("/usr/share/java").glob("gson*.jar")
    return min(places, default=None)


def output_of(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def lines_by(language: str, api: str, folder: Path) -> list[str]:
    """What the reader in this language prints of the fixtures of an API."""
    fixtures = str(REPOSITORY / "fixtures" / api)
    if language == "python":
        return output_of([sys.executable, "-X", "utf8", "-c", reader("python"), fixtures])
    name, program = {"js": ("read.js", "node"), "java": ("ReadAnswers.java", "java")}[language]
    jar = gson()
    if shutil.which(program) is None or (language == "java" and jar is None):
        pytest.skip(f"{program} is not installed on this machine" if jar else "Gson is not installed on this machine")
    (folder / name).write_text(reader(language), encoding="utf-8")
    options = ["-cp", str(jar)] if language == "java" else []
    return output_of([program, *options, str(folder / name), fixtures])


@pytest.mark.parametrize("api", APIS)
def test_the_reader_in_python_finds_every_answer(api: str, tmp_path: Path) -> None:
    found = {tuple(line.split("\t")[:2]) for line in lines_by("python", api, tmp_path)[1:]}
    folder = REPOSITORY / "fixtures" / api
    bodies = {
        (path.parent.name, path.name)
        for path in folder.glob("*/*")
        if path.name != "index.json" and not path.name.endswith(".request.http")
    }
    assert found == bodies
    assert len(bodies) > 50


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("language", ["js", "java"])
def test_readers_in_other_languages_find_the_same(language: str, api: str, tmp_path: Path) -> None:
    assert lines_by(language, api, tmp_path) == lines_by("python", api, tmp_path)
