#include "cbor.h"
#include "cbor_major.h"

static uint8_t take(struct cbor_reader *reader) {
    if (reader->left == 0U) {
        reader->bad = true;
        return 0;
    }
    reader->left--;
    return *reader->at++;
}

/* An argument of 1, 2, 4 or 8 bytes. Only the shortest form is one: not all of the upper half is zero; of a
 * single byte, it is 24 at least. */
static void take_argument(struct cbor_reader *reader, uint8_t bytes) {
    uint8_t upper = 0;
    reader->argument = 0;
    for (uint8_t left = bytes; left != 0U; left--) {
        uint8_t byte = take(reader);
        if (left > bytes / 2U) upper |= byte;
        if (left > 4U && byte != 0U) reader->wide = true;
        reader->argument = (reader->argument << 8) | byte;
    }
    if (upper == 0U || (bytes == 1U && upper < 24U)) reader->bad = true;
}

static void take_head(struct cbor_reader *reader) {
    uint8_t first = take(reader);
    uint8_t form = first & 0x1FU;
    reader->major = (uint8_t)(first >> 5);
    reader->wide = false;
    reader->argument = form;
    if (form > 27U) {
        reader->bad = true; /* reserved, or of indefinite length */
    } else if (form >= 24U) {
        take_argument(reader, (uint8_t)(1U << (form - 24U)));
    } else {
        /* the form is the argument */
    }
}

/* Step over the bytes of a string; gives how many items follow as those of an array or a map. */
static uint16_t enter(struct cbor_reader *reader) {
    uint8_t major = reader->major;
    if (major <= MAJOR_NEGATIVE) return 0;
    if (major == MAJOR_BYTES || major > MAJOR_MAP) { /* no tags, no floats, no other simple values */
        if (major != MAJOR_SIMPLE || reader->argument < SIMPLE_FALSE || reader->argument > SIMPLE_NULL)
            reader->bad = true;
        return 0;
    }
    /* Each item has a byte at least, so a greater count than there are bytes is a lie. */
    if (reader->wide || reader->argument > reader->left) reader->bad = true;
    if (reader->bad) return 0;
    uint8_t count = (uint8_t)reader->argument;
    if (major == MAJOR_ARRAY) return count;
    if (major == MAJOR_MAP) return (uint16_t)(2U * count);
    reader->at += count;
    reader->left = (uint8_t)(reader->left - count);
    return 0;
}

uint8_t cbor_array(struct cbor_reader *reader) {
    take_head(reader);
    if (reader->major != MAJOR_ARRAY) reader->bad = true;
    return (uint8_t)enter(reader);
}

uint32_t cbor_unsigned(struct cbor_reader *reader, uint32_t most) {
    take_head(reader);
    if (reader->major != MAJOR_UNSIGNED || reader->wide) reader->bad = true;
    return reader->argument > most ? most : reader->argument;
}

static void read_meaning(struct cbor_reader const *reader, struct value *value) {
    value->kind = VALUE_OTHER;
    value->number = (int32_t)(reader->argument & INT32_MAX);
    if (reader->major <= MAJOR_NEGATIVE && !reader->wide && (reader->argument >> 31) == 0U) {
        value->kind = VALUE_INTEGER;
        if (reader->major == MAJOR_NEGATIVE) value->number = -1 - value->number;
    } else if (reader->major == MAJOR_SIMPLE) {
        value->kind = reader->argument == SIMPLE_NULL ? VALUE_NULL : VALUE_BOOLEAN;
        value->number = reader->argument == SIMPLE_TRUE;
    } else {
        /* nothing that a capability takes */
    }
}

void cbor_value(struct cbor_reader *reader, struct value *value) {
    take_head(reader);
    read_meaning(reader, value);
    /* A count instead of recursion: what came decides how deep it is, and the stack is small. */
    uint16_t pending = enter(reader);
    while (pending != 0U && !reader->bad) {
        take_head(reader);
        pending = (uint16_t)(pending - 1U + enter(reader));
    }
}

bool cbor_rest(struct cbor_reader *reader, uint8_t items) {
    struct value value;
    for (; items != 0U && !reader->bad; items--)
        cbor_value(reader, &value);
    return !reader->bad && reader->left == 0U;
}
