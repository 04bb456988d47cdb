/* An Arduino Uno with a lamp, a relay, a button and a thermometer. */
#include <avr/interrupt.h>
#include <stddef.h>
#include <stdlib.h>

#include "button.h"
#include "clock.h"
#include "lamp.h"
#include "line.h"
#include "port.h"
#include "relay.h"
#include "reset.h"
#include "serve.h"
#include "thermometer.h"

enum { LAMP, RELAY, BUTTON, THERMOMETER, COUNT };

#define READ_MS 1000U
#define WORTH_TELLING 5 /* tenths of a degree */

static struct capability const FLASH capabilities[COUNT] = {
    [LAMP] = {.name = "lamp",
              .kind = "light",
              .unit = "%",
              .type = TYPE_NUMBER,
              .high = 100,
              .step = 1,
              .flags = CAN_READ | CAN_SET,
              .get = lamp_get,
              .set = lamp_set},
    [RELAY] = {.name = "relay",
               .kind = "switch",
               .type = TYPE_SWITCH,
               .flags = CAN_READ | CAN_SET,
               .has_safe = true,
               .get = relay_get,
               .set = relay_set},
    [BUTTON] = {.name = "button", .kind = "event", .device_class = "button", .type = TYPE_EVENT},
    [THERMOMETER] = {.name = "temperature",
                     .kind = "sensor",
                     .unit = "°C",
                     .device_class = "temperature",
                     .type = TYPE_NUMBER,
                     .low = -400,
                     .high = 600,
                     .step = 1,
                     .scale = -1,
                     .flags = CAN_READ,
                     .get = thermometer_get},
};

/* `make uno VERSION=...` names another. */
#ifndef UNO_VERSION
#define UNO_VERSION "1.0.0"
#endif

static struct identity const FLASH identity = {"uno", UNO_VERSION, capabilities, COUNT};

static struct board board;
static char serial[BRIDGE_TEXT];
static uint16_t read_at;
static int32_t told;

static void watch_temperature(uint16_t now) {
    if (now - read_at < READ_MS) return;
    read_at = now;
    int32_t tenths = 0;
    if (capability_get(&capabilities[THERMOMETER], &tenths) != ERROR_NONE) return;
    if (labs(tenths - told) < WORTH_TELLING) return;
    if (board_event(&board, THERMOMETER, tenths)) told = tenths;
}

int main(void) {
    lamp_open();
    relay_open();
    button_open();
    thermometer_open();
    line_open();
    clock_start();
    reset_serial(serial);
    board_init(&board, &identity, serial, port_boot());
    sei();
    for (;;) {
        board_serve(&board);
        uint16_t now = port_millis();
        if (button_pressed(now)) (void)board_event(&board, BUTTON, 0);
        watch_temperature(now);
    }
}
