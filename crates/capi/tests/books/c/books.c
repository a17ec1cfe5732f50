/* Entries of phone books, as a program of any Windows handles them: made from the defaults, changed, listed, renamed,
 * deleted. Its first argument is the phone book of all users, which it may write. */
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define SAME(one, other) (lstrcmp(one, other) == 0)

/* a structure of the program's own size and nothing behind it, so that valgrind sees each byte too many */
static RASENTRY *properties(LPCTSTR book, LPCTSTR name, DWORD *size)
{
    RASENTRY *entry;
    *size = 0;
    CHECK(RasGetEntryProperties(book, name, NULL, size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL);
    CHECK(*size >= sizeof(RASENTRY));
    /* the library knows newer ones; ours and the numbers behind it take less */
    entry = (RASENTRY *)LocalAlloc(LPTR, sizeof(RASENTRY));
    CHECK(entry);
    entry->dwSize = sizeof(RASENTRY);
    *size = sizeof(RASENTRY);
    if (RasGetEntryProperties(book, name, entry, size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL) {
        DWORD need = *size;
        CHECK(need > sizeof(RASENTRY));
        LocalFree(entry);
        entry = (RASENTRY *)LocalAlloc(LPTR, need);
        CHECK(entry);
        entry->dwSize = sizeof(RASENTRY);
        CHECK(RasGetEntryProperties(book, name, entry, size, NULL, NULL) == 0);
        CHECK(*size == need);
    }
    CHECK(entry->dwSize == sizeof(RASENTRY));
    return entry;
}

static void defaults(void)
{
    DWORD size;
    RASENTRY *entry = properties(NULL, TEXT(""), &size);
    CHECK(size == sizeof(RASENTRY));
    CHECK(entry->dwFramingProtocol == RASFP_Ppp);
    CHECK(entry->dwfNetProtocols & RASNP_Ip);
    CHECK(entry->dwfOptions & RASEO_RemoteDefaultGateway);
    CHECK(SAME(entry->szDeviceType, RASDT_Modem) && SAME(entry->szDeviceName, TEXT("OpenRAS tcp")));
    CHECK(entry->dwAlternateOffset == 0);
#if WINVER >= 0x401
    CHECK(entry->dwSubEntries == 1);
#endif
#if WINVER >= 0x500
    CHECK(entry->dwType == RASET_Phone);
#endif
    LocalFree(entry);
}

static void fill(RASENTRY *entry)
{
    entry->dwfOptions = RASEO_SpecificNameServers | RASEO_TerminalAfterDial | RASEO_UseCountryAndAreaCodes
        | RASEO_RequireMsCHAP2 | RASEO_PromoteAlternates;
    entry->dwCountryID = 49;
    entry->dwCountryCode = 0;
    StringCchCopy(entry->szAreaCode, ARRAYSIZE(entry->szAreaCode), TEXT("30"));
    StringCchCopy(entry->szLocalPhoneNumber, ARRAYSIZE(entry->szLocalPhoneNumber), TEXT("555-1234"));
    StringCchCopy(entry->szDeviceName, ARRAYSIZE(entry->szDeviceName), TEXT("OpenRAS exchange"));
    StringCchCopy(entry->szScript, ARRAYSIZE(entry->szScript), TEXT("/home/a/login script.scp"));
    StringCchCopy(entry->szX25Address, ARRAYSIZE(entry->szX25Address), TEXT("12345"));
    entry->ipaddrDns.a = 192;
    entry->ipaddrDns.b = 0;
    entry->ipaddrDns.c = 2;
    entry->ipaddrDns.d = 53;
#if WINVER >= 0x401
    entry->dwIdleDisconnectSeconds = RASIDS_Disabled;
    entry->dwDialMode = RASEDM_DialAsNeeded;
#endif
#if WINVER >= 0x501
    entry->dwfOptions2 = RASEO2_ReconnectIfDropped;
    entry->dwRedialCount = 3;
    StringCchCopy(entry->szDnsSuffix, ARRAYSIZE(entry->szDnsSuffix), TEXT("example.org"));
#endif
#if WINVER >= 0x601
    entry->dwIPv6PrefixLength = 64;
#endif
}

static void filled(const RASENTRY *entry)
{
    CHECK(entry->dwfOptions == (RASEO_SpecificNameServers | RASEO_TerminalAfterDial | RASEO_UseCountryAndAreaCodes
        | RASEO_RequireMsCHAP2 | RASEO_PromoteAlternates));
    CHECK(entry->dwCountryID == 49 && entry->dwCountryCode == 49);
    CHECK(SAME(entry->szAreaCode, TEXT("30")) && SAME(entry->szLocalPhoneNumber, TEXT("555-1234")));
    CHECK(SAME(entry->szDeviceName, TEXT("OpenRAS exchange")) && SAME(entry->szDeviceType, RASDT_Modem));
    CHECK(SAME(entry->szScript, TEXT("/home/a/login script.scp")) && SAME(entry->szX25Address, TEXT("12345")));
    CHECK(entry->ipaddrDns.a == 192 && entry->ipaddrDns.d == 53);
#if WINVER >= 0x401
    CHECK(entry->dwIdleDisconnectSeconds == RASIDS_Disabled && entry->dwDialMode == RASEDM_DialAsNeeded);
#endif
#if WINVER >= 0x501
    CHECK(entry->dwfOptions2 == RASEO2_ReconnectIfDropped && entry->dwRedialCount == 3);
    CHECK(SAME(entry->szDnsSuffix, TEXT("example.org")));
#endif
#if WINVER >= 0x601
    CHECK(entry->dwIPv6PrefixLength == 64);
#endif
}

static void made_and_changed(void)
{
    DWORD size;
    RASENTRY *entry = properties(NULL, TEXT(""), &size);
    CHECK(RasValidateEntryName(NULL, TEXT("Office")) == 0);
    fill(entry);
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, NULL, 0) == 0);
    LocalFree(entry);
    CHECK(RasValidateEntryName(NULL, TEXT("office")) == ERROR_ALREADY_EXISTS);
    entry = properties(NULL, TEXT("OFFICE"), &size);
    filled(entry);
    entry->dwFrameSize = 1006;
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, NULL, 0) == 0);
    LocalFree(entry);
    entry = properties(NULL, TEXT("Office"), &size);
    CHECK(entry->dwFrameSize == 1006);
    filled(entry);
    LocalFree(entry);
}

