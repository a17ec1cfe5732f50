/* wmain and wide functions where wchar_t has 16 bits; compiled as C and C++. */
#include <windows.h>
#include <tchar.h>
#include <ws2tcpip.h>
#include "check.h"
#ifdef __cplusplus
/* after the names are taken */
#include <cwchar>
#include <iostream>
#include <map>
#include <string>
#include <vector>
#endif

#ifdef EXTRA
int wmain(int argc, wchar_t *argv[], wchar_t *environment[])
#else
int wmain(int argc, wchar_t *argv[])
#endif
{
    wchar_t to[40];
    char narrow[40];
    struct in_addr four;
    CHECK(argc == 3 && !argv[3]);
    CHECK(!wcscmp(argv[1], L"B\u00fcro") && wcslen(argv[1]) == 4 && wcslen(argv[2]) == 2);
    CHECK(argv[2][0] == 0xD83D && argv[2][1] == 0xDE00);
#ifdef EXTRA
    CHECK(environment[0] && wcschr(environment[0], L'='));
#endif
    CHECK(swprintf(to, 40, L"%s %d", L"abc", 7) == 5 && !wcscmp(to, L"abc 7"));
    CHECK(swprintf(to, 3, L"%s", L"abc") == -1 && !wcscmp(to, L"ab"));
    wcscpy(to, L"one");
    wcscat(to, L" two");
    CHECK(wcsstr(to, L"two") == to + 4 && !_wcsicmp(to, L"ONE TWO") && wcsncmp(to, L"onx", 2) == 0);
    CHECK(_wtoi(L"42") == 42 && _wtol(L"-3") == -3 && wcstol(L"0x10", NULL, 16) == 16);
    CHECK(mbstowcs(to, "\xC3\xA9", 40) == 1 && to[0] == 0xE9);
    CHECK(wcstombs(narrow, L"\u20ac", 40) == 3);
    four.s_addr = htonl(0xC0A80701);
    CHECK(InetNtopW(AF_INET, &four, to, 40) == to && !wcscmp(to, L"192.168.7.1"));
    CHECK(fgetws(to, 40, stdin) == to && !wcscmp(to, L"B\u00fcro\n") && !fgetws(to, 40, stdin));
#ifdef __cplusplus
    CHECK(swprintf(to, L"%s!", L"no room given") == 14);
#endif
    wprintf(L"%s %S %ls %c %ld\n", L"w\u00efde", "narrow", argv[1], L'x', (LONG)-5);
    printf("printf\n");
    fputws(L"fputws \u20ac\n", stdout);
    return 7;
}
