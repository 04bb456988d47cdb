/* The sizes a board chooses. All of the library's memory follows from them; there is no heap. */
#ifndef BRIDGE_CONFIG_H
#define BRIDGE_CONFIG_H

#include <stdint.h>

/* The largest payload taken and given, in bytes: 48 to 240. */
#ifndef BRIDGE_MTU
#define BRIDGE_MTU 240
#endif

/* Bytes for messages that wait to be acknowledged: a power of two that holds two of the largest. */
#ifndef BRIDGE_QUEUE
#define BRIDGE_QUEUE 1024
#endif

/* How many DATA frames the host may send before it has an acknowledgement: 1 to 8. */
#ifndef BRIDGE_WINDOW
#define BRIDGE_WINDOW 8
#endif

/* How long, in milliseconds, without a word from the host until the board goes to its safe values. */
#ifndef BRIDGE_DEAD_MS
#define BRIDGE_DEAD_MS 3000
#endif

#if BRIDGE_MTU < 48 || BRIDGE_MTU > 240
#error "BRIDGE_MTU is 48 to 240"
#endif
#if BRIDGE_QUEUE & (BRIDGE_QUEUE - 1) || BRIDGE_QUEUE < 2 * (BRIDGE_MTU + 1) || BRIDGE_QUEUE > 4096
#error "BRIDGE_QUEUE is a power of two, holds two of the largest messages, and is at most 4096"
#endif
#if BRIDGE_DEAD_MS != 0 && (BRIDGE_DEAD_MS < 300 || BRIDGE_DEAD_MS > 60000)
#error "BRIDGE_DEAD_MS is 300 to 60000, or 0 for never"
#endif
#if BRIDGE_WINDOW < 1 || BRIDGE_WINDOW > 8
#error "BRIDGE_WINDOW is 1 to 8"
#endif

/* A place in that ring: a byte where that is enough, since on eight bits all else costs twice. */
#if BRIDGE_QUEUE <= 256
typedef uint8_t ring_position;
#else
typedef uint16_t ring_position;
#endif
#define RING_PLACE(sum) ((ring_position)((unsigned)(sum) & (BRIDGE_QUEUE - 1U)))

#endif
