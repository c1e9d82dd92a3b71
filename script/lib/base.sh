# What every script of this folder shares: where things are, how to say what is wrong, how to become root.
set -euo pipefail
say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Whoever sourced an env file hands back what script/up worked out by itself; that is nobody's wish.
while IFS='=' read -r name value; do
    if [[ $name =~ ^[A-Z_]+$ ]] && [ "${!name:-}" = "$value" ]; then unset "$name"; fi
done <<<"${WR_DERIVED:-}"
unset WR_DERIVED name value

absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }
RUN=$(absolute "${WR_RUN_DIR:-$ROOT/.run}")
BUILD=$(absolute "${WR_BUILD_DIR:-$ROOT/build}")
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/waitroom
BASE_PORT=${WR_PORT_BASE:-7080}
[[ $BASE_PORT =~ ^[1-9][0-9]{0,4}$ && $BASE_PORT -le 65526 ]] || die "WR_PORT_BASE is the first of ten ports, a number from 1 to 65526, and not $BASE_PORT"
PUBLIC_PORT=$BASE_PORT
WAITROOMD_PORT=$((BASE_PORT + 1)) ADMISSIOND_PORT=$((BASE_PORT + 2)) CHECKOUTD_PORT=$((BASE_PORT + 3))
FULFILLMENTD_PORT=$((BASE_PORT + 4)) SANDBOXD_PORT=$((BASE_PORT + 5))
REDIS_PORT=$((BASE_PORT + 6)) POSTGRES_PORT=$((BASE_PORT + 7)) KAFKA_PORT=$((BASE_PORT + 8)) CONTROLLER_PORT=$((BASE_PORT + 9))

# Asked once, and before as_root: only here may sudo ask for a password, and only here is said that it refuses.
need_root() { # WHAT FOR
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || die "sudo is not here: ask somebody who is root $1"
    sudo -n true 2>/dev/null && return 0
    { : </dev/tty; } 2>/dev/null || die "sudo wants a password, and nobody can type one here: ask somebody who is root $1"
    sudo true || die "sudo refused: ask somebody who is root $1"
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The folder of data and logs is ours when we made it or found it empty, and only then may --fresh empty it.
claim_run() {
    [[ $RUN != *[\\\",]* ]] || die "no comma, double quote or backslash may be in the name of a folder that Kafka, nginx and Redis are told: $RUN"
    if [ -e "$RUN" ] && [ ! -O "$RUN" ]; then
        die "$RUN belongs to $(stat -c %U "$RUN"): run this as that user, or choose another folder with WR_RUN_DIR"
    fi
    if [ ! -e "$RUN/.waitroom" ] && [[ "$RUN" != "$ROOT"/.run* ]] && [ -n "$(ls -A "$RUN" 2>/dev/null)" ]; then
        die "$RUN holds what is not ours: choose another folder with WR_RUN_DIR"
    fi
    # The logs hold the merchant's key, and who can open .waitroom can hold its lock. Servers that run as another user get their logs opened.
    { mkdir -p "$RUN/logs" "$RUN/data" && touch "$RUN/.waitroom" && chmod go= "$RUN/logs" "$RUN/.waitroom"; } 2>/dev/null ||
        die "$RUN cannot be written: choose another folder with WR_RUN_DIR"
}

# Whoever starts or deletes something in that folder holds a lock on .waitroom, as descriptor 9, until it has ended.
IN_USE="it is already running or being started (script/down ends what runs)"
hold_run() { # after claim_run; who only asks lets go at once
    exec 9<>"$RUN/.waitroom"
    flock -w 1 9 || die "$IN_USE"
}
run_is_held() { [ -r "$RUN/.waitroom" ] && ! flock -n --shared "$RUN/.waitroom" true; }

locked() { # FILE COMMAND...: after whoever else does this now
    local file=$1 status=0 lock
    shift
    { mkdir -p "$(dirname "$file")" && exec {lock}>"$file"; } 2>/dev/null || die "$(dirname "$file") cannot be written"
    flock "$lock"
    "$@" || status=$?
    exec {lock}>&-
    return $status
}
