/* An entry with several links: made, changed, added, removed. Compiled narrow and wide. */
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define SAME(one, other) (lstrcmp(one, other) == 0)
static const TCHAR name[] = TEXT("Two lines");

static void entry_with_one(void)
{
    RASENTRY entry;
    DWORD size = sizeof(entry);
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    CHECK(RasGetEntryProperties(NULL, TEXT(""), &entry, &size, NULL, NULL) == 0);
    StringCchCopy(entry.szLocalPhoneNumber, ARRAYSIZE(entry.szLocalPhoneNumber), TEXT("127.0.0.1:7001"));
    CHECK(RasSetEntryProperties(NULL, name, &entry, size, NULL, 0) == 0);
}

static DWORD links(void)
{
    RASENTRY entry;
    DWORD size = sizeof(entry);
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    CHECK(RasGetEntryProperties(NULL, name, &entry, &size, NULL, NULL) == 0);
    return entry.dwSubEntries;
}

static void link_is(DWORD number, LPCTSTR device, LPCTSTR phone)
{
    RASSUBENTRY link;
    DWORD size = sizeof(link);
    ZeroMemory(&link, sizeof(link));
    link.dwSize = sizeof(link);
    CHECK(RasGetSubEntryProperties(NULL, name, number, &link, &size, NULL, NULL) == 0);
    CHECK(size == sizeof(link) && link.dwSize == sizeof(link) && link.dwAlternateOffset == 0 && link.dwfFlags == 0);
    CHECK(SAME(link.szDeviceName, device) && SAME(link.szLocalPhoneNumber, phone));
    CHECK(SAME(link.szDeviceType, RASDT_Modem));
}

static DWORD set_link(DWORD number, LPCTSTR device, LPCTSTR phone)
{
    RASSUBENTRY link;
    ZeroMemory(&link, sizeof(link));
    link.dwSize = sizeof(link);
    StringCchCopy(link.szDeviceType, ARRAYSIZE(link.szDeviceType), RASDT_Modem);
    StringCchCopy(link.szDeviceName, ARRAYSIZE(link.szDeviceName), device);
    StringCchCopy(link.szLocalPhoneNumber, ARRAYSIZE(link.szLocalPhoneNumber), phone);
    return RasSetSubEntryProperties(NULL, name, number, &link, sizeof(link), NULL, 0);
}

static void with_alternates(void)
{
    struct {
        RASSUBENTRY link;
        TCHAR list[4];
    } given, back;
    DWORD size;
    ZeroMemory(&given, sizeof(given));
    given.link.dwSize = sizeof(RASSUBENTRY);
    StringCchCopy(given.link.szDeviceType, ARRAYSIZE(given.link.szDeviceType), RASDT_Modem);
    StringCchCopy(given.link.szDeviceName, ARRAYSIZE(given.link.szDeviceName), TEXT("OpenRAS exchange"));
    StringCchCopy(given.link.szLocalPhoneNumber, ARRAYSIZE(given.link.szLocalPhoneNumber), TEXT("1"));
    given.link.dwAlternateOffset = sizeof(RASSUBENTRY);
    given.list[0] = TEXT('2');
    given.list[2] = TEXT('3');
    /* the buffer ends the list */
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &given.link, sizeof(RASSUBENTRY) + 3 * sizeof(TCHAR), NULL, 0) == 0);
    size = 0;
    CHECK(RasGetSubEntryProperties(NULL, name, 2, NULL, &size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL);
    CHECK(size == sizeof(RASSUBENTRY) + 5 * sizeof(TCHAR));
    ZeroMemory(&back, sizeof(back));
    back.link.dwSize = sizeof(RASSUBENTRY);
    size = sizeof(RASSUBENTRY);
    CHECK(RasGetSubEntryProperties(NULL, name, 2, &back.link, &size, NULL, NULL) == ERROR_BUFFER_TOO_SMALL);
    CHECK(size == sizeof(RASSUBENTRY) + 5 * sizeof(TCHAR) && back.link.szDeviceName[0] == 0);
    /* offsets into the structure and out of the buffer */
    given.link.dwAlternateOffset = 8;
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &given.link, sizeof(given), NULL, 0) == ERROR_INVALID_PARAMETER);
    given.link.dwAlternateOffset = sizeof(given) + 1;
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &given.link, sizeof(given), NULL, 0) == ERROR_INVALID_PARAMETER);
    given.link.dwAlternateOffset = 0;
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &given.link, sizeof(RASSUBENTRY) - 1, NULL, 0) == ERROR_BUFFER_INVALID);
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &given.link, sizeof(RASSUBENTRY), NULL, 0) == 0);
}

