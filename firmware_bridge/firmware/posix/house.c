#include "house.h"

struct state state;

static bool lamp_get(int32_t *value) {
    *value = state.lamp;
    return true;
}

static bool lamp_set(int32_t value) {
    state.lamp = value;
    return true;
}

static bool relay_get(int32_t *value) {
    *value = state.relay;
    return true;
}

static bool relay_set(int32_t value) {
    state.relay = value;
    return true;
}

static bool fan_get(int32_t *value) {
    *value = state.fan;
    return true;
}

static bool fan_set(int32_t value) {
    state.fan = value;
    return true;
}

static bool bell_set(int32_t value) {
    (void)value;
    state.rings++;
    return true;
}

static struct capability const FLASH capabilities[COUNT] = {
    [LAMP] = {.name = "lamp",
              .kind = "light",
              .unit = "%",
              .type = TYPE_NUMBER,
              .high = 100,
              .step = 5,
              .flags = CAN_READ | CAN_SET,
              .get = lamp_get,
              .set = lamp_set},
    [RELAY] = {.name = "relay",
               .kind = "switch",
               .type = TYPE_SWITCH,
               .flags = CAN_READ | CAN_SET | DANGEROUS,
               .has_safe = true,
               .get = relay_get,
               .set = relay_set},
    [FAN] = {.name = "fan",
             .kind = "fan",
             .type = TYPE_OPTIONS,
             .flags = CAN_READ | CAN_SET,
             .option_count = 3,
             .options = "off\0low\0high",
             .get = fan_get,
             .set = fan_set},
    [BELL] = {.name = "bell", .kind = "button", .type = TYPE_PRESS, .flags = CAN_SET, .set = bell_set},
    [BUTTON] = {.name = "button", .kind = "event", .device_class = "button", .type = TYPE_EVENT},
};

struct identity const FLASH house = {"posix", "1.0.0", capabilities, COUNT};
