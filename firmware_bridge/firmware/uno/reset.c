#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/pgmspace.h>
#include <avr/wdt.h>

#include "port.h"
#include "reset.h"

/* `make uno SERIAL=...` names one. */
#ifndef UNO_SERIAL
#define UNO_SERIAL ""
#endif

_Static_assert(sizeof UNO_SERIAL <= BRIDGE_TEXT, "a serial number has at most 24 bytes");

/* Its order stays: other firmware finds there what this one has left. */
static struct {
    uint32_t boots;
    char serial[BRIDGE_TEXT];
} kept EEMEM = {0, ""};
static char const FLASH built_in[] = UNO_SERIAL;

/* A watchdog that has reset the chip goes on running, with the shortest time: it is stopped before anything
 * else is done. */
void reset_watchdog(void) __attribute__((naked, used, section(".init3")));
void reset_watchdog(void) {
    MCUSR = 0;
    wdt_disable();
}

/* A cell of the EEPROM takes 100,000 writes; only the bytes that change are written. */
uint32_t port_boot(void) {
    uint32_t boot = eeprom_read_dword(&kept.boots) + 1U;
    eeprom_update_dword(&kept.boots, boot);
    return boot;
}

void port_reset(void) {
    cli();
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}

/* Anything may be in an EEPROM that another program has used. */
static bool is_serial(char const *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~') return false;
    return true;
}

/* One that is built in is written down: firmware that comes later without one keeps it. */
void reset_serial(char serial[BRIDGE_TEXT]) {
    if (sizeof built_in > 1) {
        memcpy_P(serial, built_in, sizeof built_in);
        eeprom_update_block(serial, kept.serial, sizeof built_in);
        return;
    }
    eeprom_read_block(serial, kept.serial, BRIDGE_TEXT);
    serial[BRIDGE_TEXT - 1] = '\0';
    if (!is_serial(serial)) serial[0] = '\0';
}
