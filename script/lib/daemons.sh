# Our own programs: their secrets, and how each is started. The options not given here have good defaults
# (docs/configuration.md).
secret() { [ -s "$1" ] || (umask 077 && mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"); }
hex() { head -c "$1" /dev/urandom | od -An -vtx1 | tr -d ' \n'; }
prepare_secrets() {
    local s=$RUN/secrets
    secret "$s/ticket.keys" "k1 $(hex 32)"
    secret "$s/order.key" "$(hex 32)"
    secret "$s/merchant.key" "mk_demo_$(hex 12)"
    secret "$s/payment.key" "sk_sandbox_$(hex 12)"
    secret "$s/webhook.secret" "whsec_$(hex 16)"
    if [ ! -s "$RUN/keys/keys.json" ]; then
        mkdir -p "$RUN/keys"
        local kid
        kid=$("$BUILD/bin/admissiond" keys stage --token-keys "$RUN/keys") || die "no signing key could be made in $RUN/keys"
        "$BUILD/bin/admissiond" keys activate "$kid" --token-keys "$RUN/keys" >/dev/null || die "the signing key $kid could not be activated"
    fi
    WR_MERCHANT_KEY=$(cat "$s/merchant.key")
}

# Everything a daemon reads from the environment; scripts, tests and people get the same from .run/env.
ENV_NAMES=(WR_PUBLIC_URL WR_DATABASE_URL WR_REDIS_URL WR_MERCHANT_KEY KAFKA_BOOTSTRAP WR_REDIS_LINE WR_REDIS_STOCK WR_TICKET_KEYS WR_TOKEN_KEYS
    WR_ORDER_KEY_FILE WR_MERCHANT_KEY_FILE WR_PAYMENT_KEY_FILE WR_WEBHOOK_SECRET_FILE WR_PAYMENT_URL WR_WEBHOOK_URL WR_STATIC WR_TRUSTED_PROXIES
    WR_WAITROOMD WR_ADMISSIOND WR_CHECKOUTD WR_FULFILLMENTD WR_SANDBOXD WR_BUILD_DIR WR_RUN_DIR)
write_env() {
    # Those that nobody gave: whoever starts again from a shell that sourced this file means them no more than now (base.sh).
    local derived='' name
    for name in WR_PUBLIC_URL KAFKA_BOOTSTRAP WR_BUILD_DIR WR_RUN_DIR; do [[ " $GIVEN " == *" $name "* ]] || derived+=" $name"; done
    WR_DATABASE_URL=postgresql://waitroom:$(<"$PG_PASSWORD")@127.0.0.1:$POSTGRES_PORT/waitroom
    export WR_REDIS_LINE=127.0.0.1:$REDIS_PORT WR_REDIS_STOCK=127.0.0.1:$REDIS_PORT
    export WR_TICKET_KEYS=$RUN/secrets/ticket.keys WR_TOKEN_KEYS=$RUN/keys WR_ORDER_KEY_FILE=$RUN/secrets/order.key
    export WR_MERCHANT_KEY_FILE=$RUN/secrets/merchant.key WR_PAYMENT_KEY_FILE=$RUN/secrets/payment.key
    export WR_WEBHOOK_SECRET_FILE=$RUN/secrets/webhook.secret
    export WR_PAYMENT_URL=http://127.0.0.1:$SANDBOXD_PORT/sandbox WR_WEBHOOK_URL=http://127.0.0.1:$FULFILLMENTD_PORT/v1/payments/webhook
    export WR_STATIC=$ROOT/web/dist WR_TRUSTED_PROXIES=127.0.0.0/8
    export WR_WAITROOMD=127.0.0.1:$WAITROOMD_PORT WR_ADMISSIOND=127.0.0.1:$ADMISSIOND_PORT WR_CHECKOUTD=127.0.0.1:$CHECKOUTD_PORT
    export WR_FULFILLMENTD=127.0.0.1:$FULFILLMENTD_PORT WR_SANDBOXD=127.0.0.1:$SANDBOXD_PORT WR_BUILD_DIR=$BUILD WR_RUN_DIR=$RUN
    export "${ENV_NAMES[@]}"
    (
        umask 077
        rm -f "$RUN/env" # one that is there would keep its mode
        exec >"$RUN/env"
        for name in "${ENV_NAMES[@]}"; do printf 'export %s=%q\n' "$name" "${!name}"; done
        printf 'export WR_DERIVED=%q\n' "$(for name in $derived; do printf '%s=%s\n' "$name" "${!name}"; done)"
    )
}

start_waitroomd() { spawn waitroomd "$BUILD/bin/waitroomd" --listen 127.0.0.1:$WAITROOMD_PORT --workers "${WR_WORKERS:-2}"; }
start_admissiond() { spawn admissiond "$BUILD/bin/admissiond" --listen 127.0.0.1:$ADMISSIOND_PORT; }
start_checkoutd() { spawn checkoutd "$BUILD/bin/checkoutd" --listen 127.0.0.1:$CHECKOUTD_PORT; }
start_fulfillmentd() { spawn fulfillmentd "$BUILD/bin/fulfillmentd" --listen 127.0.0.1:$FULFILLMENTD_PORT; }
start_sandboxd() { spawn sandboxd "$BUILD/bin/sandboxd" --listen 127.0.0.1:$SANDBOXD_PORT; }
ready_at() { curl -fsS -o /dev/null -m 2 "http://127.0.0.1:$1/readyz" 2>/dev/null; }
waitroomd_serves() { ready_at $WAITROOMD_PORT; }
admissiond_serves() { ready_at $ADMISSIOND_PORT; }
checkoutd_serves() { ready_at $CHECKOUTD_PORT; }
fulfillmentd_serves() { ready_at $FULFILLMENTD_PORT; }
sandboxd_serves() { ready_at $SANDBOXD_PORT; }
nginx_serves() { curl -fsS -o /dev/null -m 2 "$LOCAL_URL/v1/time" 2>/dev/null; }
