"""Containers: a lab carried by Docker, or by what speaks its API (Podman).

The enclosure is there as in the embedded runtime: it carries the management network and what is no container in
containerlab either (bridges, the host, guests of a compute), and makes every cable. A node of another kind is a
container without a network of the engine's; one of our agents enters it, so that all that is above this page finds a
node like any other. Of the engine we ask life alone: images, create, start, kill, remove.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from lab.containers.archive import archive
from lab.containers.joining import Running, handles, join
from lab.containers.settings import GATE, OURS, held, idles, settings, waits
from lab.enclosure import messages
from lab.journal import Journal
from lab.runtimes import NO_FILES, Files
from lab.runtimes.namespaces import Namespaces
from sim.errors import HostError, NodeFailed, TopologyError
from sim.topology.model import Kind, Node

ADDRESS = "unix:///var/run/docker.sock"
_NOTED = "engine"  # the journal's list with the address of the lab's engine
_MAKING = "making"  # its list of containers asked for (with what was asked), and answered (without)
_CONTAINED = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)
_AT_ONCE = 8  # more requests only wait for each other in the engine
_TIMEOUT_S = 120
_AGAIN_S = 0.02  # between two looks at what the engine is still making
_CONFLICT = 409
_ADOPTED_AT_ONCE = (messages.DESCRIPTORS - 1) // 2

Item = TypeVar("Item")
Result = TypeVar("Result")


class Docker(Namespaces):
    """A lab whose nodes are containers."""

    of_this_machine = False

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self._held: set[str] = set()  # nodes whose own program waits at its gate

    def start(self, lock: int) -> None:
        """Find the engine, note where it is, and start the keeper; see Runtime."""
        if os.geteuid() != 0:
            advice = "use sudo, or --runtime namespaces, which asks for no rights"
            raise HostError(f"only root may enter the namespaces of containers; {advice}")
        self._journal.append(_NOTED, {"address": self._engine.address})
        super().start(lock)

    @cached_property
    def _engine(self) -> "Engine":
        """The lab's engine: where it was when the lab began."""
        noted = self._journal.lines(_NOTED)
        return Engine(noted[0]["address"] if noted else os.environ.get("DOCKER_HOST") or ADDRESS)

    def create(self, nodes: Sequence[Node], files: Files = NO_FILES) -> None:
        """Create these nodes; see Runtime."""
        contained = [node for node in nodes if node.kind in _CONTAINED]
        super().create([node for node in nodes if node not in contained])
        self._kinds.update({node.name: node.kind for node in contained})
        self._bring_up(contained, files)

    def _bring_up(self, nodes: Sequence[Node], files: Files) -> None:
        """Containers that run, each with its agent, and taken up by the keeper with what it has of their cables."""
        wanted = {(node.image, node.container.pull_policy): node for node in nodes}
        images = {key: self._fetch(node) for key, node in wanted.items()}

        def run(node: Node) -> Running:
            image, body = images[node.image, node.container.pull_policy], settings(node, self._journal.folder)
            if idles(node, image):
                return self._run(node.name, body)
            found = files.get(node.name, {})
            if not waits(node):
                return self._run(node.name, body, archive(found) if found else b"")
            self._held.add(node.name)
            try:
                return self._run(node.name, held(body, node, image), archive(found, pipe=GATE))
            except NodeFailed as error:
                needed = f"; it is to wait, and its image {node.image} must have /bin/sh for that"
                raise NodeFailed(f"{error.text}{needed}", node.name) from None

        self._held.difference_update(node.name for node in nodes)
        self._enter(nodes, dict(zip((node.name for node in nodes), _each(run, nodes), strict=True)))

    def _enter(self, nodes: Sequence[Node], running: Mapping[str, Running]) -> None:
        """Have an agent in each container, and the keeper make cables to it."""
        try:
            join(self._journal.folder, running, {node.name: self._plan(node) for node in nodes})
            names = iter(running)
            while group := list(islice(names, _ADOPTED_AT_ONCE)):
                self._adopt({name: running[name] for name in group})
        except NodeFailed as error:
            self._refuse_ended(str(error.place))
            raise

    def begin(self, name: str) -> None:
        """Let a container's own program begin; see Holding."""
        if name in self._held:
            self.node(name).run(["/bin/sh", "-c", f"echo > {GATE} && rm {GATE}"])
            self._held.discard(name)

    def _fetch(self, node: Node) -> Mapping[str, Any]:
        """Have a node's image here, by its pull policy; what it runs."""
        if not node.image:
            advice = "name one that is here, such as fabriclab/node:12 (`make images`)"
            raise TopologyError(f"{node.name} has no image, and a container needs one; {advice}", node.place)
        policy = node.container.pull_policy
        found = self._engine.image(node.image) if policy != "Always" else None
        if found is None and policy == "Never":
            raise HostError(f"there is no image {node.image} here, and image-pull-policy is Never", node.name)
        if found is None:
            self._engine.pull(node.image, node.name)
            found = self._engine.image(node.image)
        return found or {}

    def _run(self, name: str, body: Mapping[str, Any], packed: bytes = b"") -> Running:
        """Make a container with an archive's files in it, and start it."""
        container = self._make(name, body)
        if packed:
            self._engine.put(name, container, packed)
        self._engine.start(name, container)
        return self._running(name, container)

    def _make(self, name: str, body: Mapping[str, Any]) -> str:
        """Have a container made; its id. Noted before and after: the engine goes on with it, should we be killed."""
        self._note_asked(name, body)
        try:
            container = self._engine.create(name, body)
        except NodeFailed:
            self._note_answered(name)
            raise
        self._note_answered(name)
        return container

    def _note_asked(self, name: str, body: Mapping[str, Any]) -> None:
        self._journal.append(_MAKING, {"node": name, "body": body})

    def _note_answered(self, name: str) -> None:
        self._journal.append(_MAKING, {"node": name})

    def _running(self, name: str, container: str) -> Running:
        """A container's first process; NodeFailed, with its last words, where it has ended."""
        told = self._engine.inspect(name, container)
        if not told["State"]["Pid"]:
            self._refuse_ended(name)
        return Running(told["State"]["Pid"], told["Config"]["Env"] or ())

    def _refuse_ended(self, name: str) -> None:
        """NodeFailed with a container's last words, if it has ended."""
        for container in self._found([name]):
            state = self._engine.inspect(name, container)["State"]
            if not state["Running"]:
                words = f"its container ended with status {state['ExitCode']}{self._engine.last_words(container)}"
                raise NodeFailed(f"{words}; give it a command that stays (cmd)", name)

    def _adopt(self, containers: Mapping[str, Running]) -> None:
        descriptors = handles(containers)
        try:
            self._ask("adopt", descriptors, nodes={name: self._ends_of(name) for name in containers})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def remove(self, names: Sequence[str]) -> None:
        """Remove nodes; see Runtime."""
        super().remove(names)
        self._discard(names)

    def halt(self, name: str) -> None:
        """Pull a node's power; see Runtime."""
        super().halt(name)
        for container in self._found([name]):
            self._engine.kill(name, container)

    def restart(self, node: Node, files: Files = NO_FILES) -> None:
        """Give a halted node its power back, in a new container: what the old one wrote is lost; see Runtime."""
        if node.kind not in _CONTAINED:
            super().restart(node, files)
            return
        self._kinds[node.name] = node.kind
        self._discard([node.name])
        self._bring_up([node], files)
        self._make_dummies(node.name)

    def destroy(self) -> None:
        """End everything; see Runtime."""
        super().destroy()
        if self._journal.lines(_NOTED):
            self._discard()

    def _discard(self, names: Sequence[str] | None = None) -> None:
        """Remove containers of this lab, with all that they wrote; also those that the engine is only about to make."""
        self._remove_found(names)
        asked = {line["node"]: line.get("body") for line in self._journal.lines(_MAKING)}
        _each(self._forestall, [(n, body) for n, body in asked.items() if body and (names is None or n in names)])

    def _remove_found(self, names: Sequence[str] | None) -> None:
        while found := self._found(names):
            _each(self._engine.remove, found)

    def _forestall(self, unanswered: tuple[str, Mapping[str, Any]]) -> None:
        """See that what a killed command asked for does not come to be once we are gone.

        An engine lists a container when it is made, and gives its name away before. So we ask for the same: once we
        have the name, a request under way is over, or is refused.
        """
        node, body = unanswered
        deadline = time.monotonic() + _TIMEOUT_S
        while self._engine.is_making(node, body):
            self._remove_found([node])
            if time.monotonic() > deadline:
                raise HostError(
                    f"the container engine has been making a container for {_TIMEOUT_S} s; restart it", node
                )
            time.sleep(_AGAIN_S)
        self._remove_found([node])
        self._note_answered(node)

    def _found(self, names: Sequence[str] | None = None) -> list[str]:
        """The lab's containers, by label: also those of a command that was killed before it could note anything."""
        listed = self._engine.labelled(f"{OURS}={self._journal.folder}")
        return [each["Id"] for each in listed if names is None or each["Labels"]["clab-node-name"] in names]


