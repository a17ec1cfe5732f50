/* Strings and formats, A and W; compiled as C and C++. */
#include <windows.h>
#include <strsafe.h>
#include <tchar.h>
#include "check.h"

static HRESULT formatted(LPTSTR to, size_t room, LPCTSTR format, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, format);
    result = StringCchVPrintf(to, room, format, list);
    va_end(list);
    return result;
}

static int listed(LPTSTR to, LPCTSTR format, ...)
{
    int result;
    va_list list;
    va_start(list, format);
    result = wvsprintf(to, format, list);
    va_end(list);
    return result;
}

static int same(LPCTSTR one, LPCTSTR other)
{
    return !_tcscmp(one, other);
}

static void formats(void)
{
    TCHAR to[1100];
    char narrow[8];
    WCHAR wide[8];
    static TCHAR longer[3000];
    size_t n;
    CHECK(wsprintf(to, TEXT("%ld %lu %s %c %#x %I64d"), (LONG)-5, (DWORD)-5, TEXT("x"), TEXT('y'), 255, (LONGLONG)-7) == 25);
    CHECK(same(to, TEXT("-5 4294967291 x y 0xff -7")));
    CHECK(listed(to, TEXT("%hs|%5s|%-5s|%05d"), "narrow", TEXT("ab"), TEXT("cd"), 42) == 24);
    CHECK(same(to, TEXT("narrow|   ab|cd   |00042")));
    CHECK(formatted(to, 100, TEXT("%d %d %d %d %d %d %d %d %.2f %.1f %s"), 1, 2, 3, 4, 5, 6, 7, 8, 1.5, 2.5, TEXT("end")) == S_OK);
    CHECK(same(to, TEXT("1 2 3 4 5 6 7 8 1.50 2.5 end")));
    CHECK(StringCchPrintf(to, 1100, TEXT("%f %f %f %f %f %f %f %f %f %d %I64u"), 1., 2., 3., 4., 5., 6., 7., 8., 9., -1, (ULONGLONG)-1) == S_OK);
    CHECK(same(to, TEXT("1.000000 2.000000 3.000000 4.000000 5.000000 6.000000 7.000000 8.000000 9.000000 -1 18446744073709551615")));
    CHECK(StringCchPrintf(to, 100, TEXT("%Lf"), 1.5L) == S_OK && same(to, TEXT("1.500000")));
    CHECK(StringCchPrintf(to, 4, TEXT("%s"), TEXT("abcdef")) == STRSAFE_E_INSUFFICIENT_BUFFER && same(to, TEXT("abc")));
    CHECK(StringCchPrintf(to, 0, TEXT("x")) == STRSAFE_E_INVALID_PARAMETER && same(to, TEXT("abc")));
    CHECK(StringCbPrintf(to, 4 * sizeof(TCHAR), TEXT("%d"), 123) == S_OK && same(to, TEXT("123")));
    CHECK(_snprintf(narrow, 3, "%s", "abc") == 3 && !memcmp(narrow, "abc", 3));
    CHECK(_snprintf(narrow, 3, "%s", "abcd") == -1 && _snprintf(narrow, 8, "%ld", (LONG)-5) == 2);
    /* how long it would be */
    CHECK(_snprintf(NULL, 0, "%s-%d", "abc", 12) == 6 && _snwprintf(NULL, 0, OPENRAS_WIDE_TEXT("%5d"), 1) == 5);
    CHECK(_snprintf(narrow, 0, "%s", "abc") == -1 && _snprintf(NULL, 1, "%s", "abc") == -1);
    CHECK(_snwprintf(wide, 8, OPENRAS_WIDE_TEXT("%hs"), "ab") == 2 && wide[1] == 'b' && !wide[2]);
    for (n = 0; n < 2999; n++)
        longer[n] = 'x';
    /* no more than the documented 1024 */
    to[1024] = 'z';
    CHECK(wsprintf(to, TEXT("%s"), longer) == 1023 && !to[1023] && to[1024] == 'z');
    CHECK(StringCchPrintf(to, 1100, NULL) == STRSAFE_E_INVALID_PARAMETER && !to[0]);
}

