#!/usr/bin/env bash
# Install what Fabriclab needs on Debian 12: Debian packages, the Python environment .venv, and ifupdown2 in .tools.
#
#   scripts/setup.sh [dev] [bench] [docker]     dev: for the tests; bench: for the benchmark;
#                                               docker: for labs on Docker, and images without a registry
#
# Asks nothing, says what it does, and does nothing where all is there. Daemons it installs (frr, bird, ...) are neither
# started nor enabled on this machine: only labs run them.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(python3 python3-venv frr frr-pythontools bird2 iptables nftables dnsmasq-base isc-dhcp-client iproute2
    iputils-ping conntrack procps ethtool bridge-utils tcpdump openssh-server openssh-client)
units=(frr.service bird.service ssh.service ssh.socket)
extras=.
for part in "$@"; do
    case $part in
        dev)   packages+=(etcd-server etcd-client mariadb-server nginx-light)
               units+=(etcd.service mariadb.service nginx.service)
               extras='.[dev]' ;;
        bench) packages+=(mininet)
               units+=(openvswitch-switch.service openvswitch-testcontroller.service) ;;
        docker) packages+=(docker.io mmdebstrap)
               units+=(docker.socket docker.service containerd.service) ;;
        *)     echo "setup.sh: unknown part '$part'; known: dev, bench, docker" >&2; exit 2 ;;
    esac
done
log=$(mktemp)

trap 'rm -f "$log"' EXIT

say() { printf '==> %s\n' "$*"; }

give_up() {
    printf 'setup: %s\n' "$*" >&2
    exit 3
}

# Run quietly; on failure show what it said.
quietly() {
    "$@" >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; give_up "failed: $*"; }
}

missing_packages() {
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
        sed -n 's/^installed //p') || true
    comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(printf '%s\n' "$installed" | sort -u)
}

# root=() as root, (sudo) where sudo can be had. Without a terminal sudo must not ask.
find_root() {
    if [ "$(id -u)" = 0 ]; then
        root=()
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        root=(sudo)
    else
        give_up "these Debian packages are missing and only root can install them; run: apt-get install --no-install-recommends $*"
    fi
}

# Package scripts start daemons through invoke-rc.d and deb-systemd-invoke, which both ask /usr/sbin/policy-rc.d first:
# 101 means "not allowed". A machine that has such a file keeps its own.
forbid_daemons() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        return
    fi
    trap '"${root[@]}" rm -f "$policy"; rm -f "$log"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
}

# What was not there before is also kept from starting at the next boot. Units that were there are the owner's business.
disable_new_units() {
    local unit
    command -v systemctl >/dev/null || return 0
    for unit in "${units[@]}"; do
        case " $had " in *" $unit "*) continue ;; esac
        "${root[@]}" systemctl disable "$unit" >>"$log" 2>&1 || true  # a unit that does not exist is disabled
    done
}

known_units() {
    local unit
    for unit in "${units[@]}"; do
        if [ -e "/lib/systemd/system/$unit" ]; then printf '%s ' "$unit"; fi
    done
}

install_packages() {
    find_root "$@"
    had=$(known_units)
    say "Debian packages: $*"
    forbid_daemons
    quietly "${root[@]}" apt-get update
    quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    disable_new_units
}

# ifupdown2 by apt would replace this machine's own ifupdown, so it is unpacked here; labs find it in .tools.
unpack_ifupdown2() {
    say "ifupdown2, unpacked in .tools (this machine keeps its own)"
    rm -rf .tools/download .tools/new
    mkdir -p .tools/download .tools/new
    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || { find_root ifupdown2; quietly "${root[@]}" apt-get update; }
    (cd .tools/download && quietly apt-get download ifupdown2)
    quietly dpkg -x .tools/download/ifupdown2_*.deb .tools/new
    quietly /usr/bin/python3 -m compileall -q .tools/new/usr/share/ifupdown2 # labs see the folder read-only
    rm -rf .tools/usr .tools/etc .tools/sbin .tools/lib
    cp -a .tools/new/. .tools/
    rm -rf .tools/download .tools/new
}

make_venv() {
    say "Python libraries in .venv (about half a minute)"
    [ -x .venv/bin/python ] || quietly python3 -m venv .venv
    quietly .venv/bin/pip install --disable-pip-version-check --progress-bar off -e "$extras"
    echo "$stamp" >"$1"
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    give_up "this is not a Debian machine; install these programs yourself: ${packages[*]} ifupdown2"
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
if [ ! -e .tools/usr/share/ifupdown2 ] && [ ! -e /usr/share/ifupdown2 ]; then unpack_ifupdown2; fi
stamp=$(cat pyproject.toml scripts/setup.sh | sha256sum)
case $extras in
    .) grep -qsxF "$stamp" .venv/setup.stamp .venv/setup-dev.stamp || make_venv .venv/setup.stamp ;;
    *) grep -qsxF "$stamp" .venv/setup-dev.stamp || make_venv .venv/setup-dev.stamp ;;
esac
# Where Python is told to write no bytecode, every command would compile what it imports again: half of a short verb.
.venv/bin/python -m compileall -q sim lab harness
