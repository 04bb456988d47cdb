#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "port.h"

static uint8_t in[512];
static size_t in_first, in_end;
static uint8_t out[512];
static size_t out_end;
static bool gone;

static bool only_later(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void pull(void) {
    if (in_first != in_end) return;
    ssize_t got = read(STDIN_FILENO, in, sizeof in);
    in_first = 0;
    in_end = got > 0 ? (size_t)got : 0;
    if (got == 0 || (got < 0 && !only_later())) gone = true;
}

static void push(void) {
    if (out_end == 0) return;
    ssize_t put = write(STDOUT_FILENO, out, out_end);
    if (put > 0) {
        out_end -= (size_t)put;
        memmove(out, out + put, out_end);
    } else if (put < 0 && !only_later()) {
        gone = true;
    } else {
        /* it goes out later */
    }
}

bool line_wait(void) {
    struct pollfd ends[] = {{STDIN_FILENO, POLLIN, 0}, {STDOUT_FILENO, POLLOUT, 0}};
    push();
    if (in_first == in_end && poll(ends, out_end == 0 ? 1 : 2, 1) > 0 && ends[0].revents != 0) pull();
    return !gone;
}

int16_t port_get(void) {
    return in_first == in_end ? (int16_t)-1 : (int16_t)in[in_first++];
}

bool port_ready(void) {
    return out_end < sizeof out;
}

void port_put(uint8_t byte) {
    out[out_end++] = byte;
}

uint16_t port_millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint16_t)((unsigned long long)now.tv_sec * 1000U + (unsigned long long)now.tv_nsec / 1000000U);
}
