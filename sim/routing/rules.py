"""`ip rule`s as a Snapshot tells them: those that every Linux has, and those that the configuration adds."""

from collections.abc import Iterator, Sequence

from sim.device.static import Rule
from sim.snapshot import PolicyRule

_EVERYWHERE = {
    4: (
        PolicyRule(0, "from all", "local"),
        PolicyRule(32766, "from all", "main"),
        PolicyRule(32767, "from all", "default"),
    ),
    6: (PolicyRule(0, "from all", "local", "ipv6"), PolicyRule(32766, "from all", "main", "ipv6")),
}
_LAST_GIVEN = 32766  # a rule without priority goes before the one asked first behind `local` (fib_default_rule_pref)


def policy_rules(rules: Sequence[Rule]) -> Iterator[PolicyRule]:
    """The rules of both versions in the order in which the kernel asks them."""
    for version in (4, 6):
        found = list(_EVERYWHERE[version])
        for rule in (each for each in rules if each.version == version):
            priority = rule.priority if rule.priority is not None else _free(found)
            family = "ipv4" if version == 4 else "ipv6"
            found.append(PolicyRule(priority, selector(rule), rule.action, "ipv4" if family == "ipv4" else "ipv6"))
        yield from sorted(found, key=lambda rule: rule.priority)


def _free(found: Sequence[PolicyRule]) -> int:
    """One less than the lowest priority behind the first rule's."""
    behind = [rule.priority for rule in found if rule.priority > 0]
    return min(behind, default=_LAST_GIVEN) - 1


def selector(rule: Rule) -> str:
    """A rule's selector in iproute2's words."""
    words = ["not"] if rule.negated else []
    words += ["from", str(rule.source) if rule.source else "all"]
    words += ["to", str(rule.destination)] if rule.destination else []
    if rule.mark:
        value, mask = rule.mark
        words += ["fwmark", f"{value:#x}" if mask == 0xFFFFFFFF else f"{value:#x}/{mask:#x}"]
    words += ["iif", rule.incoming] if rule.incoming else []
    words += ["oif", rule.outgoing] if rule.outgoing else []
    words += ["ipproto", rule.protocol] if rule.protocol else []
    for name, ports in (("sport", rule.sports), ("dport", rule.dports)):
        words += [name, str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"] if ports else []
    return " ".join(words)
