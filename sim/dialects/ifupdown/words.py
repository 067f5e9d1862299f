"""The keywords of ifupdown2, by what they are to the model."""

# Each of these is read by `sim.dialects.ifupdown.meaning`.
MEANT = frozenset(
    """
    address netmask gateway metric pointopoint mtu hwaddress address-virtual link-down link-type
    bridge-ports bridge-vlan-aware bridge-vids bridge-pvid bridge-access bridge-allow-untagged bridge-port-vids
    bridge-port-pvids bond-slaves bond-ports bond-mode vlan-raw-device vlan-id vrf vrf-table vxlan-id
    pre-up up post-up ip-forward ip6-forward
    """.split()  # noqa: SIM905
)

# Timers, names, hardware, what is learnt anyway, what concerns going down, and Cumulus' MLAG: no packet goes elsewhere.
SILENT = frozenset(
    """
    broadcast scope preferred-lifetime alias address-purge mpls-enable ipv6-addrgen arp-accept clagd-vxlan-anycast-ip
    address-virtual-ipv6-addrgen bridge-stp bridge-bridgeprio bridge-ageing bridge-fd bridge-gcint bridge-hello
    bridge-maxage bridge-pathcosts bridge-portprios bridge-mclmc bridge-mcrouter bridge-mcsnoop bridge-mcsqc
    bridge-mcqifaddr bridge-mcquerier bridge-hashel bridge-hashmax bridge-mclmi bridge-mcmi bridge-mcqpi bridge-mcqi
    bridge-mcqri bridge-mcsqi bridge-mcqv4src bridge-portmcrouter bridge-portmcfl bridge-waitport bridge-maxwait
    bridge-learning bridge-igmp-version bridge-mld-version bridge-unicast-flood bridge-multicast-flood
    bridge-broadcast-flood bridge-vlan-stats bridge-arp-nd-suppress bridge-mcstats bridge-l2protocol-tunnel
    bridge-ports-condone-regex bridge-vlan-vni-map bridge-always-up bridge-igmp-querier-src
    bond-use-carrier bond-num-grat-arp bond-num-unsol-na bond-xmit-hash-policy bond-miimon bond-lacp-rate bond-min-links
    bond-ad-sys-priority bond-ad-actor-sys-prio bond-ad-sys-mac-addr bond-ad-actor-system bond-lacp-bypass-allow
    bond-updelay bond-downdelay bond-primary bond-primary-reselect es-sys-mac
    link-speed link-duplex link-autoneg link-fec gro-offload lro-offload gso-offload tso-offload ufo-offload tx-offload
    rx-offload mstpctl-ports mstpctl-stp mstpctl-treeprio mstpctl-ageing mstpctl-maxage mstpctl-fdelay mstpctl-maxhops
    mstpctl-txholdcount mstpctl-forcevers mstpctl-portpathcost mstpctl-portp2p mstpctl-portrestrrole
    mstpctl-portrestrtcn mstpctl-bpduguard mstpctl-treeportprio mstpctl-hello mstpctl-portnetwork
    mstpctl-portadminedge mstpctl-portautoedge mstpctl-treeportcost mstpctl-portbpdufilter
    pre-down down post-down clagd-enable clagd-peer-ip clagd-backup-ip clagd-sys-mac clagd-priority clagd-args clag-id
    dns-nameservers dns-search dns-domain hostname vlan-protocol bridge-vlan-protocol
    vxlan-local-tunnelip vxlan-svcnodeip vxlan-svcnodeip6 vxlan-remoteip vxlan-learning vxlan-ageing
    vxlan-purge-remotes vxlan-port vxlan-physdev vxlan-ttl vxlan-mcastgrp vxlan-mcastgrp6 vxlan-mcastgrp-map
    """.split()  # noqa: SIM905
)

# Known to ifupdown2, and not to the model: each is a note.
FOREIGN = frozenset(
    """
    vrrp vrrp-id vrrp-priority vrrp-virtual-ip veth-peer-name tunnel-mode tunnel-local tunnel-endpoint tunnel-ttl
    tunnel-dev mode local endpoint ttl tunnel-physdev xfrm-id xfrm-physdev provider ppp-physdev ovs-ports ovs-type
    ovs-mtu ovs-options ovs-extra ovs-ports-condone-regex ovs-bridge ovs-bonds ovs-tunnel-type ovs-tunnel-options
    ovs-patch-peer batman-ifaces batman-ifaces-ignore-regex batman-distributed-arp-table batman-gw-mode
    batman-hop-penalty batman-multicast-mode batman-routing-algo bridge-trunk
    """.split()  # noqa: SIM905
)
KNOWN = MEANT | SILENT | FOREIGN
