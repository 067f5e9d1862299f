#!/usr/bin/env python3
"""`containerlab deploy|inspect|destroy --topo FILE` as far as a lab of ours asks: containers, and their cables.

For machines without containerlab. Like it, it leaves a folder beside the file, and names and labels what it makes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def deploy(wanted: dict[str, Any], names: dict[str, str], left: Path) -> None:
    left.mkdir()
    for node, section in wanted["topology"]["nodes"].items():
        labels = {**section["labels"], "containerlab": wanted["name"], "clab-node-name": node}
        options = [f"--label={key}={value}" for key, value in labels.items()]
        options += [f"--env={key}={value}" for key, value in section["env"].items()]
        options += [f"--volume={bind}" for bind in section.get("binds", [])]
        options += [f"--cap-add={name}" for name in section["cap-add"]]
        run("docker", "run", "-d", "--network=none", f"--name={names[node]}", *options, section["image"])
    pids = {node: run("docker", "inspect", "-f", "{{.State.Pid}}", name).strip() for node, name in names.items()}
    for link in wanted["topology"]["links"]:
        (near, far), mtu = link["endpoints"], str(link["mtu"])
        run("ip", "link", "add", near["interface"], "netns", pids[near["node"]], "mtu", mtu, "type", "veth",
            "peer", "name", far["interface"], "netns", pids[far["node"]], "mtu", mtu)  # fmt: skip
        for end in (near, far):
            run("nsenter", "-n", "-t", pids[end["node"]], "ip", "link", "set", end["interface"], "up")


def main() -> None:
    verb, file = sys.argv[1], Path(sys.argv[sys.argv.index("--topo") + 1])
    wanted = json.loads(file.read_text().replace("$$", "$"))
    names = {node: f"{wanted['prefix']}-{wanted['name']}-{node}" for node in wanted["topology"]["nodes"]}
    left = file.parent / f"clab-{wanted['name']}"
    if verb == "deploy":
        deploy(wanted, names, left)
    elif verb == "inspect":
        told = [{"name": name, "container_id": name, "state": "running"} for name in names.values()]
        print(json.dumps({wanted["name"]: told}))
    else:
        run("docker", "rm", "-f", *names.values())
        left.rmdir()


main()
