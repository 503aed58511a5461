/* A Modbus TCP server on loopback, built on libmodbus: an implementation that is not ours to measure against.
 *
 *   modbus_server [STEP]
 *
 * Prints its port, then serves any number of clients until its standard input closes. With a STEP, every
 * STEP-th word of each request's range counts up before a read of registers is answered.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

static void change(modbus_mapping_t *map, const uint8_t *pdu, int step)
{
    int first = pdu[1] << 8 | pdu[2], count = pdu[3] << 8 | pdu[4];
    uint16_t *registers = pdu[0] == 3 ? map->tab_registers : map->tab_input_registers;

    if (step == 0 || (pdu[0] != 3 && pdu[0] != 4))
        return;
    for (int place = step / 2; place < count && first + place < 65536; place += step)
        registers[first + place]++;
}

int main(int argc, char **argv)
{
    int step = argc > 1 ? atoi(argv[1]) : 0;
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(65536, 65536, 65536, 65536);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int highest = listener;
    fd_set all;

    if (!context || !map || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64))
        return 1;
    for (int place = 0; place < 65536; place += 2) { /* float32 0.5, 1.0, 1.5 ... or plain numbers */
        map->tab_registers[place] = map->tab_input_registers[place] = 0x4100 + place % 200;
        map->tab_registers[place + 1] = map->tab_input_registers[place + 1] = place % 1000;
    }
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    FD_ZERO(&all);
    FD_SET(listener, &all);
    FD_SET(STDIN_FILENO, &all);
    for (;;) {
        fd_set ready = all;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            return errno == EINTR ? 0 : 1;
        for (int one = 0; one <= highest; one++) {
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            if (!FD_ISSET(one, &ready))
                continue;
            if (one == STDIN_FILENO)
                return 0;
            if (one == listener) {
                int client = accept(listener, NULL, NULL);
                if (client >= 0 && client < FD_SETSIZE) {
                    FD_SET(client, &all);
                    highest = client > highest ? client : highest;
                }
                continue;
            }
            modbus_set_socket(context, one);
            int length = modbus_receive(context, query);
            if (length > 0) {
                change(map, query + 7, step);
                modbus_reply(context, query, length, map);
            } else if (length < 0) {
                FD_CLR(one, &all);
                close(one);
            }
        }
    }
}
