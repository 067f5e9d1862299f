"""Lines that BIRD refuses, and lines that it takes: the dialect's verdict, and `bird -p`'s where BIRD is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bird_texts import COMPUTE, REFLECTOR, TODAY, parsed

from sim.errors import ConfigError, Place

BIRD = shutil.which("bird", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin")
BGP = "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4; %s }"
FILTER = "filter f { %s }"

REFUSED = {
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 2; ipv4 { import all; }; }": "EBGP requires explicit export",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 2; ipv4 { export all; }; }": "EBGP requires explicit import",
    "protocol bgp a { local as 1; ipv4; }": "neighbor must be configured",
    "protocol bgp a { neighbor 10.0.0.2 as 1; ipv4; }": "local AS number must be set",
    "protocol bgp a { local as 1; neighbor 10.0.0.2; ipv4; }": "remote AS number",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 2; rr client; }": "RR client",
    "protocol bgp a { local as 1; neighbor fe80::2 as 1; ipv6; }": "require defined interface",
    BGP % "neighbor 10.0.0.3 as 1;": "only one neighbor",
    BGP % "hold time 2;": "hold time must be in range",
    BGP % "multihop 300;": "not in range 1-255",
    BGP % "add paths;": "unexpected 'add'",
    BGP % "timers 3;": "unexpected 'timers'",
    "protocol bgp a from nope { }": "'nope' is not the name of a template",
    "protocol direct d { }\nprotocol bgp from d { local as 1; }": "is a direct",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4 { import filter nope; }; }": "is not the name of",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4 { next hop self } }": "unexpected '}'",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4 { table nope; }; }": "is not the name of a table",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1; ipv4 { table master6; }; }": "incompatible table type",
    "protocol kernel { }": "channel not specified",
    "protocol kernel { ipv4; ipv6; }": "different channel type",
    "protocol kernel { ipv4; learn all; }": "unexpected 'all'",
    "protocol kernel { ipv4; }\nprotocol kernel { ipv4; kernel table 100; }": "already attached to table master4",
    "protocol device {}\nprotocol device {}": "already defined",
    "protocol static { ipv4; route 10.0.0.1/8 blackhole; }": "maybe you wanted 10.0.0.0/8",
    "protocol static { ipv4; route 2001:db8::/32 blackhole; }": "incompatible with channel type",
    "protocol static { ipv4; route 10.0.0.0/8; }": "unexpected ';'",
    "protocol static { ipv4; route 10.0.0.0/8 via 10.0.0.1 weight 300; }": "not in range 1-256",
    "protocol pipe { table master4; }": "secondary routing table not specified",
    "protocol pipe { peer table master4; }": "primary routing table not specified",
    "protocol pipe { table master4; peer table master6; }": "must have the same type",
    'protocol bfd { neighbor 10.0.0.1 dev "eth0" multihop; }': "both interface and multihop",
    "protocol nothing { }": "unexpected 'nothing'",
    "protocol bgp import { }": "unexpected 'import'",
    "filter f { accept; }\nfilter f { reject; }": "already defined",
    "define a = 1;\ndefine a = 2;": "already defined",
    "define a = net;": "a constant can read no attribute",
    'include "none.conf";': "not among the node's files",
    FILTER % "if net = nope then accept;": "unexpected 'nope'",
    FILTER % "if 1 then accept;": "argument 1 of CONDITION must be of type bool, got type int",
    FILTER % "if net + 5 = 3 then accept;": "argument 1 of ADD must be of type int, got type prefix",
    FILTER % "if 1 = 2 = 3 then accept;": "unexpected '='",
    FILTER % "bgp_med = 10.0.0.1;": "argument 1 of EA_SET must be of type int, got type ip",
    FILTER % "net = 10.0.0.0/8;": "read-only",
    FILTER % "int a; a = 10.0.0.1;": "variable of type int can not hold type ip",
    FILTER % "accept": "unexpected '}'",
    FILTER % "if net ~ [ 10.0.0.0/8{24,16} ] then accept;": "invalid prefix pattern range",
    FILTER % "if net ~ [ 10.0.0.0/8, 2001:db8::/32 ] then accept;": "mixed IPv4/IPv6",
    FILTER % "if bgp_community ~ [ (70000, 1) ] then accept;": "not in range 0-65535",
    FILTER % "bgp_local_pref.empty;": "can't empty that attribute",
    FILTER % "bgp_path.shorten(3);": "expected empty, prepend, add, delete or filter",
    "define X = 10.0.0.0/8;\nfilter f { if net ~ [ X ] then accept; }": "set-incompatible type prefix",
    BGP % "bfd;": "requires specified local address",
    BGP % 'interface "eth0";': "cannot be bound to interface",
    BGP % "rs client;": "only external neighbor",
    BGP % "ipv6 { gateway direct; };": "cannot use direct gateway mode",
    BGP % "ipv6 { secondary; };": "requires sorted table",
    BGP % "local role peer;": "cannot be set on IBGP",
    BGP % "require roles;": "local role must be set",
    BGP % "strict bind;": "local address must be configured",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 2 internal; }": "IBGP cannot have",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 1 external; }": "EBGP cannot have",
    "protocol bgp a { local as 1; neighbor fe80::1%eth0 as 1; }": "cannot be used with link-local",
    "protocol bgp a { local as 1; neighbor 10.0.0.2 as 2; confederation member; }": "confederation ID must be set",
    "function f(int a) { return a; }\nfilter g { if f(1, 2) = 1 then accept; }": "expects 1 arguments, got 2",
    FILTER % "bgp_path = [= 5 6 =];": "argument 1 of EA_SET must be of type bgppath, got type bgpmask",
    FILTER % "if net.is_v4 then accept;": "argument 1 of IS_V4 must be of type ip, got type prefix",
    FILTER % "if bgp_path.len then accept;": "argument 1 of CONDITION must be of type bool, got type int",
    FILTER % "string s;": "expected a new name",
    "router id;": "unexpected ';'",
    "protocol device { ": "the end of the file",
    'filter f { if ifname ~ "eth* then accept; }': "an unclosed string",
    "ROUTER ID 10.0.0.1;": "unexpected 'ROUTER'",
    "nonsense;": "unexpected 'nonsense'",
    "table t;": "expected a family before 'table'",
    "# nothing": "no protocol is specified",
}

TAKEN = [
    COMPUTE,
    REFLECTOR,
    TODAY,
    "router id 10.0.0.1;;\ndefine A = (1 + 2) * 3; define B = [ A, 5..7 ];",
    "protocol direct { }",
    'protocol direct { interface -"a*", "b*" 10.0.0.0/8; ipv4; check link; interface "x"; }',
    'protocol bgp { local as 1; neighbor range 10.0.0.0/24 internal; ipv4; dynamic name "dyn"; }',
    "protocol bgp { local 10.0.0.1 as 1; neighbor 10.0.0.2 as 2; direct; multihop 3; }",
    "protocol bgp 'a-b.c' { local as 1; neighbor 10.0.0.2 as 1; ipv4 { import keep filtered; }; direct; bfd; }",
    BGP % "local 10.0.0.1; bfd { interval 1 s; }; graceful restart time 5; disable after cease { cease };",
    BGP % "ipv6 { next hop self ibgp; add paths rx; gateway recursive; mandatory; };",
    "protocol kernel { ipv4; metric 0; merge paths limit 4; kernel table 100; netlink rx buffer 1000; }",
    "protocol static { ipv4; route 10.0.0.0/8 drop; check link; igp table master4; }",
    "ipv4 table t;\nprotocol pipe { table master4; peer table t; debug all; preference 10; }",
    'protocol bfd { interface "eth*" { min rx interval 100 ms; passive; authentication none; }; strict bind; }',
    'eval 1 + 1;\nattribute int foo;\nipv4 table a sorted;\nhostname "x";\ndebug protocols all;\nlog stderr all;',
    FILTER % "if net = 5 then accept; reject;",
    FILTER % 'bgp_local_pref.add(3); if 5 ~ [ 9..3 ] then accept; ifname = "eth0"; dest = RTD_BLACKHOLE;',
    FILTER % "case source { RTS_BGP: accept; else: reject; }",
    FILTER % "int a = 1; if a = 1 && net ~ [10.0.0.0/8+] || bgp_path ~ [= * 1 [2, 3] 4..5 ? =] then accept; reject;",
    FILTER % 'for int i in bgp_path do print i; if ifname ~ "a*" then { } else reject; unset(bgp_med);',
    FILTER % "case bgp_med { 1: accept; 2..3: reject; else: bgp_med = 5; } accept;",
    FILTER % "if (65000, 1) ~ bgp_community && bgp_community ~ [ (65000, *), (1..5, 7) ] then accept;",
    FILTER % "bgp_community.add((65000, 1)); bgp_community.delete([(65000, 2..5)]); bgp_path.prepend(1); accept;",
    FILTER % "bgp_large_community.add((1, 2, 3)); bgp_ext_community.add((rt, 1, 2)); bgp_path.empty; accept;",
    FILTER % 'krt_prefsrc = 10.0.0.1; preference = 50; gw = 10.0.0.9; igp_metric = 5; accept "done";',
    FILTER % 'if defined(bgp_med) && ! (source = RTS_BGP) then accept; if proto = "x" then error;',
    "filter f int a; { a = 1; accept; }",
    "function f(int a; prefix b) int c; { c = a; return c + b.len; }\nfilter g { if f(1, net) > 5 then accept; }",
    'protocol ospf v2 o { ipv4 { import all; export none; }; area 0 { interface "eth*" { cost 3; type ptp; }; }; }',
]


def whole(text: str) -> str:
    """A file with at least one protocol, which BIRD wants."""
    return text if "protocol " in text or text.startswith("#") else f"{text}\nprotocol device {{ }}\n"


def real(text: str, folder: Path) -> str:
    """What `bird -p` says of a file; nothing where it takes it."""
    conf = folder / "bird.conf"
    conf.write_text(whole(text))
    done = subprocess.run([str(BIRD), "-p", "-c", str(conf)], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize(("text", "words"), REFUSED.items())
def test_what_bird_refuses_is_refused_at_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        parsed(f"# a head\n{whole(text)}\n")
    assert isinstance(caught.value.place, Place)
    assert caught.value.place.file == "n1:/etc/bird/bird.conf"
    assert caught.value.place.line >= 2


@pytest.mark.parametrize("text", TAKEN)
def test_what_bird_takes_is_taken(text: str) -> None:
    assert parsed(whole(text)).bird is not None


@pytest.mark.skipif(BIRD is None and "CI" not in os.environ, reason="BIRD is not installed")
@pytest.mark.parametrize("text", REFUSED)
def test_the_real_bird_refuses_the_same(text: str, tmp_path: Path) -> None:
    assert real(text, tmp_path)


@pytest.mark.skipif(BIRD is None and "CI" not in os.environ, reason="BIRD is not installed")
@pytest.mark.parametrize("text", TAKEN)
def test_the_real_bird_takes_the_same(text: str, tmp_path: Path) -> None:
    assert real(text, tmp_path) == ""
