/* mem.h - allocation that aborts when memory is out (therefore everything that allocates has a limit), and
 * one growable byte buffer. */
#ifndef WR_MEM_H
#define WR_MEM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *wr_alloc(size_t size); /* zeroed */
void *wr_realloc(void *p, size_t size);
void *wr_dup(const void *p, size_t len); /* a NUL follows the copy */
char *wr_strdup(const char *text);

struct wr_buf { /* start with {0}; always NUL-terminated once something was added */
    char *at;
    size_t len, cap;
};
void wr_buf_add(struct wr_buf *b, const void *bytes, size_t len);
void wr_buf_text(struct wr_buf *b, const char *text);
void wr_buf_printf(struct wr_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wr_buf_clear(struct wr_buf *b); /* keeps the memory */
void wr_buf_free(struct wr_buf *b);

/* Copies `text` when it fits into `cap` with its NUL; otherwise leaves "" and returns false. */
bool wr_copy_text(char *out, size_t cap, const char *text, size_t len);

#endif
