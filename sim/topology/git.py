"""`__gitBranch__` and `__gitHash__` of a lab's name, read from the files of the repository that the topology is in."""

from pathlib import Path

_BRANCH, _HASH = "__gitBranch__", "__gitHash__"
NONE = "none"
"""The branch and the commit of a folder outside of any repository."""


def with_git(name: str, folder: Path) -> str:
    """A name with containerlab's words for branch and commit replaced; `none` outside of a repository.

    A slash in a branch's name becomes `-`.
    """
    if _BRANCH not in name and _HASH not in name:
        return name
    branch, commit = checked_out(folder)
    return name.replace(_BRANCH, branch.replace("/", "-")).replace(_HASH, commit)


def checked_out(folder: Path) -> tuple[str, str]:
    """The branch and the commit that a folder's repository has checked out (gitrepository-layout(5))."""
    found = next((place / ".git" for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    if found is None:
        return NONE, NONE
    try:
        home = found if found.is_dir() else Path(found.parent, found.read_text().partition("gitdir:")[2].strip())
        head = (home / "HEAD").read_text().strip()
        common = home / (home / "commondir").read_text().strip() if (home / "commondir").is_file() else home
        if not head.startswith("ref: "):
            return "HEAD", head
        reference = head.removeprefix("ref: ")
        return reference.removeprefix("refs/heads/"), _commit(common, reference)
    except (OSError, UnicodeDecodeError):
        return NONE, NONE


def _commit(common: Path, reference: str) -> str:
    loose, packed = common / reference, common / "packed-refs"
    if loose.is_file():
        return loose.read_text().strip()
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {reference}")), NONE)
