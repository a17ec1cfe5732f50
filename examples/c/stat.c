/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counters of every connection of this user.
 *
 *     stat [clear]
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <ras.h>
#include <raserror.h>

static void show(const char *entry, HRASCONN connection, BOOL clear)
{
    RAS_STATS stats;
    DWORD error;
    ZeroMemory(&stats, sizeof stats);
    stats.dwSize = sizeof stats;
    error = RasGetConnectionStatistics(connection, &stats);
    if (error != ERROR_SUCCESS) {
        printf("%s: RasGetConnectionStatistics: %u\n", entry, error);
        return;
    }
    printf("%s: %u bytes sent, %u received; %u frames sent, %u received; %u bad; %u s\n", entry,
        stats.dwBytesXmited, stats.dwBytesRcved, stats.dwFramesXmited, stats.dwFramesRcved,
        stats.dwCrcErr + stats.dwAlignmentErr + stats.dwFramingErr, stats.dwConnectDuration / 1000);
    if (clear)
        RasClearConnectionStatistics(connection);
}

int main(int argc, char **argv)
{
    BOOL clear = argc == 2 && strcmp(argv[1], "clear") == 0;
    RASCONNA one, *list = &one;
    DWORD size = sizeof one, count = 0, error, i;
    /* most computers have one connection */
    ZeroMemory(&one, sizeof one);
    one.dwSize = sizeof one;
    error = RasEnumConnectionsA(list, &size, &count);
    if (error == ERROR_BUFFER_TOO_SMALL) {
        list = (RASCONNA *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
        if (list == NULL)
            return 1;
        list[0].dwSize = sizeof list[0];
        error = RasEnumConnectionsA(list, &size, &count);
    }
    if (error != ERROR_SUCCESS)
        fprintf(stderr, "RasEnumConnections: %u\n", error);
    else if (count == 0)
        puts("no connections");
    for (i = 0; error == ERROR_SUCCESS && i < count; i++)
        show(list[i].szEntryName, list[i].hrasconn, clear);
    if (list != &one)
        HeapFree(GetProcessHeap(), 0, list);
    return error == ERROR_SUCCESS ? 0 : 1;
}
