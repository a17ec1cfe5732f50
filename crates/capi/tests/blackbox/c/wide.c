/* What the authors of a binding for Java assert of the wide functions on real Windows, with the default phone book; and
 * where the members of RASCONNW lie for programs of Windows Vista and later. */
#include <stddef.h>

#include <windows.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#if WINVER >= 0x600 && UINTPTR_MAX > 0xFFFFFFFF
typedef char sizes[sizeof(RASCONNW) == 1388 && offsetof(RASCONNW, szEntryName) == 12
    && offsetof(RASCONNW, dwFlags) == 1360 ? 1 : -1];
struct alignment { char before; RASCONNW connection; };
typedef char aligned[offsetof(struct alignment, connection) == 4 ? 1 : -1];
#endif

int main(void)
{
    static const WCHAR test[] = { 'T', 'E', 'S', 'T', 0 };
    static const char sentence[] = "An incorrect structure size was detected.";
    WCHAR text[1024];
    RASCREDENTIALSW credentials;
    RASENTRYW entry;
    RASDIALPARAMSW params;
    RASCONNW connections[3];
    DWORD bytes, count, i, result;
    BOOL password;

    /* no connection, and no service either */
    bytes = 0;
    count = 77;
    result = RasEnumConnectionsW(NULL, &bytes, &count);
    CHECK((result == 0 || result == ERROR_BUFFER_TOO_SMALL) && count == 0);
    ZeroMemory(connections, sizeof(connections));
    connections[0].dwSize = sizeof(RASCONNW);
    bytes = sizeof(connections);
    CHECK(RasEnumConnectionsW(connections, &bytes, &count) == 0 && count == 0);

    CHECK(RasGetErrorStringW(ERROR_INVALID_SIZE, text, 1024) == 0);
    for (i = 0; i < sizeof(sentence); i++)
        CHECK(text[i] == (WCHAR)sentence[i]);
    /* the size is in characters */
    CHECK(RasGetErrorStringW(ERROR_INVALID_SIZE, text, sizeof(sentence)) == 0);
    CHECK(RasGetErrorStringW(ERROR_INVALID_SIZE, text, sizeof(sentence) - 1) == ERROR_INSUFFICIENT_BUFFER);

    ZeroMemory(&credentials, sizeof(credentials));
    credentials.dwSize = sizeof(credentials);
    credentials.dwMask = RASCM_UserName | RASCM_Password | RASCM_Domain;
    CHECK(RasGetCredentialsW(NULL, test, &credentials) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);

    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = bytes = sizeof(entry);
    CHECK(RasGetEntryPropertiesW(NULL, test, &entry, &bytes, NULL, NULL) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);

    ZeroMemory(&params, sizeof(params));
    params.dwSize = sizeof(params);
    CHECK(RasGetEntryDialParamsW(NULL, &params, &password) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CopyMemory(params.szEntryName, test, sizeof(test));
    CHECK(RasGetEntryDialParamsW(NULL, &params, &password) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);

    CHECK(RASCS_Disconnected == 8193);
    return 0;
}
