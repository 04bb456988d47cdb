#include "capability.h"

enum {
    KEY_NAME,
    KEY_TYPE,
    KEY_FLAGS,
    KEY_KIND,
    KEY_UNIT,
    KEY_RANGE,
    KEY_SCALE,
    KEY_OPTIONS,
    KEY_SAFE,
    KEY_CLASS
};

static void put_text(struct cbor_writer *writer, uint8_t key, char const FLASH *text) {
    if (text[0] == '\0') return;
    cbor_put_unsigned(writer, key);
    cbor_put_flash_text(writer, text);
}

static void put_number(struct cbor_writer *writer, struct capability const FLASH *capability) {
    cbor_put_unsigned(writer, KEY_RANGE);
    cbor_put_array(writer, 3);
    cbor_put_integer(writer, capability->low);
    cbor_put_integer(writer, capability->high);
    cbor_put_integer(writer, capability->step);
    if (capability->scale == 0) return;
    cbor_put_unsigned(writer, KEY_SCALE);
    cbor_put_integer(writer, capability->scale);
}

static void put_options(struct cbor_writer *writer, struct capability const FLASH *capability) {
    cbor_put_unsigned(writer, KEY_OPTIONS);
    cbor_put_array(writer, capability->option_count);
    char const FLASH *option = capability->options;
    for (uint8_t i = 0; i < capability->option_count; i++) {
        cbor_put_flash_text(writer, option);
        while (*option++ != '\0') {
        }
    }
}

static uint8_t keys(struct capability const FLASH *capability) {
    uint8_t number = capability->type == TYPE_NUMBER;
    return (uint8_t)(3U + (capability->kind[0] != '\0') + (capability->unit[0] != '\0') + number +
                     (number != 0U && capability->scale != 0) + (capability->option_count != 0U) +
                     capability->has_safe + (capability->device_class[0] != '\0'));
}

void capability_put(struct cbor_writer *writer, struct capability const FLASH *capability) {
    cbor_put_map(writer, keys(capability));
    put_text(writer, KEY_NAME, capability->name);
    cbor_put_unsigned(writer, KEY_TYPE);
    cbor_put_unsigned(writer, capability->type);
    cbor_put_unsigned(writer, KEY_FLAGS);
    cbor_put_unsigned(writer, capability->flags);
    put_text(writer, KEY_KIND, capability->kind);
    put_text(writer, KEY_UNIT, capability->unit);
    if (capability->type == TYPE_NUMBER) put_number(writer, capability);
    if (capability->option_count != 0U) put_options(writer, capability);
    if (capability->has_safe) {
        cbor_put_unsigned(writer, KEY_SAFE);
        capability_put_value(writer, capability, capability->safe);
    }
    put_text(writer, KEY_CLASS, capability->device_class);
}
