/* Every function of rasapi32.md's "Not here", of rasdlg.md and what of openras.h needs no service. */
#include <windows.h>
#include <string.h>
#include <tchar.h>
#include <ras.h>
#include <rasdlg.h>
#include <raserror.h>
#include <openras.h>
#include "check.h"

#define NOBODY ((HRASCONN)(ULONG_PTR)0x30000004)
#define SET_SIZE(thing) (memset(&(thing), 0, sizeof(thing)), (thing).dwSize = sizeof(thing))

static TCHAR book[] = _T("/nowhere/rasphone.pbk"), entry[] = _T("Office"), number[] = _T("5551212");

/* The reason of the last call has this word. */
static int names(const char *word)
{
    char text[512];
    DWORD bytes = sizeof text;
    CHECK(OpenrasReason(NULL, text, &bytes) == 0);
    CHECK(strlen(text) + 1 == bytes);
    if (!strstr(text, word))
        fprintf(stderr, "%s\n", text);
    return strstr(text, word) != NULL;
}

static void eap(void)
{
    LPRASEAPUSERIDENTITY identity = (LPRASEAPUSERIDENTITY)(ULONG_PTR)1;
    RASDIALEXTENSIONS extensions;
    CHECK(RasGetEapUserIdentity(NULL, entry, 0, NULL, NULL) == (DWORD)E_INVALIDARG);
    CHECK(RasGetEapUserIdentity(NULL, NULL, 0, NULL, &identity) == (DWORD)E_INVALIDARG);
    CHECK(RasGetEapUserIdentity(NULL, entry, 0x100, NULL, &identity) == (DWORD)E_INVALIDARG);
    CHECK(RasGetEapUserIdentity(book, entry, RASEAPF_NonInteractive, NULL, &identity) == 780);
    CHECK(identity == NULL && names("szUserName"));
    RasFreeEapUserIdentity(identity);
    SET_SIZE(extensions);
    CHECK(RasInvokeEapUI(NOBODY, 1, NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasInvokeEapUI(NOBODY, 1, &extensions, NULL) == ERROR_INVALID_HANDLE);
    extensions.dwSize = 3;
    CHECK(RasInvokeEapUI(NOBODY, 1, &extensions, NULL) == ERROR_INVALID_SIZE);
}

static void connections(void)
{
    RASUPDATECONN update;
    RASNAPSTATE nap;
    RAS_PROJECTION_INFO info;
    RASPPPIP ip;
    DWORD bytes = 0;
    CHECK(RasUpdateConnection(NOBODY, NULL) == ERROR_INVALID_PARAMETER);
    SET_SIZE(update);
    CHECK(RasUpdateConnection(NOBODY, &update) == ERROR_INVALID_PARAMETER);
    update.version = RASAPIVERSION_601;
    CHECK(RasUpdateConnection(NOBODY, &update) == ERROR_INVALID_HANDLE);
    update.dwSize--;
    CHECK(RasUpdateConnection(NOBODY, &update) == ERROR_INVALID_SIZE);
    CHECK(RasGetNapStatus(NOBODY, NULL) == ERROR_INVALID_PARAMETER);
    SET_SIZE(nap);
    CHECK(RasGetNapStatus(NOBODY, &nap) == ERROR_INVALID_HANDLE);
    nap.dwSize = 0;
    CHECK(RasGetNapStatus(NOBODY, &nap) == ERROR_INVALID_SIZE);
    memset(&info, 0x5A, sizeof info);
    CHECK(RasGetProjectionInfoEx(NOBODY, &info, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetProjectionInfoEx(NOBODY, NULL, &bytes) == ERROR_INVALID_HANDLE && bytes == 0);
    bytes = sizeof info;
    CHECK(RasGetProjectionInfoEx(NOBODY, &info, &bytes) == ERROR_INVALID_PARAMETER && names("RASAPIVERSION"));
    info.version = RASAPIVERSION_500;
    CHECK(RasGetProjectionInfoEx(NOBODY, &info, &bytes) == ERROR_INVALID_HANDLE);
    CHECK(bytes == sizeof info && (DWORD)info.type == 0x5A5A5A5Au);
    /* what a structure says of itself is looked at before the handle, as everywhere */
    memset(&ip, 0, sizeof ip);
    bytes = sizeof ip;
    CHECK(RasGetProjectionInfo(NOBODY, RASP_PppIp, &ip, &bytes) == ERROR_INVALID_SIZE);
    ip.dwSize = sizeof ip;
    CHECK(RasGetProjectionInfo(NOBODY, RASP_PppIp, &ip, &bytes) == ERROR_INVALID_HANDLE);
    CHECK(RasGetProjectionInfo(NOBODY, RASP_PppCcp, &ip, &bytes) == ERROR_INVALID_HANDLE && bytes == sizeof ip);
}

static void autodial(void)
{
    RASAUTODIALENTRY entries[2];
    LPTSTR *addresses = NULL;
    DWORD bytes = sizeof entries, count = 77, value = 1;
    BOOL enabled = 5;
    CHECK(RasEnumAutodialAddresses(addresses, NULL, &count) == ERROR_INVALID_PARAMETER);
    CHECK(RasEnumAutodialAddresses(addresses, &bytes, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasEnumAutodialAddresses(addresses, &bytes, &count) == ERROR_CALL_NOT_IMPLEMENTED && names("RasDial"));
    SET_SIZE(entries[0]);
    CHECK(RasGetAutodialAddress(NULL, NULL, entries, &bytes, &count) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetAutodialAddress(entry, &value, entries, &bytes, &count) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetAutodialAddress(entry, NULL, NULL, &bytes, &count) == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(RasGetAutodialAddress(entry, NULL, entries, &bytes, &count) == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(RasSetAutodialAddress(NULL, 0, entries, bytes, 1) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetAutodialAddress(entry, 1, entries, bytes, 1) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetAutodialAddress(entry, 0, entries, bytes, 1) == ERROR_CALL_NOT_IMPLEMENTED);
    entries[0].dwSize++;
    CHECK(RasGetAutodialAddress(entry, NULL, entries, &bytes, &count) == ERROR_INVALID_SIZE);
    CHECK(RasSetAutodialAddress(entry, 0, entries, bytes, 1) == ERROR_INVALID_SIZE);
    CHECK(RasGetAutodialEnable(1, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetAutodialEnable(1, &enabled) == ERROR_CALL_NOT_IMPLEMENTED && enabled == 5);
    CHECK(RasSetAutodialEnable(1, TRUE) == ERROR_CALL_NOT_IMPLEMENTED && names("dial"));
    CHECK(RasGetAutodialParam(RASADP_SavedAddressesLimit, NULL, &bytes) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetAutodialParam(5, &value, &bytes) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetAutodialParam(RASADP_SavedAddressesLimit, &value, &bytes) == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(RasSetAutodialParam(RASADP_SavedAddressesLimit, &value, 3) == ERROR_INVALID_SIZE);
    CHECK(RasSetAutodialParam(RASADP_SavedAddressesLimit, NULL, 4) == ERROR_INVALID_PARAMETER);
    CHECK(RasSetAutodialParam(RASADP_SavedAddressesLimit, &value, 4) == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(bytes == sizeof entries && count == 77 && value == 1);
}

static void dialogs(void)
{
    RASDIALDLG dial;
    RASENTRYDLG properties;
    RASPBDLG list;
    SET_SIZE(dial);
    CHECK(!RasDialDlg(book, entry, number, &dial) && dial.dwError == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(names("RDEOPT_PausedStates") && GetLastError() == ERROR_CALL_NOT_IMPLEMENTED);
    SET_SIZE(properties);
    memcpy(properties.szEntry, entry, sizeof entry);
    CHECK(!RasEntryDlg(book, entry, &properties) && properties.dwError == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(names("RasSetEntryProperties") && !memcmp(properties.szEntry, entry, sizeof entry));
    SET_SIZE(list);
    CHECK(!RasPhonebookDlg(book, NULL, &list) && list.dwError == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(names("RasEnumEntries") && list.dwSize == sizeof list);
    CHECK(!RasDialDlg(NULL, NULL, NULL, NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
    dial.dwSize = 4;
    dial.dwError = 99;
    CHECK(!RasDialDlg(NULL, entry, NULL, &dial) && GetLastError() == ERROR_INVALID_SIZE && dial.dwError == 99);
    CHECK(RasCreatePhonebookEntry(NULL, NULL) == ERROR_CALL_NOT_IMPLEMENTED && names("RasSetEntryProperties"));
    CHECK(RasEditPhonebookEntry(NULL, NULL, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RasEditPhonebookEntry(NULL, book, entry) == ERROR_CALL_NOT_IMPLEMENTED && names("openras phonebook"));
}

static void extensions(void)
{
    char text[512], small[4] = "xyz";
    DWORD bytes = sizeof text, need;
    OPENRASSTATE state;
    CHECK(OpenrasApi() == OPENRAS_API);
    CHECK(OpenrasErrorText(691, text, &bytes) == 0 && strlen(text) + 1 == bytes && text[bytes - 2] == '.');
    need = bytes;
    bytes = 0;
    CHECK(OpenrasErrorText(691, NULL, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == need);
    bytes = 3;
    CHECK(OpenrasErrorText(691, small, &bytes) == ERROR_BUFFER_TOO_SMALL && bytes == need && small[0] == 'x');
    CHECK(OpenrasErrorText(691, text, &bytes) == 0 && OpenrasErrorText(691, text, NULL) == ERROR_INVALID_PARAMETER);
    bytes = sizeof text;
    CHECK(OpenrasErrorText(123456, text, &bytes) == 0 && strstr(text, "123456"));
    /* a handle that is none */
    CHECK(OpenrasTerminal(NOBODY) == -1 && GetLastError() == ERROR_INVALID_HANDLE);
    SetLastError(0);
    CHECK(OpenrasEvents(NOBODY) == -1 && GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(OpenrasNextState(NOBODY, NULL) == ERROR_INVALID_PARAMETER);
    SET_SIZE(state);
    CHECK(OpenrasNextState(NOBODY, &state) == ERROR_INVALID_HANDLE);
    state.dwSize = 8;
    CHECK(OpenrasNextState(NOBODY, &state) == ERROR_INVALID_SIZE);
    bytes = sizeof text;
    CHECK(OpenrasReason(NOBODY, text, &bytes) == ERROR_INVALID_HANDLE);
    CHECK(OpenrasReason(NOBODY, text, NULL) == ERROR_INVALID_PARAMETER);
    /* the reason is that of the last call that failed: a sentence of its own, or its number's; it stays when asked, and
     * when calls succeed */
    CHECK(RasSetAutodialEnable(1, TRUE) == ERROR_CALL_NOT_IMPLEMENTED && names("dial"));
    CHECK(RasHangUp(NOBODY) == ERROR_INVALID_HANDLE && names("handle") && names("handle"));
    CHECK(RasGetErrorString(691, (LPTSTR)text, sizeof text / sizeof(TCHAR)) == 0 && names("handle"));
}

int main(void)
{
    char nothing[8];
    DWORD bytes = sizeof nothing;
    CHECK(OpenrasReason(NULL, nothing, &bytes) == 0 && bytes == 1 && nothing[0] == 0);
    eap();
    connections();
    autodial();
    dialogs();
    extensions();
    return 0;
}
