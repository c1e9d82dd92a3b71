#include "html_template.h"
#include "test.h"

static void fills(const char *template, const char *as)
{
    static const struct html_value values[] = {{"name", "<Ann>"}, {"none", NULL}, {"long", "x"}, {0}};
    struct wr_buf out = {0};
    html_fill(&out, template, values);
    wr_buf_text(&out, ""); /* also where nothing was added */
    assert_string_equal(out.at, as);
    wr_buf_free(&out);
}

TEST(names_become_their_texts_escaped_unless_they_are_ours)
{
    fills("no names { at }} all", "no names { at }} all");
    fills("<p>{{name}}</p>", "<p>&lt;Ann&gt;</p>");
    fills("{{{name}}}{{long}}", "<Ann>x");
    fills("[{{none}}{{{none}}}]", "[]");
}

TEST(a_section_without_its_text_is_left_out)
{
    fills("a{{#name}}b{{name}}{{/name}}c", "ab&lt;Ann&gt;c");
    fills("a{{#none}}b{{name}}{{#long}}c{{/long}}{{/none}}d", "ad");
    fills("{{#name}}{{#none}}a{{/none}}{{#long}}b{{/long}}{{/name}}", "b");
}

TEST(what_others_wrote_cannot_become_markup)
{
    struct wr_buf out = {0};
    html_escape(&out, "<a href='x'>\"&amp;</a>");
    assert_string_equal(out.at, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;&lt;/a&gt;");
    wr_buf_free(&out);
}
