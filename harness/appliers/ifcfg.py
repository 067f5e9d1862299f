"""ifcfg: RHEL's /etc/sysconfig/network-scripts, as its network service would bring the devices up.

RHEL's scripts are not in Debian, so they are done here, by one `ip -batch` per family with the file and line of every
command kept. On a running node only devices whose files changed are taken down to nothing and brought up again.
"""

import json
import re

from harness.appliers import Work
from harness.appliers.ifcfg_commands import (
    KNOWN_KEYS,
    Command,
    address_commands,
    link_commands,
    master_commands,
    route_commands,
)
from harness.appliers.ifcfg_files import NETWORK, SCRIPTS, Ifcfg, Line, read_ifcfgs, read_network
from lab.programs import IP, Program
from sim.errors import HostError

_NUMBERED = re.compile(r"(IPADDR|PREFIX|NETMASK|DNS)\d+$")
_FAILED = re.compile(r"^Command failed -:(?P<line>\d+)$", re.MULTILINE)
_QUOTED = re.compile(r'"([^"\s]+)"')
DHCP_TIMEOUT_S = 30.0


class IfcfgApplier:
    """RHEL's network service."""

    name, order = "ifcfg", 21

    def claims(self, path: str) -> bool:
        """ifcfg, route and rule files, and /etc/sysconfig/network."""
        return path.startswith(SCRIPTS) or path == NETWORK

    def needs(self, path: str) -> tuple[Program, ...]:
        """iproute2 does it all."""
        return (IP,)

    def check(self, work: Work) -> None:
        """Every line readable, every address an address."""
        for each in _started(work):
            _commands(work, [each], {})

    def apply(self, work: Work) -> None:
        """Bring up what is to start at boot; on a running node, only what changed."""
        _tell_unknown_keys(work)
        wanted = _started(work)
        if not work.boot:
            wanted = _take_down(work, wanted)
        if not wanted:
            return
        _make_devices(work, wanted)
        indices = _devices(work)
        for each in wanted:
            if each.device not in indices and each.get("TYPE").lower() != "bridge":
                words = f"Device {each.device} does not seem to be present"
                raise work.rejected(
                    each.path, f"{words} (the node has {', '.join(sorted(indices))})", each.line("DEVICE")
                )
        _run(work, _commands(work, wanted, indices))
        for each in wanted:
            if each.get("BOOTPROTO") == "dhcp":
                _dhcp(work, each)


def _started(work: Work) -> list[Ifcfg]:
    return [each for each in read_ifcfgs(work) if not each.no("ONBOOT")]


def _commands(work: Work, wanted: list[Ifcfg], indices: dict[str, int]) -> list[Command]:
    """Devices first (bridges before their ports), then addresses, then routes."""
    network = read_network(work)
    bridges_first = sorted(wanted, key=lambda each: each.get("TYPE").lower() != "bridge")
    return [
        *(command for each in bridges_first for command in link_commands(work, each, indices)),
        *(command for each in wanted for command in master_commands(each)),
        *(command for each in wanted for command in address_commands(work, each)),
        *(command for each in wanted for command in route_commands(work, each, network, indices)),
    ]


def _run(work: Work, commands: list[Command], *, best_effort: bool = False) -> None:
    """One batch per family. `best_effort` is for taking down, where what is gone already is no error."""
    for family, options in ((4, ["-batch"]), (6, ["-6", "-batch"])):
        mine = [command for command in commands if command.family == family]
        if not mine:
            continue
        text = "".join(f"{command.text}\n" for command in mine).encode()
        force = ["-force"] if best_effort else []
        done = work.node.run(["ip", *force, *options, "-"], stdin=text, check=False)
        if done.status and not best_effort:
            raise _rejection(work, mine, done.stderr.decode(errors="replace"))


def _rejection(work: Work, commands: list[Command], words: str) -> Exception:
    command = _culprit(commands, words)
    words = _FAILED.sub("", words)
    return work.rejected(command.path, f"{words.strip()} (ip {command.text})", command.line)


def _culprit(commands: list[Command], words: str) -> Command:
    """The command that `ip` means: by its number, or where it could not even read the line, by what it quotes."""
    if found := _FAILED.search(words):
        return commands[int(found["line"]) - 1]
    quoted = set(_QUOTED.findall(words))
    return next((command for command in commands if quoted & set(command.text.split())), commands[0])


