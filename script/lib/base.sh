# What every script of this folder shares: where things are, and how to say what is wrong.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RUN=${WR_RUN_DIR:-$ROOT/.run}
BUILD=${WR_BUILD_DIR:-$ROOT/build}
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/waitroom
BASE_PORT=${WR_PORT_BASE:-7080}
PUBLIC_PORT=$BASE_PORT
WAITROOMD_PORT=$((BASE_PORT + 1)) ADMISSIOND_PORT=$((BASE_PORT + 2)) CHECKOUTD_PORT=$((BASE_PORT + 3))
FULFILLMENTD_PORT=$((BASE_PORT + 4)) SANDBOXD_PORT=$((BASE_PORT + 5))
REDIS_PORT=$((BASE_PORT + 6)) POSTGRES_PORT=$((BASE_PORT + 7)) KAFKA_PORT=$((BASE_PORT + 8)) CONTROLLER_PORT=$((BASE_PORT + 9))

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else
        command -v sudo >/dev/null || die "this needs root or sudo to install packages, and sudo is not here"
        sudo "$@" || die "sudo was refused: $*"
    fi
}
