# The four foreign services: how each is prepared once, started, and known to serve. A start_* function execs in the
# background and leaves the process in $started; it may be called again after the process died.
PG_BIN=/usr/lib/postgresql/15/bin

spawn() { # NAME COMMAND...: own session (Ctrl-C is for the supervisor alone), ended with the supervisor, output to the log
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM "$@" >>"$RUN/logs/$name.log" 2>&1 </dev/null &
    started=$!
}
render() { # TEMPLATE OUT NAME=VALUE...: puts values for @NAME@
    local text pair
    text=$(cat "$1")
    local out=$2
    shift 2
    for pair in "$@"; do text=${text//@${pair%%=*}@/"${pair#*=}"}; done
    printf '%s\n' "$text" >"$out"
}

# ---- Redis ----
prepare_redis() {
    mkdir -p "$RUN/data/redis" "$RUN/bin"
    # redis-tools holds the server: redis-check-rdb is the same program, told apart by its name.
    ln -sf "$(command -v redis-server || command -v redis-check-rdb)" "$RUN/bin/redis-server"
    render "$ROOT/deploy/redis/redis.conf.in" "$RUN/redis.conf" PORT=$REDIS_PORT DATA="$RUN/data/redis"
}
start_redis() { spawn redis "$RUN/bin/redis-server" "$RUN/redis.conf"; }
redis_serves() { [ "$(redis-cli -p $REDIS_PORT ping 2>/dev/null)" = PONG ]; }

# ---- PostgreSQL ----
# It refuses to run as root: then it runs as `postgres`, with its data where that user can reach it.
PG_HOME=$RUN/data/postgres
PG_PASSWORD=$RUN/secrets/postgres.password
PG_HOME_ELSEWHERE=/var/lib/waitroom/$(printf '%s' "$RUN" | sha256sum | cut -c1-12)
as_postgres=()
[ "$(id -u)" != 0 ] || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql)
postgres_folder() { # PG_HOME, or where its data goes instead
    local there=$PG_HOME
    until [ -d "$there" ]; do there=$(dirname "$there"); done
    if [ "$(id -u)" != 0 ] || (cd / && "${as_postgres[@]}" test -x "$there") 2>/dev/null; then
        printf '%s\n' "$PG_HOME"
    else
        printf '%s\n' "$PG_HOME_ELSEWHERE"
    fi
}
prepare_postgres() {
    mkdir -p "$PG_HOME"
    PG_HOME=$(postgres_folder)
    mkdir -p "$PG_HOME"
    [ "$(id -u)" != 0 ] || chown postgres: "$PG_HOME"
    [ -f "$PG_HOME/data/PG_VERSION" ] ||
        (cd "$PG_HOME" && "${as_postgres[@]}" $PG_BIN/initdb -D "$PG_HOME/data" -A reject --no-locale -E UTF8 -U waitroom --no-sync) >"$RUN/logs/initdb.log" 2>&1 ||
        die "PostgreSQL's data could not be made: see $RUN/logs/initdb.log"
    secret "$PG_PASSWORD" "$(hex 24)"
    (cd "$PG_HOME" && ask_for_password "$PG_HOME/data") >"$RUN/logs/postgres-password.log" 2>&1 ||
        die "PostgreSQL was not given its password: see $RUN/logs/postgres-password.log"
}
# At each start, before anybody can connect: data of earlier versions trusts every local user, and our secrets may be newer than the data.
# Its folder is its user's, so root writes nothing there; and ps shows arguments, so the password is none.
ask_for_password() { # DATA
    echo 'host all waitroom 127.0.0.1/32 scram-sha-256' | "${as_postgres[@]}" tee "$1/pg_hba.conf" &&
        echo "alter role waitroom password '$(<"$PG_PASSWORD")'" |
        "${as_postgres[@]}" $PG_BIN/postgres --single -D "$1" -c exit_on_error=true -c log_min_error_statement=panic postgres
}
sql() { # DATABASE OPTION...
    PGPASSWORD=$(<"$PG_PASSWORD") psql -q "postgresql://waitroom@127.0.0.1:$POSTGRES_PORT/$1" "${@:2}"
}
start_postgres() { # no socket file: its path may be at most 107 bytes long. Who changes its user forgets its --pdeathsig.
    cd "$PG_HOME"
    spawn postgres "${as_postgres[@]}" setpriv --pdeathsig INT $PG_BIN/postgres -D "$PG_HOME/data" -c listen_addresses=127.0.0.1 -c port=$POSTGRES_PORT \
        -c unix_socket_directories= -c max_connections=100 -c shared_buffers=128MB -c log_min_messages=warning
    cd "$ROOT"
}
postgres_serves() { sql postgres -At -c 'select 1' >/dev/null 2>&1; }
migrate() { # applies what of sql/migrations is not applied yet, each in one transaction
    local file name
    sql postgres -At -c "select 1 from pg_database where datname = 'waitroom'" | grep -q 1 ||
        sql postgres -c 'create database waitroom'
    sql waitroom -c 'set client_min_messages = warning; create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())'
    for file in "$ROOT"/sql/migrations/*.sql; do
        name=$(basename "$file" .sql)
        [ -n "$(sql waitroom -At -c "select 1 from schema_migrations where name = '$name'")" ] && continue
        sql waitroom -v ON_ERROR_STOP=1 --single-transaction -f "$file" -c "insert into schema_migrations (name) values ('$name')" >"$RUN/logs/migrate.log" 2>&1 ||
            die "the migration $name failed: see $RUN/logs/migrate.log"
    done
}

# ---- Kafka ----
# Folders may have any name in UTF-8. In another locale Java takes it for something else.
kafka_is_ours() { [ -z "${KAFKA_BOOTSTRAP_GIVEN:-}" ]; }
find_kafka() { # sets KAFKA_JARS, after fetching them where that is needed
    kafka_is_ours || return 0
    if [ -n "${KAFKA_HOME:-}" ]; then
        KAFKA_JARS=$KAFKA_HOME/libs
        [ -d "$KAFKA_JARS" ] || die "KAFKA_HOME has no folder libs: $KAFKA_HOME"
    else
        KAFKA_JARS=$CACHE/kafka-4.1.0/jars
        [ -f "$KAFKA_JARS/.complete" ] || locked "$CACHE/.waitroom-lock" fetch_kafka
    fi
}
fetch_kafka() {
    [ ! -f "$KAFKA_JARS/.complete" ] || return 0
    say "fetching Apache Kafka 4.1.0 through Maven"
    mkdir -p "$KAFKA_JARS"
    mvn -q -B -f "$ROOT/deploy/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$KAFKA_JARS" >"$RUN/logs/maven.log" 2>&1 ||
        die "Maven could not fetch Kafka (no network?): see $RUN/logs/maven.log"
    touch "$KAFKA_JARS/.complete"
}
in_properties() { # TEXT: what is not ASCII becomes \uXXXX, for Java reads such files as ISO 8859-1
    python3 -X utf8 -c 'import json, sys; print(json.dumps(sys.argv[1])[1:-1])' "$1"
}
prepare_kafka() {
    kafka_is_ours || return 0
    JAVA=$(java_17) || die "no Java 17 is here"
    find_kafka
    KAFKA_CLASSPATH=$(find -L "$KAFKA_JARS" -name '*.jar' | sort | paste -sd:)
    mkdir -p "$RUN/data/kafka"
    render "$ROOT/deploy/kafka/server.properties.in" "$RUN/kafka.properties" PORT=$KAFKA_PORT CONTROLLER_PORT=$CONTROLLER_PORT DATA="$(in_properties "$RUN/data/kafka")"
    KAFKA_ARCHIVE=$(dirname "$KAFKA_JARS")/classes-$("$JAVA" -version 2>&1 | sha256sum | cut -c1-12).jsa
    [ -z "${KAFKA_HOME:-}" ] || KAFKA_ARCHIVE=$RUN/kafka-classes.jsa
    if [ ! -f "$RUN/data/kafka/meta.properties" ]; then
        local archive=()
        [ -f "$KAFKA_ARCHIVE" ] && archive=(-XX:SharedArchiveFile="$KAFKA_ARCHIVE")
        LC_ALL=C.UTF-8 "$JAVA" -Xshare:auto "${archive[@]}" -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -cp "$KAFKA_CLASSPATH" \
            kafka.tools.StorageTool format -t waitroomdevelopmentAAA -c "$RUN/kafka.properties" >"$RUN/logs/kafka-format.log" 2>&1 ||
            die "Kafka's storage could not be formatted: see $RUN/logs/kafka-format.log"
    fi
}
start_kafka() {
    # Class data sharing halves the start: the first broker that ends normally writes the archive, later ones read it.
    local sharing=-XX:ArchiveClassesAtExit=$KAFKA_ARCHIVE
    [ -f "$KAFKA_ARCHIVE" ] && sharing=-XX:SharedArchiveFile=$KAFKA_ARCHIVE
    spawn kafka env LC_ALL=C.UTF-8 "$JAVA" -Xms128m -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto "$sharing" \
        -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -cp "$KAFKA_CLASSPATH" kafka.Kafka "$RUN/kafka.properties"
}
kafka_serves() { kcat -b "$KAFKA_BOOTSTRAP" -L -m 2 >/dev/null 2>&1; }
has_topic() { # asking for it makes it, a little later, where the broker makes topics by itself
    kcat -b "$KAFKA_BOOTSTRAP" -L -t "$1" -m 5 -X allow.auto.create.topics=true 2>/dev/null | grep "topic \"$1\" with [1-9]" >/dev/null
}
make_topics() { # SECONDS
    local topic missing='' deadline=$((SECONDS + $1))
    for topic in waitroom.reservations waitroom.dead-letters; do
        until has_topic $topic; do
            [ $SECONDS -lt $deadline ] || { missing+="${missing:+ and }$topic"; break; }
            sleep 0.1
        done
    done
    [ -z "$missing" ] || die "the Kafka broker at $KAFKA_BOOTSTRAP has no topic $missing and makes none by itself:" \
        "make it there, with $(sed -n 's/^num.partitions=//p' "$ROOT/deploy/kafka/server.properties.in") partitions"
}

# ---- nginx ----
prepare_nginx() { # it always answers on the loopback too: what is asked here does not depend on the address shoppers use
    local user="" listen="" files
    files=$(ulimit -Hn) # a shopper in the line takes two
    [ "$files" != unlimited ] && [ "$files" -lt 65536 ] || files=65536
    [ "$(id -u)" = 0 ] && user="user root;"
    case $LISTEN_ADDRESS in 127.0.0.1 | 0.0.0.0) ;; *) listen="listen $LISTEN_ADDRESS:$PUBLIC_PORT backlog=4096;" ;; esac
    mkdir -p "$RUN/nginx"
    render "$ROOT/deploy/nginx/nginx.conf.in" "$RUN/nginx/nginx.conf" RUN="$RUN" USER="$user" FILES="$files" CONNECTIONS=$((files - 100)) LISTEN_TOO="$listen" PUBLIC=$PUBLIC_PORT \
        LISTEN="$([ "$LISTEN_ADDRESS" = 0.0.0.0 ] && echo 0.0.0.0 || echo 127.0.0.1)" WAITROOMD=$WAITROOMD_PORT ADMISSIOND=$ADMISSIOND_PORT \
        CHECKOUTD=$CHECKOUTD_PORT FULFILLMENTD=$FULFILLMENTD_PORT SANDBOXD=$SANDBOXD_PORT
}
start_nginx() { spawn nginx "$(command -v nginx || echo /usr/sbin/nginx)" -p "$RUN/nginx" -c "$RUN/nginx/nginx.conf" -e "$RUN/logs/nginx.log"; }
