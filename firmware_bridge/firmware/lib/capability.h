/*
 * What a board can do (docs/firmware-protocol.md, section 4), as constant data of the board port, and the
 * rules that hold for it whoever asks: what is outside range, step or options never reaches the board's own
 * code.
 */
#ifndef BRIDGE_CAPABILITY_H
#define BRIDGE_CAPABILITY_H

#include "cbor.h"

#define BRIDGE_TEXT 25 /* 24 bytes of UTF-8, and the end */
#define BRIDGE_CAPABILITIES 32

enum capability_type { TYPE_SWITCH, TYPE_NUMBER, TYPE_OPTIONS, TYPE_PRESS, TYPE_EVENT };

enum capability_flag { CAN_READ = 1, CAN_SET = 2, DANGEROUS = 4 };

/* A value is a number: of a switch 0 or 1, of options the index, of a press 0, of an event the index or 0. */
struct capability {
    char name[BRIDGE_TEXT];
    char kind[BRIDGE_TEXT];
    char unit[9];
    char device_class[BRIDGE_TEXT];
    uint8_t type;
    uint8_t flags;
    int8_t scale;
    bool has_safe;
    int32_t safe;
    int32_t low;
    int32_t high;
    int32_t step;
    uint8_t option_count;
    char const FLASH *options; /* one after the other, each with its end */

    bool (*get)(int32_t *value); /* with CAN_READ. False: it cannot be read now */
    bool (*set)(int32_t value);  /* with CAN_SET. False: it did not work, and nothing has changed */
};

enum bridge_error {
    ERROR_NONE = 0,
    ERROR_UNKNOWN_MESSAGE = 1,
    ERROR_NO_CAPABILITY = 2,
    ERROR_VALUE = 3,
    ERROR_READ_ONLY = 4,
    ERROR_WRITE_ONLY = 5,
    ERROR_BUSY = 6,
    ERROR_FAILED = 7,
};

/* Read it; ERROR_FAILED also if what it reads is outside its own range: a sensor that is not connected. */
enum bridge_error capability_get(struct capability const FLASH *capability, int32_t *value);

/* Set it, if `value` is one that it takes. */
enum bridge_error capability_set(struct capability const FLASH *capability, struct value const *value);

/* Go to the value that is safe when nobody is there, if there is one. */
void capability_rest(struct capability const FLASH *capability);

void capability_put_value(struct cbor_writer *writer, struct capability const FLASH *capability,
                          int32_t value);

/* Write the description, a map. */
void capability_put(struct cbor_writer *writer, struct capability const FLASH *capability);

#endif
