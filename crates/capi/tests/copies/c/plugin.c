/* A library of the program's that uses RAS while it is loaded: the loader waits for it. */
#include <windows.h>
#include <ras.h>
#include <raserror.h>

__attribute__((constructor)) static void loaded(void)
{
    RASCONNSTATUSA status;
    HANDLE const event = CreateEventA(NULL, FALSE, FALSE, NULL);
    status.dwSize = sizeof status;
    if (RasGetConnectStatusA((HRASCONN)(ULONG_PTR)4, &status) != ERROR_INVALID_HANDLE || !event || !CloseHandle(event))
        __builtin_trap();
}
