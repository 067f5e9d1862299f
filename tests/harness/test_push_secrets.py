"""No password of a configuration file may be shown."""

import pytest

from harness.secrets import masked


@pytest.mark.parametrize(
    "line",
    [
        " neighbor 10.0.0.1 password hunter2",
        "password hunter2",
        "password 8 hunter2",
        "enable password hunter2",
        " ip ospf message-digest-key 1 md5 hunter2",
        " ip ospf authentication-key hunter2",
        " area 0 authentication message-digest-key 1 md5 hunter2",
        "  key-string hunter2",
        " isis password md5 hunter2",
        "area-password clear hunter2",
        '  password "hunter2";',
        '  password "hunter2" { id 1; };',
        "psk=hunter2",
        '    wpa-psk = "hunter2"',
        "PrivateKey = hunter2",
        "DB_PASSWORD=hunter2",
        "connection: mysql; password: hunter2",
        '{"token": "hunter2"}',
        "username operator password 8 hunter2",
        "% Unknown command: username operator password hunter2",
        "line 3: ' password hunter2' is not known",
        "snmp-server community hunter2 ro",
        "rocommunity hunter2 default",
        " ipv6 ospf6 authentication key-id 1 hash-algo md5 key hunter2",
        "radius-server host 192.0.2.1 key hunter2",
        "  auth_pass hunter2",
        "    wpa-psk hunter2",
        'exec "mysqladmin --password hunter2 ping" ended with 1',
        "connection = mysql://nova:hunter2@controller/nova",
        "transport_url=rabbit://openstack:hunter2@10.0.0.1:5672/",
        "auth_encryption_key=hunter2",
        "[client.admin]\n\tkey = hunter2==",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
    ],
)
def test_a_secret_is_masked(line: str) -> None:
    assert "hunter2" not in masked(line)
    assert "***" in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        "router bgp 65000",
        " neighbor 10.0.0.1 remote-as 65001",
        "service password-encryption",
        "-A INPUT -p tcp --dport 22 -j ACCEPT",
        "key chain backbone",
        "key 7",
        "see https://docs.example.org:8443/a@b",
        " ip ospf authentication message-digest",
        " ipv6 ospf6 authentication key-id 1 hash-algo md5",
        "neighbor 10.0.0.1 password",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert masked(line) == line
