/*
 * The part of CBOR (RFC 8949) that messages are made of: integers, booleans, null, texts, arrays and maps, of
 * definite length and in the shortest form. Knows nothing of what they mean.
 */
#ifndef BRIDGE_CBOR_H
#define BRIDGE_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "flash.h"

struct cbor_reader {
    uint8_t const *at;
    uint8_t left;
    bool bad; /* what came is not such CBOR; all that is read afterwards is of no meaning */

    uint8_t major; /* of the head that was read last */
    bool wide;     /* its argument has more than 32 bits */
    uint32_t argument;
};

enum value_kind { VALUE_NULL, VALUE_BOOLEAN, VALUE_INTEGER, VALUE_OTHER };

struct value {
    enum value_kind kind;
    int32_t number; /* of a boolean 0 or 1; an integer beyond 32 bits is VALUE_OTHER */
};

/* The number of items of the array that comes next. */
uint8_t cbor_array(struct cbor_reader *reader);

/* The unsigned integer of 32 bits that comes next, or `most` if it is greater. */
uint32_t cbor_unsigned(struct cbor_reader *reader, uint32_t most);

/* The next item, whatever it is, with all that is in it. */
void cbor_value(struct cbor_reader *reader, struct value *value);

/* Step over so many more items; true if all that was read is such CBOR, and nothing comes after it. */
bool cbor_rest(struct cbor_reader *reader, uint8_t items);

struct cbor_writer {
    uint8_t *ring; /* of BRIDGE_QUEUE bytes, or a shorter buffer written from its beginning */
    ring_position position;
    uint8_t room;
    bool full; /* something did not fit: what was written is of no use */
};

void cbor_put_integer(struct cbor_writer *writer, int32_t value);
void cbor_put_unsigned(struct cbor_writer *writer, uint32_t value);
void cbor_put_boolean(struct cbor_writer *writer, bool value);
void cbor_put_null(struct cbor_writer *writer);
void cbor_put_array(struct cbor_writer *writer, uint8_t items);
void cbor_put_map(struct cbor_writer *writer, uint8_t pairs);
void cbor_put_text(struct cbor_writer *writer, char const *text);
void cbor_put_flash_text(struct cbor_writer *writer, char const FLASH *text);

#endif
