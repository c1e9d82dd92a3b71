/* Any bytes as a form: decoding never grows, never hides a control character, and a value that fits is found
 * the same with exactly enough room. The first byte says how long the name looked for is. */
#include "form.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    long n = wr_percent_decode(text, len, true, out);
    if (n > (long)len || (n >= 0 && out[n]))
        abort();
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[16] = {0};
    if (!size)
        return 0;
    size_t name_len = data[0] % sizeof name;
    if (size < 1 + name_len)
        return 0;
    memcpy(name, data + 1, name_len);
    size_t len = size - 1 - name_len;
    char *form = memcpy(malloc(len + 1), data + 1 + name_len, len), *out = malloc(len + 1);
    decode(form, len);
    if (wr_form_find(form, len, name, out, len + 1)) {
        char *again = malloc(len + 1);
        if (strlen(out) > len || !wr_form_find(form, len, name, again, len + 1) || strcmp(out, again) != 0)
            abort();
        free(again);
    }
    wr_form_find(form, len, name, out, len < 3 ? len : 3);
    free(form);
    free(out);
    return 0;
}
