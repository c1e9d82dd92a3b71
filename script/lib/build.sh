# Building: the daemons with CMake, the pages with esbuild. Nothing happens when nothing changed. Several scripts at once
# build one after another.
build_daemons() { locked "${1:-$BUILD}/.waitroom-lock" cmake_and_ninja "$@"; }
cmake_and_ninja() { # [FOLDER [TARGET] [CMAKE OPTION...]]
    local folder=${1:-$BUILD} target=all
    [ $# = 0 ] || shift
    case ${1:-} in '' | -*) ;; *) target=$1 && shift ;; esac
    if [ ! -f "$folder/build.ninja" ]; then
        cmake -S "$ROOT" -B "$folder" -G Ninja "$@" >"$RUN/logs/cmake.log" 2>&1 || die "CMake failed: see $RUN/logs/cmake.log"
    fi
    ninja -C "$folder" "$target" >"$RUN/logs/build.log" 2>&1 || { tail -n 30 "$RUN/logs/build.log" >&2; die "the build failed: see $RUN/logs/build.log"; }
}
build_pages() { locked "$ROOT/web/.waitroom-lock" bundle_pages; }
bundle_pages() {
    local stamp=$ROOT/web/dist/.sources now
    now=$(cd "$ROOT/web" && find . \( -name node_modules -o -name dist -o -name '.waitroom-lock*' \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
    npm_install "$ROOT/web"
    (cd "$ROOT/web" && npm run -s build >"$RUN/logs/web.log" 2>&1) || { tail -n 20 "$RUN/logs/web.log" >&2; die "the pages do not build: see $RUN/logs/web.log"; }
    printf '%s\n' "$now" >"$stamp"
}
