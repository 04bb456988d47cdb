#include "cbor.h"
#include "cbor_major.h"

static void put(struct cbor_writer *writer, uint8_t byte) {
    if (writer->room == 0U) {
        writer->full = true;
        return;
    }
    writer->room--;
    writer->ring[writer->position] = byte;
    writer->position = RING_PLACE(writer->position + 1);
}

static void head(struct cbor_writer *writer, uint8_t major, uint32_t argument) {
    uint8_t top = (uint8_t)(major << 5);
    if (argument < 24U) {
        put(writer, top | (uint8_t)argument);
        return;
    }
    if (argument <= 0xFFU) {
        put(writer, top | 24U);
    } else {
        if (argument <= 0xFFFFU) {
            put(writer, top | 25U);
        } else {
            put(writer, top | 26U);
            put(writer, (uint8_t)(argument >> 24));
            put(writer, (uint8_t)(argument >> 16));
        }
        put(writer, (uint8_t)(argument >> 8));
    }
    put(writer, (uint8_t)argument);
}

void cbor_put_integer(struct cbor_writer *writer, int32_t value) {
    if (value < 0) {
        head(writer, MAJOR_NEGATIVE, ~(uint32_t)value);
    } else {
        head(writer, MAJOR_UNSIGNED, (uint32_t)value);
    }
}

void cbor_put_unsigned(struct cbor_writer *writer, uint32_t value) {
    head(writer, MAJOR_UNSIGNED, value);
}

void cbor_put_boolean(struct cbor_writer *writer, bool value) {
    head(writer, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_put_null(struct cbor_writer *writer) {
    head(writer, MAJOR_SIMPLE, SIMPLE_NULL);
}

void cbor_put_array(struct cbor_writer *writer, uint8_t items) {
    head(writer, MAJOR_ARRAY, items);
}

void cbor_put_map(struct cbor_writer *writer, uint8_t pairs) {
    head(writer, MAJOR_MAP, pairs);
}

void cbor_put_text(struct cbor_writer *writer, char const *text) {
    uint8_t length = 0;
    while (text[length] != '\0')
        length++;
    head(writer, MAJOR_TEXT, length);
    for (uint8_t i = 0; i < length; i++)
        put(writer, (uint8_t)text[i]);
}

void cbor_put_flash_text(struct cbor_writer *writer, char const FLASH *text) {
    uint8_t length = 0;
    while (text[length] != '\0')
        length++;
    head(writer, MAJOR_TEXT, length);
    for (uint8_t i = 0; i < length; i++)
        put(writer, (uint8_t)text[i]);
}
