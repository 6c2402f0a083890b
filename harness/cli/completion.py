"""`callharness completion`: the script by which a shell completes commands, options and names of APIs."""

from __future__ import annotations

import click

from harness.cli.console import Console
from harness.cli.main import COMPLETION_VARIABLE, group


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(console: Console, shell: str) -> int:
    """Print what completes commands, options and names of APIs in a shell.

    \b
    bash  callharness completion bash > ~/.local/share/bash-completion/completions/callharness
    zsh   callharness completion zsh > "${fpath[1]}/_callharness"
    fish  callharness completion fish > ~/.config/fish/completions/callharness.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(group, {}, "callharness", COMPLETION_VARIABLE)
    # `source` would ask the bash of this machine for its version first; the script may be for another one.
    console.write_result(made.source_template % made.source_vars())
    return 0
