/* shared_options.h - options that several daemons have: one flag, one variable, one default and one sentence each.
 * The config struct `s` names the field as the option. */
#ifndef WR_SHARED_OPTIONS_H
#define WR_SHARED_OPTIONS_H
#include "service.h"

#define WR_OPT_DATABASE(s)                                                                                   \
    WR_OPT_TEXT(s, database, "--database", "WR_DATABASE_URL", NULL, "URL of the PostgreSQL database.")
#define WR_OPT_REDIS_LINE(s)                                                                                 \
    WR_OPT_TEXT(s, redis_line, "--redis-line", "WR_REDIS_LINE", "127.0.0.1:7086",                            \
                "Redis of the lines: IP:PORT or the path of a socket.")
#define WR_OPT_REDIS_STOCK(s)                                                                                \
    WR_OPT_TEXT(s, redis_stock, "--redis-stock", "WR_REDIS_STOCK", "127.0.0.1:7086",                         \
                "Redis of the stock: IP:PORT or the path of a socket.")
#define WR_OPT_KAFKA_BOOTSTRAP(s)                                                                            \
    WR_OPT_TEXT(s, kafka_bootstrap, "--kafka-bootstrap", "KAFKA_BOOTSTRAP", "127.0.0.1:7088",                \
                "Kafka brokers to begin with, HOST:PORT, separated by commas.")
#define WR_OPT_TOKEN_KEYS(s)                                                                                 \
    WR_OPT_TEXT(s, token_keys, "--token-keys", "WR_TOKEN_KEYS", NULL,                                        \
                "Folder of the token keys (admissiond keys ...).")
#define WR_OPT_ISSUER(s)                                                                                     \
    WR_OPT_TEXT(s, issuer, "--issuer", "WR_ISSUER", "waitroom", "Issuer (`iss`) of the admission tokens.")
#define WR_OPT_PAYMENT_KEY(s)                                                                                \
    WR_OPT_TEXT(s, payment_key_file, "--payment-key-file", "WR_PAYMENT_KEY_FILE", NULL,                      \
                "File with the key of the payment provider's API.")
#define WR_OPT_WEBHOOK_SECRET(s)                                                                             \
    WR_OPT_TEXT(s, webhook_secret_file, "--webhook-secret-file", "WR_WEBHOOK_SECRET_FILE", NULL,             \
                "File with the secret that signs the provider's webhooks.")

#endif