def _each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The engine asked for many containers, a few at a time. The first error is raised when all are through."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        asked = [pool.submit(work, item) for item in items]
    return [each.result() for each in asked]


class Engine:
    """A container engine, over the Docker SDK for Python.

    HostError where it can not be asked, NodeFailed where it could not do something for a node.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            import docker
        except ImportError:
            advice = "pip install docker, or `make setup`"
            raise HostError(f"the Docker SDK for Python is not installed; {advice}") from None
        self._errors = docker.errors
        try:
            self._api = docker.APIClient(address, version="auto", timeout=_TIMEOUT_S)
        except docker.errors.DockerException as error:
            advice = "start one, set DOCKER_HOST to where it listens, or use --runtime namespaces"
            raise HostError(f"no container engine answers at {address} ({_reason(error)}); {advice}") from None

    def image(self, name: str) -> Mapping[str, Any] | None:
        """What an image says of the containers made of it (its Config); None if it is not here."""
        try:
            return dict(self._asked(self._api.inspect_image, name)["Config"] or {})
        except self._errors.NotFound:
            return None

    def pull(self, image: str, node: str) -> None:
        """Fetch an image from its registry."""
        registry, slash, last = image.rpartition("/")
        name, _, tag = last.partition(":")
        try:
            self._api.pull(registry + slash + name, tag=tag or "latest")
        except (self._errors.DockerException, OSError) as error:
            advice = "`make images` builds fabriclab/node:12 and :13; `docker load` brings others"
            words = f"there is no image {image} here, and it cannot be pulled ({_reason(error)})"
            raise HostError(f"{words}; {advice}", node) from None

    def create(self, node: str, body: Mapping[str, Any]) -> str:
        """Make a container under its long name; its id."""
        name = body["Labels"]["clab-node-longname"]
        return str(self._for(node, self._api.create_container_from_config, dict(body), name)["Id"])

    def is_making(self, node: str, body: Mapping[str, Any]) -> bool:
        """Whether a container under that long name is being made, or is there as one of the same lab. If not, one is
        there now, made by us, unless the engine refuses it or the name is another's."""
        name = body["Labels"]["clab-node-longname"]
        try:
            self._asked(self._api.create_container_from_config, dict(body), name)
        except self._errors.APIError as error:
            return error.status_code == _CONFLICT and self._lab_of(name) in (None, body["Labels"][OURS])
        return False

    def _lab_of(self, name: str) -> str | None:
        """The lab of a container that is there; "" if it is of none, None if it is not there."""
        try:
            return str((self._asked(self._api.inspect_container, name)["Config"]["Labels"] or {}).get(OURS, ""))
        except self._errors.NotFound:
            return None

    def put(self, node: str, container: str, packed: bytes) -> None:
        """Unpack an archive at a container's root."""
        self._for(node, self._api.put_archive, container, "/", packed)

    def start(self, node: str, container: str) -> None:
        """Start a container."""
        self._for(node, self._api.start, container)

    def inspect(self, node: str, container: str) -> Mapping[str, Any]:
        """All that the engine knows of a container."""
        return dict(self._for(node, self._api.inspect_container, container))

    def last_words(self, container: str) -> str:
        """The end of a container's output, each line behind a semicolon."""
        with suppress(self._errors.APIError):
            lines = self._api.logs(container, tail=3).decode(errors="replace").splitlines()
            return "".join(f"; {line.strip()}" for line in lines if line.strip())
        return ""

    def kill(self, node: str, container: str) -> None:
        """End a container's processes. One that has ended already is no error."""
        with suppress(self._errors.APIError):
            self._asked(self._api.kill, container)

    def remove(self, container: str) -> None:
        """Remove a container, whatever its state. One that is gone is no error."""
        try:
            self._asked(self._api.remove_container, container, force=True, v=True)
        except self._errors.NotFound:
            return
        except self._errors.APIError as error:
            if error.status_code != _CONFLICT:  # somebody else is removing it
                raise HostError(f"cannot remove container {container[:12]}: {_reason(error)}") from None

    def labelled(self, label: str) -> Sequence[Mapping[str, Any]]:
        """The containers with a label, whatever their state."""
        return list(self._asked(self._api.containers, all=True, filters={"label": label}))

    def _for(self, node: str, ask: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self._asked(ask, *arguments)
        except self._errors.APIError as error:
            raise NodeFailed(f"its container: {_reason(error)}", node) from None

    def _asked(self, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """An answer of the engine; HostError if it gives none."""
        try:
            return ask(*arguments, **named)
        except self._errors.APIError:
            raise
        except OSError as error:  # requests' errors are
            raise HostError(f"the container engine at {self.address} does not answer: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """An error's words on one line: the engine's own where it has said any, else the system's below all wrappings."""
    cause: BaseException | None = error
    while cause and not getattr(cause, "strerror", None):
        cause = next((each for each in cause.args if isinstance(each, OSError)), cause.__cause__ or cause.__context__)
    words = getattr(error, "explanation", None) or getattr(cause, "strerror", None) or str(error)
    return " ".join(str(words).split())


Carrier = Docker
