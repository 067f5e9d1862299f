"""nftables: /etc/nftables.conf and what it includes from /etc/nftables.d/ or /etc/nftables/, loaded by `nft -f`."""

import re

from harness.appliers import Work
from lab.programs import NFT, Program

CONF = "/etc/nftables.conf"
_ERROR = re.compile(r"^(?P<path>/[^:\s]+):(?P<line>\d+):[\d-]+: Error: (?P<words>.*)$", re.MULTILINE)


class Nftables:
    """The node's own nft; one transaction, so a refused file changes nothing."""

    name, order = "nftables", 40

    def claims(self, path: str) -> bool:
        """The file of nftables.service and its usual includes."""
        return path == CONF or path.startswith(("/etc/nftables.d/", "/etc/nftables/"))

    def needs(self, path: str) -> tuple[Program, ...]:
        """nft, for the file that is loaded."""
        return (NFT,) if path == CONF else ()

    def check(self, work: Work) -> None:
        """`nft --check`."""
        if CONF in work.files:
            self._nft(work, "-c", "-f", CONF)

    def apply(self, work: Work) -> None:
        """Load the file; an empty ruleset when it is gone."""
        if CONF in work.files:
            self._nft(work, "-f", CONF)
        elif CONF in work.before:
            self._nft(work, "flush", "ruleset")

    def _nft(self, work: Work, *arguments: str) -> None:
        done = work.node.run(["nft", *arguments], check=False)
        if done.status:
            found = _ERROR.search(done.words)
            if found:
                raise work.rejected(found["path"], found["words"], int(found["line"]))
            raise work.rejected(CONF, done.words)


APPLIERS = (Nftables(),)
