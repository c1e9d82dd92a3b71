/* Any bytes as an event out of Kafka, as a webhook and as the provider's answer: what is understood keeps what its readers rely on. The first line is the
 * webhook's signature header; it is tried as it is, and with the right signature. */
#include "id.h"
#include "order_event.h"
#include "provider_answer.h"
#include "provider_event.h"
#include "webhook_signature.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1767323045

static void read_order(const char *text, size_t len)
{
    struct order_event e;
    char why[EVENT_WHY_MAX] = "";
    if (order_event_decode(text, len, &e, why)) {
        if (!why[0] || !memchr(why, '\0', sizeof why))
            abort();
    } else if (!wr_uuid_valid(e.order_id, strlen(e.order_id)) || !wr_sale_valid(e.sale, strlen(e.sale)) ||
               !wr_shopper_valid(e.shopper, strlen(e.shopper)) ||
               (e.kind == EVENT_RESERVATION && (e.quantity < 1 || e.run < 0 || !e.sku[0]))) {
        abort();
    }
}

static void read_webhook(const char *text, size_t len)
{
    struct wr_json *json;
    struct provider_event e;
    if (wr_json_parse(&json, text, len, NULL))
        return;
    if (!provider_event_decode(json, &e) && (!e.id[0] || e.news > NEWS_OTHER))
        abort();
    wr_json_free(json);
}

static void read_answer(const char *text, size_t len)
{
    struct provider_answer a;
    provider_answer_read(&a, 200, text, len);
    if (a.error && !a.understood)
        abort();
    provider_answer_read(&a, 503, text, len);
    if (provider_answer_verdict(&a) == ANSWER_REFUSED) /* a server in trouble says nothing about an order */
        abort();
}

static void check_signature(const char *header, size_t header_len, const char *body, size_t len)
{
    static struct wr_hmac *secret;
    char given[400], signed_text[8192], hex[65], right[128];
    uint8_t mac[32];
    if (!secret)
        secret = wr_hmac_new("whsec", 5);
    if (memchr(header, '\0', header_len) || !wr_copy_text(given, sizeof given, header, header_len))
        return;
    int at = snprintf(signed_text, sizeof signed_text, "%d.", NOW);
    if (len > sizeof signed_text - (size_t)at)
        return;
    memcpy(signed_text + at, body, len);
    wr_hmac_sign(secret, signed_text, (size_t)at + len, mac);
    wr_hex(mac, sizeof mac, hex);
    snprintf(right, sizeof right, "t=%d,v1=%s", NOW, hex);
    if (webhook_signature_valid(secret, given, body, len, NOW) && !strstr(given, "v1="))
        abort();
    if (!webhook_signature_valid(secret, right, body, len, NOW + WEBHOOK_TOLERANCE_S) ||
        webhook_signature_valid(secret, right, body, len, NOW + WEBHOOK_TOLERANCE_S + 1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *line = size ? memchr(text, '\n', size) : NULL;
    read_order(text, size);
    read_webhook(text, size);
    read_answer(text, size);
    if (line) {
        size_t header_len = (size_t)(line - text);
        check_signature(text, header_len, line + 1, size - header_len - 1);
    }
    return 0;
}