static void safe(void)
{
    TCHAR to[8];
    size_t length = 9;
    CHECK(StringCchCopy(to, 8, TEXT("seven77")) == S_OK && same(to, TEXT("seven77")));
    CHECK(StringCchCopy(to, 4, TEXT("seven")) == STRSAFE_E_INSUFFICIENT_BUFFER && same(to, TEXT("sev")));
    CHECK(StringCchCat(to, 8, TEXT("en")) == S_OK && same(to, TEXT("seven")));
    CHECK(StringCchCat(to, 8, TEXT("1234")) == STRSAFE_E_INSUFFICIENT_BUFFER && same(to, TEXT("seven12")));
    CHECK(StringCchCat(to, 3, TEXT("x")) == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchCopyN(to, 8, TEXT("abcdef"), 2) == S_OK && same(to, TEXT("ab")));
    CHECK(StringCchCatN(to, 8, TEXT("cdef"), 1) == S_OK && same(to, TEXT("abc")));
    CHECK(StringCbCopy(to, 3 * sizeof(TCHAR), TEXT("abcdef")) == STRSAFE_E_INSUFFICIENT_BUFFER && same(to, TEXT("ab")));
    CHECK(StringCbCatN(to, sizeof to, TEXT("cdef"), 2 * sizeof(TCHAR)) == S_OK && same(to, TEXT("abcd")));
    CHECK(StringCchLength(to, 8, &length) == S_OK && length == 4);
    CHECK(StringCbLength(to, sizeof to, &length) == S_OK && length == 4 * sizeof(TCHAR));
    CHECK(StringCchLength(to, 4, &length) == STRSAFE_E_INVALID_PARAMETER && length == 0);
    CHECK(StringCchLength(to, 8, NULL) == S_OK && StringCchLength(NULL, 8, NULL) == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchCopy(NULL, 8, to) == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchCopy(to, (size_t)STRSAFE_MAX_CCH + 1, to) == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchCopy(to, 8, NULL) == STRSAFE_E_INVALID_PARAMETER && !to[0]);
    CHECK(HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER) == STRSAFE_E_INSUFFICIENT_BUFFER);
    /* a call is made once */
    length = 121;
    CHECK(HRESULT_FROM_WIN32(++length) == STRSAFE_E_INSUFFICIENT_BUFFER && length == 122);
    length = 0;
    CHECK(HRESULT_FROM_WIN32(--length) == -1 && length + 1 == 0);
}

static void strings(void)
{
    TCHAR to[16];
    LPCTSTR const nothing = NULL;
    CHECK(lstrlen(TEXT("abc")) == 3 && lstrlen(nothing) == 0);
    CHECK(lstrcpy(to, TEXT("abc")) == to && lstrcat(to, TEXT("def")) == to && same(to, TEXT("abcdef")));
    CHECK(lstrcpyn(to, TEXT("abcdef"), 4) == to && same(to, TEXT("abc")));
    CHECK(!lstrcpy(to, nothing) && !lstrcat(to, nothing) && !lstrcpyn(to, TEXT("x"), 0) && same(to, TEXT("abc")));
    CHECK(lstrcmp(TEXT("a"), TEXT("A")) < 0 && lstrcmp(TEXT("A"), TEXT("b")) < 0 && lstrcmp(to, to) == 0);
    CHECK(lstrcmpi(TEXT("RasMan"), TEXT("RASMAN")) == 0 && lstrcmpi(TEXT("b"), TEXT("A")) > 0);
    CHECK(CompareString(MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT), NORM_IGNORECASE, TEXT("abc"), -1, TEXT("ABCd"), 3) == CSTR_EQUAL);
    CHECK(_ttol(TEXT("-12x")) == -12 && _ttoi(TEXT("7")) == 7);
    OutputDebugString(TEXT("debug\x1b[2J\r\n"));
}

int main(void)
{
    formats();
    safe();
    strings();
    _tprintf(TEXT("%s %hs %ld %d%%\n"), TEXT("tprintf"), "narrow", (LONG)-5, 7);
    printf("printf\n");
    _ftprintf(stdout, TEXT("%S|\n"), sizeof(TCHAR) == 1 ? (const void *)OPENRAS_WIDE_TEXT("other") : (const void *)"other");
    return 0;
}
