/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dials several entries at once. One handler of type 2 serves them all: dwCallbackId tells it which dial it hears of, and
 * by giving 0 it asks to hear no more.
 *
 *     dial_func2 USER ENTRY...     the password is a line of standard input
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#define MOST 16
#define LIMIT (60 * 1000) /* milliseconds */

struct dial {
    const char *entry;
    HRASCONN connection;
    HANDLE done;
    DWORD error;
};

static DWORD WINAPI on_state(ULONG_PTR id, DWORD sub_entry, HRASCONN connection, UINT message, RASCONNSTATE state,
    DWORD error, DWORD more)
{
    struct dial *dial = (struct dial *)id;
    (void)connection;
    (void)message;
    (void)more;
    printf("%s link %u: state %d error %u\n", dial->entry, sub_entry, state, error);
    fflush(stdout);
    if (error == ERROR_SUCCESS && state != RASCS_Connected && state != RASCS_Disconnected)
        return 1;
    dial->error = state == RASCS_Connected ? error : error != ERROR_SUCCESS ? error : ERROR_PORT_DISCONNECTED;
    SetEvent(dial->done);
    return 0;
}

static void hang_up(HRASCONN connection)
{
    RASCONNSTATUSA status;
    if (RasHangUpA(connection) != ERROR_SUCCESS)
        return;
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE)
        Sleep(50);
}

int main(int argc, char **argv)
{
    struct dial dials[MOST];
    RASDIALPARAMSA params;
    int count = argc - 2, failed = 0, i;
    if (count < 1 || count > MOST) {
        fputs("usage: dial_func2 USER ENTRY...\n", stderr);
        return 2;
    }
    ZeroMemory(dials, sizeof dials);
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szUserName, UNLEN + 1, argv[1]);
    fputs("Password: ", stderr);
    if (fgets(params.szPassword, PWLEN + 1, stdin) != NULL)
        params.szPassword[strcspn(params.szPassword, "\r\n")] = '\0';
    for (i = 0; i < count; i++) {
        struct dial *dial = &dials[i];
        dial->entry = argv[i + 2];
        dial->done = CreateEventA(NULL, TRUE, FALSE, NULL);
        StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, dial->entry);
        params.dwCallbackId = (ULONG_PTR)dial;
        dial->error = RasDialA(NULL, NULL, &params, 2, (LPVOID)(ULONG_PTR)on_state, &dial->connection);
        if (dial->error != ERROR_SUCCESS)
            SetEvent(dial->done);
    }
    SecureZeroMemory(&params, sizeof params);
    for (i = 0; i < count; i++) {
        struct dial *dial = &dials[i];
        if (WaitForSingleObject(dial->done, LIMIT) == WAIT_TIMEOUT)
            dial->error = ERROR_REQUEST_TIMEOUT;
        printf("%s: %u\n", dial->entry, dial->error);
        failed += dial->error != ERROR_SUCCESS;
        if (dial->connection != NULL)
            hang_up(dial->connection);
    }
    /* after the hang-up no handler runs any more */
    for (i = 0; i < count; i++)
        CloseHandle(dials[i].done);
    return failed == 0 ? 0 : 1;
}
