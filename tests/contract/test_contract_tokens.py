"""Signed tokens of other habits: claims of the API's own names, ids that no token shares, keys without a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import Change, parlatel, parlatel_text

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec

CLAUSES = (
    "clauses: {malformed: PT-CLS-051, expired: PT-CLS-054, future: PT-CLS-054, too-long: PT-CLS-054, "
    "wrong-key: PT-CLS-055, unknown-key: PT-CLS-055}"
)


def token_by(algorithm: str) -> tuple[Change, ...]:
    """The changes for tokens signed with that algorithm, whose issuer stands in a claim of its own."""
    jwt = (
        f"          kind: bearer\n          token: ticket\n          jwt: {{algorithm: {algorithm}, issuer: account, "
        f"issuer-claim: application_id, fresh-claims: [jti], private-key: private-key, {CLAUSES}}}\n"
    )
    return (
        ("          kind: basic\n          user: account\n          password: secret\n", jwt),
        (
            "          example: {account: PT20250101, secret: ladder-green-7}\n",
            "          example: {account: PT20250101}\n",
        ),
        (
            "          also:\n            - kind: key\n"
            "              key: {credential: api-key, place: header, name: X-Parlatel-Key}\n"
            "              clause: PT-CLS-054\n              refused-clause: PT-CLS-055\n",
            "",
        ),
        ("security: [{pair: []}, {key: []}]", "security: [{key: []}]"),
        ("key: {type: apiKey, in: header, name: X-Parlatel-Key}", "key: {type: http, scheme: bearer}"),
        ("a key opens the list as well", "a token whose time is over, or has not come, is refused"),
        ("a wrong key is refused", "a token of a wrong key is refused"),
    )


LIARS = (
    "PT-CLS-054/expired-token-let-in",
    "PT-CLS-055/unknown-key-token-let-in",
    "PT-CLS-055/wrong-key-token-let-in",
)


@pytest.fixture(scope="module", params=["RS256", "HS256"])
def spec_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "parlatel.yaml"
    file.write_text(parlatel_text(*token_by(request.param)), encoding="utf-8")
    return file


@pytest.mark.parametrize("algorithm", ["RS256", "HS256"])
def test_the_linter_finds_nothing(algorithm: str) -> None:
    assert lint_spec(parlatel(*token_by(algorithm))).findings == ()


@pytest.mark.usefixtures("few_combinations")
def test_an_honest_simulator_passes(spec_file: Path) -> None:
    result = run_trial(Trial(api=str(spec_file), calls=60))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught(spec_file: Path, fault: str) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=60))
    assert result.clauses[:1] == (fault.partition("/")[0],), result.messages
