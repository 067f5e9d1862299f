#!/usr/bin/env bash
# Build the images of nodes, fabriclab/node:12 (Debian 12, FRR 8.4) and fabriclab/node:13 (Debian 13, FRR 10).
#
#   scripts/images.sh [12] [13]        without a number: both
#
# What is in them: images/packages and images/finish. Built from images/Dockerfile where a registry answers, and from Debian
# packages (mmdebstrap, as root) where none does. Does nothing where an image of this recipe is there. Whoever asks while
# another build runs waits for it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }

give_up() {
    printf 'images: %s\n' "$*" >&2
    exit 3
}

codename() {
    case $1 in
        12) echo bookworm ;;
        13) echo trixie ;;
        *)  echo "images.sh: unknown image '$1'; known: 12, 13" >&2; exit 2 ;;
    esac
}

present() {
    [ "$(docker image inspect -f '{{index .Config.Labels "fabriclab.recipe"}}' "$1" 2>/dev/null)" = "$recipe" ]
}

# The base image decides: a registry that answers has it, and so may this machine.
from_dockerfile() {
    local base=debian:$2-slim
    docker image inspect "$base" >/dev/null 2>&1 || timeout 120 docker pull --quiet "$base" >"$log" 2>&1 || return 1
    say "$1 from images/Dockerfile, on $base"
    docker build --network host --build-arg "CODENAME=$2" --label "fabriclab.recipe=$recipe" --tag "$1" images \
        >"$log" 2>&1 || failed "docker build"
}

from_packages() {
    local packages layer
    say "$1 from Debian packages of $2, as no registry answers (a minute or two)"
    command -v mmdebstrap >/dev/null || give_up "mmdebstrap is missing: apt install mmdebstrap, or scripts/setup.sh docker"
    packages=$(sed 's/#.*//' images/packages | xargs | tr ' ' ,)
    # Tagged only when all of it has arrived: an import takes half an archive for a whole one.
    layer=$(mmdebstrap --variant=apt --skip=cleanup/run --include="$packages" "${leave_out[@]}" \
        --customize-hook='mkdir -p "$1/usr/local/share/fabriclab"' \
        --customize-hook='copy-in images/packages images/finish /usr/local/share/fabriclab' \
        --customize-hook='chroot "$1" /usr/local/share/fabriclab/finish' "$2" - 2>"$log" |
        docker import --change 'CMD ["tini", "--", "sleep", "infinity"]' --change "LABEL fabriclab.recipe=$recipe" -) ||
        { docker image rm "$layer" >/dev/null 2>&1; failed "mmdebstrap"; }
    docker tag "$layer" "$1"
}

failed() {
    tail -n 20 "$log" >&2
    give_up "$1 failed: its last words are above"
}

build() {
    local image=fabriclab/node:$1 name began=$SECONDS
    name=$(codename "$1")
    if present "$image"; then return; fi
    from_dockerfile "$image" "$name" || from_packages "$image" "$name"
    say "$image: $(docker image inspect -f '{{.Size}}' "$image" | numfmt --to=si)B in $((SECONDS - began)) s"
}

[ $# -gt 0 ] || set -- 12 13
for generation in "$@"; do codename "$generation" >/dev/null; done
command -v docker >/dev/null || give_up "docker is missing: apt install docker.io, or scripts/setup.sh docker"
docker version >/dev/null 2>&1 ||
    give_up "no Docker daemon answers; start one, or one of your own: eval \"\$(scripts/dockerd.py start .tools/docker)\""
recipe=$(cat images/* scripts/images.sh | sha256sum | cut -c1-16)
leave_out=()
for folder in man info doc locale; do leave_out+=("--dpkgopt=path-exclude=/usr/share/$folder/*"); done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
exec 9<images
flock 9
for generation in "$@"; do build "$generation"; done
