"""A node's files as the archive that a container engine unpacks in a container before it starts."""

import io
import tarfile
from collections.abc import Mapping


def archive(files: Mapping[str, bytes], pipe: str | None = None) -> bytes:
    """A tar of files by their absolute paths, root's; one that begins with `#!` is executable, as after a push.

    `pipe` is a named pipe's, which whoever the container runs as may read.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size = len(content)
            entry.mode = 0o755 if content.startswith(b"#!") else 0o644
            tar.addfile(entry, io.BytesIO(content))
        if pipe:
            entry = tarfile.TarInfo(pipe.lstrip("/"))
            entry.type, entry.mode = tarfile.FIFOTYPE, 0o644
            tar.addfile(entry)
    return packed.getvalue()
