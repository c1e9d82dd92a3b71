/* Any bytes as what checkoutd reads back from Redis: an order's record, and an event waiting in the outbox. */
#include "json.h"
#include "order_record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SHOPPER "00112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct order_admission admission;
    enum wr_err err = WR_OK;
    const char *text = (const char *)data;
    if (order_event_admission(text, size, &admission) == WR_OK &&
        (!memchr(admission.jti, '\0', sizeof admission.jti) || admission.place < 0))
        abort();
    struct wr_json *view = order_record_view(text, size, SHOPPER, &err);
    if (view) {
        struct wr_buf shown = {0};
        wr_json_render(view, &shown);
        if (strstr(shown.at, "\"jti\":") || strstr(shown.at, "\"shopper\":"))
            abort(); /* what the shopper need not see */
        wr_buf_free(&shown);
        wr_json_free(view);
    } else if (err && err != WR_ERR_INTERNAL) {
        abort();
    }
    return 0;
}
