"""What a node's /etc takes over of the host's, and with which rights."""

from pathlib import Path

from lab.enclosure.filesystem import copy_etc


def test_what_the_host_keeps_private_stays_private_on_a_node(tmp_path: Path) -> None:
    copy_etc(str(tmp_path / "etc"), None)
    copied = [path for path in (tmp_path / "etc").rglob("*") if path.is_file() and not path.is_symlink()]
    hosts = [(path, Path("/etc", path.relative_to(tmp_path / "etc"))) for path in copied]
    opened = [
        str(host) for path, host in hosts if host.is_file() and path.stat().st_mode & ~host.stat().st_mode & 0o077
    ]
    assert copied and opened == []


def test_a_hosts_network_and_secrets_do_not_reach_a_node(tmp_path: Path) -> None:
    copy_etc(str(tmp_path / "etc"), None)
    assert not any(
        (tmp_path / "etc" / name).exists() for name in ("shadow", "ssh", "frr/frr.conf", "sysctl.conf", "hostname")
    )


def test_every_node_knows_localhost_and_nothing_of_the_hosts_names(tmp_path: Path) -> None:
    copy_etc(str(tmp_path / "etc"), None)
    assert (tmp_path / "etc/hosts").read_text().splitlines() == ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
