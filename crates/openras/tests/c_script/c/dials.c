/* Dials entries one after the other, with the registered script library, and says what came of each.
 *
 *     dials --register LIBRARY          dials [-] ENTRY USER PASSWORD [ENTRY USER PASSWORD ...]
 *
 * With "-" the library is not asked for (no RDEOPT_UseCustomScripting). */
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

static void dial(const char *entry, const char *user, const char *password, DWORD options)
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
    error = RasDialA(&extensions, NULL, &params, 0, NULL, &connection);
    why[0] = '\0';
    if (error != ERROR_SUCCESS)
        OpenrasReason(connection, why, &room);
    printf("%s: %u %s\n", entry, error, why);
    fflush(stdout);
    hang_up(connection);
}

int main(int argc, char **argv)
{
    int plain = argc > 1 && strcmp(argv[1], "-") == 0;
    if (argc == 3 && strcmp(argv[1], "--register") == 0)
        return registers(argv[2]);
    for (int i = 1 + plain; i + 2 < argc; i += 3)
        dial(argv[i], argv[i + 1], argv[i + 2], plain ? 0 : RDEOPT_UseCustomScripting);
    return 0;
}
