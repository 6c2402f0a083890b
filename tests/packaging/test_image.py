"""The image is built as the Dockerfile says, serves and checks, also as the compose file has it: `tox -e image`.

It needs root and Debian's buildah, podman, podman-compose and runc. The base is that of the Dockerfile where a
registry has it, the one that CALLHARNESS_IMAGE_BASE names, or a Debian that debootstrap makes.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hostile_servers import free_port

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = "callharness"
MADE_BASE: Final = "localhost/callharness-base"
TOKEN: Final = "token-of-this-example"
LOG_IN: Final = "Username=HTTP_User_1&Password=qwe123"
AUTHORITIES: Final = "etc/ssl/certs/ca-certificates.crt"

pytestmark = pytest.mark.skipif(os.environ.get("CALLHARNESS_IMAGE") != "1", reason="it builds an image: tox -e image")


def run(*words: str, cwd: Path = ROOT) -> str:
    """What a command says on both streams; AssertionError where it fails."""
    # A file, no pipe: what podman-compose leaves behind would hold that open.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        done = subprocess.run(words, cwd=cwd, stdout=told, stderr=subprocess.STDOUT, timeout=1800, check=False)
        told.seek(0)
        said = told.read()
    assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{said}"
    return said


def made_base(folder: Path) -> str:
    """A Debian with Python and nothing else, trusting whom this machine trusts."""
    packages = "--include=python3,python3-venv,ca-certificates"
    run("debootstrap", "--variant=minbase", packages, "bookworm", str(folder / "root"))
    shutil.copy(Path("/") / AUTHORITIES, folder / "root" / AUTHORITIES)
    run("tar", "-C", str(folder / "root"), "-cf", str(folder / "root.tar"), ".")
    run("podman", "import", "--change", f"ENV PIP_CERT=/{AUTHORITIES}", str(folder / "root.tar"), MADE_BASE)
    return MADE_BASE


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("image")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    settings = (
        f'[engine]\nruntime="runc"\n[containers]\ndefault_ulimits=["nofile={files}:{files}","nproc=1000:1000"]\n'
    )
    (folder / "containers.conf").write_text(settings)
    found = re.search(r"(?m)^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text())
    assert found is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        base = os.environ.get("CALLHARNESS_IMAGE_BASE") or found[1]
        if subprocess.run(["buildah", "pull", "-q", base], capture_output=True, check=False).returncode != 0:
            base = made_base(folder)
        run("git", "clone", "--quiet", str(ROOT), str(folder / "context"))
        where = ("--layers", "--isolation", "chroot", "--network", "host", "--build-arg", f"BASE={base}")
        run("buildah", "bud", *where, "--tag", IMAGE, ".", cwd=folder / "context")
        yield IMAGE
    # The root of a made base is a gigabyte that pytest would keep for three runs.
    shutil.rmtree(folder, ignore_errors=True)


def test_nothing_in_the_image_is_root_and_nothing_installs(image: str) -> None:
    script = (
        "id -u; touch /work/a /reports/b; touch /etc/c 2>&- || echo kept; python -m pip 2>&1 || callharness doctor"
    )
    said = run("podman", "run", "--rm", "--entrypoint", "sh", image, "-c", script)
    assert said.startswith("10001\nkept\n/opt/callharness/bin/python: No module named pip\n")


def test_a_container_serves_whoever_has_the_token_and_another_one_checks_it(image: str) -> None:
    port = free_port()
    kept_in = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
    served = ("serve", "ozeki/list-call-history", "--host", "0.0.0.0", "--allow-remote", "--port", "8080")
    place = ("-d", *kept_in, "-p", f"127.0.0.1:{port}:8080")
    name = run("podman", "run", *place, image, *served, "--remote-token", TOKEN).split()[-1]
    try:
        url = f"http://127.0.0.1:{port}/~{TOKEN}"
        words = ("check", "ozeki/list-call-history", "--target", url, "--wait", "60")
        who = ("--credential", "Username=HTTP_User_1", "--credential", "Password=qwe123")
        said = run("podman", "run", "--rm", "--network", "host", image, *words, *who)
        assert said.splitlines()[-1].startswith("GREEN  59 of 66 clauses kept")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api?command=ListCallHistory&{LOG_IN}", timeout=30)
        run("podman", "stop", "--time", "30", name)
        assert run("podman", "inspect", name, "--format", "{{.State.ExitCode}}").strip() == "0"
    finally:
        run("podman", "rm", "--force", name)


@pytest.mark.usefixtures("image")
def test_the_compose_file_checks_a_server_beside_it() -> None:
    compose = ("podman-compose", "--file", "examples/compose.yaml")
    try:
        said = run(*compose, "up", "--no-build", "--abort-on-container-exit", "--exit-code-from", "check")
        assert "GREEN  59 of 66 clauses kept" in said
    finally:
        run(*compose, "down", "--volumes")
