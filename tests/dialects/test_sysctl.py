"""sysctl files on paper, and what their keys come to for an interface."""

import pytest
from dialects.host_texts import notes, sysctl

from sim.errors import ConfigError, Place
from sim.sysctls import dotted, forwards, interface_value, own_value


def test_files_count_by_name_and_sysctl_conf_last() -> None:
    device = sysctl("net.ipv4.ip_forward = 0\n", "net.ipv4.ip_forward=1\n", main="net.ipv4.ip_forward = 0\n")
    assert device.sysctls == {"net.ipv4.conf.all.forwarding": "0"}


def test_slashes_first_means_dots_inside_names() -> None:
    assert dotted("net/ipv4/conf/eth0.912/rp_filter") == "net.ipv4.conf.eth0/912.rp_filter"
    assert dotted("net.ipv4.conf.eth0/912.rp_filter") == "net.ipv4.conf.eth0/912.rp_filter"
    device = sysctl("net/ipv4/conf/eth0.912/rp_filter = 1\n")
    assert interface_value(device.sysctls, 4, "eth0.912", "rp_filter") == "1"


def test_rp_filter_is_the_larger_of_all_and_the_interface() -> None:
    sysctls = sysctl("net.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.eth0.rp_filter = 1\n").sysctls
    assert interface_value(sysctls, 4, "eth0", "rp_filter") == "2"
    assert own_value(sysctls, 4, "eth0", "rp_filter") == "1"


def test_default_reaches_only_interfaces_that_come_later() -> None:
    sysctls = sysctl("net.ipv4.conf.default.rp_filter = 1\n").sysctls
    assert own_value(sysctls, 4, "eth0", "rp_filter") == "0"
    assert own_value(sysctls, 4, "dummy0", "rp_filter", late=True) == "1"


def test_forwarding_of_all_overwrites_interfaces_that_a_late_pass_then_sets_again() -> None:
    sysctls = sysctl("net.ipv4.conf.eth0.forwarding = 0\nnet.ipv4.ip_forward = 1\n").sysctls
    assert not forwards(sysctls, 4, "eth0")
    assert forwards(sysctls, 4, "eth1")


def test_ipv6_forwards_as_all_says_whatever_the_interface_has() -> None:
    sysctls = sysctl("net.ipv6.conf.eth0.forwarding = 1\n").sysctls
    assert not forwards(sysctls, 6, "eth0")


def test_keys_of_the_machine_are_passed_over_and_patterns_noted() -> None:
    device = sysctl("# a comment\n; another\n-kernel.panic = 1\nvm.swappiness=10\nnet.ipv4.conf.*.rp_filter = 1\n")
    assert device.sysctls == {}
    assert [line for line, _ in notes(device)] == [5]


@pytest.mark.parametrize(("text", "line"), {"net.ipv4.ip_forward 1\n": 1, "\n= 1\n": 2, "#\n\nfoo\n": 3}.items())
def test_a_line_without_a_value_is_named(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as refused:
        sysctl(text)
    assert refused.value.place == Place("/etc/sysctl.d/00.conf", line)
