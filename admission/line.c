#include "line.h"
#include "log.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER(name_)                                                                                        \
    {                                                                                                        \
#name_, offsetof(struct line, name_)                                                                 \
    }
#define SETTING(name_, member_)                                                                              \
    {                                                                                                        \
#name_, offsetof(struct line, settings.member_)                                                      \
    }
static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    NUMBER(run),
    NUMBER(gen),
    NUMBER(version),
    NUMBER(clock),
    NUMBER(counter),
    NUMBER(ceiling),
    NUMBER(called),
    NUMBER(front),
    NUMBER(left),
    NUMBER(level_at),
    NUMBER(table_version),
    NUMBER(granted_total),
    NUMBER(joined_total),
    NUMBER(entered_total),
    NUMBER(finished_total),
    NUMBER(returned_total),
    NUMBER(withdrawn),
    SETTING(settings_version, version),
    SETTING(rate, rate),
    SETTING(burst_ms, burst_ms),
    SETTING(cap, cap),
    SETTING(factor, factor),
};

static void take(struct line *line, const char *name, const struct wr_reply *value)
{
    size_t len;
    const char *text = wr_reply_text(value, &len);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            int64_t n = strtoll(text, NULL, 10);
            memcpy((char *)line + numbers[i].offset, &n, sizeof n);
            return;
        }
    if (strcmp(name, "run_id") == 0)
        wr_copy_text(line->run_id, sizeof line->run_id, text, len);
    else if (strcmp(name, "message") == 0)
        wr_copy_text(line->settings.message, sizeof line->settings.message, text, len);
    else if (strcmp(name, "level") == 0)
        line->level = strtod(text, NULL);
    else if ((strcmp(name, "phase") == 0 && !wr_phase_parse(text, &line->phase)) ||
             (strcmp(name, "mode") == 0 && !wr_mode_parse(text, &line->settings.mode)))
        wr_error("phase or mode of a line not understood", "%s=\"%.20s\"", name, text);
}

void line_parse(struct line *line, const struct wr_reply *pairs)
{
    *line = (struct line){.settings.mode = WR_MODE_HOLD};
    size_t count = wr_reply_count(pairs);
    for (size_t i = 0; i + 1 < count; i += 2)
        take(line, wr_reply_text(wr_reply_at(pairs, i), NULL), wr_reply_at(pairs, i + 1));
    line->there = line->gen > 0;
}