def _devices(work: Work) -> dict[str, int]:
    """Devices of the node and their numbers."""
    return {each["ifname"]: each["ifindex"] for each in json.loads(work.node.run(["ip", "-j", "link"]).text)}


def _make_devices(work: Work, wanted: list[Ifcfg]) -> None:
    """Dummies, VLANs and bonds that do not exist yet."""
    kinds = {each.device: kind for each in wanted if (kind := _kind(each))}
    if not kinds:
        return
    present = _devices(work)
    for each in wanted:
        if each.device in kinds and each.device not in present:
            _make(work, each, kinds[each.device])


def _make(work: Work, each: Ifcfg, kind: str) -> None:
    if work.devices is None:
        words = f"{each.device} ({kind}) does not exist, and nobody to make it"
        raise work.rejected(each.path, words, each.line("DEVICE"))
    try:
        work.devices.device(work.node.name, each.device, kind)
    except HostError as error:
        raise HostError(f"{each.path}: {error.text}", work.node.name) from error


def _kind(each: Ifcfg) -> str | None:
    if each.get("TYPE").lower() == "bond" or each.get("BONDING_OPTS"):
        return "bond"
    if each.yes("VLAN") or each.get("TYPE").lower() == "vlan" or re.fullmatch(r".+\.\d{1,4}", each.device):
        return "vlan"
    return "dummy" if each.device.startswith("dummy") else None


def _take_down(work: Work, wanted: list[Ifcfg]) -> list[Ifcfg]:
    """Empty the devices whose files changed or went, and give back those that are to come up."""
    before = {each.device: each for each in _started(work.backwards())}
    same_network = work.files.get(NETWORK) == work.before.get(NETWORK)
    unsettled = {path.rpartition("-")[2] for path in work.unsettled}
    settled = {name: each for name, each in before.items() if same_network and name not in unsettled}
    fresh = [each for each in wanted if settled.get(each.device) != each]
    gone = [each for name, each in before.items() if name not in {same.device for same in wanted}]
    commands: list[Command] = []
    present = _devices(work)
    for each in [*(before[each.device] for each in fresh if each.device in before), *gone]:
        if each.device in present:
            commands += _down_commands(work.backwards(), each)
    for each in fresh:
        commands += [_deletion(line) for line in each.rules]  # a rule that is there already would be refused
    commands += [Command(f"link set dev {each.device} down", each.path, 0) for each in gone if each.device in present]
    _run(work, commands, best_effort=True)
    return fresh


def _deletion(rule: Line) -> Command:
    return Command(f"rule del {rule.arguments}", rule.path, rule.line, rule.family)


def _down_commands(work: Work, each: Ifcfg) -> list[Command]:
    """Rules named by the old file, addresses it gave, and with those the device's routes."""
    rules = [_deletion(line) for line in each.rules]
    addresses = [
        Command(command.text.replace("address replace", "address del").replace(" brd +", "").replace(" nodad", ""),
                command.path, command.line, command.family)
        for command in address_commands(work, each)
    ]  # fmt: skip
    flush = [Command(f"route flush dev {each.device} scope global", each.path, 0, family) for family in (4, 6)]
    return [*rules, *flush, *addresses]


def _dhcp(work: Work, each: Ifcfg) -> None:
    """One try, as `PERSISTENT_DHCLIENT` unset says; no lease is told and the boot goes on."""
    lease, pid = f"/var/lib/dhcp/dhclient--{each.device}.lease", f"/run/dhclient-{each.device}.pid"
    argv = ["dhclient", "-1", "-q", "-lf", lease, "-pf", pid, each.device]
    done = work.node.run(argv, check=False, timeout_s=DHCP_TIMEOUT_S)
    if done.status:
        work.note(f"{each.path}: no DHCP lease on {each.device}: {done.words}")


def _tell_unknown_keys(work: Work) -> None:
    for each in read_ifcfgs(work):
        for key, value in each.values.items():
            if key not in KNOWN_KEYS and not _NUMBERED.match(key):
                work.note(f"{each.path}:{value.line}: {key} is not honoured here")


APPLIERS = (IfcfgApplier(),)
