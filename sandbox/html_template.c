#include "html_template.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void html_escape(struct wr_buf *out, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } table[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t n; *text; text += n) {
        n = strcspn(text, "&<>\"'");
        if (n) {
            wr_buf_add(out, text, n);
            continue;
        }
        n = 1;
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (table[i].c == *text)
                wr_buf_text(out, table[i].as);
    }
}

static void refuse(const char *at)
{
    wr_error("a page's template is broken", "at=\"%.40s\"", at);
    abort(); /* it is part of the program */
}

static const char *value_of(const struct html_value values[], const char *name, size_t len)
{
    for (size_t i = 0; values[i].name; i++)
        if (strlen(values[i].name) == len && strncmp(values[i].name, name, len) == 0)
            return values[i].text;
    refuse(name);
    return NULL;
}

/* Where the section ends that begins before `at`: after its closing tag. */
static const char *section_end(const char *at, const char *name, size_t len)
{
    char tag[64];
    snprintf(tag, sizeof tag, "{{/%.*s}}", (int)len, name);
    const char *end = strstr(at, tag);
    if (!end)
        refuse(name);
    return end + strlen(tag);
}

/* One tag; returns where the template goes on. */
static const char *fill_tag(struct wr_buf *out, const char *tag, const struct html_value values[])
{
    bool raw = tag[2] == '{', opens = tag[2] == '#', closes = tag[2] == '/';
    const char *name = tag + 2 + (raw || opens || closes);
    size_t len = strcspn(name, "}");
    const char *after = name + len + (raw ? 3 : 2), *text = value_of(values, name, len);
    if (strncmp(name + len, "}}}", raw ? 3 : 2) != 0)
        refuse(tag);
    if (opens)
        return text ? after : section_end(after, name, len);
    if (raw && text)
        wr_buf_text(out, text);
    else if (!closes && text)
        html_escape(out, text);
    return after;
}

void html_fill(struct wr_buf *out, const char *template, const struct html_value values[])
{
    for (const char *tag; (tag = strstr(template, "{{"));) {
        wr_buf_add(out, template, (size_t)(tag - template));
        template = fill_tag(out, tag, values);
    }
    wr_buf_text(out, template);
}
