/* A Modbus TCP client built on libmodbus: what a request costs in C.
 *
 *   modbus_client PORT REQUESTS
 *
 * Reads 125 holding registers at a time; prints requests per second and CPU microseconds per request.
 */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    uint16_t registers[125];
    if (argc != 3)
        return 2;
    int requests = atoi(argv[2]);
    modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(argv[1]));

    if (!context || modbus_connect(context))
        return 1;
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < requests; i++)
        if (modbus_read_registers(context, i % 100 * 125, 125, registers) != 125)
            return 1;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.1f %.3f\n", requests / wall, cpu / requests * 1e6);
    return 0;
}