static void settings_of_their_devices(void)
{
    BYTE one[] = { 1, 2, 3 }, two[] = { 4, 5 }, back[8];
    RASSUBENTRY link;
    DWORD size = sizeof(link), bytes = sizeof(back);
    ZeroMemory(&link, sizeof(link));
    link.dwSize = sizeof(link);
    CHECK(RasGetSubEntryProperties(NULL, name, 1, &link, &size, NULL, NULL) == 0);
    CHECK(RasSetSubEntryProperties(NULL, name, 1, &link, size, one, sizeof(one)) == 0);
    CHECK(RasGetSubEntryProperties(NULL, name, 2, &link, &size, NULL, NULL) == 0);
    CHECK(RasSetSubEntryProperties(NULL, name, 2, &link, size, two, sizeof(two)) == 0);
    CHECK(RasGetSubEntryProperties(NULL, name, 1, &link, &size, back, &bytes) == 0 && bytes == 3 && back[2] == 3);
    bytes = 1;
    CHECK(RasGetSubEntryProperties(NULL, name, 2, &link, &size, back, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == 2);
}

int main(void)
{
    RASSUBENTRY link;
    DWORD size = sizeof(link);
    CHECK(set_link(1, TEXT("OpenRAS tcp"), TEXT("x")) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    entry_with_one();
    CHECK(links() == 1);
    link_is(1, TEXT("OpenRAS tcp"), TEXT("127.0.0.1:7001"));
    CHECK(RasDeleteSubEntry(NULL, name, 1) == ERROR_INVALID_PARAMETER);
    CHECK(set_link(3, TEXT("OpenRAS tcp"), TEXT("x")) == ERROR_INVALID_PARAMETER);
    CHECK(set_link(0, TEXT("OpenRAS tcp"), TEXT("x")) == ERROR_INVALID_PARAMETER);
    CHECK(set_link(2, TEXT(""), TEXT("x")) == ERROR_INVALID_PARAMETER);
    CHECK(links() == 1);
    CHECK(set_link(2, TEXT("OpenRAS exchange"), TEXT("200")) == 0);
    CHECK(set_link(3, TEXT("OpenRAS tcp"), TEXT("127.0.0.1:7003")) == 0);
    CHECK(links() == 3);
    link_is(2, TEXT("OpenRAS exchange"), TEXT("200"));
    with_alternates();
    settings_of_their_devices();
    CHECK(RasDeleteSubEntry(NULL, name, 2) == 0);
    CHECK(links() == 2);
    link_is(1, TEXT("OpenRAS tcp"), TEXT("127.0.0.1:7001"));
    link_is(2, TEXT("OpenRAS tcp"), TEXT("127.0.0.1:7003"));
    CHECK(RasDeleteSubEntry(NULL, name, 3) == ERROR_INVALID_PARAMETER);
    CHECK(RasDeleteSubEntry(NULL, name, 0) == ERROR_INVALID_PARAMETER);
    CHECK(RasDeleteSubEntry(NULL, TEXT("None"), 1) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    ZeroMemory(&link, sizeof(link));
    link.dwSize = sizeof(link);
    CHECK(RasGetSubEntryProperties(NULL, name, 3, &link, &size, NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetSubEntryProperties(NULL, TEXT("None"), 1, &link, &size, NULL, NULL) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    link.dwSize--;
    CHECK(RasGetSubEntryProperties(NULL, name, 1, &link, &size, NULL, NULL) == ERROR_INVALID_SIZE);
    return 0;
}
