"""Shell assignments (`NAME="value"`), as RHEL's network scripts and FRR's daemons file have them; run by no shell."""

import re
import shlex

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$")


def assignment(line: str) -> tuple[str, str]:
    """Name and value of a line. ValueError, in a shell's words, where a shell would not take it as one assignment."""
    found = _ASSIGNMENT.match(line)
    if not found:
        raise ValueError("expected NAME=value")
    words = shlex.split(found["value"], comments=True)
    if len(words) > 1:
        raise ValueError(f"{words[1]}: command not found (a value with blanks needs quotes)")
    return found["name"], words[0] if words else ""
