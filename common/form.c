#include "form.h"
#include "crypto.h"
#include <string.h>

long wr_percent_decode(const char *text, size_t len, bool plus, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? wr_hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? wr_hex_digit(text[i + 2]) : -1;
            if (low < 0)
                return -1;
            c = (char)(high << 4 | low);
            if ((unsigned char)c < ' ' || c == 127)
                return -1;
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = 0;
    return (long)n;
}

static bool take(const char *text, size_t len, char *out, size_t cap)
{
    return len < cap && wr_percent_decode(text, len, true, out) >= 0;
}

bool wr_form_find(const char *form, size_t len, const char *name, char *out, size_t cap)
{
    char decoded[128];
    const char *end = form + len;
    for (const char *at = form; at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        if (!stop)
            stop = end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals ? equals : stop;
        if (take(at, (size_t)(name_end - at), decoded, sizeof decoded) && !strcmp(decoded, name)) {
            const char *value = equals ? equals + 1 : stop;
            return take(value, (size_t)(stop - value), out, cap);
        }
        at = stop + 1;
    }
    return false;
}
