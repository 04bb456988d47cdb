#include "capability.h"

/* In unsigned arithmetic: from the lowest to the highest integer is more than an integer holds. */
static bool within(struct capability const FLASH *capability, int32_t number) {
    uint32_t steps = (uint32_t)number - (uint32_t)capability->low;
    return number >= capability->low && number <= capability->high &&
           (capability->step <= 1 || steps % (uint32_t)capability->step == 0U);
}

static bool takes(struct capability const FLASH *capability, struct value const *value) {
    switch (capability->type) {
    case TYPE_SWITCH:
        return value->kind == VALUE_BOOLEAN;
    case TYPE_NUMBER:
        return value->kind == VALUE_INTEGER && within(capability, value->number);
    case TYPE_OPTIONS:
        return value->kind == VALUE_INTEGER && value->number >= 0 && value->number < capability->option_count;
    case TYPE_PRESS:
        return value->kind == VALUE_NULL;
    default:
        return false;
    }
}

enum bridge_error capability_get(struct capability const FLASH *capability, int32_t *value) {
    if ((capability->flags & CAN_READ) == 0) return ERROR_WRITE_ONLY;
    if (!capability->get(value)) return ERROR_FAILED;
    bool outside = capability->type == TYPE_NUMBER && (*value < capability->low || *value > capability->high);
    return outside ? ERROR_FAILED : ERROR_NONE;
}

enum bridge_error capability_set(struct capability const FLASH *capability, struct value const *value) {
    if ((capability->flags & CAN_SET) == 0) return ERROR_READ_ONLY;
    if (!takes(capability, value)) return ERROR_VALUE;
    return capability->set(value->number) ? ERROR_NONE : ERROR_FAILED;
}

void capability_rest(struct capability const FLASH *capability) {
    if (capability->has_safe && (capability->flags & CAN_SET) != 0) (void)capability->set(capability->safe);
}

void capability_put_value(struct cbor_writer *writer, struct capability const FLASH *capability,
                          int32_t value) {
    if (capability->type == TYPE_SWITCH) {
        cbor_put_boolean(writer, value != 0);
    } else if (capability->type == TYPE_PRESS ||
               (capability->type == TYPE_EVENT && capability->option_count == 0U)) {
        cbor_put_null(writer);
    } else {
        cbor_put_integer(writer, value);
    }
}
