"""A plan -> the folder of its topology, as texts by path: the containerlab file, each node's frr.conf, a README."""

from collections.abc import Iterator

from sim.generate.frr import Style, daemons, frr_conf
from sim.generate.plan import Plan, Tier
from sim.generate.readme import readme


def folder(plan: Plan, style: Style) -> dict[str, str]:
    """`{path below the folder: text}`. The same plan and style give the same bytes."""
    files = {f"{plan.name}.clab.yml": clab_yml(plan, style), "README.md": readme(plan, style)}
    for box in plan.boxes:
        etc = f"configs/{box.name}/etc/frr"
        files[f"{etc}/daemons"] = daemons(box, style)
        files[f"{etc}/frr.conf"] = frr_conf(box, plan.ports[box.name], style)
    return files


def clab_yml(plan: Plan, style: Style) -> str:
    """The containerlab file: one bind serves all nodes, and each tier is a group."""
    return "\n".join([*_head(plan), *_sysctls(style), *_groups(plan), *_nodes(plan), *_links(plan), ""])


def _head(plan: Plan) -> Iterator[str]:
    yield f"# {plan.title}. See README.md."
    yield f"name: {plan.name}"
    yield ""
    yield "topology:"
    yield "  defaults:"
    yield "    kind: linux"
    yield "    image: ${FABRICLAB_IMAGE:-fabriclab/node:12}"
    yield "    network-mode: none"
    yield "    binds:"
    yield "      - configs/__clabNodeName__/etc/frr:/etc/frr"


def _sysctls(style: Style) -> Iterator[str]:
    yield "    sysctls:"
    yield "      net.ipv4.ip_forward: 1"
    yield "      net.ipv4.fib_multipath_hash_policy: 1 # flows are spread by their 5-tuple"
    if style.unnumbered:
        yield "      net.ipv6.conf.all.forwarding: 1 # a router takes no default route from its neighbours"


def _groups(plan: Plan) -> Iterator[str]:
    yield "  groups:"
    for tier in plan.tiers:
        body = "{sysctls: {net.ipv4.ip_forward: 0}}" if tier is Tier.SERVER else "{}"
        yield f"    {tier.word}: {body}"


def _nodes(plan: Plan) -> Iterator[str]:
    yield "  nodes:"
    for box in plan.boxes:
        yield f"    {box.name}: {{group: {box.tier.word}}}"


def _links(plan: Plan) -> Iterator[str]:
    yield "  links:"
    for cable in plan.cables:
        lower, upper = cable.lower, cable.upper
        yield f'    - endpoints: ["{lower.box.name}:{lower.interface}", "{upper.box.name}:{upper.interface}"]'
