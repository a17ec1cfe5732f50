/* Reads every entry and writes it back, as a program that changes one member of something else. */
#include <windows.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

int main(void)
{
    RASENTRY *entry = (RASENTRY *)LocalAlloc(LPTR, 64 * 1024);
    DWORD size = 64 * 1024;
    CHECK(entry);
    entry->dwSize = sizeof(RASENTRY);
    CHECK(RasGetEntryProperties(NULL, TEXT("Old"), entry, &size, NULL, NULL) == 0);
    CHECK(size == sizeof(RASENTRY) + 402 * sizeof(TCHAR) && entry->dwAlternateOffset == sizeof(RASENTRY));
    CHECK(entry->szLocalPhoneNumber[127] == TEXT('x') && entry->szLocalPhoneNumber[128] == 0);
    CHECK(RasSetEntryProperties(NULL, TEXT("Old"), entry, size, NULL, 0) == 0);
#if WINVER >= 0x401
    {
        RASSUBENTRY *link = (RASSUBENTRY *)LocalAlloc(LPTR, 4096);
        CHECK(link);
        link->dwSize = sizeof(RASSUBENTRY);
        size = 4096;
        CHECK(RasGetSubEntryProperties(NULL, TEXT("Old"), 1, link, &size, NULL, NULL) == 0);
        CHECK(RasSetSubEntryProperties(NULL, TEXT("Old"), 1, link, size, NULL, 0) == 0);
        LocalFree(link);
    }
#endif
    LocalFree(entry);
    return 0;
}
