/* A small device on libmodbus, an implementation that is not ours, with values that live.
 *
 *   modbus_peer [PORT]
 *
 * Listens on loopback and prints its port; ends when its standard input closes. Floats and counters are sent with
 * the low word first (CDAB). Unit 1 has holding registers 1 to 140, input registers 1 to 4 and coils 1 to 8, unit 2
 * input registers 1 to 4; unit 5 is one that a gateway cannot reach (exception 0B), all others are silent.
 *
 *   HR1-2   float32  level, m             IR1-2  float32  temperature, degC
 *   HR3-4   float32  flow, m3/h           IR3-4  uint32   running seconds
 *   HR5-6   uint32   total, cm3           C1-C8           free for writing
 *   HR7     uint16   0.1 % of valve       HR101, HR111, HR121 and on, one fan each:
 *   HR8     uint16   status bits          +0 bits running, fault   +1 speed, 0.1 %   +2 set point, 0.1 %
 */
#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STATION = 1, METER = 2, UNREACHABLE = 5, FANS = 3, FIRST_FAN = 100, FAN_STEP = 10 };

/* Seconds since the first call. */
static double seconds(void)
{
    static time_t first;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!first)
        first = now.tv_sec;
    return now.tv_sec - first + now.tv_nsec / 1e9;
}

static void put_number(uint16_t *registers, uint32_t number)
{
    registers[0] = number & 0xFFFF;
    registers[1] = number >> 16;
}

static void put_float(uint16_t *registers, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    put_number(registers, bits);
}

/* What the process is like now. Set points and coils stay what a client has written. */
static void live(modbus_mapping_t *station, modbus_mapping_t *meter, double now)
{
    uint16_t *holding = station->tab_registers;

    put_float(holding, (float)(2.4 + 0.8 * sin(now / 9)));
    put_float(holding + 2, (float)(120 + 15 * sin(now / 7)));
    put_number(holding + 4, (uint32_t)fmod(1.6e9 + now * 33e3, 4e9));
    holding[6] = (uint16_t)(500 + 200 * sin(now / 11));
    holding[7] = fmod(now, 6) < 3 ? 1 : 5;
    for (int fan = 0; fan < FANS; fan++) {
        uint16_t *block = holding + FIRST_FAN + fan * FAN_STEP;
        block[0] = block[2] > 0;
        block[1] = block[2] ? (uint16_t)(block[2] + 5 * sin(now + fan)) : 0;
    }
    put_float(station->tab_input_registers, (float)(14 + 2 * sin(now / 13)));
    put_number(station->tab_input_registers + 2, 90000 + (uint32_t)now);
    put_float(meter->tab_input_registers, (float)(7.2 + 0.3 * sin(now / 8)));
    put_number(meter->tab_input_registers + 2, 4000 + (uint32_t)now);
}

static void answer(modbus_t *context, const uint8_t *query, int length, modbus_mapping_t *station, modbus_mapping_t *meter)
{
    int unit = query[6];

    live(station, meter, seconds());
    if (unit == STATION || unit == METER)
        modbus_reply(context, query, length, unit == STATION ? station : meter);
    else if (unit == UNREACHABLE)
        modbus_reply_exception(context, query, MODBUS_EXCEPTION_GATEWAY_TARGET);
}

static int listening(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), again = 1;

    address.sin_port = htons(port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16))
        exit(1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *station = modbus_mapping_new(8, 0, 140, 4), *meter = modbus_mapping_new(0, 0, 0, 4);
    int listener, highest;
    fd_set all;

    if (!context || !station || !meter)
        return 1;
    for (int fan = 0; fan < FANS; fan++)
        station->tab_registers[FIRST_FAN + fan * FAN_STEP + 2] = 600 + 100 * fan;
    highest = listener = listening(argc > 1 ? atoi(argv[1]) : 0);
    FD_ZERO(&all);
    FD_SET(listener, &all);
    FD_SET(STDIN_FILENO, &all);
    for (;;) {
        fd_set ready = all;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            return errno == EINTR ? 0 : 1;
        for (int one = 0; one <= highest; one++) {
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            int length;
            if (!FD_ISSET(one, &ready))
                continue;
            if (one == STDIN_FILENO)
                return 0;
            if (one == listener) {
                int client = accept(listener, NULL, NULL);
                if (client >= 0 && client < FD_SETSIZE) {
                    FD_SET(client, &all);
                    highest = client > highest ? client : highest;
                } else if (client >= 0) {
                    close(client);
                }
                continue;
            }
            modbus_set_socket(context, one);
            length = modbus_receive(context, query);
            if (length > 0) {
                answer(context, query, length, station, meter);
            } else if (length < 0) {
                FD_CLR(one, &all);
                close(one);
            }
        }
    }
}
