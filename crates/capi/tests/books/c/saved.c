/* What is saved for an entry: user, password, domain, callback number, data of authentication methods. A password never
 * comes back. Compiled for every Windows, narrow and wide. */
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define SAME(one, other) (lstrcmp(one, other) == 0)
#define PUT(array, text) StringCchCopy(array, ARRAYSIZE(array), text)
static const TCHAR asterisks[] = TEXT("****************");
static const TCHAR name[] = TEXT("Office");

static void make(void)
{
    RASENTRY entry;
    DWORD size = sizeof(entry);
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    CHECK(RasGetEntryProperties(NULL, TEXT(""), &entry, &size, NULL, NULL) == 0);
    PUT(entry.szLocalPhoneNumber, TEXT("127.0.0.1:7001"));
    CHECK(RasSetEntryProperties(NULL, name, &entry, size, NULL, 0) == 0);
}

static BOOL params(RASDIALPARAMS *out)
{
    BOOL password = 7;
    /* what a program leaves on its stack is not dialled afterwards */
    memset(out, 0x41, sizeof(*out));
    out->dwSize = sizeof(*out);
    PUT(out->szEntryName, name);
    CHECK(RasGetEntryDialParams(NULL, out, &password) == 0);
    CHECK(out->dwSize == sizeof(*out) && SAME(out->szEntryName, name) && out->szPhoneNumber[0] == 0);
    CHECK(password == TRUE || password == FALSE);
    CHECK(SAME(out->szPassword, password ? asterisks : TEXT("")));
    return password;
}

static DWORD set_params(LPCTSTR user, LPCTSTR password, LPCTSTR domain, LPCTSTR callback, BOOL forget)
{
    RASDIALPARAMS in;
    ZeroMemory(&in, sizeof(in));
    in.dwSize = sizeof(in);
    PUT(in.szEntryName, name);
    PUT(in.szUserName, user);
    PUT(in.szPassword, password);
    PUT(in.szDomain, domain);
    PUT(in.szCallbackNumber, callback);
    PUT(in.szPhoneNumber, TEXT("not saved"));
    return RasSetEntryDialParams(NULL, &in, forget);
}

static void dial_params(void)
{
    RASDIALPARAMS out;
    CHECK(params(&out) == FALSE && out.szUserName[0] == 0 && out.szDomain[0] == 0 && out.szCallbackNumber[0] == 0);
    CHECK(set_params(TEXT("alice"), TEXT("planted-one"), TEXT("DOM"), TEXT("555"), FALSE) == 0);
    CHECK(params(&out) == TRUE && SAME(out.szUserName, TEXT("alice")) && SAME(out.szDomain, TEXT("DOM")));
    CHECK(SAME(out.szCallbackNumber, TEXT("555")));
    /* what was read goes back without a change */
    CHECK(RasSetEntryDialParams(NULL, &out, FALSE) == 0);
    CHECK(params(&out) == TRUE);
    /* empty ones stay as they are, and without a user so does the password */
    CHECK(set_params(TEXT(""), TEXT("planted-two"), TEXT(""), TEXT("556"), FALSE) == 0);
    CHECK(params(&out) == TRUE && SAME(out.szUserName, TEXT("alice")) && SAME(out.szCallbackNumber, TEXT("556")));
    /* an empty password is one */
    CHECK(set_params(TEXT("bob"), TEXT(""), TEXT(""), TEXT(""), FALSE) == 0);
    CHECK(params(&out) == TRUE && SAME(out.szUserName, TEXT("bob")));
    CHECK(set_params(TEXT("bob"), TEXT("planted-three"), TEXT(""), TEXT(""), TRUE) == 0);
    CHECK(params(&out) == FALSE && SAME(out.szUserName, TEXT("bob")) && SAME(out.szDomain, TEXT("DOM")));
    CHECK(set_params(TEXT("bob"), TEXT(""), TEXT("*"), TEXT(""), TRUE) == 0);
    CHECK(params(&out) == FALSE && SAME(out.szDomain, TEXT("DOM")));
    PUT(out.szEntryName, TEXT("No such"));
    CHECK(RasSetEntryDialParams(NULL, &out, FALSE) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetEntryDialParams(TEXT("/nowhere/x.pbk"), &out, FALSE) == ERROR_CANNOT_OPEN_PHONEBOOK);
}

static DWORD get(RASCREDENTIALS *out, DWORD mask)
{
    DWORD result;
    memset(out, 0x41, sizeof(*out));
    out->dwSize = sizeof(*out);
    out->dwMask = mask;
    result = RasGetCredentials(NULL, name, out);
    if (result == 0)
        CHECK(SAME(out->szPassword, out->dwMask & RASCM_Password ? asterisks : TEXT("")));
    return result;
}

static DWORD set(DWORD mask, LPCTSTR user, LPCTSTR password, LPCTSTR domain, BOOL clear)
{
    RASCREDENTIALS in;
    ZeroMemory(&in, sizeof(in));
    in.dwSize = sizeof(in);
    in.dwMask = mask;
    PUT(in.szUserName, user);
    PUT(in.szPassword, password);
    PUT(in.szDomain, domain);
    return RasSetCredentials(NULL, name, &in, clear);
}

