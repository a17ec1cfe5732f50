/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lists the devices that can be dialled with.
 *
 *     enum_devices
 */
#include <windows.h>
#include <stdio.h>
#include <ras.h>
#include <raserror.h>

int main(void)
{
    RASDEVINFOA *list = NULL;
    DWORD size = 0, count = 0, error, i;
    /* the first call asks how much there is; it may have grown at the next */
    while ((error = RasEnumDevicesA(list, &size, &count)) == ERROR_BUFFER_TOO_SMALL) {
        if (list != NULL)
            HeapFree(GetProcessHeap(), 0, list);
        list = (RASDEVINFOA *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
        if (list == NULL)
            return 1;
        list[0].dwSize = sizeof list[0];
    }
    if (error != ERROR_SUCCESS)
        fprintf(stderr, "RasEnumDevices: %u\n", error);
    for (i = 0; error == ERROR_SUCCESS && list != NULL && i < count; i++)
        printf("%s: %s\n", list[i].szDeviceType, list[i].szDeviceName);
    if (list != NULL)
        HeapFree(GetProcessHeap(), 0, list);
    return error == ERROR_SUCCESS ? 0 : 1;
}
