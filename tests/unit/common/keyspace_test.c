#include "test.h"
#include "keyspace.h"
#include "lua_common.h"

static char keys[400];

/* The arguments, one after the other. */
static const char *joined(struct wr_args *args)
{
    *keys = 0;
    for (size_t i = 0, from = 0; i < args->count; from = args->ends[i++])
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%.*s ", (int)(args->ends[i] - from),
                 args->bytes.at + from);
    wr_args_free(args);
    return keys;
}

static const struct wr_script of_line = {
    .name = "a", .keys = 4, .key_names = {"line", "spent", "fallen", "spent_load"}};
static const struct wr_script of_stock = {
    .name = "b", .keys = 2, .of_stock = true, .key_names = {"orders", "stock"}};

TEST(the_keys_of_a_script_come_in_the_order_of_its_header)
{
    struct wr_args args = {0};
    wr_key_script_of_run(&args, &of_line, "s1", 7, 2);
    assert_string_equal(joined(&args), "wr:{s1}:line wr:{s1}:spent:7:2 wr:{s1}:fallen wr:{s1}:spent_load ");
}

TEST(keys_of_the_stock_lie_at_the_shard)
{
    struct wr_args args = {0};
    wr_key_script(&args, &of_stock, "s1");
    assert_string_equal(joined(&args), "wr:{s1:0}:orders wr:{s1:0}:stock ");
}

TEST(the_build_reads_the_names_from_the_lua_file)
{
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_observe, "s1");
    assert_string_equal(joined(&args), "wr:{s1}:line wr:{s1}:sale ");
}

TEST(a_field_of_the_stock_tells_its_part)
{
    char field[WR_KEY_MAX];
    enum wr_stock_part part;
    wr_stock_field(field, "a-shirt", WR_STOCK_VOIDED);
    assert_string_equal(field, "a-shirt|voided");
    assert_true(wr_stock_field_part(field, &part));
    assert_int_equal(part, WR_STOCK_VOIDED);
    assert_false(wr_stock_field_part("deal", &part));
    assert_false(wr_stock_field_part("free", &part));
    assert_false(wr_stock_field_part("a-shirt|lost", &part));
}
