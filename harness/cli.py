"""fabriclab: the command line. Verbs as containerlab has them, where it has them.

Here stand the words, the help and the exit statuses (0 pass, 1 a verdict failed, 2 a file or flag of the user's, 3 the
world). What a verb does lives in its own room and is imported when the verb is called, so that `--help` and completion
answer at once.
"""

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from types import FrameType
from typing import Annotated

import typer

from harness import cli_automation, cli_examine, cli_files, cli_generate, cli_lab, cli_paper, cli_power, completion
from sim.errors import FabricError, InputError

EPILOG = "Exit status: 0 pass, 1 a verdict failed, 2 a file or flag is wrong, 3 the host, the lab or an instrument."

app = typer.Typer(
    name="fabriclab",
    help="Bring a network up from a containerlab file with real daemons and your own configuration, and examine it.\n\n"
    "TOPOLOGY is a *.clab.yml file, its folder, or the name of a running lab.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def main() -> None:
    """The program. Ends the process with its exit status."""
    gc.set_threshold(50_000)  # modules and networks stay: at 700, a short verb spends a tenth on finding no garbage
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some reads every package's metadata
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup a closed terminal ends nothing
        signal.signal(signal.SIGHUP, _as_interrupt)
    status = _complete_in_bash() if os.environ.get("_FABRICLAB_COMPLETE") == "complete_bash" else run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader went away: `fabriclab inspect | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _complete_in_bash() -> int:
    """Answer bash's Tab key, which takes a colon for the end of a word."""
    kept, said = completion.join_at_colons(os.environ), io.StringIO()
    try:
        with redirect_stdout(said):
            return run([])
    finally:
        sys.stdout.write("".join(line.removeprefix(kept) for line in said.getvalue().splitlines(keepends=True)))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. Every expected trouble is one line on standard error."""
    line = list(arguments) or ["--help"]
    as_json = "--json" in line[: line.index("--") if "--" in line else None]
    try:
        return int(app(line, prog_name="fabriclab", standalone_mode=False) or 0)
    except BrokenPipeError:
        return 0
    except FabricError as error:
        return _refuse(error, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except UsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fabriclab"
        words = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        return _refuse(InputError(f"{words}; see {command} --help", command), as_json)
    except OSError as error:
        return _refuse(FabricError(str(error)), as_json)


# typer brings click's exceptions along without a public name for them; this is UsageError.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _refuse(error: FabricError, as_json: bool) -> int:
    from harness import console
    from harness.secrets import masked

    console.error(str(error))
    if as_json:
        place = str(error.place) if error.place else None
        console.document({"error": {"kind": type(error).__name__, "text": masked(error.text), "place": place}})
    return error.exit_status


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """A polite end, or a closed terminal, is like Ctrl-C: what was half done is undone on the way out."""
    raise KeyboardInterrupt


@app.callback(invoke_without_command=True)
def _fabriclab(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show each command run on nodes.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"fabriclab {installed('fabriclab')}")
        raise typer.Exit
    if verbose:
        from harness import console

        console.show_commands()


VERBS = (
    cli_lab.deploy,
    cli_lab.push,
    cli_lab.destroy,
    cli_lab.inspect,
    cli_lab.execute,
    cli_lab.shell,
    cli_lab.capture,
    cli_power.stop,
    cli_power.start,
    cli_power.restart,
    cli_power.save,
    cli_power.events,
    cli_automation.inventory,
    cli_automation.ssh,
    cli_automation.connect,
    cli_examine.observe,
    cli_paper.solve,
    cli_paper.diff,
    cli_paper.sweep,
    cli_examine.trace,
    cli_examine.verify,
    cli_examine.report,
    cli_files.graph,
    cli_files.schema,
    cli_files.preflight,
)
for verb in VERBS:
    app.command("exec" if verb is cli_lab.execute else None)(verb)
app.add_typer(cli_generate.app, name="generate")
