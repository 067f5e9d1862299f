"""What listens where, as the kernel tells it."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator

from harness.parameters import NodeName
from harness.verdict import Verdict, errored, failed, passed
from harness.witness import Witness
from sim.snapshot import Listener


def _pattern(text: str) -> str:
    protocol, slash, rest = text.partition("/")
    address, colon, port = rest.rpartition(":")
    low, _, high = port.partition("-")
    known = protocol in ("tcp", "udp", "*") and slash and colon
    if not known or not (port == "*" or (low.isdigit() and (high or low).isdigit())):
        raise ValueError(
            f"found {text!r}; expected protocol/address:port, such as tcp/10.0.0.1:443, tcp/*:22 or udp/*:*"
        )
    if address != "*":
        ip_address(address.strip("[]"))
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""`tcp/10.0.0.1:443`, `tcp/*:22` (on any address), `tcp/0.0.0.0:22` (the wildcard), `tcp/*:5900-5999`, `udp/*:*`."""


def listeners(
    witness: Witness,
    node: NodeName,
    exactly: list[Pattern] | None = None,
    only: list[Pattern] | None = None,
    none: list[Pattern] | None = None,
    loopback: bool = False,
) -> Verdict:
    """What listens on `node` beyond its loopback (with `loopback: true`, there too), written as protocol/address:port.

    `exactly`: each of these listens and nothing else does. `only`: nothing else does. `none`: nothing like these does.
    """
    state = witness.snapshot().nodes[node]
    if not state.running:
        return errored(f"{node} is not running")
    found = [each for each in sorted(state.listeners) if loopback or not ip_address(_bare(each.address)).is_loopback]
    table = [{"listener": _text(each), "program": each.program} for each in found]
    wanted, permitted = exactly or [], [*(exactly or []), *(only or [])]
    missing = [pattern for pattern in wanted if not any(_matches(each, pattern) for each in found)]
    outside = [each for each in found if not any(_matches(each, pattern) for pattern in permitted)]
    extra = outside if exactly is not None or only is not None else []
    extra += [each for each in found if each not in extra and any(_matches(each, pattern) for pattern in none or [])]
    findings = [f"listening, though it should not: {', '.join(map(_told, extra))}"] if extra else []
    findings += [f"not listening: {', '.join(missing)}"] if missing else []
    if findings:
        return failed(f"{node}: {'; '.join(findings)}", table=table)
    return passed(f"{node}: {len(found)} listeners, as expected", table=table)


def _bare(address: str) -> str:
    return address.strip("[]").partition("%")[0]


def _text(each: Listener) -> str:
    return f"{each.protocol}/{each.address}:{each.port}"


def _told(each: Listener) -> str:
    return _text(each) + (f" ({each.program})" if each.program else "")


def _matches(each: Listener, pattern: str) -> bool:
    protocol, _, rest = pattern.partition("/")
    address, _, port = rest.rpartition(":")
    low, _, high = port.partition("-")
    return (
        protocol in ("*", each.protocol)
        and (address == "*" or ip_address(_bare(address)) == ip_address(_bare(each.address)))
        and (port == "*" or int(low) <= each.port <= int(high or low))
    )
