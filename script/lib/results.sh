# Reading what a test runner wrote: ctest's summary or TAP.
count_results() { # LOG: prints how many passed, failed and were skipped; a runner that died before its summary counted nothing
    awk '
        /% tests passed, [0-9]+ tests failed out of [0-9]+/ { split($0, part, ", "); split(part[2], word, " "); failed += word[1]; all += word[6] }
        /\*\*\*Skipped/ { skipped++ }
        /^# pass [0-9]+/ { passed += $3 }
        /^# (fail|cancelled) [0-9]+/ { failed += $3; all += $3 }
        /^# skipped [0-9]+/ { skipped += $3 }
        END { print passed + (all > failed ? all - failed : 0), failed + 0, skipped + 0 }' "$1"
}
widened_bars() { # LOG: prints the name of each bar that tests/lib/load.mjs replaced by a wider limit, one a line
    sed -nE 's/^ *# (.+): [^ ;]+; others had .*, not the bar of [0-9.]+$/\1/p' "$1"
}
say_widened() { # NAMES, one a line: a run in which no bar was held must not look like one that held them all
    local names
    [ -n "$1" ] || return 0
    mapfile -t names <<<"$1"
    say "$([ ${#names[@]} = 1 ] && echo '1 bar was' || echo "${#names[@]} bars were") widened, for others used the processors or these or the disk were slow: ${1//$'\n'/; }"
}
warn_of_time() { # SECONDS that the tests took
    [ "$1" -le 1200 ] || say "warning: the tests took $(($1 / 60)) min; 20 are promised on two cores that do nothing else"
}
show_failures() { # LOG
    if grep -q '^TAP version' "$1"; then
        grep -vE '^# (pass|suites|skipped|todo|duration)|duration_ms|^ok ' "$1" | grep -E -A 25 '^ *not ok' | head -n 120
    else
        grep -E '\*\*\*|Failed|FAILED|ERROR' "$1" | tail -n 40
    fi || true
}
