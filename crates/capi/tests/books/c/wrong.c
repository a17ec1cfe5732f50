/* Every call with what it must not be given: the documented number, and nothing is written anywhere. Its first argument is
 * a phone book that does not exist yet, in a folder that does. */
#include <windows.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

static void names(void)
{
    char *longest = (char *)LocalAlloc(LPTR, 100001);
    CHECK(longest);
    memset(longest, 'n', 100000);
    CHECK(RasValidateEntryNameA(NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasValidateEntryNameA(NULL, "") == ERROR_INVALID_NAME);
    CHECK(RasValidateEntryNameA(NULL, "a\nb") == ERROR_INVALID_NAME);
    CHECK(RasValidateEntryNameA(NULL, longest) == ERROR_INVALID_NAME);
    CHECK(RasValidateEntryNameA(longest, "ok") == ERROR_CANNOT_OPEN_PHONEBOOK);
    CHECK(RasValidateEntryNameA("/dev/null", "ok") == ERROR_CANNOT_OPEN_PHONEBOOK);
    CHECK(RasRenameEntryA(NULL, NULL, "x") == ERROR_INVALID_PARAMETER);
    CHECK(RasRenameEntryA(NULL, "x", NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasRenameEntryA(NULL, longest, "x") == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasDeleteEntryA(NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasDeleteEntryA(NULL, "") == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    /* not UTF-8: read as text with marks of replacement, which no entry has */
    CHECK(RasDeleteEntryA(NULL, "\xff\xfe") == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    LocalFree(longest);
}

/* half a pair, with and without an end */
static void wide(void)
{
    static const WCHAR half[] = { 0xD83D, 'x', 0 };
    static const WCHAR back[] = { 0xDE00, 0xD83D, 0 };
    RASDIALPARAMSW params;
    BOOL password;
    CHECK(RasDeleteEntryW(NULL, half) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasValidateEntryNameW(NULL, half) == ERROR_INVALID_NAME);
    CHECK(RasRenameEntryW(NULL, half, back) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    memset(&params, 0xD8, sizeof(params));
    params.dwSize = sizeof(params);
    CHECK(RasGetEntryDialParamsW(NULL, &params, &password) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
}

static void entries(const char *book)
{
    RASENTRYA entry, old;
    DWORD size = sizeof(entry);
    BYTE blob[8];
    CHECK(RasGetEntryPropertiesA(NULL, "", NULL, NULL, NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetEntryPropertiesA(NULL, NULL, NULL, &size, NULL, NULL) == ERROR_INVALID_PARAMETER);
    memset(&entry, 0xA5, sizeof(entry));
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == ERROR_INVALID_SIZE);
    for (size = 0; size < 4000; size++) {
        entry.dwSize = size;
        if (size != 1768 && size != 1796 && size != 2088 && size != 2884 && size != 2924 && size != 2948 && size != 3480)
            CHECK(RasSetEntryPropertiesA(book, "x", &entry, sizeof(entry), NULL, 0) == ERROR_INVALID_SIZE);
    }
    entry.dwSize = sizeof(entry);
    old = entry;
    size = sizeof(entry) - 1;
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL && size == sizeof(entry));
    CHECK(memcmp(&old, &entry, sizeof(entry)) == 0);
    size = 0;
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL && size == sizeof(entry));
    CHECK(RasGetEntryPropertiesA(book, "x", &entry, &size, NULL, NULL) == ERROR_CANNOT_OPEN_PHONEBOOK);
    CHECK(RasSetEntryPropertiesA(book, "x", NULL, 0, NULL, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetEntryPropertiesA(book, NULL, &entry, sizeof(entry), NULL, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetEntryPropertiesA(book, "x", &entry, sizeof(entry) - 1, NULL, 0) == ERROR_BUFFER_INVALID);
    /* arrays full to the brim, without an end */
    entry.dwAlternateOffset = 0;
    CHECK(RasSetEntryPropertiesA(book, "x", &entry, sizeof(entry), NULL, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == 0);
    memset(entry.szLocalPhoneNumber, '5', sizeof(entry.szLocalPhoneNumber));
    memset(entry.szDeviceName, 'd', sizeof(entry.szDeviceName));
    memset(entry.szScript, 0xE4, sizeof(entry.szScript));
    CHECK(RasSetEntryPropertiesA(book, "full", &entry, sizeof(entry), NULL, 0) == 0);
    CHECK(RasGetEntryPropertiesA(book, "full", &entry, &size, NULL, NULL) == 0);
    CHECK(entry.szLocalPhoneNumber[127] == '5' && entry.szLocalPhoneNumber[128] == 0);
    CHECK(entry.szDeviceName[127] == 'd' && entry.szDeviceName[128] == 0);
    /* a line end in a text would be a line of the book */
    StringCchCopyA(entry.szScript, sizeof(entry.szScript), "a\r\n[evil]\r\nDialParamsUID=1");
    CHECK(RasSetEntryPropertiesA(book, "full", &entry, sizeof(entry), NULL, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetEntryPropertiesA(book, "evil", &entry, &size, NULL, NULL) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetEntryPropertiesA("/nowhere/at all/x.pbk", "x", &old, sizeof(old), NULL, 0) != 0);
    old.dwAlternateOffset = 0xFFFFFFFF;
    CHECK(RasSetEntryPropertiesA(book, "x", &old, sizeof(old), NULL, 0) == ERROR_INVALID_PARAMETER);
    /* settings of a device without end; what is behind the pointer is not looked at */
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == 0);
    StringCchCopyA(entry.szLocalPhoneNumber, sizeof(entry.szLocalPhoneNumber), "1");
    CHECK(RasSetEntryPropertiesA(book, "x", &entry, sizeof(entry), blob, 0x7FFFFFFF) == ERROR_INVALID_PARAMETER);
    CHECK(RasDeleteEntryA(book, "full") == 0);
}

static void lists(void)
{
    RASENTRYNAMEA name;
    RASDEVINFOA device;
    DWORD bytes = sizeof(name), count = 77;
    ZeroMemory(&name, sizeof(name));
    CHECK(RasEnumEntriesA(NULL, NULL, &name, NULL, &count) == ERROR_INVALID_PARAMETER);
    CHECK(RasEnumEntriesA(NULL, NULL, &name, &bytes, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasEnumEntriesA(NULL, NULL, &name, &bytes, &count) == ERROR_INVALID_SIZE);
    name.dwSize = sizeof(name) - 1;
    CHECK(RasEnumEntriesA(NULL, NULL, &name, &bytes, &count) == ERROR_INVALID_SIZE && count == 77);
    bytes = sizeof(device);
    ZeroMemory(&device, sizeof(device));
    device.dwSize = sizeof(name);
    CHECK(RasEnumDevicesA(&device, &bytes, &count) == ERROR_INVALID_SIZE && count == 77);
}

static void saved(void)
{
    RASDIALPARAMSA params;
    RASCREDENTIALSA credentials;
    BOOL password;
    DWORD bytes = 1;
    BYTE data[4];
    CHECK(RasGetEntryDialParamsA(NULL, NULL, &password) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetEntryDialParamsA(NULL, NULL, FALSE) == ERROR_INVALID_PARAMETER);
    memset(&params, 'x', sizeof(params));
    CHECK(RasGetEntryDialParamsA(NULL, &params, &password) == ERROR_INVALID_SIZE);
    CHECK(RasSetEntryDialParamsA(NULL, &params, FALSE) == ERROR_INVALID_SIZE);
    params.dwSize = sizeof(params);
    CHECK(RasGetEntryDialParamsA(NULL, &params, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetEntryDialParamsA(NULL, &params, &password) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetEntryDialParamsA(NULL, &params, FALSE) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasGetCredentialsA(NULL, "x", NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetCredentialsA(NULL, "x", NULL, FALSE) == ERROR_INVALID_PARAMETER);
    memset(&credentials, 'x', sizeof(credentials));
    CHECK(RasGetCredentialsA(NULL, "x", &credentials) == ERROR_INVALID_SIZE);
    CHECK(RasSetCredentialsA(NULL, "x", &credentials, FALSE) == ERROR_INVALID_SIZE);
    credentials.dwSize = sizeof(credentials);
    CHECK(RasGetCredentialsA(NULL, NULL, &credentials) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetCredentialsA(NULL, NULL, &credentials, FALSE) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetCustomAuthDataA(NULL, NULL, data, 4) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetCustomAuthDataA(NULL, "x", data, 0x7FFFFFFF) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetEapUserDataA(NULL, NULL, "x", data, 0x7FFFFFFF) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetEapUserDataA(NULL, NULL, NULL, data, &bytes) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetSubEntryPropertiesA(NULL, "x", 1, NULL, NULL, NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetSubEntryPropertiesA(NULL, "x", 1, NULL, 0, NULL, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasDeleteSubEntryA(NULL, NULL, 1) == ERROR_INVALID_PARAMETER);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    names();
    wide();
    entries(argv[1]);
    lists();
    saved();
    return 0;
}
