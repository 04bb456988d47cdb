/* What a board port gives: a serial line, a clock, a way to begin anew. None of it waits. */
#ifndef BRIDGE_PORT_H
#define BRIDGE_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* The next byte that came, or -1. */
int16_t port_get(void);

/* Whether port_put() has room for a byte. */
bool port_ready(void);
void port_put(uint8_t byte);

/* Milliseconds since the reset, modulo 65536. */
uint16_t port_millis(void);

/* Another number after each reset. */
uint32_t port_boot(void);

/* Begin anew, as if the power had come. */
void port_reset(void);

#endif
