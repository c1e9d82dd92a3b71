/* Any text as a ticket, as it is or with its right MAC: what is accepted is exactly what we would sign. */
#include "mem.h"
#include "ticket.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct wr_ticket_key *key;
static struct wr_hmac *hmac;

static void open_once(void)
{
    char path[] = "/tmp/wr-fuzz-XXXXXX", raw[32];
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, "a1 " SECRET "\n", 68) != 68 || wr_ticket_key_load(&key, path) ||
        !wr_unhex(SECRET, 64, raw))
        abort();
    close(fd);
    unlink(path);
    hmac = wr_hmac_new(raw, sizeof raw);
}

static void check(const char *text, size_t len)
{
    struct wr_ticket t;
    char again[WR_TICKET_MAX];
    if (wr_ticket_verify(key, text, len, &t))
        return;
    wr_ticket_sign(key, &t, again);
    if (strlen(again) != len || memcmp(again, text, len) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t mac[32];
    char encoded[44];
    struct wr_buf text = {0};
    if (!key)
        open_once();
    check((const char *)data, size);
    wr_buf_add(&text, data, size);
    wr_hmac_sign(hmac, text.at, text.len, mac);
    wr_base64url(mac, sizeof mac, encoded);
    wr_buf_printf(&text, ".%s", encoded);
    check(text.at, text.len);
    wr_buf_free(&text);
    return 0;
}
