/* An entry that a program makes is dialled with what the program saved for it and never sees again. Arguments: the number
 * of the server; the password is read from standard input. */
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define PUT(array, text) StringCchCopy(array, ARRAYSIZE(array), text)
#define SAME(one, other) (lstrcmp(one, other) == 0)

static void make(LPCTSTR name, LPCTSTR number)
{
    RASENTRY entry;
    DWORD size = sizeof(entry);
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    CHECK(RasGetEntryProperties(NULL, TEXT(""), &entry, &size, NULL, NULL) == 0);
    PUT(entry.szLocalPhoneNumber, number);
    CHECK(RasSetEntryProperties(NULL, name, &entry, size, NULL, 0) == 0);
}

static void save(LPCTSTR name)
{
    RASCREDENTIALS credentials;
    TCHAR *end;
    ZeroMemory(&credentials, sizeof(credentials));
    credentials.dwSize = sizeof(credentials);
    credentials.dwMask = RASCM_UserName | RASCM_Password;
    PUT(credentials.szUserName, TEXT("alice"));
    CHECK(_fgetts(credentials.szPassword, ARRAYSIZE(credentials.szPassword), stdin));
    for (end = credentials.szPassword; *end; end++)
        if (*end == TEXT('\n'))
            *end = 0;
    CHECK(RasSetCredentials(NULL, name, &credentials, FALSE) == 0);
    SecureZeroMemory(&credentials, sizeof(credentials));
}

static void hang_up(HRASCONN connection)
{
    RASCONNSTATUS status;
    int tries = 0;
    ZeroMemory(&status, sizeof(status));
    status.dwSize = sizeof(status);
    CHECK(RasHangUp(connection) == 0);
    while (RasGetConnectStatus(connection, &status) != ERROR_INVALID_HANDLE) {
        Sleep(50);
        CHECK(++tries < 400);
    }
}

/* the list shows the entry, and the book it is in */
static void listed(HRASCONN connection, LPCTSTR name)
{
    RASCONN one;
    RASENTRYNAME entry;
    DWORD bytes = sizeof(one), count = 0;
    ZeroMemory(&one, sizeof(one));
    one.dwSize = sizeof(one);
    CHECK(RasEnumConnections(&one, &bytes, &count) == 0 && count == 1);
    CHECK(one.hrasconn == connection && SAME(one.szEntryName, name));
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    bytes = sizeof(entry);
    CHECK(RasEnumEntries(NULL, NULL, &entry, &bytes, &count) == 0 && count == 1);
    CHECK(SAME(entry.szPhonebookPath, one.szPhonebook));
    CHECK(SAME(one.szDeviceName, TEXT("OpenRAS tcp")) && SAME(one.szDeviceType, RASDT_Modem));
}

int _tmain(int argc, TCHAR **argv)
{
    HRASCONN connection = NULL;
    RASDIALPARAMS params;
    BOOL password;
    CHECK(argc == 2);
    make(TEXT("Office"), argv[1]);
    save(TEXT("Office"));
    ZeroMemory(&params, sizeof(params));
    params.dwSize = sizeof(params);
    PUT(params.szEntryName, TEXT("Office"));
    CHECK(RasGetEntryDialParams(NULL, &params, &password) == 0 && password);
    CHECK(SAME(params.szUserName, TEXT("alice")) && SAME(params.szPassword, TEXT("****************")));
    /* the asterisks stand for it */
    CHECK(RasDial(NULL, NULL, &params, 0, NULL, &connection) == 0);
    listed(connection, TEXT("Office"));
    hang_up(connection);

    /* nothing at all does too, under another name */
    CHECK(RasRenameEntry(NULL, TEXT("Office"), TEXT("Work")) == 0);
    ZeroMemory(&params, sizeof(params));
    params.dwSize = sizeof(params);
    PUT(params.szEntryName, TEXT("Work"));
    connection = NULL;
    CHECK(RasDial(NULL, NULL, &params, 0, NULL, &connection) == 0);
    listed(connection, TEXT("Work"));
    hang_up(connection);

    /* forgotten */
    CHECK(RasSetEntryDialParams(NULL, &params, TRUE) == 0);
    connection = NULL;
    CHECK(RasDial(NULL, NULL, &params, 0, NULL, &connection) == ERROR_AUTHENTICATION_FAILURE);
    if (connection)
        hang_up(connection);
    CHECK(RasDeleteEntry(NULL, TEXT("Work")) == 0);
    connection = NULL;
    CHECK(RasDial(NULL, NULL, &params, 0, NULL, &connection) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY && !connection);
    return 0;
}
