# The four foreign services: how each is prepared once, started, and known to serve. A start_* function execs in the
# background and leaves the process in $started; it may be called again after the process died.
PG_BIN=/usr/lib/postgresql/15/bin

spawn() { # NAME COMMAND...: own session (Ctrl-C is for the supervisor alone), output to the log
    local name=$1
    shift
    setsid "$@" >>"$RUN/logs/$name.log" 2>&1 </dev/null &
    started=$!
}
render() { # TEMPLATE OUT NAME=VALUE...: puts values for @NAME@
    local text pair
    text=$(cat "$1")
    local out=$2
    shift 2
    for pair in "$@"; do text=${text//@${pair%%=*}@/${pair#*=}}; done
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
pg_run() {
    if [ "$(id -u)" = 0 ]; then
        (cd "$PG_HOME" && exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$PG_HOME" "$@")
    else "$@"; fi
}
prepare_postgres() {
    PG_HOME=$RUN/data/postgres
    mkdir -p "$PG_HOME"
    if [ "$(id -u)" = 0 ]; then
        chown postgres: "$PG_HOME"
        if ! (cd / && setpriv --reuid=postgres --regid=postgres --init-groups test -w "$PG_HOME"); then
            PG_HOME=/var/lib/waitroom/$(printf '%s' "$RUN" | sha256sum | cut -c1-12)
            [ -z "${FRESH:-}" ] || rm -rf "$PG_HOME"
            mkdir -p "$PG_HOME"
            chown postgres: "$PG_HOME"
        fi
        touch "$RUN/logs/postgres.log"
    fi
    [ -f "$PG_HOME/data/PG_VERSION" ] ||
        pg_run $PG_BIN/initdb -D "$PG_HOME/data" -A trust --no-locale -E UTF8 -U waitroom --no-sync >"$RUN/logs/initdb.log" 2>&1 ||
        die "PostgreSQL's data could not be made: see $RUN/logs/initdb.log"
}
start_postgres() {
    local command=($PG_BIN/postgres -D "$PG_HOME/data" -c listen_addresses=127.0.0.1 -c port=$POSTGRES_PORT
        -c unix_socket_directories="$PG_HOME" -c max_connections=100 -c shared_buffers=128MB -c log_min_messages=warning)
    if [ "$(id -u)" = 0 ]; then
        command=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$PG_HOME" "${command[@]}")
    fi
    cd "$PG_HOME"
    spawn postgres "${command[@]}"
    cd "$ROOT"
}
postgres_serves() { psql -qAt "$SERVER_URL" -c 'select 1' >/dev/null 2>&1; }
migrate() { # applies what of sql/migrations is not applied yet, each in one transaction
    local file name
    psql -qAt "$SERVER_URL" -c "select 1 from pg_database where datname = 'waitroom'" | grep -q 1 ||
        psql -q "$SERVER_URL" -c 'create database waitroom'
    psql -q "$WR_DATABASE_URL" -c 'set client_min_messages = warning; create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())'
    for file in "$ROOT"/sql/migrations/*.sql; do
        name=$(basename "$file" .sql)
        [ -n "$(psql -qAt "$WR_DATABASE_URL" -c "select 1 from schema_migrations where name = '$name'")" ] && continue
        psql -q -v ON_ERROR_STOP=1 --single-transaction "$WR_DATABASE_URL" -f "$file" -c "insert into schema_migrations (name) values ('$name')" >"$RUN/logs/migrate.log" 2>&1 ||
            die "the migration $name failed: see $RUN/logs/migrate.log"
    done
}

# ---- Kafka ----
kafka_is_ours() { [ -z "${KAFKA_BOOTSTRAP_GIVEN:-}" ]; }
prepare_kafka() {
    kafka_is_ours || return 0
    JAVA=$(java_17) || die "no Java 17 is here"
    if [ -n "${KAFKA_HOME:-}" ]; then
        KAFKA_JARS=$KAFKA_HOME/libs
        [ -d "$KAFKA_JARS" ] || die "KAFKA_HOME has no folder libs: $KAFKA_HOME"
    else
        KAFKA_JARS=$CACHE/kafka-4.1.0/jars
        if [ ! -f "$KAFKA_JARS/.complete" ]; then
            say "fetching Apache Kafka 4.1.0 through Maven"
            mkdir -p "$KAFKA_JARS"
            mvn -q -B -f "$ROOT/deploy/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
                -DincludeScope=runtime -DoutputDirectory="$KAFKA_JARS" >"$RUN/logs/maven.log" 2>&1 ||
                die "Maven could not fetch Kafka: see $RUN/logs/maven.log"
            touch "$KAFKA_JARS/.complete"
        fi
    fi
    KAFKA_CLASSPATH=$(find "$KAFKA_JARS" -name '*.jar' | sort | paste -sd:)
    mkdir -p "$RUN/data/kafka"
    render "$ROOT/deploy/kafka/server.properties.in" "$RUN/kafka.properties" PORT=$KAFKA_PORT CONTROLLER_PORT=$CONTROLLER_PORT DATA="$RUN/data/kafka"
    KAFKA_ARCHIVE=$(dirname "$KAFKA_JARS")/classes-$("$JAVA" -version 2>&1 | sha256sum | cut -c1-12).jsa
    [ -z "${KAFKA_HOME:-}" ] || KAFKA_ARCHIVE=$RUN/kafka-classes.jsa
    if [ ! -f "$RUN/data/kafka/meta.properties" ]; then
        local archive=()
        [ -f "$KAFKA_ARCHIVE" ] && archive=(-XX:SharedArchiveFile="$KAFKA_ARCHIVE")
        "$JAVA" -Xshare:auto "${archive[@]}" -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -cp "$KAFKA_CLASSPATH" \
            kafka.tools.StorageTool format -t waitroomdevelopmentAAA -c "$RUN/kafka.properties" >"$RUN/logs/kafka-format.log" 2>&1 ||
            die "Kafka's storage could not be formatted: see $RUN/logs/kafka-format.log"
    fi
}
start_kafka() {
    # Class data sharing halves the start: the first broker that ends normally writes the archive, later ones read it.
    local sharing=-XX:ArchiveClassesAtExit=$KAFKA_ARCHIVE
    [ -f "$KAFKA_ARCHIVE" ] && sharing=-XX:SharedArchiveFile=$KAFKA_ARCHIVE
    spawn kafka "$JAVA" -Xms128m -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto "$sharing" \
        -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -cp "$KAFKA_CLASSPATH" kafka.Kafka "$RUN/kafka.properties"
}
kafka_serves() { kcat -b "$KAFKA_BOOTSTRAP" -L -m 2 >/dev/null 2>&1; }
make_topics() { # asking for a topic makes it, with the broker's number of partitions
    local topic
    for topic in waitroom.reservations waitroom.dead-letters; do
        kcat -b "$KAFKA_BOOTSTRAP" -L -t $topic -m 5 -X allow.auto.create.topics=true >/dev/null 2>&1 || true
    done
}

# ---- nginx ----
prepare_nginx() {
    local user=""
    [ "$(id -u)" = 0 ] && user="user root;"
    mkdir -p "$RUN/nginx"
    render "$ROOT/deploy/nginx/nginx.conf.in" "$RUN/nginx/nginx.conf" RUN="$RUN" USER="$user" LISTEN="${WR_LISTEN_ADDRESS:-127.0.0.1}" PUBLIC=$PUBLIC_PORT \
        WAITROOMD=$WAITROOMD_PORT ADMISSIOND=$ADMISSIOND_PORT CHECKOUTD=$CHECKOUTD_PORT FULFILLMENTD=$FULFILLMENTD_PORT SANDBOXD=$SANDBOXD_PORT
}
start_nginx() { spawn nginx "$(command -v nginx || echo /usr/sbin/nginx)" -p "$RUN/nginx" -c "$RUN/nginx/nginx.conf" -e "$RUN/logs/nginx.log"; }