/* further numbers behind the structure: a list, each with its NUL, one more at the end */
static void alternates(void)
{
    static const TCHAR numbers[] = TEXT("555-2222\0") TEXT("555-3333\0");
    DWORD size;
    RASENTRY *entry = properties(NULL, TEXT("Office"), &size);
    BYTE *buffer = (BYTE *)LocalAlloc(LPTR, sizeof(RASENTRY) + sizeof(numbers));
    RASENTRY *larger = (RASENTRY *)buffer;
    TCHAR *list;
    CHECK(buffer);
    CopyMemory(buffer, entry, sizeof(RASENTRY));
    LocalFree(entry);
    larger->dwAlternateOffset = sizeof(RASENTRY);
    CopyMemory(buffer + sizeof(RASENTRY), numbers, sizeof(numbers));
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), larger, sizeof(RASENTRY) + sizeof(numbers), NULL, 0) == 0);
    LocalFree(buffer);
    /* the structure alone has no room for them any more */
    entry = (RASENTRY *)LocalAlloc(LPTR, sizeof(RASENTRY));
    CHECK(entry);
    entry->dwSize = size = sizeof(RASENTRY);
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL);
    CHECK(size == sizeof(RASENTRY) + sizeof(numbers));
    LocalFree(entry);
    entry = properties(NULL, TEXT("Office"), &size);
    CHECK(entry->dwAlternateOffset == sizeof(RASENTRY) && size == sizeof(RASENTRY) + sizeof(numbers));
    list = (TCHAR *)(void *)((BYTE *)entry + entry->dwAlternateOffset);
    CHECK(SAME(list, TEXT("555-2222")) && SAME(list + 9, TEXT("555-3333")) && list[18] == 0);
    filled(entry);
    /* and away again */
    entry->dwAlternateOffset = 0;
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, sizeof(RASENTRY), NULL, 0) == 0);
    LocalFree(entry);
    entry = properties(NULL, TEXT("Office"), &size);
    CHECK(entry->dwAlternateOffset == 0 && size == sizeof(RASENTRY));
    LocalFree(entry);
}

