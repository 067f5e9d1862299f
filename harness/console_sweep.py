"""What `sweep` shows: each property, the smallest failing sets, and how much was covered."""

from typing import Any

from rich.markup import escape

from harness.console import console, table

_MOST = 12
_COLOURS = {"holds": "green", "degrades": "yellow", "breaks": "red"}


def swept(result: Any) -> None:
    """A sweep's report."""
    seen, out = result.to_json(), console()
    out.print(
        f"[bold]{escape(seen['topology'])}[/]: {seen['elements']:,} {seen['what'].replace('both', 'links and nodes')}"
        f" may fail, {seen['pairs']:,} pairs are delivered, {seen['separate']:,} are not ({seen['engine']} engine)"
    )
    made = table("PROPERTY", "VERDICT", "SMALLEST SET", "SETS")
    for each in seen["properties"]:
        verdict = f"[{_COLOURS[each['verdict']]}]{each['verdict']}[/]"
        made.add_row(each["property"], verdict, str(each["smallest"] or "-"), f"{each['failing_sets']:,}")
    out.print(made)
    for each in seen["properties"]:
        _sets(out, each)
    for each in seen["coverage"]:
        out.print(escape(each["text"]))
    if not seen["complete"]:
        done, total = (sum(each[word] for each in seen["coverage"]) for word in ("done", "total"))
        out.print(f"[yellow]not finished[/]: {done:,} of {total:,} failures were looked at")


def _sets(out: Any, each: Any) -> None:
    """The smallest sets of one property, a few of them."""
    if each["verdict"] == "breaks":
        out.print(f"[red]{each['property']}[/]: {each['what']}")
        for found in each["sets"][:_MOST]:
            names = escape(" + ".join(found["fails"]))
            example = found["examples"][0]
            more = f" and {found['pairs'] - 1:,} more" if found["pairs"] > 1 else ""
            out.print(f"  {names}: {escape(example['source'])} -> {escape(example['target'])}{more}")
        if each["failing_sets"] > _MOST:
            out.print(f"  ... and {each['failing_sets'] - _MOST:,} more; --json tells 50 of them")