static void credentials(void)
{
    const DWORD all = RASCM_UserName | RASCM_Password | RASCM_Domain;
    RASCREDENTIALS out;
    CHECK(set(all, TEXT(""), TEXT(""), TEXT(""), TRUE) == 0);
    CHECK(get(&out, all) == 0 && out.dwMask == 0);
    CHECK(set(RASCM_UserName, TEXT("carol"), TEXT("planted-four"), TEXT("X"), FALSE) == 0);
    CHECK(get(&out, all) == 0 && out.dwMask == RASCM_UserName && SAME(out.szUserName, TEXT("carol")));
    CHECK(out.szDomain[0] == 0);
    CHECK(set(all, TEXT("carol"), TEXT("planted-five"), TEXT("DOM"), FALSE) == 0);
    CHECK(get(&out, all) == 0 && out.dwMask == all && SAME(out.szDomain, TEXT("DOM")));
    /* only what is asked for */
    CHECK(get(&out, RASCM_Domain | RASCM_PreSharedKey) == 0 && out.dwMask == RASCM_Domain && out.szUserName[0] == 0);
    CHECK(get(&out, RASCM_DefaultCreds | all) == 0 && out.dwMask == 0);
    CHECK(get(&out, 0x80) == ERROR_INVALID_PARAMETER);
    /* what was read goes back without a change */
    CHECK(get(&out, all) == 0 && RasSetCredentials(NULL, name, &out, FALSE) == 0);
    CHECK(get(&out, all) == 0 && out.dwMask == all);
    CHECK(set(RASCM_Password, TEXT(""), TEXT(""), TEXT(""), TRUE) == 0);
    CHECK(get(&out, all) == 0 && out.dwMask == (RASCM_UserName | RASCM_Domain));
    CHECK(set(RASCM_DefaultCreds | all, TEXT("x"), TEXT("y"), TEXT(""), FALSE) == ERROR_ACCESS_DENIED);
    CHECK(set(RASCM_PreSharedKey, TEXT("x"), TEXT("y"), TEXT(""), FALSE) == ERROR_INVALID_PARAMETER);
    CHECK(set(0x80, TEXT("x"), TEXT("y"), TEXT(""), FALSE) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetCredentials(NULL, TEXT("No such"), &out) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetCredentials(NULL, TEXT("No such"), &out, FALSE) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(set(all, TEXT("dave"), TEXT("planted-six"), TEXT(""), FALSE) == 0);
}

static void data(void)
{
    BYTE given[2000], back[2000];
    DWORD i, bytes = sizeof(back);
    for (i = 0; i < sizeof(given); i++)
        given[i] = (BYTE)(i ^ (i >> 8));
    CHECK(RasGetCustomAuthData(NULL, name, back, &bytes) == 0 && bytes == 0);
    CHECK(RasSetCustomAuthData(NULL, name, given, sizeof(given)) == 0);
    CHECK(RasGetCustomAuthData(NULL, name, NULL, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == sizeof(given));
    bytes--;
    CHECK(RasGetCustomAuthData(NULL, name, back, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == sizeof(given));
    CHECK(RasGetCustomAuthData(NULL, name, back, &bytes) == 0 && memcmp(given, back, sizeof(given)) == 0);
    CHECK(RasSetCustomAuthData(NULL, name, NULL, 0) == 0);
    CHECK(RasGetCustomAuthData(NULL, name, back, &bytes) == 0 && bytes == 0);
    CHECK(RasGetCustomAuthData(NULL, name, back, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetCustomAuthData(NULL, TEXT("None"), back, &bytes) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
    CHECK(RasSetCustomAuthData(NULL, TEXT("None"), given, 3) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);

    bytes = sizeof(back);
    CHECK(RasGetEapUserData(NULL, NULL, name, back, &bytes) == 0 && bytes == 0);
    memcpy(given, "planted-seven", 13);
    CHECK(RasSetEapUserData(NULL, NULL, name, given, sizeof(given)) == 0);
    CHECK(RasGetEapUserData(NULL, NULL, name, NULL, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == sizeof(given));
    CHECK(RasGetEapUserData(NULL, NULL, name, back, &bytes) == 0 && memcmp(given, back, sizeof(given)) == 0);
    CHECK(RasGetEapUserData((HANDLE)4, NULL, name, back, &bytes) == ERROR_INVALID_HANDLE);
    CHECK(RasSetEapUserData((HANDLE)4, NULL, name, given, 3) == ERROR_INVALID_HANDLE);
    CHECK(RasSetEapUserData(NULL, NULL, TEXT("None"), given, 3) == ERROR_CANNOT_FIND_PHONEBOOK_ENTRY);
}

int main(int argc, char **argv)
{
    RASDIALPARAMS out;
    make();
    dial_params();
    credentials();
    data();
    (void)argv;
    if (argc > 1)
        return 0;
    /* an entry takes with it what was saved for it, and its name may come again */
    CHECK(RasRenameEntry(NULL, name, TEXT("Other")) == 0 && RasRenameEntry(NULL, TEXT("Other"), name) == 0);
    CHECK(params(&out) == TRUE && SAME(out.szUserName, TEXT("dave")));
    CHECK(RasDeleteEntry(NULL, name) == 0);
    make();
    CHECK(params(&out) == FALSE && out.szUserName[0] == 0);
    return 0;
}