static void device_settings(void)
{
    BYTE settings[300], back[300];
    DWORD i, size, bytes;
    RASENTRY *entry = properties(NULL, TEXT("Office"), &size);
    for (i = 0; i < sizeof(settings); i++)
        settings[i] = (BYTE)(i * 7);
    bytes = 99;
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, NULL, &bytes) == 0 && bytes == 0);
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, settings, sizeof(settings)) == 0);
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, NULL, &bytes) == 0 && bytes == sizeof(settings));
    bytes = sizeof(settings) - 1;
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, back, &bytes) == ERROR_BUFFER_TOO_SMALL);
    CHECK(bytes == sizeof(settings));
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, back, &bytes) == 0);
    CHECK(memcmp(settings, back, sizeof(back)) == 0);
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, back, NULL) == ERROR_INVALID_PARAMETER);
    /* they stay where nothing is said of them, and go with their device */
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, NULL, 0) == 0);
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, NULL, &bytes) == 0 && bytes == sizeof(settings));
    StringCchCopy(entry->szDeviceName, ARRAYSIZE(entry->szDeviceName), TEXT("OpenRAS tcp"));
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, NULL, 0) == 0);
    CHECK(RasGetEntryProperties(NULL, TEXT("Office"), entry, &size, NULL, &bytes) == 0 && bytes == 0);
    StringCchCopy(entry->szDeviceName, ARRAYSIZE(entry->szDeviceName), TEXT("OpenRAS exchange"));
    CHECK(RasSetEntryProperties(NULL, TEXT("Office"), entry, size, NULL, 0) == 0);
    LocalFree(entry);
}

static void obligatory(void)
{
    DWORD size;
    RASENTRY *entry = properties(NULL, TEXT(""), &size);
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == ERROR_INVALID_PARAMETER);
    StringCchCopy(entry->szLocalPhoneNumber, ARRAYSIZE(entry->szLocalPhoneNumber), TEXT("127.0.0.1:9"));
    entry->szDeviceName[0] = 0;
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == ERROR_INVALID_PARAMETER);
    StringCchCopy(entry->szDeviceName, ARRAYSIZE(entry->szDeviceName), TEXT("OpenRAS tcp"));
    entry->szDeviceType[0] = 0;
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == ERROR_INVALID_PARAMETER);
    StringCchCopy(entry->szDeviceType, ARRAYSIZE(entry->szDeviceType), RASDT_Modem);
    entry->dwFramingProtocol = 0;
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == ERROR_INVALID_PARAMETER);
    entry->dwFramingProtocol = RASFP_Ppp;
#if WINVER >= 0x500
    entry->dwType = 0;
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == ERROR_INVALID_PARAMETER);
    entry->dwType = RASET_Phone;
#endif
    CHECK(RasSetEntryProperties(NULL, TEXT("N/w"), entry, size, NULL, 0) == ERROR_INVALID_NAME);
    CHECK(RasSetEntryProperties(NULL, TEXT(""), entry, size, NULL, 0) == ERROR_INVALID_NAME);
    CHECK(RasGetEntryProperties(NULL, TEXT("New"), entry, &size, NULL, NULL) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetEntryProperties(NULL, TEXT("New"), entry, size, NULL, 0) == 0);
    CHECK(RasDeleteEntry(NULL, TEXT("New")) == 0);
    LocalFree(entry);
}

static DWORD names_in(LPCTSTR book, RASENTRYNAME **names)
{
    DWORD bytes = 0, count = 0, result;
    *names = NULL;
    result = RasEnumEntries(NULL, book, NULL, &bytes, &count);
    if (result == 0) {
        CHECK(bytes == 0 && count == 0);
        return 0;
    }
    CHECK(result == ERROR_BUFFER_TOO_SMALL && count > 0);
    bytes = count * (DWORD)sizeof(RASENTRYNAME);
    *names = (RASENTRYNAME *)LocalAlloc(LPTR, bytes);
    CHECK(*names);
    (*names)->dwSize = sizeof(RASENTRYNAME);
    CHECK(RasEnumEntries(NULL, book, *names, &bytes, &count) == 0);
    CHECK(bytes == count * sizeof(RASENTRYNAME) && (*names)[count - 1].dwSize == sizeof(RASENTRYNAME));
    return count;
}

