/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lists the connections of this user, whichever program dialled them.
 *
 *     enum_connections
 */
#include <windows.h>
#include <stdio.h>
#include <ras.h>
#include <raserror.h>

/* The list, as long as it is by now; to be freed. NULL with *error = 0 where there is nothing. */
static RASCONNA *connections(DWORD *count, DWORD *error)
{
    RASCONNA *list = NULL;
    DWORD size = 0;
    *count = 0;
    /* it may have grown in between */
    while ((*error = RasEnumConnectionsA(list, &size, count)) == ERROR_BUFFER_TOO_SMALL) {
        if (list != NULL)
            HeapFree(GetProcessHeap(), 0, list);
        list = (RASCONNA *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
        if (list == NULL) {
            *error = ERROR_NOT_ENOUGH_MEMORY;
            return NULL;
        }
        list[0].dwSize = sizeof list[0];
    }
    return list;
}

int main(void)
{
    DWORD count, error, i;
    RASCONNA *list = connections(&count, &error);
    if (error != ERROR_SUCCESS)
        fprintf(stderr, "RasEnumConnections: %u\n", error);
    else if (count == 0)
        puts("no connections");
    for (i = 0; list != NULL && error == ERROR_SUCCESS && i < count; i++) {
        RASCONNSTATUSA status;
        ZeroMemory(&status, sizeof status);
        status.dwSize = sizeof status;
        if (RasGetConnectStatusA(list[i].hrasconn, &status) != ERROR_SUCCESS)
            continue; /* it ended meanwhile */
        printf("%s: %s over %s \"%s\"\n", list[i].szEntryName,
            status.rasconnstate == RASCS_Connected ? "connected" : "not connected", list[i].szDeviceType,
            list[i].szDeviceName);
    }
    if (list != NULL)
        HeapFree(GetProcessHeap(), 0, list);
    return error == ERROR_SUCCESS ? 0 : 1;
}
