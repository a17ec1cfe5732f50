/* Dials entries one after the other, with the registered script library, and says what came of each.
 *
 *     dials --register LIBRARY          dials [-] ENTRY USER PASSWORD [ENTRY USER PASSWORD ...]
 *
 * With "-" the library is not asked for (no RDEOPT_UseCustomScripting), with "+" it is, and a notifier is told. */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <strsafe.h>
#include <openras.h>
#include <ras.h>
#include <raserror.h>

static int registers(const char *path)
{
    HKEY key;
    LONG error = RegCreateKeyExA(HKEY_LOCAL_MACHINE, "System\\CurrentControlSet\\Services\\Rasman\\Parameters", 0, NULL, 0,
        KEY_WRITE, NULL, &key, NULL);
    if (error != ERROR_SUCCESS)
        return 1;
    error = RegSetValueExA(key, "CustomScriptDllPath", 0, REG_EXPAND_SZ, (const BYTE *)path, (DWORD)strlen(path) + 1);
    RegCloseKey(key);
    return error == ERROR_SUCCESS ? 0 : 1;
}

static void hang_up(HRASCONN connection)
{
    RASCONNSTATUSA status;
    if (connection == NULL)
        return;
    RasHangUpA(connection);
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE)
        Sleep(20);
}

static HANDLE done;
static DWORD result;
static int interactive;

static VOID WINAPI notifier(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD extended)
{
    (void)connection;
    (void)message;
    (void)extended;
    interactive += state == RASCS_Interactive && error == ERROR_SUCCESS;
    if (state == RASCS_Connected || error != ERROR_SUCCESS) {
        result = error;
        SetEvent(done);
    }
}

static void dial(const char *entry, const char *user, const char *password, DWORD options, int told)
{
    static RASDIALPARAMSA params;
    RASDIALEXTENSIONS extensions;
    HRASCONN connection = NULL;
    char why[512];
    DWORD error, room = sizeof why;
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szEntryName, sizeof params.szEntryName, entry);
    StringCchCopyA(params.szUserName, sizeof params.szUserName, user);
    StringCchCopyA(params.szPassword, sizeof params.szPassword, password);
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = options;
    if (told) {
        error = RasDialA(&extensions, NULL, &params, 1, (LPVOID)(ULONG_PTR)notifier, &connection);
        if (error == ERROR_SUCCESS) {
            WaitForSingleObject(done, INFINITE);
            error = result;
        }
    } else {
        error = RasDialA(&extensions, NULL, &params, 0, NULL, &connection);
    }
    why[0] = '\0';
    if (error != ERROR_SUCCESS)
        OpenrasReason(connection, why, &room);
    printf("%s: %u %s\n", entry, error, why);
    fflush(stdout);
    hang_up(connection);
}

int main(int argc, char **argv)
{
    int plain = argc > 1 && strcmp(argv[1], "-") == 0, told = argc > 1 && strcmp(argv[1], "+") == 0;
    if (argc == 3 && strcmp(argv[1], "--register") == 0)
        return registers(argv[2]);
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (int i = 1 + (plain || told); i + 2 < argc; i += 3)
        dial(argv[i], argv[i + 1], argv[i + 2], plain ? 0 : RDEOPT_UseCustomScripting, told);
    CloseHandle(done);
    if (interactive > 0)
        printf("interactive: %d\n", interactive);
    return 0;
}