/* the user's entries and those of all users, and which is whose */
static void listed(LPCTSTR all_users)
{
    DWORD size, count;
    RASENTRYNAME one, *names;
    RASENTRY *entry = properties(NULL, TEXT("Office"), &size);
    CHECK(RasSetEntryProperties(all_users, TEXT("Everybody's"), entry, size, NULL, 0) == 0);
    LocalFree(entry);
    /* as in the samples: one structure first, which is too small here */
    ZeroMemory(&one, sizeof(one));
    one.dwSize = size = sizeof(one);
    CHECK(RasEnumEntries(TEXT("reserved"), NULL, &one, &size, &count) == ERROR_BUFFER_TOO_SMALL);
    CHECK(size == 2 * sizeof(one) && count == 2);
    count = names_in(NULL, &names);
    CHECK(count == 2);
    CHECK(SAME(names[0].szEntryName, TEXT("Office")) && SAME(names[1].szEntryName, TEXT("Everybody's")));
#if WINVER >= 0x500
    CHECK(names[0].dwFlags == REN_User && names[1].dwFlags == REN_AllUsers);
    CHECK(SAME(names[1].szPhonebookPath, all_users) && names[0].szPhonebookPath[0] == TEXT('/'));
    /* what is listed can be asked for by its path */
    entry = properties(names[0].szPhonebookPath, TEXT("Office"), &size);
    LocalFree(entry);
#endif
    LocalFree(names);
    CHECK(names_in(all_users, &names) == 1);
#if WINVER >= 0x500
    CHECK(names[0].dwFlags == REN_AllUsers);
#endif
    LocalFree(names);
    /* without a path both books are one: a name that either has is taken */
    CHECK(RasRenameEntry(NULL, TEXT("Office"), TEXT("EVERYBODY'S")) == ERROR_ALREADY_EXISTS);
    CHECK(RasRenameEntry(NULL, TEXT("Everybody's"), TEXT("office")) == ERROR_ALREADY_EXISTS);
    /* found without a path too, and changed where it is */
    CHECK(RasDeleteEntry(NULL, TEXT("Everybody's")) == 0);
    CHECK(names_in(all_users, &names) == 0);
    CHECK(RasEnumEntries(NULL, TEXT("/nowhere/x.pbk"), NULL, &size, &count) == ERROR_CANNOT_OPEN_PHONEBOOK);
}

static void renamed(void)
{
    RASENTRYNAME *names;
    CHECK(RasRenameEntry(NULL, TEXT("No such"), TEXT("Other")) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasRenameEntry(NULL, TEXT("Office"), TEXT(" ")) == ERROR_INVALID_NAME);
    CHECK(RasRenameEntry(NULL, TEXT("Office"), TEXT(".x")) == ERROR_INVALID_NAME);
    /* laxer than for a new one */
    CHECK(RasValidateEntryName(NULL, TEXT("a/b")) == ERROR_INVALID_NAME);
    CHECK(RasRenameEntry(NULL, TEXT("Office"), TEXT("a/b")) == 0);
    CHECK(RasRenameEntry(NULL, TEXT("a/b"), TEXT("Work")) == 0);
    CHECK(RasRenameEntry(NULL, TEXT("Work"), TEXT("WORK")) == 0);
    CHECK(names_in(NULL, &names) == 1 && SAME(names[0].szEntryName, TEXT("WORK")));
    LocalFree(names);
    CHECK(RasDeleteEntry(NULL, TEXT("WORK")) == 0);
    CHECK(RasDeleteEntry(NULL, TEXT("WORK")) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(names_in(NULL, &names) == 0);
}

int _tmain(int argc, TCHAR **argv)
{
    CHECK(argc == 2);
    defaults();
    made_and_changed();
    alternates();
    device_settings();
    obligatory();
    listed(argv[1]);
    renamed();
    return 0;
}
